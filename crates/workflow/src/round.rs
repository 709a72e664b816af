//! One round of the loop, in the order of the walk in ARCHITECTURE.md: fit, calibrate, predict,
//! judge what could be auto-labeled, advise, rank. Pure: the live project and the simulator both
//! call [`run`], so a simulation shows exactly what people will get.

use crate::WorkflowError;
use crate::excerpt::{Considered, rank_excerpt};
use crate::forecast::Forecast;
use crate::representation::Representation;
use crate::screening::{Looked, Screening, look, uniform_sample};
use crate::view::{CurvePoint, PickReason};
use autolabel_annotation::{Answer, ClassId, ImageId, LabelOrigin};
use autolabel_heads::{DirichletGp, FeatureRows, GpConfig, PredictOptions, ScaleChoice};
use autolabel_quality::{AutoShare, KappaWeights, ThresholdConfig, ValidationItem};
use autolabel_selection::{BatchConfig, Pick, PoolView, RoundRecord, StopConfig, StopDecision};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::time::Instant;

/// How many chosen labels a random one counts for in the calibration. At 1 the model stayed 4 to 5
/// points less sure than it was right on chest radiographs and histology, at 10 (the inverse of the
/// share of random labels) it became too sure on sets with few labels.
const RANDOM_LABEL_WEIGHT: f64 = 4.0;

/// Median of the prior on the temperature. The Dirichlet Gaussian process is less sure than it is right:
/// the temperatures that fit the unlabeled rest best lay between 0.43 and 0.75 on radiographs, blood
/// cells and histology, from 60 labels to 15 % of the pool. Labels that were chosen because the model
/// doubted say too little about the plain images to find that by themselves.
const MEDIAN_TEMPERATURE: f64 = 0.6;

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
    /// Class names of the schema, in order.
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
    pub gp: DirichletGp,
    /// The choice that its features rest on; `None` = every block counts the same.
    pub representation: Option<Representation>,
    /// Temperature of the calibration; 1 = untouched.
    pub temperature: f64,
    /// Calibrated predictions for every image that is not excluded, labeled ones included.
    pub pool: PoolPredictions,
    /// The random part with its leave-one-out predictions.
    pub validation: Vec<Validation>,
    /// Images of the project it was made with; features are reduced over these.
    pub images: usize,
}

/// Calibrated predictions for some images.
#[derive(Debug, Clone, Default)]
pub struct PoolPredictions {
    /// Images in rising order.
    pub rows: Vec<u32>,
    /// `rows × class_count` probabilities, row-major.
    pub probabilities: Vec<f32>,
    /// Classes a row.
    pub class_count: usize,
    /// Whether the images that the round did not look at exactly have the probabilities of a cheap
    /// stand-in for the classifier: good for browsing, not for labels.
    pub screened: bool,
}

impl PoolPredictions {
    /// The class probabilities of the image at a position of `rows`.
    #[must_use]
    pub fn at(&self, position: usize) -> &[f32] {
        &self.probabilities[position * self.class_count..][..self.class_count]
    }

    /// The class probabilities of an image, where it was predicted.
    #[must_use]
    pub fn of(&self, row: u32) -> Option<&[f32]> {
        self.rows
            .binary_search(&row)
            .ok()
            .map(|position| self.at(position))
    }

    /// First class and its probability of the image at a position of `rows`.
    #[must_use]
    pub fn first(&self, position: usize) -> (ClassId, f32) {
        first_class(self.at(position))
    }
}

/// One answer of the random part beside the prediction of a model that had not seen it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Validation {
    /// The image.
    pub row: u32,
    /// The expert's answer; `None` = could not be read.
    pub truth: Option<ClassId>,
    /// The model's first class.
    pub predicted: ClassId,
    /// Its calibrated probability.
    pub confidence: f32,
}

impl Validation {
    /// In the form the quality measures take.
    #[must_use]
    pub fn item(&self) -> ValidationItem {
        ValidationItem {
            confidence: self.confidence,
            correct: self.truth == Some(self.predicted),
        }
    }
}

