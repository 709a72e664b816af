//! Which images of a large pool a round looks at exactly.
//!
//! A small pool is predicted whole. In a large one a cheap student of the classifier scores every
//! image; the exact classifier then predicts those with the largest doubt, among which a batch is
//! found, and a uniform sample, from which shares of the pool are estimated. The sample also teaches
//! the student, and guards against what the student is blind to: its images may be chosen too.

use crate::WorkflowError;
use crate::round::RoundModel;
use autolabel_heads::{
    DirichletGp, FeatureRows, PredictOptions, Predictions, Tracked, fit_student, predict_rows,
    predict_tracked,
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

/// What it takes to predict the images that a round looked at once more after labels are added.
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
    /// What the classifier says about them.
    pub exact: Predictions,
    /// Probabilities of all candidates: exact for `rows`, the student's for all others.
    pub probabilities: Vec<f32>,
    /// Positions in `rows` of the uniform sample; `None` where `rows` are all candidates.
    pub sample: Option<Vec<usize>>,
    /// For the next round.
    pub kept: Kept,
}

/// Exact predictions, by way of what the round before has kept.
struct Exact<'a> {
    gp: &'a DirichletGp,
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
    ) -> Result<(Predictions, Option<Tracked>), WorkflowError> {
        if !self.keeps {
            let predictions = predict_rows(self.gp, self.features, rows, self.options)?;
            return Ok((predictions, None));
        }
        let before = self.before.map(|model| (&model.gp, kept(&model.kept)));
        let before = before.and_then(|(gp, tracked)| Some((gp, tracked?)));
        Ok(predict_tracked(
            self.gp,
            self.features,
            rows,
            before,
            self.options,
        )?)
    }
}

impl Looked {
    /// The images of the uniform sample; `None` where all candidates were looked at.
    pub fn sampled_rows(&self) -> Option<Vec<u32>> {
        let positions = self.sample.as_ref()?;
        Some(positions.iter().map(|&at| self.rows[at]).collect())
    }

    /// The uniform sample of the candidates, with exact predictions.
    pub fn sampled(&self) -> Option<(Vec<u32>, Predictions)> {
        let positions = self.sample.as_ref()?;
        Some((self.sampled_rows()?, self.exact.select(positions)))
    }
}

/// Looks at the candidates, which are in rising order. `seed` draws the sample; with the same seed it
/// only ever loses images that leave the pool, so that two rounds can be compared by it. `before` is the
/// model of the round before.
pub(crate) fn look(
    (gp, before): (&DirichletGp, Option<&RoundModel>),
    features: FeatureRows<'_>,
    candidates: &[u32],
    options: &PredictOptions,
    screening: &Screening,
    seed: u64,
) -> Result<Looked, WorkflowError> {
    let classes = gp.class_count();
    let wanted = screening.sample_of(features.rows());
    let is_whole = candidates.len() <= screening.whole_pool;
    let looked_at = if is_whole {
        candidates.len()
    } else {
        wanted + screening.doubtful_of(candidates.len())
    };
    let exactly = Exact {
        gp,
        features,
        options,
        before,
        keeps: Tracked::bytes(looked_at, gp.label_count(), classes) <= MOST_KEPT,
    };
    if is_whole {
        let (exact, first) = exactly.predict(candidates, |kept| kept.first.as_ref())?;
        return Ok(Looked {
            rows: candidates.to_vec(),
            probabilities: exact.probabilities.clone(),
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
    let student = fit_student(gp, screening.landmarks, &sampled, &exact.probabilities)?;
    drop(sampled);
    let everyone = student.probabilities(features)?;
    let mut probabilities = Vec::with_capacity(candidates.len() * classes);
    for &row in candidates {
        probabilities.extend_from_slice(&everyone[row as usize * classes..][..classes]);
    }
    drop(everyone);
    let doubtful = most_doubtful(candidates, &probabilities, &sample, screening);
    let (more, doubtful_kept) = exactly.predict(&doubtful, |kept| kept.doubtful.as_ref())?;
    exact.append(more);
    let mut looked = in_rising_order(&[sample, doubtful], &exact);
    overwrite(
        &mut probabilities,
        candidates,
        &looked.rows,
        &looked.exact.probabilities,
    );
    looked.probabilities = probabilities;
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

/// The candidates with the smallest lead of the first class, without those of the sample, in rising
/// order. The earlier image wins a tie.
fn most_doubtful(
    candidates: &[u32],
    probabilities: &[f32],
    sample: &[u32],
    screening: &Screening,
) -> Vec<u32> {
    let classes = probabilities.len() / candidates.len().max(1);
    let mut leads: Vec<(f32, u32)> = candidates
        .iter()
        .zip(probabilities.chunks_exact(classes))
        .filter(|(row, _)| sample.binary_search(row).is_err())
        .map(|(&row, p)| (crate::project::live::margin(p), row))
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
fn in_rising_order(parts: &[Vec<u32>; 2], exact: &Predictions) -> Looked {
    let all = parts.concat();
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_unstable_by_key(|&position| all[position]);
    let sampled = parts[0].len();
    let sample = (0..order.len()).filter(|&i| order[i] < sampled).collect();
    Looked {
        rows: order.iter().map(|&position| all[position]).collect(),
        exact: exact.select(&order),
        probabilities: Vec::new(),
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
