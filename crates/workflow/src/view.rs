//! What the outside sees of a project: plain serialisable data, the same for the REST interface,
//! the command line's `--json` and the web app. No logic lives here.

mod localization;
mod proposals;
mod slices;

pub use localization::{LocalizationView, PixelBox};
pub use proposals::{DoubtSpot, DoubtView, ProposalView, ProposedShape, ShapeProposal};
pub use slices::{DrawnSlice, SliceNeighbours};

use autolabel_annotation::{
    Answer, ClassId, Drawing, DrawingId, ImageId, Label, LabelOrigin, LabelSchema, Slice,
};
use autolabel_quality::CertificateGrades;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a project stands in the loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Images are being imported and embedded.
    Importing,
    /// Experts label what the program chooses.
    Labeling,
    /// The stop advisor says that more labels no longer pay.
    StopAdvised,
    /// The rest is auto-labeled and an audit sample waits to be checked.
    Auditing,
    /// The audit certified the target.
    Certified,
    /// The audit refuted the target; the threshold was tightened and images went back.
    Refuted,
}

/// Counts of a project's images. `labeled + auto_labeled + unreadable + unlabeled == images`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Counts {
    /// Images in the project (refused files are not).
    pub images: u64,
    /// Labeled by an expert.
    pub labeled: u64,
    /// Labeled by the program.
    pub auto_labeled: u64,
    /// Said to be unreadable by an expert.
    pub unreadable: u64,
    /// Nobody has labeled these yet.
    pub unlabeled: u64,
    /// Auto-labeling left these for people, who have not labeled them yet (part of `unlabeled`).
    pub returned: u64,
    /// Marked by an expert for a second look.
    pub flagged: u64,
    /// Files that could not be imported.
    pub refused: u64,
    /// Images that are exact or near copies of an earlier image.
    pub duplicates: u64,
}

/// What a label and an audit check cost, to say what is saved.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CostModel {
    /// Money an expert's hour costs, in `currency` units of the project.
    pub money_per_hour: f64,
    /// Seconds one label takes when nothing has been measured yet.
    pub seconds_per_label: f64,
    /// Seconds one audit check takes when nothing has been measured yet.
    pub seconds_per_audit: f64,
}

/// Settings that people may change at any time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Settings {
    /// Shown in the title bar.
    pub name: String,
    /// Task and classes.
    pub schema: LabelSchema,
    /// Largest share of wrong auto-labels that is acceptable, for example 0.05.
    pub target_error: f64,
    /// Share of the images that people are willing to label, for example 0.15.
    pub budget_share: f64,
    /// Images a batch.
    pub batch_size: u32,
    /// Name of the acquisition function, `auto` unless changed.
    pub strategy: String,
    /// Three-letter currency code, for display.
    pub currency: String,
    /// What work costs.
    pub cost: CostModel,
}

/// Hours and money.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct Effort {
    /// Hours of experts.
    pub hours: f64,
    /// Money in the project's currency.
    pub money: f64,
}

/// The home screen's numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProjectView {
    /// Names this project among all of a browser, which keeps drafts under it.
    pub id: String,
    /// Settings.
    pub settings: Settings,
    /// Where the loop stands.
    pub stage: Stage,
    /// Counts.
    pub counts: Counts,
    /// Finished training rounds.
    pub round: u32,
    /// Labels of the current batch answered so far, and the size of the batch.
    pub batch_done: u32,
    /// Images in the current batch.
    pub batch_size: u32,
    /// Median seconds an expert took for a label, idle time cut off; `None` before ten answers.
    pub seconds_per_label: Option<f64>,
    /// Effort spent so far on labels and audit.
    pub spent: Effort,
    /// What labeling every image by hand would cost, minus what was spent and is still to be spent.
    pub saved: Effort,
    /// Labeling all images by hand.
    pub by_hand: Effort,
    /// Backbone that made the embeddings, with engine, in words.
    pub backbone: String,
    /// A sentence the person should read (for example that the slow engine is in use).
    pub notices: Vec<String>,
}

