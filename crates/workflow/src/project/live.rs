//! What a project keeps in memory: the compact state of every image, the current batch, the models.
//! Plain data and pure functions over it; what is written to disk is written by its callers first.

use crate::audit::AuditState;
use crate::representation::Representation;
use crate::round::{Labeled, RoundModel};
use crate::shape_model::ShapeModel;
use crate::view::{Counts, ImageState, ModelView, Settings, Stage, StopAdvice};
use autolabel_annotation::{Answer, ImageId, Label, LabelOrigin};
use autolabel_models::Views;
use autolabel_quality::{SignedCertificate, ValidationItem};
use autolabel_selection::RoundRecord;
use autolabel_store::{BatchRecord, ImageIndex, LabelState, PickRecord};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// The state of a project in memory.
pub(crate) struct Live {
    pub settings: Settings,
    pub index: ImageIndex,
    pub refused: u64,
    /// The current batch.
    pub batch: Option<BatchRecord>,
    /// Images whose answer was taken back, in that order: they are asked for first.
    pub reopened: Vec<Reopened>,
    /// The image on each reader's screen.
    pub leases: BTreeMap<String, Lease>,
    /// Seconds of every answer of a person, as measured.
    pub label_seconds: Vec<f64>,
    /// Seconds of every audit check, as measured.
    pub audit_seconds: Vec<f64>,
    pub models: Vec<StoredModel>,
    /// The present model; absent until it is fitted again after a start.
    pub model: Option<Arc<RoundModel>>,
    /// The present network of shapes; absent until it is read again after a start.
    pub shapes: Option<Arc<ShapeModel>>,
    /// Unlabeled images by the present model's doubt, most doubtful first.
    pub ranking: Arc<Vec<u32>>,
    /// Auto-labeling that is in force.
    pub run: Option<AutoRun>,
    /// The latest audit.
    pub audit: Option<AuditState>,
    /// Runs of auto-labeling so far.
    pub runs: u32,
    /// Audits begun so far.
    pub attempts: u32,
    pub certificate: Option<SignedCertificate>,
    /// Images that whoever opened the project announced.
    pub announced_images: usize,
    /// Images there will be when the running import ends; 0 while none runs.
    pub importing_images: usize,
    /// Grows when embeddings of known images change.
    pub embedding_revision: u64,
    /// What made the embeddings.
    pub backbone: Option<BackboneFacts>,
    /// What the engine would like people to know.
    pub engine_note: Option<String>,
}

/// An image whose answer a reader took back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reopened {
    pub reader: String,
    pub image: ImageId,
}

/// An image on a reader's screen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lease {
    pub image: ImageId,
    pub until: Instant,
}

/// What is kept of a trained model.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredModel {
    pub view: ModelView,
    pub advice: StopAdvice,
    pub record: RoundRecord,
    /// Journal entry up to which it was trained.
    pub sequence: u64,
    /// Images it was trained over.
    pub images: usize,
    /// Settings of the classifier that give the same model again.
    pub gp: autolabel_heads::GpConfig,
    /// The choice that its features rest on.
    #[serde(default)]
    pub representation: Option<Representation>,
    /// The network with its views that made the features; `None` in projects from before it was kept.
    #[serde(default)]
    pub network: Option<String>,
    /// Audit checks to expect if auto-labeling were applied now.
    pub expected_audit: u64,
}

/// Auto-labels in force, with what their threshold rests on.
#[derive(Debug, Clone)]
pub(crate) struct AutoRun {
    pub run: u32,
    /// Version of the model that labeled.
    pub model: u32,
    pub threshold: f64,
    pub target_error: f64,
    pub expected_error: f64,
    /// The random part when the labels were given.
    pub random_part: Vec<ValidationItem>,
    /// Checks of refuted audits of the same labels.
    pub evidence: Vec<ValidationItem>,
}

/// What made the embeddings of a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct BackboneFacts {
    /// Of the network with its views.
    pub id: String,
    /// Of the network alone; empty in projects from before there were views.
    #[serde(default)]
    pub network: String,
    /// The looks at each image; `None` = the whole picture once.
    #[serde(default)]
    pub views: Option<Views>,
    /// Names of the outputs of the network.
    #[serde(default)]
    pub outputs: Vec<String>,
    pub name: String,
    pub dim: usize,
    /// Widths of the layers that make up a row.
    pub blocks: Vec<usize>,
    /// Engine that ran it last.
    pub engine: String,
}

impl BackboneFacts {
    /// The looks at each image.
    pub(crate) fn views(&self) -> Views {
        self.views.clone().unwrap_or_else(Views::whole)
    }
}

/// Images of the project, those that are known to come included: a budget is a share of these.
pub(crate) fn expected_images(live: &Live) -> usize {
    let coming = live.announced_images.max(live.importing_images);
    live.index.len().max(coming)
}

