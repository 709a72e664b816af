//! One round of the loop, in the order of the walk in ARCHITECTURE.md: fit, calibrate, predict,
//! judge what could be auto-labeled, advise, rank. Pure: the live project and the simulator both
//! call [`run`], so a simulation shows exactly what people will get.

mod calibration;
mod estimates;
mod fitting;
mod pool_predictions;
mod reasons;
mod set_aside;

pub use calibration::Validation;
pub use pool_predictions::{PoolPredictions, predicted_exactly};
pub use reasons::PickWithReason;
pub(crate) use reasons::doubt_in_words;

use calibration::calibrate;
use estimates::{auto_estimate, curve_point, kappa_with_previous};
use fitting::{fit, learning_order};
use pool_predictions::predict_pool;
use reasons::with_reason;
use set_aside::{answered_aside, set_aside, unreadable_kind};

use crate::WorkflowError;
use crate::classifier::Classifier;
use crate::excerpt::{Considered, rank_excerpt};
use crate::representation::Representation;
use crate::screening::{Kept, Looked, Screening, look, uniform_sample};
use crate::view::CurvePoint;
use autolabel_annotation::{Answer, ImageTask, Label, LabelOrigin};
use autolabel_heads::{FeatureRows, GpConfig, PredictOptions, Predictions, UnreadableKind};
use autolabel_quality::{AutoShare, ThresholdConfig, ValidationItem};
use autolabel_selection::{
    BatchConfig, HeadView, Pick, PoolView, RoundRecord, StopConfig, StopDecision,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;
use std::time::Instant;

/// An expert's answer and why it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Labeled {
    /// The answer.
    pub answer: Answer,
    /// Why the image was asked for.
    pub origin: LabelOrigin,
}

/// How a round works.
#[derive(Debug, Clone)]
pub struct RoundConfig {
    /// How the next batch is made up.
    pub batch: BatchConfig,
    /// When to stop.
    pub stop: StopConfig,
    /// What auto-labels have to reach.
    pub threshold: ThresholdConfig,
    /// The classifier.
    pub gp: GpConfig,
}

/// What a round looks at. Every slice has one entry an image of the project.
#[derive(Debug, Clone, Copy)]
pub struct RoundInput<'a> {
    /// Reduced features, one unit row an image.
    pub features: FeatureRows<'a>,
    /// The choice that the features rest on; `None` = every block counts the same.
    pub representation: Option<&'a Representation>,
    /// Expert answers so far.
    pub labels: &'a [Option<Labeled>],
    /// Images that are neither learnt from nor asked for (a test split, a missing file).
    pub excluded: &'a [bool],
    /// Group of each image, where known.
    pub groups: Option<&'a [u32]>,
    /// The earlier image that an image copies.
    pub duplicate_of: Option<&'a [Option<u32>]>,
    /// What a label is.
    pub task: ImageTask,
    /// Names of the classes or findings of the schema, in order.
    pub class_names: &'a [String],
    /// Earlier rounds, oldest first.
    pub history: &'a [RoundRecord],
    /// The model of the round before.
    pub previous: Option<&'a RoundModel>,
    /// Settings.
    pub config: &'a RoundConfig,
    /// Seed of the project.
    pub seed: u64,
    /// Number of this round, counting from 0 (the cold start, before any model).
    pub round: u32,
}

impl RoundInput<'_> {
    fn class_count(&self) -> usize {
        self.class_names.len()
    }
}

/// A trained model with its calibration, and what it says about the pool.
#[derive(Debug, Clone)]
pub struct RoundModel {
    /// The classifier.
    pub classifier: Classifier,
    /// Images that it learnt from, in the order in which it did.
    pub learnt: Vec<u32>,
    /// The choice that its features rest on; `None` = every block counts the same.
    pub representation: Option<Representation>,
    /// Temperature of the calibration; 1 = untouched.
    pub temperature: f64,
    /// Calibrated predictions for every image that is not excluded, labeled ones included.
    pub pool: PoolPredictions,
    /// For the predictions of the next round.
    pub kept: Arc<Kept>,
    /// Images of the kind that people could not read; `None` while there are too few of them.
    pub unreadable: Option<UnreadableKind>,
    /// Images that are of that kind, in rising order; of a large pool those that were looked at.
    pub set_aside: Vec<u32>,
    /// The random part with its leave-one-out predictions.
    pub validation: Vec<Validation>,
    /// Images of the project it was made with; features are reduced over these.
    pub images: usize,
}

