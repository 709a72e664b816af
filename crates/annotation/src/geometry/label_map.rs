//! Semantic segmentation: one class for every pixel, or none that counts.

use super::mask::Toggles;
use super::mask_bitmap::{for_each_change, spread_down};
use super::{GeometryError, ImageSize, Mask};
use crate::ClassId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

/// One class for every pixel of an image, or [`LabelMap::IGNORED`] where nobody has said: the label of
/// a semantic segmentation, also of an image that is labeled in part.
///
/// Inside it is one list of runs down the columns that covers the whole image. Masks for every class
/// could overlap and would have to be searched one by one for the class of a pixel; here a pixel has
/// one class by construction, and comparing two maps takes one walk through both. A map of
/// 4,096 x 4,096 pixels takes six bytes a run, not 32 MiB. In JSON there is one COCO mask for each
/// class, and what no mask holds is ignored.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "LabelMapRle", try_from = "LabelMapRle")]
pub struct LabelMap {
    size: ImageSize,
    /// Positions where runs end, strictly rising; the last is `size.pixels()`.
    ends: Vec<u32>,
    /// The class of each run, no two neighbours alike.
    values: Vec<u16>,
}

/// Neighbouring pixels down the columns that have the same class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabelRun {
    /// Position (`x * height + y`) of the first pixel.
    pub start: u32,
    /// Position after the last.
    pub end: u32,
    /// The class; `None` where the pixels are ignored.
    pub class: Option<ClassId>,
}

/// A label map as JSON holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LabelMapRle {
    /// Height and width of the image, in this order.
    pub size: [u32; 2],
    /// The pixels of each class; all others are ignored.
    pub classes: Vec<ClassRle>,
}

/// The pixels of one class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClassRle {
    /// Position in the label schema.
    pub class: ClassId,
    /// COCO's compressed run lengths of the mask.
    pub counts: String,
}

impl LabelMap {
    /// What stands in a bitmap for pixels that are ignored. A schema has at most 65,535 classes, so no
    /// class has this number.
    pub const IGNORED: u16 = u16::MAX;

    /// An image whose pixels all have one class; `None` ignores them all.
    #[must_use]
    pub fn filled(size: ImageSize, class: Option<ClassId>) -> Self {
        let mut builder = Builder::new(size);
        builder.run(size.pixels(), value_of(class));
        builder.map
    }

    /// The map with these pixels of each class; all others are ignored.
    ///
    /// # Errors
    /// A pixel that two masks claim, or masks of another size.
    pub fn from_masks(size: ImageSize, masks: &[(ClassId, Mask)]) -> Result<Self, GeometryError> {
        let mut runs: Vec<(u32, u32, u16)> = Vec::new();
        for (class, mask) in masks {
            size.same(mask.size())?;
            runs.extend(mask.runs().map(|(start, end)| (start, end, class.0)));
        }
        runs.sort_unstable();
        let mut builder = Builder::new(size);
        for (start, end, value) in runs {
            if start < builder.end() {
                let other = builder.map.values.last().copied().unwrap_or(value);
                return Err(GeometryError::ClassesOverlap {
                    first: value.min(other),
                    second: value.max(other),
                    x: start / size.height(),
                    y: start % size.height(),
                });
            }
            builder.run(start, Self::IGNORED);
            builder.run(end, value);
        }
        builder.run(size.pixels(), Self::IGNORED);
        Ok(builder.map)
    }

    /// The map of a bitmap that goes row by row; [`Self::IGNORED`] ignores a pixel.
    ///
    /// # Errors
    /// Not one value a pixel.
    pub fn from_bitmap(size: ImageSize, values: &[u16]) -> Result<Self, GeometryError> {
        let mut builder = Builder::new(size);
        let mut value = Self::IGNORED;
        for_each_change(size, values, |position, next| {
            builder.run(position, value);
            value = next;
        })?;
        builder.run(size.pixels(), value);
        Ok(builder.map)
    }

    /// One value a pixel, row by row; [`Self::IGNORED`] where it is ignored.
    #[must_use]
    pub fn to_bitmap(&self) -> Vec<u16> {
        let height = self.size.height();
        let width = self.size.width() as usize;
        let mut samples = vec![0; self.size.pixels() as usize];
        let mut before = 0;
        let mut mark = |position: u32, value: u16, before: &mut u16| {
            let (x, y) = ((position / height) as usize, (position % height) as usize);
            // At the top there is nothing above to differ from.
            samples[y * width + x] = value ^ if y == 0 { 0 } else { *before };
            *before = value;
        };
        for run in self.runs() {
            let value = value_of(run.class);
            mark(run.start, value, &mut before);
            // The tops of all further columns that the run reaches.
            for x in run.start / height + 1..run.end.div_ceil(height) {
                mark(x * height, value, &mut before);
            }
        }
        spread_down(&mut samples, width);
        samples
    }