/// One point of the learning curve: the state after a training round.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CurvePoint {
    /// Expert labels the model was trained on.
    pub labels: u32,
    /// Estimated accuracy over the unlabeled rest, from the random part only; `None` while the
    /// random part is empty.
    pub accuracy: Option<f64>,
    /// Lower end of the 95 % interval of `accuracy`.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval of `accuracy`.
    pub high: Option<f64>,
    /// How many random labels the estimate rests on.
    pub random_labels: u32,
    /// Share of all images that could be auto-labeled at the target error now.
    pub auto_share: f64,
    /// Cohen's kappa between this model's and the previous model's predictions on the pool.
    pub kappa: Option<f64>,
    /// Seconds to fit, score and choose.
    pub round_seconds: f64,
}

/// One criterion of the stop advisor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StopReason {
    /// Short stable name: `gain`, `stability`, `budget`, `exhausted`.
    pub name: String,
    /// The criterion speaks for stopping.
    pub met: bool,
    /// One sentence with the numbers.
    pub text: String,
}

/// What the program advises now, in words and numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StopAdvice {
    /// `true` = stop labeling and auto-label the rest.
    pub stop: bool,
    /// One sentence, for example "Keep labeling: the next 50 labels should spare you about 210 further images".
    pub headline: String,
    /// Every criterion, met or not.
    pub reasons: Vec<StopReason>,
    /// Images that could be auto-labeled at the target error now.
    pub auto_labels_now: u64,
    /// Expected further auto-labels from the next batch (may be negative), and its 95 % interval.
    pub next_gain: Option<f64>,
    /// Lower end of the interval.
    pub next_gain_low: Option<f64>,
    /// Upper end of the interval.
    pub next_gain_high: Option<f64>,
    /// What the next batch costs.
    pub next_effort: Effort,
}

/// The learning curve and the advice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CurveView {
    /// Points in order of training.
    pub points: Vec<CurvePoint>,
    /// Labels at which stopping was first advised.
    pub stop_at_labels: Option<u32>,
    /// Advice; `None` before the first training round.
    pub advice: Option<StopAdvice>,
}

/// Why an image is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PickReason {
    /// How it came into the batch.
    pub origin: LabelOrigin,
    /// The acquisition function that chose it.
    pub strategy: String,
    /// Its score, larger = more wanted; `None` for random picks.
    pub score: Option<f32>,
    /// One sentence for people, for example "The model hesitates between COVID-19 and pneumonia (0.48 to 0.45)".
    pub text: String,
}

/// What the model says about one image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PredictionView {
    /// The likeliest label.
    pub label: Label,
    /// Calibrated probability of each class, in schema order, which sum to 1; or that each finding is
    /// present, each by itself.
    pub probabilities: Vec<f32>,
}

/// One image in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImageView {
    /// Row of the image.
    pub id: ImageId,
    /// Path below the image folder, `/`-separated.
    pub file: String,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// `unlabeled`, `labeled`, `auto_labeled`, `unreadable`, `returned`.
    pub state: ImageState,
    /// Marked for a second look.
    pub flagged: bool,
    /// The expert's answer, where there is one.
    pub answer: Option<Answer>,
    /// How the answer came about.
    pub origin: Option<LabelOrigin>,
    /// The program's label, where auto-labeling gave one.
    pub auto_label: Option<Label>,
    /// The present model's view; hidden (`None`) while an expert is asked blindly.
    pub prediction: Option<PredictionView>,
    /// Group (patient, slide …) from the CSV, where given.
    pub group: Option<String>,
    /// Its place in a series of slices, where the CSV gives one.
    pub slice: Option<Slice>,
    /// The earlier image that this one copies.
    pub duplicate_of: Option<ImageId>,
}

/// State of an image in lists and filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImageState {
    /// Nobody labeled it.
    Unlabeled,
    /// An expert gave a label.
    Labeled,
    /// The program gave a label.
    AutoLabeled,
    /// An expert could not read it.
    Unreadable,
    /// Auto-labeling left it for people.
    Returned,
}

/// One image to label, with the reason it was chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QueueItem {
    /// The image; its prediction is hidden.
    pub image: ImageView,
    /// Why this image.
    pub reason: PickReason,
    /// One-based position in the batch.
    pub position: u32,
    /// Images in the batch.
    pub batch_size: u32,
}