/// What a round gives.
#[derive(Debug, Clone)]
pub struct RoundOutcome {
    /// The model; `None` in the cold start.
    pub model: Option<RoundModel>,
    /// The next batch, in the order to show it.
    pub batch: Vec<PickWithReason>,
    /// Point of the learning curve; `None` in the cold start.
    pub point: Option<CurvePoint>,
    /// What can be auto-labeled now.
    pub auto_share: Option<AutoShare>,
    /// Standard error of its share, 0 to 1/2, where a sample of a large pool was looked at; `None`
    /// where all of it was.
    pub auto_share_error: Option<f64>,
    /// The stop advisor's view.
    pub stop: StopDecision,
    /// What later rounds need to know of this one; `None` in the cold start.
    pub record: Option<RoundRecord>,
}

/// Runs one round. Before the first label there is no model and the batch covers the pool.
///
/// # Errors
/// The classifier cannot be fitted or the acquisition function is unknown.
pub fn run(input: &RoundInput<'_>) -> Result<RoundOutcome, WorkflowError> {
    run_screened(input, &Screening::default())
}

/// Runs one round that looks at as much of a large pool as `screening` says.
///
/// # Errors
/// As [`run`].
pub fn run_screened(
    input: &RoundInput<'_>,
    screening: &Screening,
) -> Result<RoundOutcome, WorkflowError> {
    let started = Instant::now();
    let candidates = unlabeled(input);
    let (rows, labels) = labeled_images(input.labels, input.excluded);
    if rows.is_empty() {
        return cold_start(input, &candidates, &[], screening);
    }
    let (rows, labels) = learning_order(input, rows, labels);
    let classifier = fit(input, &rows, &labels)?;
    let unreadable = unreadable_kind(input)?;
    let answered_aside = unreadable
        .as_ref()
        .map_or_else(Vec::new, |(rows, kind)| answered_aside(rows, kind));
    let (temperature, validation) =
        calibrate(input, &classifier, (&rows, &labels), &answered_aside)?;
    let unreadable = unreadable.map(|(_, kind)| kind);
    let options = candidate_options(input);
    let mut looked = look(
        (&classifier, input.previous),
        input.features,
        &candidates,
        &options,
        screening,
        input.seed,
    )?;
    let pool = predict_pool(input, &classifier, temperature, &candidates, &looked)?;
    let items: Vec<ValidationItem> = validation.iter().map(Validation::item).collect();
    let auto = auto_estimate(input, &pool, &candidates, &looked, &items)?;
    let spared = auto.forecast.spared(candidates.len(), 1.0)?;
    let mut record = RoundRecord {
        labels: rows.len(),
        rest: candidates.len(),
        spared: spared as usize,
        doubt: Some(auto.forecast.doubt()),
        next_gain: None,
        kappa: kappa_with_previous(input, &pool, &looked),
    };
    let mut history = input.history.to_vec();
    history.push(record);
    record.next_gain = auto.forecast.next_gain(spared, &history)?;
    if let Some(last) = history.last_mut() {
        *last = record;
    }
    let stop = autolabel_selection::should_stop(&history, &input.config.stop);
    let aside = set_aside(unreadable.as_ref(), input.features, &looked.rows)?;
    let picks = rank(input, &candidates, (&classifier, &looked), (&rows, &aside))?;
    let batch = picks
        .iter()
        .map(|pick| with_reason(pick, &pool, input.class_names))
        .collect();
    let seconds = started.elapsed().as_secs_f64();
    let point = curve_point(input, &record, &auto.share, &items, seconds);
    Ok(RoundOutcome {
        model: Some(RoundModel {
            classifier,
            learnt: rows,
            representation: input.representation.cloned(),
            temperature,
            pool,
            kept: Arc::new(std::mem::take(&mut looked.kept)),
            unreadable,
            set_aside: aside,
            validation,
            images: input.features.rows(),
        }),
        batch,
        point: Some(point),
        auto_share: Some(auto.share),
        auto_share_error: auto.error,
        stop,
        record: Some(record),
    })
}

/// A batch that covers the pool beside what is labeled, whatever the labels say: where no classifier of
/// whole images can learn from them.
///
/// # Errors
/// The acquisition function is unknown.
pub fn cover(input: &RoundInput<'_>) -> Result<RoundOutcome, WorkflowError> {
    let (labeled, _) = labeled_images(input.labels, input.excluded);
    cold_start(input, &unlabeled(input), &labeled, &Screening::default())
}

