//! Which images of a large pool a round looks at exactly.
//!
//! A small pool is predicted whole. In a large one a cheap student of the classifier scores every
//! image; the exact classifier then predicts those with the largest doubt, among which a batch is
//! found, and a uniform sample, from which shares of the pool are estimated. The sample also teaches
//! the student, and guards against what the student is blind to: its images may be chosen too.

use crate::WorkflowError;
use crate::classifier::{self, Classifier};
use crate::round::RoundModel;
use autolabel_annotation::ImageTask;
use autolabel_heads::{
    FeatureRows, PredictOptions, Predictions, Tracked, fit_student, predict_tracked,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// How much of a large pool is looked at exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screening {
    /// Pools up to this many candidates are predicted whole.
    pub whole_pool: usize,
    /// Share of a larger pool, as a divisor, that is looked at because of its doubt: one in so many.
    pub one_in: usize,
    /// At least so many images are looked at because of their doubt.
    pub least_doubtful: usize,
    /// Images of the uniform sample, at most; else one in three times `one_in`, but at least half of this.
    pub sample: usize,
    /// Labeled images that the student compares with.
    pub landmarks: usize,
}

impl Screening {
    /// Size of the uniform sample of a project of so many images.
    fn sample_of(&self, images: usize) -> usize {
        (images / (3 * self.one_in)).clamp(self.sample / 2, self.sample)
    }

    /// Images of a pool of so many candidates that are looked at because of their doubt.
    fn doubtful_of(&self, candidates: usize) -> usize {
        (candidates / self.one_in).max(self.least_doubtful)
    }
}

impl Default for Screening {
    fn default() -> Self {
        Self {
            whole_pool: 20_000,
            one_in: 8,
            least_doubtful: 15_000,
            sample: 10_000,
            landmarks: 512,
        }
    }
}

/// Most bytes that are kept between rounds for the images that a round looked at; where they take more,
/// nothing is, and every round predicts them anew.
const MOST_KEPT: usize = 128 << 20;

/// What it takes to predict the images that a round looked at once more after labels are added, with the
/// one head of classes.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// Of all candidates, or of the uniform sample.
    first: Option<Tracked>,
    /// Of the doubtful images.
    doubtful: Option<Tracked>,
}

/// What the model says about the candidates.
#[derive(Debug)]
pub(crate) struct Looked {
    /// Images with exact predictions, in rising order.
    pub rows: Vec<u32>,
    /// What each head of the classifier says about them.
    pub exact: Vec<Predictions>,
    /// A row of columns of every candidate: exact for `rows`, the student's for all others.
    pub columns: Vec<f32>,
    /// Positions in `rows` of the uniform sample; `None` where `rows` are all candidates.
    pub sample: Option<Vec<usize>>,
    /// For the next round.
    pub kept: Kept,
}

/// Exact predictions, by way of what the round before has kept.
struct Exact<'a> {
    classifier: &'a Classifier,
    features: FeatureRows<'a>,
    options: &'a PredictOptions,
    before: Option<&'a RoundModel>,
    /// Whether all that is looked at may be kept.
    keeps: bool,
}

impl Exact<'_> {
    fn predict(
        &self,
        rows: &[u32],
        kept: impl Fn(&Kept) -> Option<&Tracked>,
    ) -> Result<(Vec<Predictions>, Option<Tracked>), WorkflowError> {
        if !self.keeps {
            let said = self
                .classifier
                .predict_rows(self.features, rows, self.options)?;
            return Ok((said, None));
        }
        let before = self
            .before
            .and_then(|model| Some((model.classifier.first(), kept(&model.kept)?)));
        let (said, tracked) = predict_tracked(
            self.classifier.first(),
            self.features,
            rows,
            before,
            self.options,
        )?;
        Ok((vec![said], tracked))
    }
}

impl Looked {
    /// The images of the uniform sample; `None` where all candidates were looked at.
    pub fn sampled_rows(&self) -> Option<Vec<u32>> {
        let positions = self.sample.as_ref()?;
        Some(positions.iter().map(|&at| self.rows[at]).collect())
    }

    /// The uniform sample of the candidates, with exact predictions.
    pub fn sampled(&self) -> Option<(Vec<u32>, Vec<Predictions>)> {
        let positions = self.sample.as_ref()?;
        let exact = self.exact.iter().map(|head| head.select(positions));
        Some((self.sampled_rows()?, exact.collect()))
    }
}

