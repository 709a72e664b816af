//! Masks as sets: union, intersection, difference. One pass over the runs, whatever the area.

use super::mask::Toggles;
use super::{ColumnRun, GeometryError, Mask};
use std::collections::BTreeSet;

impl Mask {
    /// Pixels of either mask.
    ///
    /// # Errors
    /// Masks of images of different size.
    pub fn union(&self, other: &Self) -> Result<Self, GeometryError> {
        self.merged(other, |first, second| first || second)
    }

    /// Pixels of both masks.
    ///
    /// # Errors
    /// Masks of images of different size.
    pub fn intersection(&self, other: &Self) -> Result<Self, GeometryError> {
        self.merged(other, |first, second| first && second)
    }

    /// Pixels of this mask alone.
    ///
    /// # Errors
    /// Masks of images of different size.
    pub fn difference(&self, other: &Self) -> Result<Self, GeometryError> {
        self.merged(other, |first, second| first && !second)
    }

    /// Pixels of exactly one of the masks.
    ///
    /// # Errors
    /// Masks of images of different size.
    pub fn symmetric_difference(&self, other: &Self) -> Result<Self, GeometryError> {
        self.merged(other, |first, second| first != second)
    }

    /// All other pixels of the image.
    #[must_use]
    pub fn complement(&self) -> Self {
        let mut toggles = Toggles::with_capacity(self.toggles().len() + 2);
        toggles.push(0);
        for toggle in self.toggles() {
            toggles.push(*toggle);
        }
        toggles.push(self.size().pixels());
        Self::of_toggles(self.size(), toggles)
    }

    /// How many pixels both masks hold, without making their intersection.
    ///
    /// # Errors
    /// Masks of images of different size.
    pub fn intersection_area(&self, other: &Self) -> Result<u32, GeometryError> {
        self.size().same(other.size())?;
        let (mut first, mut second) = (self.toggles(), other.toggles());
        let ([first_start, .., first_end], [second_start, .., second_end]) = (first, second) else {
            return Ok(0);
        };
        let (first_start, second_start) = (*first_start, *second_start);
        if first_start >= *second_end || second_start >= *first_end {
            return Ok(0);
        }
        // Whole runs before the other mask begins are passed over.
        first = &first[first.partition_point(|toggle| *toggle <= second_start) / 2 * 2..];
        second = &second[second.partition_point(|toggle| *toggle <= first_start) / 2 * 2..];
        let mut area = 0;
        while let ([start, end, ..], [other_start, other_end, ..]) = (first, second) {
            area += (*end)
                .min(*other_end)
                .saturating_sub((*start).max(*other_start));
            if end < other_end {
                first = &first[2..];
            } else {
                second = &second[2..];
            }
        }
        Ok(area)
    }

    /// Each mask without the pixels that an earlier one of the list has: where shapes may not overlap and the
    /// first to claim a pixel keeps it. All masks must be of one image. Takes `n log n` by the runs of all.
    #[must_use]
    pub fn separated(masks: &[Self]) -> Vec<Self> {
        let mut ends: Vec<(u32, usize, bool)> = Vec::new();
        for (number, mask) in masks.iter().enumerate() {
            for (start, end) in mask.runs() {
                ends.extend([(start, number, true), (end, number, false)]);
            }
        }
        ends.sort_unstable();
        let mut kept: Vec<Toggles> = masks.iter().map(|_| Toggles::default()).collect();
        let mut claims = BTreeSet::new();
        let mut from = 0;
        for (position, number, begins) in ends {
            if let Some(&first) = claims.first() {
                let owner: &mut Toggles = &mut kept[first];
                owner.run(from, position);
            }
            from = position;
            if begins {
                claims.insert(number);
            } else {
                claims.remove(&number);
            }
        }
        let sizes = masks.iter().map(Self::size);
        sizes
            .zip(kept)
            .map(|(size, toggles)| Self::of_toggles(size, toggles))
            .collect()
    }

    /// Pixels whose four neighbours all belong to the mask; beyond the image nothing does. Erosion by
    /// a cross, as `scipy.ndimage.binary_erosion` does it.
    #[must_use]
    pub fn eroded(&self) -> Self {
        let (size, height) = (self.size(), self.size().height());
        let mut inner = Toggles::with_capacity(self.toggles().len());
        for ColumnRun { x, top, bottom } in self.column_runs() {
            let (top, bottom) = (top + 1, bottom - 1);
            inner.column_run(size, ColumnRun { x, top, bottom });
        }
        let (mut left, mut right) = (Toggles::default(), Toggles::default());
        for (start, end) in self.runs() {
            left.run(start.saturating_sub(height), end.saturating_sub(height));
            right.run(start + height, (end + height).min(size.pixels()));
        }
        let [inner, left, right] =
            [inner, left, right].map(|toggles| Self::of_toggles(size, toggles));
        let both = |first: bool, second: bool| first && second;
        merge(&merge(&inner, &left, both), &right, both)
    }

