//! Why an image is asked for, in words.

use super::{PoolPredictions, first_class};
use crate::view::PickReason;
use autolabel_annotation::{ClassId, ImageId, LabelOrigin};
use autolabel_selection::Pick;

/// An image to ask for, with the reason in words.
#[derive(Debug, Clone, PartialEq)]
pub struct PickWithReason {
    /// The image.
    pub image: ImageId,
    /// Why.
    pub reason: PickReason,
}

pub(super) fn with_reason(
    pick: &Pick,
    pool: &PoolPredictions,
    class_names: &[String],
) -> PickWithReason {
    let text = match (pick.origin, pool.of(pick.row)) {
        (LabelOrigin::Random, _) => {
            "Drawn at random, to measure honestly how good the model is.".to_owned()
        }
        (LabelOrigin::ColdStart, _) | (_, None) => {
            "Typical of a group of similar images nobody has labeled yet.".to_owned()
        }
        (_, Some(p)) => doubt_in_words(p, class_names),
    };
    PickWithReason {
        image: ImageId(pick.row),
        reason: PickReason {
            origin: pick.origin,
            strategy: pick.strategy.to_owned(),
            score: pick.score,
            text,
        },
    }
}

/// Between which two classes the model hesitates, as a sentence.
pub(crate) fn doubt_in_words(probabilities: &[f32], class_names: &[String]) -> String {
    let (first, p1) = first_class(probabilities);
    let mut rest = probabilities.to_vec();
    rest[first.index()] = f32::NEG_INFINITY;
    let (second, p2) = first_class(&rest);
    let name = |class: ClassId| class_names.get(class.index()).map_or("?", String::as_str);
    format!(
        "The model hesitates between {} and {} ({p1:.2} to {p2:.2}).",
        name(first),
        name(second)
    )
}