/// Counts over all images.
pub(crate) fn counts(live: &Live) -> Counts {
    let mut counts = Counts {
        images: live.index.len() as u64,
        refused: live.refused,
        ..Counts::default()
    };
    for label in &live.index.labels {
        match label_state(label) {
            ImageState::Labeled => counts.labeled += 1,
            ImageState::AutoLabeled => counts.auto_labeled += 1,
            ImageState::Unreadable => counts.unreadable += 1,
            ImageState::Unlabeled => counts.unlabeled += 1,
            ImageState::Returned => {
                counts.unlabeled += 1;
                counts.returned += 1;
            }
        }
        counts.flagged += u64::from(label.flagged);
    }
    counts.duplicates = live.index.duplicate_of.iter().flatten().count() as u64;
    counts
}

/// The state of an image for lists.
pub(crate) fn label_state(label: &LabelState) -> ImageState {
    match (label.answer, label.auto_label) {
        (Some(Answer::Unreadable), _) => ImageState::Unreadable,
        (Some(_), _) => ImageState::Labeled,
        (None, Some(_)) => ImageState::AutoLabeled,
        (None, None) if label.returned => ImageState::Returned,
        (None, None) => ImageState::Unlabeled,
    }
}

/// Where the loop stands.
pub(crate) fn stage(live: &Live, importing: bool) -> Stage {
    match &live.audit {
        Some(audit) if audit.is_running() => {
            // A tightened audit that nobody has begun yet: people should hear of the failed one.
            if audit.attempt > 1 && audit.checks.is_empty() && audit.tightened {
                return Stage::Refuted;
            }
            return Stage::Auditing;
        }
        Some(audit) if live.run.is_some() && audit.certified == Some(true) => {
            return Stage::Certified;
        }
        Some(audit) if audit.certified == Some(false) && audit.after_model == version(live) => {
            return Stage::Refuted;
        }
        _ => {}
    }
    if importing && live.batch.is_none() {
        return Stage::Importing;
    }
    match live.models.last() {
        Some(model) if model.advice.stop => Stage::StopAdvised,
        _ => Stage::Labeling,
    }
}

/// Version of the latest model; 0 before the first.
pub(crate) fn version(live: &Live) -> u32 {
    live.models.last().map_or(0, |model| model.view.version)
}

/// Nobody answered this image, the program did not label it, and its file is there.
pub(crate) fn is_open(live: &Live, row: u32) -> bool {
    let row = row as usize;
    live.index.labels.get(row).is_some_and(|label| {
        label.answer.is_none() && label.auto_label.is_none() && !live.index.missing[row]
    })
}

/// Expert answers in the form a training round takes.
pub(crate) fn labeled(labels: &[LabelState]) -> Vec<Option<Labeled>> {
    labels
        .iter()
        .map(|label| {
            Some(Labeled {
                answer: label.answer?,
                origin: label.origin.unwrap_or(LabelOrigin::Given),
            })
        })
        .collect()
}

/// The pick of the current batch for an image.
pub(crate) fn pick_of(live: &Live, image: ImageId) -> Option<&PickRecord> {
    let batch = live.batch.as_ref()?;
    batch.picks.iter().find(|pick| pick.image == image)
}

/// Answered images of the current batch, and its size.
pub(crate) fn batch_progress(live: &Live) -> (usize, usize) {
    let Some(batch) = &live.batch else {
        return (0, 0);
    };
    let open = |pick: &&PickRecord| is_open(live, pick.image.0);
    let size = batch.picks.len();
    (size - batch.picks.iter().filter(open).count(), size)
}

/// Class names in schema order.
pub(crate) fn class_names(live: &Live) -> Vec<String> {
    let classes = live.settings.schema.classes.iter();
    classes.map(|class| class.name.clone()).collect()
}

/// The label shown for an image: the expert's, else the program's, else its prediction.
pub(crate) fn shown_label(live: &Live, row: u32) -> Option<Label> {
    let label = &live.index.labels[row as usize];
    match label.answer {
        Some(answer) => answer.label(),
        None => label.auto_label.or_else(|| predicted(live, row)),
    }
}

/// The label that the present model would give.
pub(crate) fn predicted(live: &Live, row: u32) -> Option<Label> {
    Some(live.model.as_ref()?.pool.first_of(row)?.0)
}

/// The present model's calibrated probabilities for an image, of classes or of findings.
pub(crate) fn prediction(live: &Live, row: u32) -> Option<&[f32]> {
    live.model.as_ref()?.pool.of(row)
}

/// How far the present model is from another label: small = doubtful; see [`crate::classifier::lead`].
pub(crate) fn lead(live: &Live, row: u32) -> Option<f32> {
    live.model.as_ref()?.pool.lead_of(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_follow_from_labels() {
        let auto = LabelState {
            auto_label: Some(Label::Class(autolabel_annotation::ClassId(1))),
            ..LabelState::default()
        };
        assert_eq!(label_state(&auto), ImageState::AutoLabeled);
        let answered = LabelState {
            answer: Some(Answer::Unreadable),
            ..auto
        };
        assert_eq!(label_state(&answered), ImageState::Unreadable);
        let returned = LabelState {
            returned: true,
            ..LabelState::default()
        };
        assert_eq!(label_state(&returned), ImageState::Returned);
    }
}
