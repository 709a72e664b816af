//! Images that a round sets aside, because they are of a kind that people could not read: another sort of
//! picture asked for again and again would cost as much as labels and teach nothing.

use super::RoundInput;
use crate::WorkflowError;
use autolabel_annotation::Answer;
use autolabel_heads::{FeatureRows, UnreadableKind};

/// Images looked at together; bounds the memory.
const ROWS_AT_ONCE: usize = 8_192;

/// What people could not read, beside what they could, with the rows of all these answered images; `None`
/// while there is too little of it.
pub(super) fn unreadable_kind(
    input: &RoundInput<'_>,
) -> Result<Option<(Vec<u32>, UnreadableKind)>, WorkflowError> {
    let answered = (0_u32..)
        .zip(input.labels.iter().zip(input.excluded))
        .filter(|(_, (_, excluded))| !**excluded);
    let (rows, marks): (Vec<u32>, Vec<bool>) = answered
        .filter_map(|(row, (label, _))| Some((row, label.as_ref()?.answer == Answer::Unreadable)))
        .unzip();
    if !marks.contains(&true) {
        return Ok(None);
    }
    let kind = UnreadableKind::new(input.features.select(&rows), marks)?;
    Ok(kind.map(|kind| (rows, kind)))
}

/// Answered images, in rising order, that would have been set aside had they not been answered.
pub(super) fn answered_aside(rows: &[u32], kind: &UnreadableKind) -> Vec<u32> {
    let holds = kind.holds_without_each();
    let rows = rows.iter().zip(holds).filter(|(_, holds)| *holds);
    rows.map(|(row, _)| *row).collect()
}

/// Those of some images, in rising order, that are of that kind.
pub(super) fn set_aside(
    kind: Option<&UnreadableKind>,
    features: FeatureRows<'_>,
    rows: &[u32],
) -> Result<Vec<u32>, WorkflowError> {
    let Some(kind) = kind else {
        return Ok(Vec::new());
    };
    let mut aside = Vec::new();
    for part in rows.chunks(ROWS_AT_ONCE) {
        let holds = kind.holds(&features.select(part))?;
        aside.extend(
            part.iter()
                .zip(holds)
                .filter(|(_, holds)| *holds)
                .map(|(row, _)| *row),
        );
    }
    Ok(aside)
}