    /// Gives the pixels of a mask a class; `None` ignores them from now on.
    ///
    /// # Errors
    /// A mask of another size.
    pub fn paint(&mut self, mask: &Mask, class: Option<ClassId>) -> Result<(), GeometryError> {
        self.size.same(mask.size())?;
        let mut builder = Builder::new(self.size);
        let mut strokes = mask.runs().peekable();
        for run in self.runs() {
            let own = value_of(run.class);
            while let Some((start, end)) = strokes.peek().copied().filter(|(s, _)| *s < run.end) {
                builder.run(start, own);
                builder.run(end.min(run.end), value_of(class));
                if end > run.end {
                    break;
                }
                strokes.next();
            }
            builder.run(run.end, own);
        }
        *self = builder.map;
        Ok(())
    }

    /// Size of the image.
    #[must_use]
    pub fn size(&self) -> ImageSize {
        self.size
    }

    /// All runs in order; together they cover the image.
    pub fn runs(&self) -> impl Iterator<Item = LabelRun> + '_ {
        let mut start = 0;
        self.ends.iter().zip(&self.values).map(move |(end, value)| {
            let start = std::mem::replace(&mut start, *end);
            LabelRun {
                start,
                end: *end,
                class: class_of(*value),
            }
        })
    }

    /// The class of a pixel; `None` where it is ignored or outside the image.
    #[must_use]
    pub fn class_at(&self, x: u32, y: u32) -> Option<ClassId> {
        if x >= self.size.width() || y >= self.size.height() {
            return None;
        }
        let position = x * self.size.height() + y;
        let run = self.ends.partition_point(|end| *end <= position);
        class_of(self.values[run])
    }

    /// The classes that some pixel has, rising.
    #[must_use]
    pub fn classes(&self) -> Vec<ClassId> {
        let mut values = self.values.clone();
        values.sort_unstable();
        values.dedup();
        values.into_iter().filter_map(class_of).collect()
    }

    /// The pixels of one class; those that are ignored for `None`.
    #[must_use]
    pub fn mask_of(&self, class: Option<ClassId>) -> Mask {
        let mut toggles = Toggles::default();
        for run in self.runs().filter(|run| run.class == class) {
            toggles.run(run.start, run.end);
        }
        Mask::of_toggles(self.size, toggles)
    }

    /// The pixels of every class that some pixel has, by rising class; one walk for all of them.
    #[must_use]
    pub fn masks(&self) -> Vec<(ClassId, Mask)> {
        let mut found: BTreeMap<ClassId, Toggles> = BTreeMap::new();
        for run in self.runs() {
            if let Some(class) = run.class {
                found.entry(class).or_default().run(run.start, run.end);
            }
        }
        let mask = |toggles| Mask::of_toggles(self.size, toggles);
        let masks = found.into_iter();
        masks
            .map(|(class, toggles)| (class, mask(toggles)))
            .collect()
    }

    /// Walks through two maps of one image and calls `found` with the class in each of them and the
    /// number of neighbouring pixels for which this holds.
    ///
    /// # Errors
    /// Maps of images of different size.
    pub fn compare(
        &self,
        other: &Self,
        mut found: impl FnMut(Option<ClassId>, Option<ClassId>, u32),
    ) -> Result<(), GeometryError> {
        self.size.same(other.size)?;
        let (mut i, mut j, mut start) = (0, 0, 0);
        while i < self.ends.len() && j < other.ends.len() {
            let end = self.ends[i].min(other.ends[j]);
            found(
                class_of(self.values[i]),
                class_of(other.values[j]),
                end - start,
            );
            i += usize::from(self.ends[i] == end);
            j += usize::from(other.ends[j] == end);
            start = end;
        }
        Ok(())
    }
}

fn class_of(value: u16) -> Option<ClassId> {
    (value != LabelMap::IGNORED).then_some(ClassId(value))
}

fn value_of(class: Option<ClassId>) -> u16 {
    class.map_or(LabelMap::IGNORED, |class| class.0)
}

/// Adds runs one after the other.
struct Builder {
    map: LabelMap,
}

impl Builder {
    fn new(size: ImageSize) -> Self {
        Self {
            map: LabelMap {
                size,
                ends: Vec::new(),
                values: Vec::new(),
            },
        }
    }

    fn end(&self) -> u32 {
        self.map.ends.last().copied().unwrap_or(0)
    }

    /// Goes on to `end` with a value; does nothing where the runs already reach so far.
    fn run(&mut self, end: u32, value: u16) {
        if end <= self.end() {
            return;
        }
        if self.map.values.last() == Some(&value) {
            self.map.ends.pop();
        } else {
            self.map.values.push(value);
        }
        self.map.ends.push(end);
    }
}

impl From<LabelMap> for LabelMapRle {
    fn from(map: LabelMap) -> Self {
        let rle = |(class, mask): (ClassId, Mask)| ClassRle {
            class,
            counts: mask.to_coco_string(),
        };
        Self {
            size: [map.size.height(), map.size.width()],
            classes: map.masks().into_iter().map(rle).collect(),
        }
    }
}

impl TryFrom<LabelMapRle> for LabelMap {
    type Error = GeometryError;

