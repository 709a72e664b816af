//! Which images to draw next.

use autolabel_heads::{Matrix, Predictions};
use autolabel_selection::{BatchConfig, HeadView, Pick, PoolView, SelectionError, rank};
use rand::SeedableRng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

use super::proposing::Proposal;
use crate::WorkflowError;

/// The strategy that chooses for people.
pub(crate) const AUTO: &str = "auto";
/// The strategy to beat: at random, two thirds of a batch among images on which something is drawn, as
/// far as the network can tell (foreground-aware random of nnActive, TMLR 2025, on whole images).
pub(crate) const FOREGROUND_RANDOM: &str = "foreground_random";
/// The share of a batch that must have a shape.
const FOREGROUND_SHARE: f64 = 2.0 / 3.0;
/// No image takes less than this many seconds.
const LEAST_SECONDS: f64 = 1.0;
/// What `auto` is in a pool with proposals.
pub(crate) const WITH_PROPOSALS: &str = "uncertainty_herding";

/// That there is such a strategy for shapes: [`FOREGROUND_RANDOM`], and those of the selection.
///
/// # Errors
/// There is none, with the names of those that there are.
pub(crate) fn check_strategy(strategy: &str) -> Result<(), SelectionError> {
    if strategy == FOREGROUND_RANDOM || autolabel_selection::acquisition(strategy).is_some() {
        return Ok(());
    }
    Err(SelectionError::UnknownStrategy {
        name: strategy.to_owned(),
        known: format!(
            "{FOREGROUND_RANDOM}, {}",
            autolabel_selection::acquisition_names().join(", ")
        ),
    })
}

/// Images of the first batch, and the fewest that a network learns from.
pub(crate) const FIRST_BATCH: usize = 4;

/// Images of the next batch, of those of a usual one: few at first, then as many as are drawn so far. Nothing
/// takes as long as drawing from nothing, so that people should have proposals to correct after a handful.
pub(crate) fn grown_batch(usual: usize, drawn: usize) -> usize {
    usual.min(drawn.max(FIRST_BATCH))
}

/// What the choice looks at.
pub(crate) struct Choice<'a> {
    /// Reduced features of whole images.
    pub(crate) features: &'a Matrix,
    /// Images that may be asked for, rising.
    pub(crate) candidates: &'a [u32],
    /// Images drawn so far.
    pub(crate) labeled: &'a [u32],
    /// The group of each image.
    pub(crate) groups: Option<&'a [u32]>,
    /// Proposals for candidates by image; none before the first network.
    pub(crate) proposals: &'a BTreeMap<u32, Proposal>,
    /// The fit to expect of each proposal, 0 to 1, by image.
    pub(crate) expected_fit: &'a BTreeMap<u32, f64>,
    /// The seconds that people are expected to need for it, by image; `auto` chooses by what an image brings
    /// for them.
    pub(crate) seconds: &'a BTreeMap<u32, f64>,
    /// How the batch is made up.
    pub(crate) batch: &'a BatchConfig,
}

/// The next batch, in the order to show it; the random part of the batch is uniform for every strategy.
///
/// # Errors
/// The strategy is unknown.
pub(crate) fn choose(
    choice: &Choice<'_>,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<Pick>, WorkflowError> {
    check_strategy(&choice.batch.strategy)?;
    if choice.batch.strategy == FOREGROUND_RANDOM {
        return foreground_random(choice, rng);
    }
    let has_proposals = !choice.proposals.is_empty();
    let mut batch = choice.batch.clone();
    let is_auto = batch.strategy == AUTO && has_proposals;
    if is_auto {
        batch.strategy = WITH_PROPOSALS.to_owned();
    }
    // One without a proposal has no doubt either, so that it does not matter what it costs.
    let seconds = |row| choice.seconds.get(row).copied().unwrap_or(LEAST_SECONDS);
    let costs = costs(choice.candidates.iter().map(seconds));
    // An image without a proposal has no doubt: it cannot be read.
    let fit = |row| choice.expected_fit.get(row).copied().unwrap_or(1.0);
    let doubts = doubts(choice.candidates.iter().map(fit));
    let heads = [HeadView {
        predictions: &doubts,
        model: None,
    }];
    let pool = PoolView {
        heads: if has_proposals { &heads } else { &[] },
        labeled: choice.labeled,
        groups: choice.groups,
        costs: is_auto.then_some(&costs),
        ..PoolView::cold(choice.features, choice.candidates)
    };
    Ok(rank(&pool, &batch, rng)?)
}

/// Expected fits as the lead of the first of two classes over the second, which is what rules of doubt look
/// at.
pub(crate) fn doubts(fits: impl Iterator<Item = f64>) -> Predictions {
    let probabilities = fits.flat_map(|fit| {
        let lead = fit as f32;
        [0.5 + 0.5 * lead, 0.5 - 0.5 * lead]
    });
    Predictions {
        class_count: 2,
        mean: Vec::new(),
        variance: Vec::new(),
        probabilities: probabilities.collect(),
        mutual_information: None,
        spread: None,
    }
}

/// What images cost, by the seconds to expect of them.
pub(crate) fn costs(seconds: impl Iterator<Item = f64>) -> Vec<f32> {
    seconds.map(|s| s.max(LEAST_SECONDS) as f32).collect()
}

fn foreground_random(
    choice: &Choice<'_>,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<Pick>, WorkflowError> {
    let plain = BatchConfig {
        strategy: "random".to_owned(),
        ..choice.batch.clone()
    };
    let pool = PoolView::cold(choice.features, choice.candidates);
    let mut picks = rank(&pool, &plain, rng)?;
    let has_shape = |row: u32| {
        let proposal = choice.proposals.get(&row);
        proposal.is_none_or(|proposal| !proposal.drawing.shapes.is_empty())
    };
    let wanted = (FOREGROUND_SHARE * picks.len() as f64).round() as usize;
    let with_shapes: Vec<u32> = choice
        .candidates
        .iter()
        .copied()
        .filter(|&row| has_shape(row) && picks.iter().all(|pick| pick.row != row))
        .collect();
    let found = picks.iter().filter(|pick| has_shape(pick.row)).count();
    let missing = wanted.saturating_sub(found);
    let others: Vec<u32> = with_shapes.sample(rng, missing).copied().collect();
    let without = picks.iter_mut().filter(|pick| !has_shape(pick.row));
    for (pick, row) in without.zip(others) {
        pick.row = row;
        pick.strategy = FOREGROUND_RANDOM;
    }
    Ok(picks)
}

/// The random stream of a round.
pub(crate) fn stream(seed: u64, round: u32) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(u64::from(round));
    rng
}