    /// Pixels with at least one of four neighbours outside the mask or outside the image.
    #[must_use]
    pub fn border(&self) -> Self {
        merge(self, &self.eroded(), |all, inner| all && !inner)
    }

    fn merged(
        &self,
        other: &Self,
        keep: impl Fn(bool, bool) -> bool,
    ) -> Result<Self, GeometryError> {
        self.size().same(other.size())?;
        Ok(merge(self, other, keep))
    }
}

/// The pixels that `keep` wants, told whether each of two masks of one size holds them.
fn merge(first: &Mask, second: &Mask, keep: impl Fn(bool, bool) -> bool) -> Mask {
    let (a, b) = (first.toggles(), second.toggles());
    let mut toggles = Toggles::with_capacity(a.len() + b.len());
    let (mut i, mut j, mut inside) = (0, 0, false);
    while i < a.len() || j < b.len() {
        // No toggle is as large as the stand-in for none.
        let from_a = a.get(i).copied().unwrap_or(u32::MAX);
        let from_b = b.get(j).copied().unwrap_or(u32::MAX);
        let position = from_a.min(from_b);
        i += usize::from(from_a == position);
        j += usize::from(from_b == position);
        if keep(i % 2 == 1, j % 2 == 1) != inside {
            inside = !inside;
            toggles.push(position);
        }
    }
    Mask::of_toggles(first.size(), toggles)
}

#[cfg(test)]
mod tests {
    use super::super::ImageSize;
    use super::super::mask::tests::bitmap;
    use super::*;
    use proptest::prelude::*;

    fn two_bitmaps() -> impl Strategy<Value = (ImageSize, Vec<u8>, Vec<u8>)> {
        bitmap().prop_flat_map(|(size, first)| {
            let second = proptest::collection::vec(0u8..=1, size.pixels() as usize);
            (Just(size), Just(first), second)
        })
    }

    proptest! {
        #[test]
        fn sets_agree_with_bitmaps((size, first, second) in two_bitmaps()) {
            let a = Mask::from_bitmap(size, &first).unwrap();
            let b = Mask::from_bitmap(size, &second).unwrap();
            let of_bits = |keep: fn(u8, u8) -> u8| {
                let bits: Vec<u8> = first.iter().zip(&second).map(|(x, y)| keep(*x, *y)).collect();
                Mask::from_bitmap(size, &bits).unwrap()
            };
            let both = a.intersection(&b).unwrap();
            prop_assert_eq!(&both, &of_bits(|x, y| x & y));
            prop_assert_eq!(a.union(&b).unwrap(), of_bits(|x, y| x | y));
            prop_assert_eq!(a.difference(&b).unwrap(), of_bits(|x, y| x & (1 - y)));
            prop_assert_eq!(a.symmetric_difference(&b).unwrap(), of_bits(|x, y| x ^ y));
            prop_assert_eq!(a.complement(), of_bits(|x, _| 1 - x));
            prop_assert_eq!(a.intersection_area(&b).unwrap(), both.area());
            prop_assert_eq!(b.intersection_area(&a).unwrap(), both.area());
            let separate = Mask::separated(&[a.clone(), b.clone(), a.clone(), Mask::full(size)]);
            prop_assert_eq!(&separate[0], &a);
            prop_assert_eq!(&separate[1], &b.difference(&a).unwrap());
            prop_assert!(separate[2].is_empty());
            prop_assert_eq!(&separate[3], &a.union(&b).unwrap().complement());
        }

        #[test]
        fn erosion_agrees_with_bitmaps((size, bits) in bitmap()) {
            let mask = Mask::from_bitmap(size, &bits).unwrap();
            let (inner, border) = (mask.eroded(), mask.border());
            for y in 0..size.height() {
                for x in 0..size.width() {
                    let around = [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)];
                    let own = mask.contains(x, y);
                    let deep = own && around.iter().all(|(x, y)| mask.contains(*x, *y));
                    prop_assert_eq!(inner.contains(x, y), deep);
                    prop_assert_eq!(border.contains(x, y), own && !deep);
                }
            }
        }
    }

    #[test]
    fn masks_of_different_images_are_not_compared() {
        let first = Mask::full(ImageSize::new(2, 3).unwrap());
        let second = Mask::full(ImageSize::new(3, 2).unwrap());
        let refused = first.union(&second).unwrap_err();
        assert!(refused.to_string().contains("2x3"), "{refused}");
        assert!(first.intersection_area(&second).is_err());
    }
}