/// Images that may be asked for, rising.
pub(crate) fn unlabeled(input: &RoundInput<'_>) -> Vec<u32> {
    (0_u32..)
        .zip(input.labels.iter().zip(input.excluded))
        .filter(|(_, (label, excluded))| label.is_none() && !**excluded)
        .map(|(row, _)| row)
        .collect()
}

/// Images that have a label and are learnt from, with it.
#[must_use]
pub fn labeled_images(labels: &[Option<Labeled>], excluded: &[bool]) -> (Vec<u32>, Vec<Label>) {
    (0_u32..)
        .zip(labels.iter().zip(excluded))
        .filter(|(_, (_, excluded))| !**excluded)
        .filter_map(|(row, (label, _))| Some((row, label.as_ref()?.answer.label()?)))
        .unzip()
}

fn cold_start(
    input: &RoundInput<'_>,
    candidates: &[u32],
    labeled: &[u32],
    screening: &Screening,
) -> Result<RoundOutcome, WorkflowError> {
    let mut rng = random_stream(input);
    let images = input.features.rows();
    let sample = (candidates.len() > screening.whole_pool)
        .then(|| uniform_sample(candidates, images, screening.whole_pool, input.seed));
    let considered = Considered {
        images: sample.as_deref().unwrap_or(candidates),
        heads: &[],
        set_aside: &[],
        costs: None,
    };
    let picks = rank_excerpt(input, candidates, considered, labeled, &mut rng)?;
    let nothing = PoolPredictions::nothing(input.task);
    Ok(RoundOutcome {
        model: None,
        batch: picks
            .iter()
            .map(|pick| with_reason(pick, &nothing, input.class_names))
            .collect(),
        point: None,
        auto_share: None,
        auto_share_error: None,
        stop: autolabel_selection::should_stop(input.history, &input.config.stop),
        record: None,
    })
}

/// Chooses the batch: among all candidates, or in a large pool among those that were looked at. Rules
/// that survey the pool are given its uniform sample.
fn rank(
    input: &RoundInput<'_>,
    candidates: &[u32],
    (classifier, looked): (&Classifier, &Looked),
    (labeled, set_aside): (&[u32], &[u32]),
) -> Result<Vec<Pick>, WorkflowError> {
    let mut rng = random_stream(input);
    let heads = |said| head_views(classifier, said);
    if let (FeatureRows::Single(features), None) = (input.features, &looked.sample) {
        let pool = PoolView {
            labeled,
            heads: &heads(&looked.exact),
            set_aside,
            groups: input.groups,
            duplicate_of: input.duplicate_of,
            ..PoolView::cold(features, candidates)
        };
        return Ok(autolabel_selection::rank(
            &pool,
            &input.config.batch,
            &mut rng,
        )?);
    }
    let surveys = autolabel_selection::acquisition(&input.config.batch.strategy)
        .is_some_and(|a| a.surveys_pool());
    let sampled = surveys.then(|| looked.sampled()).flatten();
    let (images, said) = match &sampled {
        Some((rows, predictions)) => (rows, predictions),
        None => (&looked.rows, &looked.exact),
    };
    let considered = Considered {
        images,
        heads: &heads(said),
        set_aside,
        costs: None,
    };
    rank_excerpt(input, candidates, considered, labeled, &mut rng)
}

/// The heads with what they say, as acquisition functions see them.
fn head_views<'a>(classifier: &'a Classifier, said: &'a [Predictions]) -> Vec<HeadView<'a>> {
    let heads = classifier.heads().iter().zip(said);
    heads
        .map(|(head, predictions)| HeadView {
            predictions,
            model: Some(head),
        })
        .collect()
}

/// Each round has a random stream of its own, so that a round can be repeated by itself.
fn random_stream(input: &RoundInput<'_>) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(input.seed);
    rng.set_stream(u64::from(input.round));
    rng
}

/// Predictions without the mutual information.
fn plain() -> PredictOptions {
    PredictOptions {
        mutual_information: false,
        ..PredictOptions::default()
    }
}

/// Mutual information and spread are computed where the acquisition function needs them.
fn candidate_options(input: &RoundInput<'_>) -> PredictOptions {
    let needs = autolabel_selection::acquisition(&input.config.batch.strategy)
        .map(|a| a.needs())
        .unwrap_or_default();
    PredictOptions {
        mutual_information: needs.mutual_information,
        spread: needs.spread,
        ..PredictOptions::default()
    }
}
