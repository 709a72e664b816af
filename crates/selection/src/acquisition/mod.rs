//! Acquisition functions, one a file.

use crate::PoolView;
use rand_chacha::ChaCha8Rng;

mod random;

mod entropy;
mod least_confidence;
mod margin;

mod bald;
mod power_margin;

mod kmeans_medoid;
mod uncertainty_herding;

mod auto;

/// A chosen candidate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// Position in [`PoolView::candidates`].
    pub position: usize,
    /// Its score, larger = more wanted; `None` where there is no ranking.
    pub score: Option<f32>,
}

/// A rule that chooses the images whose labels teach the model most.
pub trait Acquisition: Send + Sync {
    /// Name, as in settings and reports.
    fn name(&self) -> &'static str;

    /// It cannot choose before a first model; the cold start chooses then.
    fn needs_model(&self) -> bool;

    /// It needs the mutual information that posterior samples give.
    fn needs_samples(&self) -> bool {
        false
    }

    /// It looks over the pool as a whole, beside any model. In a large pool it is given a uniform
    /// sample; other rules are given the images that the model doubts.
    fn surveys_pool(&self) -> bool {
        !self.needs_model()
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
        Box::new(uncertainty_herding::UncertaintyHerding),
        Box::new(kmeans_medoid::KMeansMedoid),
    ]
}

/// Scores every open candidate by its class probabilities and takes the largest. Without a model
/// nothing is chosen.
fn by_probabilities(
    pool: &PoolView<'_>,
    open: &[usize],
    count: usize,
    score: impl Fn(&[f32]) -> f32,
) -> Vec<Scored> {
    let scored = open
        .iter()
        .filter_map(|&position| Some((position, score(pool.probabilities(position)?))))
        .collect();
    crate::top::largest(scored, count)
}

/// Lead of the first over the second class, 0 (torn) to 1 (sure).
fn lead(probabilities: &[f32]) -> f32 {
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
