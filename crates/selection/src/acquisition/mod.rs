//! Acquisition functions, one a file.

use crate::PoolView;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

mod random;

// Doubt, image by image.
mod balanced_entropy;
mod bald;
mod entropy;
mod least_confidence;
mod margin;
mod mean_sd;

// The same with noise.
mod power_bald;
mod power_margin;

// Coverage, whatever the model thinks.
mod core_set;
mod kmeans_medoid;
mod max_herding;
mod prob_cover;
mod typiclust;

// Both.
mod badge;
mod cluster_margin;
mod drop_query;
mod uncertainty_herding;

// What the labels of a batch would say together, and about the rest.
mod batch_bald;
mod error_reduction;
mod expected_information;

mod auto;

/// A chosen candidate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// Position in [`PoolView::candidates`].
    pub position: usize,
    /// Its score, larger = more wanted; `None` where there is no ranking.
    pub score: Option<f32>,
}

/// What an acquisition function reads beside features and class probabilities. All of it costs time, so
/// it is computed only where it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// [`autolabel_heads::Predictions::mutual_information`].
    pub mutual_information: bool,
    /// [`autolabel_heads::Predictions::spread`].
    pub spread: bool,
    /// [`HeadView::model`](crate::HeadView::model).
    pub model: bool,
}

impl Needs {
    /// Class probabilities alone.
    pub(crate) const NOTHING: Self = Self {
        mutual_information: false,
        spread: false,
        model: false,
    };
    pub(crate) const MUTUAL_INFORMATION: Self = Self {
        mutual_information: true,
        ..Self::NOTHING
    };
    pub(crate) const SPREAD: Self = Self {
        spread: true,
        ..Self::NOTHING
    };
    pub(crate) const MODEL: Self = Self {
        model: true,
        ..Self::NOTHING
    };
    pub(crate) const INFORMATION_AND_MODEL: Self = Self {
        mutual_information: true,
        ..Self::MODEL
    };

    /// The pool has all of it.
    pub(crate) fn met_by(self, pool: &PoolView<'_>) -> bool {
        pool.heads.iter().all(|head| {
            (!self.mutual_information || head.predictions.mutual_information.is_some())
                && (!self.spread || head.predictions.spread.is_some())
                && (!self.model || head.model.is_some())
        })
    }
}

/// A rule that chooses the images whose labels teach the model most.
pub trait Acquisition: Send + Sync {
    /// Name, as in settings and reports.
    fn name(&self) -> &'static str;

    /// It cannot choose before a first model; the cold start chooses then.
    fn needs_model(&self) -> bool;

    /// What it reads beside the class probabilities; the cold start chooses where that is missing.
    fn needs(&self) -> Needs {
        Needs::default()
    }

    /// It looks over the pool as a whole, beside any model. In a large pool it is given a uniform
    /// sample; other rules are given the images that the model doubts.
    fn surveys_pool(&self) -> bool {
        !self.needs_model()
    }

    /// It can choose where an image may show several findings, each with a head of its own. Doubt is
    /// then summed over the findings.
    fn suits_findings(&self) -> bool {
        true
    }

    /// Chooses at most `count` of the `open` positions of [`PoolView::candidates`], each once, best
    /// first. It gives `count` unless fewer are open or, for rules that look for different images,
    /// fewer differ; the caller asks again for the rest.
    fn choose(
        &self,
        pool: &PoolView<'_>,
        open: &[usize],
        count: usize,
        rng: &mut ChaCha8Rng,
    ) -> Vec<Scored>;
}

/// The acquisition function of a name.
#[must_use]
pub fn acquisition(name: &str) -> Option<Box<dyn Acquisition>> {
    all().into_iter().find(|a| a.name() == name)
}

/// Names of all acquisition functions, the default first.
#[must_use]
pub fn acquisition_names() -> Vec<&'static str> {
    all().iter().map(|a| a.name()).collect()
}

/// What chooses before there is a model.
pub(crate) fn cold_start() -> Box<dyn Acquisition> {
    Box::new(kmeans_medoid::KMeansMedoid)
}