/// An image to ask for, with the reason in words.
#[derive(Debug, Clone, PartialEq)]
pub struct PickWithReason {
    /// The image.
    pub image: ImageId,
    /// Why.
    pub reason: PickReason,
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

/// Runs one round. Before the first class label there is no model and the batch covers the pool.
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
    let (rows, classes) = training_set(input);
    if rows.is_empty() {
        return cold_start(input, &candidates, screening);
    }
    let gp = fit(input, &rows, &classes)?;
    let (temperature, validation) = calibrate(input, &gp, &rows, &classes)?;
    let options = candidate_options(input);
    let looked = look(
        &gp,
        input.features,
        &candidates,
        &options,
        screening,
        input.seed,
    )?;
    let pool = predict_pool(input, &gp, temperature, &candidates, &looked)?;
    let items: Vec<ValidationItem> = validation.iter().map(Validation::item).collect();
    let auto = auto_estimate(input, &pool, &candidates, &looked, &items)?;
    let mut record = RoundRecord {
        labels: rows.len(),
        rest: candidates.len(),
        spared: auto.forecast.spared(candidates.len(), 1.0)? as usize,
        doubt: Some(auto.forecast.doubt()),
        next_gain: None,
        kappa: kappa_with_previous(input, &pool, &looked),
    };
    let mut history = input.history.to_vec();
    history.push(record);
    record.next_gain = auto.forecast.next_gain(&history)?;
    history.pop();
    history.push(record);
    let stop = autolabel_selection::should_stop(&history, &input.config.stop);
    let picks = rank(input, &candidates, (&gp, &looked), &rows)?;
    let batch = picks
        .iter()
        .map(|pick| with_reason(pick, &pool, input.class_names))
        .collect();
    let seconds = started.elapsed().as_secs_f64();
    let point = curve_point(input, &record, &auto.share, &items, seconds);
    Ok(RoundOutcome {
        model: Some(RoundModel {
            gp,
            representation: input.representation.cloned(),
            temperature,
            pool,
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

/// The model with exact predictions for all of its pool. In a large project a round has them for some
/// images only; what is labeled by the program rests on these.
///
/// # Errors
/// Features of another network than the model's.
pub fn predicted_exactly(
    mut model: RoundModel,
    features: FeatureRows<'_>,
) -> Result<RoundModel, WorkflowError> {
    if model.pool.screened {
        let rows = &model.pool.rows;
        let predictions = autolabel_heads::predict_rows(&model.gp, features, rows, &plain())?;
        model.pool.probabilities = predictions.probabilities;
        calibrated(&mut model.pool, model.temperature);
        model.pool.screened = false;
    }
    Ok(model)
}

/// The first class and its probability; the earlier class wins a tie.
#[must_use]
pub fn first_class(probabilities: &[f32]) -> (ClassId, f32) {
    let mut best = (0_u16, f32::NEG_INFINITY);
    for (class, &p) in (0_u16..).zip(probabilities) {
        if p > best.1 {
            best = (class, p);
        }
    }
    (ClassId(best.0), best.1)
}

fn unlabeled(input: &RoundInput<'_>) -> Vec<u32> {
    (0_u32..)
        .zip(input.labels.iter().zip(input.excluded))
        .filter(|(_, (label, excluded))| label.is_none() && !**excluded)
        .map(|(row, _)| row)
        .collect()
}

fn training_set(input: &RoundInput<'_>) -> (Vec<u32>, Vec<ClassId>) {
    labeled_classes(input.labels, input.excluded)
}

/// Images that have a class and are learnt from, with it.
#[must_use]
pub fn labeled_classes(labels: &[Option<Labeled>], excluded: &[bool]) -> (Vec<u32>, Vec<ClassId>) {
    (0_u32..)
        .zip(labels.iter().zip(excluded))
        .filter(|(_, (_, excluded))| !**excluded)
        .filter_map(|(row, (label, _))| Some((row, label.as_ref()?.answer.class()?)))
        .unzip()
}

fn cold_start(
    input: &RoundInput<'_>,
    candidates: &[u32],
    screening: &Screening,
) -> Result<RoundOutcome, WorkflowError> {
    let mut rng = random_stream(input);
    let images = input.features.rows();
    let sample = (candidates.len() > screening.whole_pool)
        .then(|| uniform_sample(candidates, images, screening.whole_pool, input.seed));
    let considered = Considered {
        images: sample.as_deref().unwrap_or(candidates),
        predictions: None,
        model: None,
    };
    let picks = rank_excerpt(input, candidates, considered, &[], &mut rng)?;
    let nothing = PoolPredictions::default();
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

/// Fits the classifier; the kernel scale starts from the round before.
fn fit(
    input: &RoundInput<'_>,
    rows: &[u32],
    classes: &[ClassId],
) -> Result<DirichletGp, WorkflowError> {
    let mut config = input.config.gp.clone();
    if let Some(previous) = input.previous {
        config.scale = ScaleChoice::WarmStart(previous.gp.scale());
    }
    let labeled = input.features.select(rows);
    let numbers: Vec<u32> = (0_u32..).take(rows.len()).collect();
    let gp = autolabel_heads::fit(&labeled, &numbers, classes, input.class_count(), &config)?;
    Ok(gp)
}

/// Chooses the batch: among all candidates, or in a large pool among those that were looked at. Rules
/// that survey the pool are given its uniform sample.
fn rank(
    input: &RoundInput<'_>,
    candidates: &[u32],
    (gp, looked): (&DirichletGp, &Looked),
    labeled: &[u32],
) -> Result<Vec<Pick>, WorkflowError> {
    let mut rng = random_stream(input);
    if let (FeatureRows::Single(features), None) = (input.features, &looked.sample) {
        let pool = PoolView {
            features,
            candidates,
            labeled,
            predictions: Some(&looked.exact),
            model: Some(gp),
            groups: input.groups,
            duplicate_of: input.duplicate_of,
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
    let considered = match &sampled {
        Some((rows, predictions)) => Considered {
            images: rows,
            predictions: Some(predictions),
            model: Some(gp),
        },
        None => Considered {
            images: &looked.rows,
            predictions: Some(&looked.exact),
            model: Some(gp),
        },
    };
    rank_excerpt(input, candidates, considered, labeled, &mut rng)
}

/// Each round has a random stream of its own, so that a round can be repeated by itself.
fn random_stream(input: &RoundInput<'_>) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(input.seed);
    rng.set_stream(u64::from(input.round));
    rng
}

/// Leave-one-out predictions of all labels, the temperature that makes them honest, and of them the
/// random part.
///
/// The temperature may learn from chosen images too: they were chosen by their features, not by their
/// labels, so the probability of a label given the image is what it is anywhere else, and a handful
/// of random labels would say next to nothing. But one number cannot fit the doubtful images, which
/// are most of the chosen ones, and the plain ones, which are most of the pool, so a random label
/// counts for [`RANDOM_LABEL_WEIGHT`] chosen ones. Accuracy is another matter and comes from the
/// random part alone.
fn calibrate(
    input: &RoundInput<'_>,
    gp: &DirichletGp,
    rows: &[u32],
    classes: &[ClassId],
) -> Result<(f64, Vec<Validation>), WorkflowError> {
    let width = input.class_count();
    let mut left_out = autolabel_heads::leave_one_out(gp).probabilities;
    let is_random = |row: u32| {
        input.labels[row as usize]
            .as_ref()
            .is_some_and(|label| label.origin == LabelOrigin::Random)
    };
    let weights: Vec<f64> = rows
        .iter()
        .map(|&row| {
            if is_random(row) {
                RANDOM_LABEL_WEIGHT
            } else {
                1.0
            }
        })
        .collect();
    let temperature =
        autolabel_heads::fit_temperature(&left_out, width, classes, &weights, MEDIAN_TEMPERATURE)?;
    autolabel_heads::apply_temperature(&mut left_out, width, temperature);
    let mut validation: Vec<Validation> = rows
        .iter()
        .zip(classes)
        .zip(left_out.chunks(width))
        .filter(|((row, _), _)| is_random(**row))
        .map(|((&row, &class), p)| {
            let (predicted, confidence) = first_class(p);
            Validation {
                row,
                truth: Some(class),
                predicted,
                confidence,
            }
        })
        .collect();
    validation.extend(unreadable_validation(input, gp, temperature)?);
    validation.sort_by_key(|v| v.row);
    Ok((temperature, validation))
}

/// Unreadable images of the random part: nothing was learnt from them, and an automatic label for
/// one would have been wrong.
fn unreadable_validation(
    input: &RoundInput<'_>,
    gp: &DirichletGp,
    temperature: f64,
) -> Result<Vec<Validation>, WorkflowError> {
    let rows: Vec<u32> = (0_u32..)
        .zip(input.labels)
        .filter(|(_, label)| {
            label
                .as_ref()
                .is_some_and(|l| l.origin == LabelOrigin::Random && l.answer == Answer::Unreadable)
        })
        .map(|(row, _)| row)
        .collect();
    let mut predictions = autolabel_heads::predict_rows(gp, input.features, &rows, &plain())?;
    autolabel_heads::apply_temperature(
        &mut predictions.probabilities,
        input.class_count(),
        temperature,
    );
    Ok(rows
        .iter()
        .zip(predictions.probabilities.chunks(input.class_count()))
        .map(|(&row, p)| {
            let (predicted, confidence) = first_class(p);
            Validation {
                row,
                truth: None,
                predicted,
                confidence,
            }
        })
        .collect())
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

/// Calibrated predictions for the candidates, which are at hand, and for the images with an answer.
fn predict_pool(
    input: &RoundInput<'_>,
    gp: &DirichletGp,
    temperature: f64,
    candidates: &[u32],
    looked: &Looked,
) -> Result<PoolPredictions, WorkflowError> {
    let width = input.class_count();
    let answered: Vec<u32> = (0_u32..)
        .zip(input.labels.iter().zip(input.excluded))
        .filter(|(_, (label, excluded))| label.is_some() && !**excluded)
        .map(|(row, _)| row)
        .collect();
    let known = autolabel_heads::predict_rows(gp, input.features, &answered, &plain())?;
    let mut pool = PoolPredictions {
        rows: Vec::with_capacity(answered.len() + candidates.len()),
        probabilities: Vec::with_capacity((answered.len() + candidates.len()) * width),
        class_count: width,
        screened: looked.sample.is_some(),
    };
    let mut answered = answered
        .iter()
        .zip(known.probabilities.chunks(width))
        .peekable();
    let mut add = |row: u32, p: &[f32]| {
        pool.rows.push(row);
        pool.probabilities.extend_from_slice(p);
    };
    for (&row, p) in candidates.iter().zip(looked.probabilities.chunks(width)) {
        while let Some((&row, p)) = answered.next_if(|(earlier, _)| **earlier < row) {
            add(row, p);
        }
        add(row, p);
    }
    answered.for_each(|(&row, p)| add(row, p));
    calibrated(&mut pool, temperature);
    Ok(pool)
}

/// Applies the temperature of the calibration.
fn calibrated(pool: &mut PoolPredictions, temperature: f64) {
    const ROWS_A_TASK: usize = 4_096;
    let width = pool.class_count;
    pool.probabilities
        .par_chunks_mut(ROWS_A_TASK * width)
        .for_each(|part| autolabel_heads::apply_temperature(part, width, temperature));
}

/// What could be auto-labeled, and how it is known.
struct AutoEstimate {
    share: AutoShare,
    /// Standard error of the share, where it comes from a sample.
    error: Option<f64>,
    /// What the model's own doubt says of stopping now or later.
    forecast: Forecast,
}

/// Judges the candidates, or in a large pool its uniform sample, of which the shares are then those of
/// the pool.
fn auto_estimate(
    input: &RoundInput<'_>,
    pool: &PoolPredictions,
    candidates: &[u32],
    looked: &Looked,
    items: &[ValidationItem],
) -> Result<AutoEstimate, WorkflowError> {
    let judged: Vec<u32> = match &looked.sample {
        Some(sample) => sample.iter().map(|&at| looked.rows[at]).collect(),
        None => candidates.to_vec(),
    };
    let sure = confidences(pool, &judged);
    let mut share = autolabel_quality::auto_labelable(&sure, items, &input.config.threshold)?;
    let of_all = |share: f64| (share * candidates.len() as f64).round();
    let error = looked.sample.as_ref().map(|sample| {
        share.accepted = of_all(share.share) as u64;
        (share.share * (1.0 - share.share) / sample.len().max(1) as f64).sqrt()
    });
    Ok(AutoEstimate {
        share,
        error,
        forecast: Forecast::new(sure, &input.config.threshold, input.config.stop.batch_size),
    })
}

fn confidences(pool: &PoolPredictions, rows: &[u32]) -> Vec<f32> {
    rows.iter()
        .filter_map(|&row| pool.of(row))
        .map(|p| first_class(p).1.clamp(0.0, 1.0))
        .collect()
}

/// Agreement with the model before, over all images both have predicted; in a large pool over its
/// uniform sample, whose predictions are exact in both.
fn kappa_with_previous(
    input: &RoundInput<'_>,
    pool: &PoolPredictions,
    looked: &Looked,
) -> Option<f64> {
    let previous = &input.previous?.pool;
    let sample: Option<Vec<u32>> = looked
        .sample
        .as_ref()
        .map(|sample| sample.iter().map(|&at| looked.rows[at]).collect());
    let first = |of: &PoolPredictions, row| Some(first_class(of.of(row)?).0);
    let (now, before): (Vec<ClassId>, Vec<ClassId>) = sample
        .as_ref()
        .unwrap_or(&pool.rows)
        .iter()
        .filter_map(|&row| Some((first(pool, row)?, first(previous, row)?)))
        .unzip();
    let matrix = autolabel_quality::confusion_matrix(&before, &now, input.class_count()).ok()?;
    autolabel_quality::cohen_kappa(&matrix, KappaWeights::Equal)
}

fn curve_point(
    input: &RoundInput<'_>,
    record: &RoundRecord,
    share: &AutoShare,
    items: &[ValidationItem],
    round_seconds: f64,
) -> CurvePoint {
    let accuracy = autolabel_quality::rest_accuracy(items);
    let images = input.excluded.iter().filter(|excluded| !**excluded).count();
    CurvePoint {
        labels: u32::try_from(record.labels).unwrap_or(u32::MAX),
        accuracy: accuracy.map(|a| a.value),
        low: accuracy.map(|a| a.low),
        high: accuracy.map(|a| a.high),
        random_labels: u32::try_from(items.len()).unwrap_or(u32::MAX),
        auto_share: share.accepted as f64 / images.max(1) as f64,
        kappa: record.kappa,
        round_seconds,
    }
}

fn with_reason(pick: &Pick, pool: &PoolPredictions, class_names: &[String]) -> PickWithReason {
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
