//! The label of a readable image: one class, all findings that it shows, or a drawing.

use crate::{ClassId, DrawingId};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ArrayBuilder, Schema};
use utoipa::openapi::{Object, RefOr, Type};
use utoipa::{PartialSchema, ToSchema};

/// Findings of the label schema that an image shows, at most [`FindingSet::MOST`]; empty = none of
/// them. In JSON a list of rising class numbers.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(into = "Vec<ClassId>", try_from = "Vec<ClassId>")]
pub struct FindingSet(u64);

impl FindingSet {
    /// Most findings of a project: one bit each, and room for what else a column has to say.
    pub const MOST: usize = 60;

    /// No finding.
    pub const NONE: Self = Self(0);

    /// A set of findings; `None` where one is not below [`Self::MOST`].
    #[must_use]
    pub fn of(findings: impl IntoIterator<Item = ClassId>) -> Option<Self> {
        findings.into_iter().try_fold(Self::NONE, |set, finding| {
            (finding.index() < Self::MOST).then(|| Self(set.0 | 1 << finding.0))
        })
    }

    /// Whether the finding is among them.
    #[must_use]
    pub fn contains(self, finding: ClassId) -> bool {
        finding.index() < Self::MOST && self.0 >> finding.0 & 1 == 1
    }

    /// How many there are.
    #[must_use]
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The findings, rising.
    pub fn iter(self) -> impl Iterator<Item = ClassId> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let lowest = (left != 0).then(|| left.trailing_zeros())?;
            // Takes the lowest bit away.
            left &= left - 1;
            Some(ClassId(lowest as u16))
        })
    }

    /// The set as a number below 2^60, bit `i` = finding `i`.
    #[must_use]
    pub fn bits(self) -> u64 {
        self.0
    }

    /// Inverse of [`Self::bits`]; `None` from 2^60 on.
    #[must_use]
    pub fn from_bits(bits: u64) -> Option<Self> {
        (bits >> Self::MOST == 0).then_some(Self(bits))
    }
}

impl From<FindingSet> for Vec<ClassId> {
    fn from(set: FindingSet) -> Self {
        set.iter().collect()
    }
}

impl TryFrom<Vec<ClassId>> for FindingSet {
    type Error = String;

    fn try_from(findings: Vec<ClassId>) -> Result<Self, String> {
        Self::of(findings).ok_or_else(|| {
            format!(
                "a finding is not between 0 and {}; send the numbers of the label schema",
                Self::MOST - 1
            )
        })
    }
}

impl PartialSchema for FindingSet {
    fn schema() -> RefOr<Schema> {
        let item = Object::with_type(Type::Integer);
        ArrayBuilder::new()
            .items(item)
            .description(Some("Findings that an image shows, rising; empty = none."))
            .into()
    }
}

impl ToSchema for FindingSet {}

/// The label of a readable image. In JSON a class number, a list of findings, or `{"drawing": number}`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(untagged)]
pub enum Label {
    /// The image shows this class.
    Class(ClassId),
    /// The image shows these findings and none of the others.
    Findings(FindingSet),
    /// The image shows the shapes of this drawing and nothing else.
    Drawn {
        /// The drawing.
        drawing: DrawingId,
    },
}

impl Label {
    /// The class, where the label is one.
    #[must_use]
    pub fn class(self) -> Option<ClassId> {
        match self {
            Self::Class(class) => Some(class),
            Self::Findings(_) | Self::Drawn { .. } => None,
        }
    }

    /// The drawing, where the label is one.
    #[must_use]
    pub fn drawing(self) -> Option<DrawingId> {
        match self {
            Self::Drawn { drawing } => Some(drawing),
            Self::Class(_) | Self::Findings(_) => None,
        }
    }

    /// Whether the label names this class or finding; a drawing names none by itself.
    #[must_use]
    pub fn names(self, class: ClassId) -> bool {
        match self {
            Self::Class(own) => own == class,
            Self::Findings(present) => present.contains(class),
            Self::Drawn { .. } => false,
        }
    }

    /// The classes or findings that the label names, rising; a drawing names none by itself.
    pub fn named(self) -> impl Iterator<Item = ClassId> {
        let (class, present) = match self {
            Self::Class(class) => (Some(class), FindingSet::NONE),
            Self::Findings(present) => (None, present),
            Self::Drawn { .. } => (None, FindingSet::NONE),
        };
        class.into_iter().chain(present.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_a_number_or_a_list_in_json() {
        let set = FindingSet::of([ClassId(3), ClassId(0)]).unwrap();
        let labels = [
            (Label::Class(ClassId(2)), "2"),
            (Label::Findings(set), "[0,3]"),
            (Label::Findings(FindingSet::NONE), "[]"),
            (
                Label::Drawn {
                    drawing: DrawingId(7),
                },
                r#"{"drawing":7}"#,
            ),
        ];
        for (label, json) in labels {
            assert_eq!(serde_json::to_string(&label).unwrap(), json);
            assert_eq!(serde_json::from_str::<Label>(json).unwrap(), label);
        }
        assert!(serde_json::from_str::<Label>("[60]").is_err());
    }

    #[test]
    fn a_set_holds_what_was_put_in() {
        let set = FindingSet::of([0, 7, 59].map(ClassId)).unwrap();
        assert_eq!(set.len(), 3);
        assert!(set.iter().eq([0, 7, 59].map(ClassId)));
        assert!(Label::Findings(set).named().eq(set.iter()));
        assert!(Label::Class(ClassId(70)).named().eq([ClassId(70)]));
        assert!(set.contains(ClassId(59)) && !set.contains(ClassId(1)));
        assert!(!set.contains(ClassId(64)), "beyond the bits");
        assert_eq!(FindingSet::from_bits(set.bits()), Some(set));
        assert_eq!(FindingSet::from_bits(1 << 60), None);
        assert_eq!(FindingSet::of([ClassId(60)]), None);
    }
}