/// The images to label next, in order, and where the batch stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QueueView {
    /// Next images, the first is the one to show.
    pub items: Vec<QueueItem>,
    /// Answered images of this batch.
    pub batch_done: u32,
    /// Images in the batch.
    pub batch_size: u32,
    /// About how many minutes the rest of the batch takes.
    pub minutes_left: f64,
    /// Set when there is nothing to label, with what to do next.
    pub empty_because: Option<String>,
}

/// An answer as it is sent.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AnswerRequest {
    /// The image that was answered.
    pub image: ImageId,
    /// The answer.
    pub answer: Answer,
    /// Seconds from the image being painted to the key press.
    pub seconds: f64,
    /// Chosen by the client; sending the same key again changes nothing.
    pub idempotency_key: String,
    /// Who answers; `local` in single-user mode.
    #[serde(default)]
    pub reader: Option<String>,
}

/// A drawing as it is kept, with its number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DrawingView {
    /// The number that an answer names; equal drawings have the same.
    pub id: DrawingId,
    /// The shapes, brought to the form of the task: boxes clipped, one mask a class of a semantic map,
    /// instances without shared pixels.
    #[serde(flatten)]
    pub drawing: Drawing,
}

/// What came of an answer: it is on disk when this is received.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AnswerReceipt {
    /// Sequence number of the journal entry.
    pub sequence: u64,
    /// The image that was answered.
    pub image: ImageId,
    /// The queue after it.
    pub queue: QueueView,
}

/// A background job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobView {
    /// Number of the job.
    pub id: u64,
    /// `import`, `train`, `auto_label`, `export`.
    pub kind: String,
    /// `running`, `done`, `failed`, `cancelled`.
    pub state: JobState,
    /// What it is doing, in words.
    pub message: String,
    /// Units done.
    pub done: u64,
    /// Units in all; 0 while unknown.
    pub total: u64,
    /// Units a second, lately.
    pub rate: f64,
    /// Seconds left, where that can be said.
    pub seconds_left: Option<f64>,
}

/// State of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// At work.
    Running,
    /// Finished.
    Done,
    /// Stopped by an error, which `message` tells.
    Failed,
    /// Stopped by a person.
    Cancelled,
}

/// One row of the per-class table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ClassRow {
    /// The class or finding.
    pub class: ClassId,
    /// Expert labels that name it.
    pub labels: u64,
    /// Random-part labels of this class.
    pub random_labels: u64,
    /// Share of the random-part labels of this class that the model finds (sensitivity), with 95 % interval.
    pub sensitivity: Option<Estimate>,
    /// Share right among random-part images predicted as this class (precision), with 95 % interval.
    pub precision: Option<Estimate>,
    /// Images of the rest predicted as this class.
    pub predicted: u64,
}

/// A proportion with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Estimate {
    /// Point estimate.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// One bar of the reliability diagram.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReliabilityBin {
    /// Mean predicted probability of the bin's predictions.
    pub confidence: f64,
    /// Share of them that were right.
    pub accuracy: f64,
    /// How many there were.
    pub count: u64,
}

/// One trained model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ModelView {
    /// Version, counting from 1.
    pub version: u32,
    /// Milliseconds since 1970 (UTC) when it was trained.
    pub trained_at_ms: i64,
    /// Labels it was trained on.
    pub labels: u32,
    /// What kind of head, with its settings, in words.
    pub head: String,
    /// Hash of the model: backbone, settings and training labels.
    pub hash: String,
    /// The curve point of this model.
    pub point: CurvePoint,
    /// Temperature of the calibration (1 = untouched).
    pub temperature: f64,
    /// Per-class table.
    pub classes: Vec<ClassRow>,
    /// Reliability on the random part (leave-one-out).
    pub reliability: Vec<ReliabilityBin>,
    /// Expected calibration error on the random part.
    pub calibration_error: Option<f64>,
}