    fn try_from(rle: LabelMapRle) -> Result<Self, GeometryError> {
        let [height, width] = rle.size;
        let size = ImageSize::new(width, height)?;
        let mask = |rle: &ClassRle| {
            let mask = Mask::from_coco_string(size, &rle.counts)?;
            Ok((rle.class, mask))
        };
        let masks: Result<Vec<_>, GeometryError> = rle.classes.iter().map(mask).collect();
        Self::from_masks(size, &masks?)
    }
}

impl PartialSchema for LabelMap {
    fn schema() -> RefOr<Schema> {
        LabelMapRle::schema()
    }
}

impl ToSchema for LabelMap {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        LabelMapRle::schemas(schemas);
    }
}

#[cfg(test)]
mod tests {
    use super::super::mask::tests::mask;
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn values() -> impl Strategy<Value = (ImageSize, Vec<u16>)> {
        (1u32..12, 1u32..12).prop_flat_map(|(width, height)| {
            let size = ImageSize::new(width, height).unwrap();
            let value = prop_oneof![0u16..3, Just(LabelMap::IGNORED)];
            (Just(size), vec(value, size.pixels() as usize))
        })
    }

    proptest! {
        #[test]
        fn every_pixel_keeps_its_class((size, values) in values()) {
            let map = LabelMap::from_bitmap(size, &values).unwrap();
            prop_assert_eq!(&map.to_bitmap(), &values);
            for (index, value) in values.iter().enumerate() {
                let (x, y) = (index as u32 % size.width(), index as u32 / size.width());
                prop_assert_eq!(map.class_at(x, y), class_of(*value));
            }
            prop_assert_eq!(map.class_at(size.width(), 0), None);
            let masks: Vec<(ClassId, Mask)> = map
                .classes()
                .into_iter()
                .map(|class| (class, map.mask_of(Some(class))))
                .collect();
            prop_assert_eq!(&map.masks(), &masks);
            prop_assert_eq!(&LabelMap::from_masks(size, &masks).unwrap(), &map);
            let json = serde_json::to_string(&map).unwrap();
            prop_assert_eq!(&serde_json::from_str::<LabelMap>(&json).unwrap(), &map);
        }

        #[test]
        fn paint_changes_the_pixels_of_the_mask(stroke in mask(), class in 0u16..4) {
            let size = stroke.size();
            let start: Vec<u16> = (0..size.pixels()).map(|i| (i * i % 7 % 3) as u16).collect();
            let mut map = LabelMap::from_bitmap(size, &start).unwrap();
            let class = class_of(if class == 3 { LabelMap::IGNORED } else { class });
            map.paint(&stroke, class).unwrap();
            let expected: Vec<u16> = start
                .iter()
                .zip(stroke.to_bitmap())
                .map(|(value, inside)| if inside == 1 { value_of(class) } else { *value })
                .collect();
            prop_assert_eq!(map, LabelMap::from_bitmap(size, &expected).unwrap());
        }

        #[test]
        fn comparing_counts_pairs_of_pixels((size, first) in values(), shift in 0usize..50) {
            let mut second = first.clone();
            second.rotate_left(shift % first.len());
            let [a, b] = [&first, &second].map(|v| LabelMap::from_bitmap(size, v).unwrap());
            let mut found = BTreeMap::new();
            a.compare(&b, |x, y, pixels| *found.entry((x, y)).or_insert(0) += pixels).unwrap();
            let mut expected = BTreeMap::new();
            for (x, y) in first.iter().zip(&second) {
                *expected.entry((class_of(*x), class_of(*y))).or_insert(0) += 1;
            }
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn classes_that_overlap_are_refused() {
        let size = ImageSize::new(3, 2).unwrap();
        let mask = |values: [u8; 6]| Mask::from_bitmap(size, &values).unwrap();
        let masks = [
            (ClassId(4), mask([0, 0, 1, 1, 1, 1])),
            (ClassId(2), mask([1, 0, 0, 0, 1, 0])),
        ];
        let refused = LabelMap::from_masks(size, &masks).unwrap_err();
        let sentence = refused.to_string();
        assert!(sentence.starts_with("classes 2 and 4 both claim the pixel in column 1, row 1"));
        let json =
            r#"{"size":[2,3],"classes":[{"class":1,"counts":"06"},{"class":1,"counts":"222"}]}"#;
        assert!(serde_json::from_str::<LabelMap>(json).is_err());
        let other = Mask::full(ImageSize::new(2, 3).unwrap());
        assert!(LabelMap::filled(size, None).paint(&other, None).is_err());
    }

    #[test]
    fn a_large_map_of_one_class_takes_one_run() {
        let size = ImageSize::new(4_096, 4_096).unwrap();
        let map = LabelMap::filled(size, Some(ClassId(3)));
        assert_eq!(map.runs().count(), 1);
        let json = serde_json::to_string(&map).unwrap();
        assert_eq!(
            json,
            r#"{"size":[4096,4096],"classes":[{"class":3,"counts":"0PPPP`0"}]}"#
        );
    }
}