fn all() -> Vec<Box<dyn Acquisition>> {
    vec![
        Box::new(auto::Auto),
        Box::new(random::Random),
        Box::new(least_confidence::LeastConfidence),
        Box::new(margin::Margin),
        Box::new(entropy::Entropy),
        Box::new(bald::Bald),
        Box::new(power_margin::PowerMargin),
        Box::new(error_reduction::ErrorReduction),
        Box::new(uncertainty_herding::UncertaintyHerding),
        Box::new(kmeans_medoid::KMeansMedoid),
        Box::new(mean_sd::MeanSd),
        Box::new(balanced_entropy::BalancedEntropy),
        Box::new(power_bald::PowerBald),
        Box::new(batch_bald::BatchBald),
        Box::new(expected_information::ExpectedInformation),
        Box::new(badge::Badge),
        Box::new(cluster_margin::ClusterMargin),
        Box::new(drop_query::DropQuery),
        Box::new(core_set::CoreSet),
        Box::new(typiclust::TypiClust),
        Box::new(prob_cover::ProbCover),
        Box::new(max_herding::MaxHerding),
    ]
}

/// Scores every open candidate by its class probabilities, summed over the heads, and takes the largest.
/// Without a model nothing is chosen.
fn by_probabilities(
    pool: &PoolView<'_>,
    open: &[usize],
    count: usize,
    score: impl Fn(&[f32]) -> f32,
) -> Vec<Scored> {
    crate::top::largest(scores(pool, open, score), count)
}

/// The score of every open candidate by its class probabilities, summed over the heads; nothing without
/// a model.
fn scores(pool: &PoolView<'_>, open: &[usize], score: impl Fn(&[f32]) -> f32) -> Vec<(usize, f32)> {
    if pool.heads.is_empty() {
        return Vec::new();
    }
    let sum = |position: usize| {
        let heads = pool.heads.iter();
        heads.map(|head| score(head.probabilities(position))).sum()
    };
    open.iter()
        .map(|&position| (position, sum(position)))
        .collect()
}

/// Scores every open candidate by the means and variances of its class probabilities, summed over the
/// heads, and takes the largest. Without them nothing is chosen.
fn by_spread(
    pool: &PoolView<'_>,
    open: &[usize],
    count: usize,
    score: impl Fn(&[f32], &[f32]) -> f32 + Sync,
) -> Vec<Scored> {
    if pool.heads.is_empty() {
        return Vec::new();
    }
    let sum = |position: usize| -> Option<f32> {
        let heads = pool.heads.iter();
        heads
            .map(|head| Some(score(head.probabilities(position), head.spread(position)?)))
            .sum()
    };
    let scored = open
        .par_iter()
        .filter_map(|&position| Some((position, sum(position)?)))
        .collect();
    crate::top::largest(scored, count)
}

/// Mutual information of every open candidate in nats, summed over the heads; nothing where it was not
/// computed.
fn mutual_information(pool: &PoolView<'_>, open: &[usize]) -> Vec<(usize, f32)> {
    let heads: Option<Vec<&[f32]>> = pool
        .heads
        .iter()
        .map(|head| head.predictions.mutual_information.as_deref())
        .collect();
    let Some(heads) = heads.filter(|heads| !heads.is_empty()) else {
        return Vec::new();
    };
    open.iter()
        .map(|&position| (position, heads.iter().map(|of| of[position]).sum()))
        .collect()
}

/// A standard Gumbel variate, `-ln(-ln u)`.
fn gumbel(rng: &mut ChaCha8Rng) -> f32 {
    // The middle of one of 2^53 equal steps: never 0 and never 1.
    let u = ((rng.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
    (-(-u.ln()).ln()) as f32
}

/// Probability that the first class is wrong, `1 - p1`.
fn doubt(probabilities: &[f32]) -> f32 {
    1.0 - probabilities.iter().copied().fold(0.0, f32::max)
}

/// Lead of the first over the second class, 0 (torn) to 1 (sure).
#[must_use]
pub fn lead(probabilities: &[f32]) -> f32 {
    let (mut first, mut second) = (0.0_f32, 0.0_f32);
    for &p in probabilities {
        if p > first {
            (first, second) = (p, first);
        } else if p > second {
            second = p;
        }
    }
    first - second
}

#[cfg(test)]
mod contract_tests;
