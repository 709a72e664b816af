//! COCO's run lengths: a list of numbers, or the string that `pycocotools` makes of it.

use super::mask::Toggles;
use super::{GeometryError, ImageSize, Mask};
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

/// A mask as COCO files hold it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CocoRle {
    /// Height and width of the image, in this order.
    pub size: [u32; 2],
    /// Lengths of runs down the columns, outside and inside the mask by turns, outside first.
    pub counts: CocoCounts,
}

/// Run lengths in one of the two forms of COCO.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum CocoCounts {
    /// As `pycocotools` writes them: 5 bits a character.
    Compressed(String),
    /// As plain numbers.
    Uncompressed(Vec<u32>),
}

impl From<Mask> for CocoRle {
    fn from(mask: Mask) -> Self {
        Self {
            size: [mask.size().height(), mask.size().width()],
            counts: CocoCounts::Compressed(mask.to_coco_string()),
        }
    }
}

impl TryFrom<CocoRle> for Mask {
    type Error = GeometryError;

    fn try_from(rle: CocoRle) -> Result<Self, GeometryError> {
        let [height, width] = rle.size;
        let size = ImageSize::new(width, height)?;
        match rle.counts {
            CocoCounts::Compressed(text) => Self::from_coco_string(size, &text),
            CocoCounts::Uncompressed(counts) => Self::from_counts(size, &counts),
        }
    }
}

impl PartialSchema for Mask {
    fn schema() -> RefOr<Schema> {
        CocoRle::schema()
    }
}

impl ToSchema for Mask {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        CocoRle::schemas(schemas);
    }
}

impl Mask {
    /// COCO's run lengths: outside and inside by turns, outside first, all pixels of the image.
    #[must_use]
    pub fn to_counts(&self) -> Vec<u32> {
        let pixels = self.size().pixels();
        let rest = (self.toggles().last() != Some(&pixels)).then_some(pixels);
        let mut before = 0;
        let ends = self.toggles().iter().copied().chain(rest);
        ends.map(|end| end - std::mem::replace(&mut before, end))
            .collect()
    }

    /// The mask with these run lengths; runs of length 0 are allowed.
    ///
    /// # Errors
    /// Run lengths that do not add up to the pixels of the image.
    pub fn from_counts(size: ImageSize, counts: &[u32]) -> Result<Self, GeometryError> {
        let mut reader = CountReader::new(size);
        for count in counts {
            reader.push(u64::from(*count))?;
        }
        reader.finish()
    }

    /// The run lengths as the string that `pycocotools` writes, byte for byte.
    #[must_use]
    pub fn to_coco_string(&self) -> String {
        let counts = self.to_counts();
        let mut text = String::with_capacity(2 * counts.len());
        for (index, count) in counts.iter().enumerate() {
            // From the fourth on, the difference to the last run of the same kind.
            let before = if index > 2 { counts[index - 2] } else { 0 };
            let mut value = i64::from(*count) - i64::from(before);
            loop {
                let bits = (value & 0x1f) as u8;
                value >>= 5;
                // Goes on until the rest is only copies of the sign.
                let more = value != if bits & 0x10 == 0 { 0 } else { -1 };
                text.push(char::from(bits + if more { 0x20 } else { 0 } + b'0'));
                if !more {
                    break;
                }
            }
        }
        text
    }

    /// The mask that a string of `pycocotools` stands for. Reads no further than to the first mistake,
    /// and keeps no more than the string is long.
    ///
    /// # Errors
    /// A character or a number that such strings do not have, or run lengths that do not add up to
    /// the pixels of the image.
    pub fn from_coco_string(size: ImageSize, text: &str) -> Result<Self, GeometryError> {
        let refused = |reason, position| GeometryError::NotCocoRle { reason, position };
        let mut reader = CountReader::new(size);
        // The last two run lengths, the newer last.
        let mut before = [0_i64; 2];
        let (mut value, mut shift, mut index) = (0_i64, 0_u32, 0_usize);
        for (position, byte) in text.bytes().enumerate() {
            if !(b'0'..b'0' + 64).contains(&byte) {
                return Err(refused("a character that has no meaning", position));
            }
            let bits = byte - b'0';
            // Seven characters hold 35 bits, more than any difference of run lengths.
            if shift == 35 {
                return Err(refused("a number without an end", position));
            }
            value |= i64::from(bits & 0x1f) << shift;
            shift += 5;
            if bits & 0x20 != 0 {
                continue;
            }
            if bits & 0x10 != 0 {
                value |= -1 << shift;
            }
            if index > 2 {
                value += before[0];
            }
            let count =
                u64::try_from(value).map_err(|_| refused("a run length below 0", position))?;
            reader.push(count)?;
            before = [before[1], value];
            (value, shift, index) = (0, 0, index + 1);
        }
        if shift > 0 {
            return Err(refused("a number without an end", text.len()));
        }
        reader.finish()
    }
}