/// Looks at the candidates, which are in rising order. `seed` draws the sample; with the same seed it
/// only ever loses images that leave the pool, so that two rounds can be compared by it. `before` is the
/// model of the round before.
pub(crate) fn look(
    (classifier, before): (&Classifier, Option<&RoundModel>),
    features: FeatureRows<'_>,
    candidates: &[u32],
    options: &PredictOptions,
    screening: &Screening,
    seed: u64,
) -> Result<Looked, WorkflowError> {
    let width = classifier.column_count();
    let wanted = screening.sample_of(features.rows());
    let is_whole = candidates.len() <= screening.whole_pool;
    let looked_at = if is_whole {
        candidates.len()
    } else {
        wanted + screening.doubtful_of(candidates.len())
    };
    let bytes = Tracked::bytes(looked_at, classifier.first().label_count(), width);
    let exactly = Exact {
        classifier,
        features,
        options,
        before,
        // The heads of findings, and what says grades, are fitted anew in every round.
        keeps: classifier.task() == ImageTask::Classification && bytes <= MOST_KEPT,
    };
    if is_whole {
        let (exact, first) = exactly.predict(candidates, |kept| kept.first.as_ref())?;
        return Ok(Looked {
            rows: candidates.to_vec(),
            columns: classifier.columns(&exact),
            exact,
            sample: None,
            kept: Kept {
                first,
                doubtful: None,
            },
        });
    }
    let sample = uniform_sample(candidates, features.rows(), wanted, seed);
    let sampled = features.select(&sample);
    let (mut exact, first) = exactly.predict(&sample, |kept| kept.first.as_ref())?;
    let everyone: Vec<Vec<f32>> = classifier
        .heads()
        .iter()
        .zip(&exact)
        .map(|(head, said)| {
            fit_student(head, screening.landmarks, &sampled, &said.probabilities)?
                .probabilities(features)
        })
        .collect::<Result<_, _>>()?;
    drop(sampled);
    let everyone: Vec<&[f32]> = everyone.iter().map(Vec::as_slice).collect();
    let everyone = classifier.columns_of(&everyone);
    let mut columns = Vec::with_capacity(candidates.len() * width);
    for &row in candidates {
        columns.extend_from_slice(&everyone[row as usize * width..][..width]);
    }
    drop(everyone);
    let doubtful = most_doubtful(classifier.task(), candidates, &columns, &sample, screening);
    let (further, doubtful_kept) = exactly.predict(&doubtful, |kept| kept.doubtful.as_ref())?;
    for (head, further) in exact.iter_mut().zip(further) {
        head.append(further);
    }
    let mut looked = in_rising_order(&[sample, doubtful], &exact);
    let with = classifier.columns(&looked.exact);
    overwrite(&mut columns, candidates, &looked.rows, &with);
    looked.columns = columns;
    looked.kept = Kept {
        first,
        doubtful: doubtful_kept,
    };
    Ok(looked)
}

/// Candidates among `wanted` images drawn uniformly from all of the project, in rising order. The same
/// seed draws the same images in every round.
pub(crate) fn uniform_sample(
    candidates: &[u32],
    images: usize,
    wanted: usize,
    seed: u64,
) -> Vec<u32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let drawn = rand::seq::index::sample(&mut rng, images, wanted.min(images));
    let mut sample: Vec<u32> = drawn
        .into_iter()
        .filter_map(|row| u32::try_from(row).ok())
        .filter(|row| candidates.binary_search(row).is_ok())
        .collect();
    sample.sort_unstable();
    sample
}

/// The candidates with the smallest lead, without those of the sample, in rising
/// order. The earlier image wins a tie.
fn most_doubtful(
    task: ImageTask,
    candidates: &[u32],
    columns: &[f32],
    sample: &[u32],
    screening: &Screening,
) -> Vec<u32> {
    let width = columns.len() / candidates.len().max(1);
    let mut leads: Vec<(f32, u32)> = candidates
        .iter()
        .zip(columns.chunks_exact(width))
        .filter(|(row, _)| sample.binary_search(row).is_err())
        .map(|(&row, p)| (classifier::lead(task, p), row))
        .collect();
    let wanted = screening.doubtful_of(candidates.len());
    if wanted < leads.len() {
        leads.select_nth_unstable_by(wanted, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        leads.truncate(wanted);
    }
    let mut rows: Vec<u32> = leads.into_iter().map(|(_, row)| row).collect();
    rows.sort_unstable();
    rows
}

/// The sample and the doubtful as one list. `exact` has the sample first.
fn in_rising_order(parts: &[Vec<u32>; 2], exact: &[Predictions]) -> Looked {
    let all = parts.concat();
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_unstable_by_key(|&position| all[position]);
    let sampled = parts[0].len();
    let sample = (0..order.len()).filter(|&i| order[i] < sampled).collect();
    Looked {
        rows: order.iter().map(|&position| all[position]).collect(),
        exact: exact.iter().map(|head| head.select(&order)).collect(),
        columns: Vec::new(),
        sample: Some(sample),
        kept: Kept::default(),
    }
}

/// Puts the values of some `rows` over those of all `candidates`; both lists rise.
fn overwrite(values: &mut [f32], candidates: &[u32], rows: &[u32], with: &[f32]) {
    let width = values.len() / candidates.len().max(1);
    let mut position = 0;
    for (row, with) in rows.iter().zip(with.chunks_exact(width.max(1))) {
        while candidates[position] < *row {
            position += 1;
        }
        values[position * width..][..width].copy_from_slice(with);
    }
}