/// What auto-labeling would do, or did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AutoLabelView {
    /// Images that pass the threshold.
    pub accepted: u64,
    /// Images left for people.
    pub returned: u64,
    /// Calibrated probability from which an image is auto-labeled.
    pub threshold: f64,
    /// Share of wrong labels expected among the accepted.
    pub expected_error: f64,
    /// Upper 95 % bound of that error from the random part alone; `None` when none of it passes.
    pub error_bound: Option<f64>,
    /// Target error.
    pub target_error: f64,
    /// Audit checks to expect until the target is certified.
    pub expected_audit: u64,
    /// One sentence that says what this means.
    pub text: String,
    /// `true` when the labels were written, `false` for a preview.
    pub applied: bool,
    /// Accepted images whose label names each class or finding, in schema order.
    pub per_class: Vec<u64>,
    /// Accepted images that resemble nothing labeled: worth a look first.
    pub unusual: u64,
    /// Open images that the model has not drawn on yet: a round on a large pool draws on a sample. They
    /// are in none of the other numbers, and auto-labeling waits until it has drawn on them.
    pub unseen: u64,
}

/// State of the audit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditView {
    /// Auto-labels under audit.
    pub population: u64,
    /// Checks so far.
    pub checked: u64,
    /// Of them wrong.
    pub wrong: u64,
    /// Target error.
    pub target_error: f64,
    /// Anytime-valid lower bound of the accuracy, 95 % confidence.
    pub accuracy_lower_bound: f64,
    /// Clopper-Pearson lower bound, as a fixed-size sample would give it.
    pub clopper_pearson_lower_bound: f64,
    /// `running`, `certified`, `refuted`.
    pub verdict: AuditVerdict,
    /// About how many more checks are needed.
    pub expected_remaining: Option<u64>,
    /// How many audits were made before this one (each failed one spends part of the error rate).
    pub attempt: u32,
    /// How far the checked labels lie from the auditor's; grades only, from the first check on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grades: Option<CertificateGrades>,
    /// The image to check now with the label in question.
    pub next: Option<AuditItem>,
    /// One sentence that says where it stands.
    pub text: String,
}

/// One auto-label to check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditItem {
    /// The image.
    pub image: ImageView,
    /// The label in question.
    pub label: Label,
}

/// Outcome of an audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditVerdict {
    /// More checks are needed.
    Running,
    /// The target holds at 95 % confidence.
    Certified,
    /// The target does not hold at 95 % confidence.
    Refuted,
}

/// The auditor's answer: the right label (equal to the auto-label = agreed), or unreadable.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AuditAnswerRequest {
    /// The image that was checked.
    pub image: ImageId,
    /// What the auditor says it shows.
    pub answer: Answer,
    /// Seconds it took.
    pub seconds: f64,
    /// Chosen by the client; sending the same key again changes nothing.
    pub idempotency_key: String,
    /// Who answers.
    #[serde(default)]
    pub reader: Option<String>,
}

/// Filters of the data list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImageFilter {
    /// Only images in this state.
    #[serde(default)]
    pub state: Option<ImageState>,
    /// Only images whose label (the expert's, else the auto-label, else the prediction) names this class
    /// or finding.
    #[serde(default)]
    pub class: Option<ClassId>,
    /// Only flagged images.
    #[serde(default)]
    pub flagged: bool,
    /// Only copies of earlier images.
    #[serde(default)]
    pub duplicates: bool,
    /// Only images that resemble nothing labeled; none before there are a hundred labels.
    #[serde(default)]
    pub unusual: bool,
    /// Only images where the expert and the model differ.
    #[serde(default)]
    pub disagreement: bool,
    /// Part of the file name, case-insensitive.
    #[serde(default)]
    pub text: Option<String>,
    /// `id` (default), `doubt` (most doubtful first), `unusual` (least like the labeled images first).
    #[serde(default)]
    pub order: ImageOrder,
}

/// Order of the data list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImageOrder {
    /// As imported.
    #[default]
    Id,
    /// Smallest lead of the first over the second class first; of findings, that of the most doubtful one.
    Doubt,
    /// Least like the labeled images first.
    Unusual,
}

/// A page of the data list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImagePage {
    /// Images of the page.
    pub images: Vec<ImageView>,
    /// Images that pass the filter, in all.
    pub total: u64,
    /// Zero-based position of the first image of the page.
    pub offset: u64,
}

/// A file that could not be imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefusedFile {
    /// Path below the image folder, undecodable bytes shown as U+FFFD.
    pub file: String,
    /// One sentence: what is wrong and what to do.
    pub reason: String,
}