/// Adds run lengths up.
struct CountReader {
    size: ImageSize,
    toggles: Toggles,
    end: u64,
    inside: bool,
}

impl CountReader {
    fn new(size: ImageSize) -> Self {
        Self {
            size,
            toggles: Toggles::default(),
            end: 0,
            inside: false,
        }
    }

    fn push(&mut self, count: u64) -> Result<(), GeometryError> {
        let start = self.end;
        self.end = self.end.saturating_add(count);
        let expected = self.size.pixels();
        if self.end > u64::from(expected) {
            return Err(GeometryError::CountsDoNotFill {
                found: self.end,
                expected,
            });
        }
        if self.inside {
            self.toggles.run(start as u32, self.end as u32);
        }
        self.inside = !self.inside;
        Ok(())
    }

    fn finish(self) -> Result<Mask, GeometryError> {
        let expected = self.size.pixels();
        if self.end == u64::from(expected) {
            Ok(Mask::of_toggles(self.size, self.toggles))
        } else {
            Err(GeometryError::CountsDoNotFill {
                found: self.end,
                expected,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::mask::tests::mask;
    use super::*;
    use proptest::prelude::*;

    fn read(json: &str) -> Result<Mask, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn counts_are_those_of_coco() {
        let size = ImageSize::new(2, 2).unwrap();
        let counts = |values: [u8; 4]| Mask::from_bitmap(size, &values).unwrap().to_counts();
        assert_eq!(counts([0, 0, 0, 0]), [4]);
        assert_eq!(counts([1, 1, 1, 1]), [0, 4]);
        assert_eq!(counts([0, 0, 1, 0]), [1, 1, 2]);
        assert_eq!(counts([1, 0, 0, 1]), [0, 1, 2, 1]);
        let split = Mask::from_counts(size, &[1, 1, 0, 1, 1]).unwrap();
        assert_eq!(split.to_counts(), [1, 2, 1]);
    }

    #[test]
    fn json_is_that_of_coco() {
        let plain = read(r#"{"size":[3,2],"counts":[1,2,3]}"#).unwrap();
        let json = serde_json::to_string(&plain).unwrap();
        assert_eq!(json, r#"{"size":[3,2],"counts":"123"}"#);
        assert_eq!(read(&json).unwrap(), plain);
    }

    #[test]
    fn hostile_masks_are_refused_in_a_sentence() {
        let cases = [
            (r#"{"size":[0,2],"counts":""}"#, "2 x 0 pixels cannot hold"),
            (r#"{"size":[65536,65536],"counts":""}"#, "cannot hold masks"),
            (
                r#"{"size":[3,2],"counts":[1,2]}"#,
                "cover 3 pixels but the image has 6",
            ),
            (
                r#"{"size":[3,2],"counts":[4294967295,4294967295]}"#,
                "cover 4294967295 pixels",
            ),
            (r#"{"size":[3,2],"counts":"12"}"#, "cover 3 pixels"),
            (r#"{"size":[3,2],"counts":"1é3"}"#, "no meaning at byte 1"),
            (r#"{"size":[3,2],"counts":"1p3"}"#, "no meaning at byte 1"),
            (
                r#"{"size":[3,2],"counts":"12Q"}"#,
                "without an end at byte 3",
            ),
            (
                r#"{"size":[3,2],"counts":"oooooooo0"}"#,
                "without an end at byte 7",
            ),
            (r#"{"size":[3,2],"counts":"1@"}"#, "below 0 at byte 1"),
        ];
        for (json, sentence) in cases {
            let refused = read(json).unwrap_err();
            assert!(refused.contains(sentence), "{json}: {refused}");
        }
    }

    proptest! {
        #[test]
        fn strings_and_counts_come_back(mask in mask()) {
            let size = mask.size();
            prop_assert_eq!(&Mask::from_counts(size, &mask.to_counts()).unwrap(), &mask);
            prop_assert_eq!(&Mask::from_coco_string(size, &mask.to_coco_string()).unwrap(), &mask);
        }

        #[test]
        fn long_runs_come_back(lengths in proptest::collection::vec(1u32..40_000_000, 1..20)) {
            let size = ImageSize::new(30_000, 30_000).unwrap();
            let rest = size.pixels() - lengths.iter().sum::<u32>();
            let counts: Vec<u32> = lengths.into_iter().chain([rest]).collect();
            let mask = Mask::from_counts(size, &counts).unwrap();
            prop_assert_eq!(mask.to_counts(), counts);
            prop_assert_eq!(Mask::from_coco_string(size, &mask.to_coco_string()).unwrap(), mask);
        }

        #[test]
        fn any_string_is_read_or_refused(text in "[0-o]{0,30}", width in 1u32..9, height in 1u32..9) {
            let size = ImageSize::new(width, height).unwrap();
            if let Ok(mask) = Mask::from_coco_string(size, &text) {
                prop_assert_eq!(mask.to_counts().iter().sum::<u32>(), size.pixels());
            }
        }
    }
}
