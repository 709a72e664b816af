//! Sets of pixels as runs.

use super::{BoundingBox, CocoRle, ImageSize};
use serde::{Deserialize, Serialize};

/// A set of pixels of an image, run-length encoded down the columns. In JSON it is COCO's
/// `{"size": [height, width], "counts": "…"}`; uncompressed counts are read, too.
///
/// Inside it is the rising list of positions (`x * height + y`) at which a walk through the image
/// enters or leaves the set. So the list of a set has one form only, memory and time depend on the
/// outline and not on the area, and both ends of a run are found by halving.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "CocoRle", try_from = "CocoRle")]
pub struct Mask {
    size: ImageSize,
    /// Strictly rising, of even length, at most `size.pixels()`.
    toggles: Vec<u32>,
}

/// Neighbouring pixels of one column that belong to a mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnRun {
    /// The column.
    pub x: u32,
    /// The first row.
    pub top: u32,
    /// The row after the last.
    pub bottom: u32,
}

impl Mask {
    /// No pixel.
    #[must_use]
    pub fn empty(size: ImageSize) -> Self {
        Self::of_toggles(size, Toggles::default())
    }

    /// Every pixel.
    #[must_use]
    pub fn full(size: ImageSize) -> Self {
        let mut toggles = Toggles::default();
        toggles.run(0, size.pixels());
        Self::of_toggles(size, toggles)
    }

    /// The pixels whose centre lies in the box.
    #[must_use]
    pub fn of_box(size: ImageSize, area: &BoundingBox) -> Self {
        let columns =
            first_pixel(f64::from(area.x), size.width())..first_pixel(area.right(), size.width());
        let top = first_pixel(f64::from(area.y), size.height());
        let bottom = first_pixel(area.bottom(), size.height());
        let mut toggles = Toggles::default();
        for x in columns {
            toggles.column_run(size, ColumnRun { x, top, bottom });
        }
        Self::of_toggles(size, toggles)
    }

    pub(super) fn of_toggles(size: ImageSize, toggles: Toggles) -> Self {
        let toggles = toggles.0;
        debug_assert!(toggles.len().is_multiple_of(2) && toggles.is_sorted());
        debug_assert!(toggles.last().is_none_or(|last| *last <= size.pixels()));
        Self { size, toggles }
    }

    /// Size of the image.
    #[must_use]
    pub fn size(&self) -> ImageSize {
        self.size
    }

    /// Positions where a walk down the columns enters (even places) or leaves (odd places) the mask.
    #[must_use]
    pub fn toggles(&self) -> &[u32] {
        &self.toggles
    }

    /// First position and the one after the last, of every run in order.
    pub fn runs(&self) -> impl DoubleEndedIterator<Item = (u32, u32)> + ExactSizeIterator + '_ {
        self.toggles.chunks_exact(2).map(|run| (run[0], run[1]))
    }

    /// Runs cut where columns end, in order.
    pub fn column_runs(&self) -> impl Iterator<Item = ColumnRun> + '_ {
        let height = self.size.height();
        self.runs().flat_map(move |(start, end)| {
            let first = start / height;
            // The columns of long runs share one division.
            let last = if end - first * height <= height {
                first
            } else {
                (end - 1) / height
            };
            (first..=last).map(move |x| ColumnRun {
                x,
                top: start.max(x * height) - x * height,
                bottom: (end - x * height).min(height),
            })
        })
    }

    /// How many pixels there are.
    #[must_use]
    pub fn area(&self) -> u32 {
        self.runs().map(|(start, end)| end - start).sum()
    }

    /// Whether there is no pixel.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.toggles.is_empty()
    }

    /// Whether the pixel belongs to the mask; `false` outside the image.
    #[must_use]
    pub fn contains(&self, x: u32, y: u32) -> bool {
        if x >= self.size.width() || y >= self.size.height() {
            return false;
        }
        let position = x * self.size.height() + y;
        self.toggles.partition_point(|toggle| *toggle <= position) % 2 == 1
    }

    /// The smallest box around the pixels; `None` where there are none.
    #[must_use]
    pub fn bounding_box(&self) -> Option<BoundingBox> {
        let height = self.size.height();
        let (first, last) = (*self.toggles.first()?, *self.toggles.last()?);
        let (left, right) = (first / height, (last - 1) / height);
        let (mut top, mut bottom) = (height, 0);
        for (start, end) in self.runs() {
            let within = start % height;
            if within + (end - start) > height {
                // Goes on in the next column.
                (top, bottom) = (0, height);
                break;
            }
            top = top.min(within);
            bottom = bottom.max(within + (end - start));
        }
        Some(BoundingBox {
            x: left as f32,
            y: top as f32,
            width: (right - left + 1) as f32,
            height: (bottom - top) as f32,
        })
    }
}

