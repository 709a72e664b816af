//! The state in memory → what the outside sees.

use super::effort;
use super::live::{
    Live, batch_progress, counts, label_state, pick_of, predicted, prediction, stage, version,
};
use crate::audit::AuditState;
use crate::view::{CurveView, Effort, ImageView, PredictionView, ProjectView, Stage};
use autolabel_annotation::{ImageId, Task};
use autolabel_store::ImageRecord;

/// The home screen's numbers.
pub(super) fn project_view(
    live: &Live,
    seed: u64,
    importing: bool,
    read_only: bool,
) -> ProjectView {
    let counts = counts(live);
    let stage = stage(live, importing);
    let spent = effort::spent(live);
    let by_hand = effort::labels_by_hand(live, counts.images);
    let ahead = ahead(live, counts.unlabeled);
    let (batch_done, batch_size) = batch_progress(live);
    ProjectView {
        id: format!("{seed:016x}"),
        settings: live.settings.clone(),
        stage,
        counts,
        round: version(live),
        batch_done: to_u32(batch_done),
        batch_size: to_u32(batch_size),
        seconds_per_label: effort::measured_label_seconds(live),
        spent,
        saved: Effort {
            hours: (by_hand.hours - spent.hours - ahead.hours).max(0.0),
            money: (by_hand.money - spent.money - ahead.money).max(0.0),
        },
        by_hand,
        backbone: live
            .backbone
            .as_ref()
            .map_or_else(String::new, |b| format!("{} on {}", b.name, b.engine)),
        notices: notices(live, stage, read_only),
    }
}

/// Effort still to be spent if labeling stopped now: people label what cannot be auto-labeled, and
/// check a sample of the rest.
fn ahead(live: &Live, unlabeled: u64) -> Effort {
    let (by_hand, checks) = match (&live.run, live.models.last()) {
        (Some(_), _) => {
            let audit = live.audit.as_ref().filter(|audit| audit.is_running());
            let checks = audit.and_then(AuditState::expected_remaining);
            (unlabeled, checks.unwrap_or(0))
        }
        (None, Some(model)) => {
            let automatic = model.advice.auto_labels_now;
            (unlabeled.saturating_sub(automatic), model.expected_audit)
        }
        (None, None) => (unlabeled, 0),
    };
    let labels = effort::labels_by_hand(live, by_hand);
    let checks = effort::checks(live, checks);
    Effort {
        hours: labels.hours + checks.hours,
        money: labels.money + checks.money,
    }
}

fn notices(live: &Live, stage: Stage, read_only: bool) -> Vec<String> {
    let mut notices = Vec::new();
    let schema = &live.settings.schema;
    if schema.classes.len() < schema.task.least_classes() {
        notices.push(match schema.task {
            Task::Classification => "Name at least two classes before labeling.".to_owned(),
            Task::Grades => "Name at least two grades before labeling.".to_owned(),
            Task::Findings => "Name at least one finding before labeling.".to_owned(),
            Task::Detection | Task::SemanticSegmentation | Task::InstanceSegmentation => {
                "Name at least one class before labeling.".to_owned()
            }
        });
    }
    if let Some(note) = &live.engine_note {
        notices.push(note.clone());
    }
    let missing = live.index.missing.iter().filter(|m| **m).count();
    if missing > 0 {
        notices.push(format!(
            "{missing} image files are no longer in the folder; put them back and import again, or leave them out."
        ));
    }
    if stage == Stage::Refuted {
        notices.push(
            "The audit found too many wrong labels: the threshold was tightened and images went back to people.".to_owned(),
        );
    }
    if read_only {
        notices.push("This project was opened for reading only.".to_owned());
    }
    notices
}

/// The learning curve and the advice.
pub(super) fn curve_view(live: &Live) -> CurveView {
    let stop = live.models.iter().find(|model| model.advice.stop);
    CurveView {
        points: live.models.iter().map(|model| model.view.point).collect(),
        stop_at_labels: stop.map(|model| model.view.point.labels),
        advice: live.models.last().map(|model| model.advice.clone()),
    }
}

/// One image. The model's view is hidden where an expert is asked, or about to be asked, blindly.
pub(super) fn image_view(live: &Live, record: ImageRecord, blind: bool) -> ImageView {
    let label = live.index.labels[record.id.row()];
    let asked = is_asked(live, record.id);
    let row = record.id.0;
    let shown = prediction(live, row).filter(|_| !blind && !asked);
    ImageView {
        id: record.id,
        file: record.file,
        width: record.width,
        height: record.height,
        state: label_state(&label),
        flagged: label.flagged,
        answer: label.answer,
        origin: label.origin,
        auto_label: label.auto_label,
        prediction: shown
            .zip(predicted(live, row))
            .map(|(p, label)| PredictionView {
                label,
                probabilities: p.to_vec(),
            }),
        group: record.attributes.group,
        slice: record.attributes.slice,
        duplicate_of: record.duplicate_of,
    }
}

/// An expert is asked about this image, or about to be: the model's opinion would make the answer worth
/// less.
pub(super) fn is_asked(live: &Live, id: ImageId) -> bool {
    live.index.labels[id.row()].answer.is_none()
        && (pick_of(live, id).is_some() || live.reopened.iter().any(|r| r.image == id))
}

/// Counts on screens are 32 bits wide.
pub(crate) fn to_u32(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
