//! Why an image is asked for, in words.

use super::PoolPredictions;
use crate::view::PickReason;
use autolabel_annotation::{ImageId, ImageTask, LabelOrigin};
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
        (_, Some(p)) => doubt_in_words(pool.task, p, class_names),
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

/// Most findings that a sentence names.
const MOST_NAMED: usize = 3;

/// A finding is worth naming where it is this likely to be other than it seems.
const WORTH_NAMING: f32 = 0.2;

/// Between which two classes the model hesitates, or which findings it is unsure of, as a sentence.
pub(crate) fn doubt_in_words(task: ImageTask, columns: &[f32], class_names: &[String]) -> String {
    let doubt = |index: &usize| match task {
        ImageTask::Classification | ImageTask::Grades => -columns[*index],
        ImageTask::Findings => (columns[*index] - 0.5).abs(),
    };
    let mut order: Vec<usize> = (0..columns.len()).collect();
    order.sort_by(|a, b| doubt(a).total_cmp(&doubt(b)));
    let name = |index: usize| class_names.get(index).map_or("?", String::as_str);
    match (task, order.as_slice()) {
        (ImageTask::Classification | ImageTask::Grades, [first, second, ..]) => format!(
            "The model hesitates between {} and {} ({:.2} to {:.2}).",
            name(*first),
            name(*second),
            columns[*first],
            columns[*second]
        ),
        (ImageTask::Findings, [first, ..]) => {
            let unsure =
                |index: &&usize| columns[**index].min(1.0 - columns[**index]) >= WORTH_NAMING;
            let mut named: Vec<usize> = order.iter().filter(unsure).copied().collect();
            named.truncate(MOST_NAMED);
            if named.is_empty() {
                named.push(*first);
            }
            let named: Vec<String> = named
                .into_iter()
                .map(|index| format!("{} ({:.2})", name(index), columns[index]))
                .collect();
            format!("The model is least sure about {}.", named.join(", "))
        }
        _ => "The model has learnt a single class so far.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubt_is_put_into_words_for_each_task() {
        let names = ["effusion", "nodule", "mass"].map(String::from);
        let said = |task, columns: &[f32]| doubt_in_words(task, columns, &names);
        assert_eq!(
            said(ImageTask::Classification, &[0.2, 0.5, 0.3]),
            "The model hesitates between nodule and mass (0.50 to 0.30)."
        );
        assert_eq!(
            said(ImageTask::Findings, &[0.45, 0.01, 0.7]),
            "The model is least sure about effusion (0.45), mass (0.70)."
        );
        assert_eq!(
            said(ImageTask::Findings, &[0.02, 0.01, 0.97]),
            "The model is least sure about mass (0.97)."
        );
    }
}