/// The first pixel of `count` whose centre is at or beyond a coordinate; `count` where none is.
pub(super) fn first_pixel(coordinate: f64, count: u32) -> u32 {
    (coordinate - 0.5).ceil().clamp(0.0, f64::from(count)) as u32
}

/// Rising positions where a walk enters or leaves a set; two at the same place cancel out.
#[derive(Default)]
pub(super) struct Toggles(Vec<u32>);

impl Toggles {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// Enters or leaves at `position`, which is not before the last one.
    pub(super) fn push(&mut self, position: u32) {
        if self.0.last() == Some(&position) {
            self.0.pop();
        } else {
            self.0.push(position);
        }
    }

    pub(super) fn run(&mut self, start: u32, end: u32) {
        if start < end {
            self.push(start);
            self.push(end);
        }
    }

    pub(super) fn column_run(&mut self, size: ImageSize, run: ColumnRun) {
        let column = run.x * size.height();
        self.run(column + run.top, column + run.bottom);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// A small image and a bitmap of it, row by row.
    pub(crate) fn bitmap() -> impl Strategy<Value = (ImageSize, Vec<u8>)> {
        (1u32..14, 1u32..14, 0u32..4).prop_flat_map(|(width, height, kind)| {
            let size = ImageSize::new(width, height).unwrap();
            let value = match kind {
                0 => vec(0u8..=1, size.pixels() as usize).boxed(),
                // Mostly inside, mostly outside, and all or nothing.
                1 => vec(0u8..=7, size.pixels() as usize)
                    .prop_map(|values| values.into_iter().map(|v| u8::from(v > 0)).collect())
                    .boxed(),
                2 => vec(0u8..=7, size.pixels() as usize)
                    .prop_map(|values| values.into_iter().map(|v| u8::from(v == 0)).collect())
                    .boxed(),
                _ => (0u8..=1)
                    .prop_map(move |value| std::vec![value; size.pixels() as usize])
                    .boxed(),
            };
            value.prop_map(move |values| (size, values))
        })
    }

    pub(crate) fn mask() -> impl Strategy<Value = Mask> {
        bitmap().prop_map(|(size, values)| Mask::from_bitmap(size, &values).unwrap())
    }

    fn columns_and_rows(size: ImageSize) -> impl Iterator<Item = (u32, u32)> {
        (0..size.height()).flat_map(move |y| (0..size.width()).map(move |x| (x, y)))
    }

    proptest! {
        #[test]
        fn a_mask_says_of_every_pixel_what_the_bitmap_says((size, values) in bitmap()) {
            let mask = Mask::from_bitmap(size, &values).unwrap();
            let pixels: Vec<(u32, u32)> = columns_and_rows(size)
                .zip(&values)
                .filter(|(_, value)| **value == 1)
                .map(|(place, _)| place)
                .collect();
            prop_assert_eq!(mask.area() as usize, pixels.len());
            prop_assert_eq!(mask.is_empty(), pixels.is_empty());
            for ((x, y), value) in columns_and_rows(size).zip(&values) {
                prop_assert_eq!(mask.contains(x, y), *value == 1);
            }
            prop_assert!(!mask.contains(size.width(), 0) && !mask.contains(0, size.height()));
            let mut walked: Vec<(u32, u32)> = mask
                .column_runs()
                .flat_map(|run| (run.top..run.bottom).map(move |y| (run.x, y)))
                .collect();
            walked.sort_by_key(|(x, y)| (*y, *x));
            prop_assert_eq!(&walked, &pixels);
            let around = mask.bounding_box();
            prop_assert_eq!(around.is_none(), pixels.is_empty());
            if let Some(around) = around {
                let left = pixels.iter().map(|p| p.0).min().unwrap();
                let right = pixels.iter().map(|p| p.0).max().unwrap() + 1;
                let (top, bottom) = (pixels[0].1, pixels[pixels.len() - 1].1 + 1);
                prop_assert_eq!((around.x, around.y), (left as f32, top as f32));
                prop_assert_eq!((around.right(), around.bottom()), (right.into(), bottom.into()));
            }
        }

        #[test]
        fn a_box_holds_the_pixels_whose_centres_it_contains(
            x in -9i32..40, y in -9i32..40, width in 1i32..60, height in 1i32..60,
        ) {
            let size = ImageSize::new(7, 5).unwrap();
            let [x, y, width, height] = [x, y, width, height].map(|v| v as f32 / 4.0);
            let area = BoundingBox::new(x, y, width, height).unwrap();
            let mask = Mask::of_box(size, &area);
            for (x, y) in columns_and_rows(size) {
                let centre = [x as f32 + 0.5, y as f32 + 0.5].into();
                prop_assert_eq!(mask.contains(x, y), area.contains(centre));
            }
        }
    }
}
