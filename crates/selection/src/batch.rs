//! The make-up of a batch: nine tenths chosen, one tenth uniformly random.
//!
//! The random part comes first and from all candidates, so it is a fair sample of the pool whatever
//! the acquisition function then does; it is the only part that accuracy may be estimated from. The
//! chosen part keeps to the cap a group and leaves out copies of images that are labeled or picked, as
//! long as anything else is left; so it does of images that are set aside. The order is shuffled: experts cannot tell the parts apart.

use crate::acquisition::{Acquisition, Scored, acquisition, acquisition_names};
use crate::{PoolView, SelectionError};
use autolabel_annotation::LabelOrigin;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};

/// How a batch is made up.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchConfig {
    /// Acquisition function; see [`acquisition_names`].
    pub strategy: String,
    /// Images in the batch.
    pub size: usize,
    /// Share drawn at random, 0 to 1; at least one image where it is above 0 and the batch has five.
    pub random_share: f64,
    /// Most chosen images of one group in a batch; `None` = no cap.
    pub max_per_group: Option<usize>,
}

impl Default for BatchConfig {
    fn default() -> Self {
        Self {
            strategy: "auto".to_owned(),
            size: 50,
            random_share: 0.1,
            max_per_group: Some(2),
        }
    }
}

/// An image to ask for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pick {
    /// The image.
    pub row: u32,
    /// Its score, larger = more wanted; `None` for random picks.
    pub score: Option<f32>,
    /// How it came into the batch.
    pub origin: LabelOrigin,
    /// The acquisition function that chose it.
    pub strategy: &'static str,
}

/// Chooses the next batch. Fewer picks than asked for only where the pool has fewer candidates.
///
/// # Errors
/// An unknown acquisition function or a share outside 0 to 1.
pub fn rank(
    pool: &PoolView<'_>,
    config: &BatchConfig,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<Pick>, SelectionError> {
    let random = draw_random(pool.candidates, config, rng)?;
    rank_around(pool, &random, config, rng)
}

/// Draws the random part of a batch from all images that may be asked for, in rising order.
///
/// # Errors
/// A share outside 0 to 1.
pub fn draw_random(
    candidates: &[u32],
    config: &BatchConfig,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<u32>, SelectionError> {
    check(config)?;
    let size = config.size.min(candidates.len());
    let mut random: Vec<u32> = candidates
        .sample(rng, random_count(config, size))
        .copied()
        .collect();
    random.sort_unstable();
    Ok(random)
}

/// Chooses a batch around its random part. `pool` may be an excerpt of a large pool, as long as the
/// random part was drawn from all of it; random images need not be candidates of the excerpt.
///
/// # Errors
/// As [`rank`].
pub fn rank_around(
    pool: &PoolView<'_>,
    random: &[u32],
    config: &BatchConfig,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<Pick>, SelectionError> {
    check(config)?;
    let strategy =
        acquisition(&config.strategy).ok_or_else(|| SelectionError::UnknownStrategy {
            name: config.strategy.clone(),
            known: acquisition_names().join(", "),
        })?;
    if pool.heads.len() > 1 && !strategy.suits_findings() {
        return Err(SelectionError::OneClassOnly {
            name: strategy.name(),
        });
    }
    let random: BTreeSet<u32> = random.iter().copied().collect();
    let mut picks: Vec<Pick> = random
        .iter()
        .map(|&row| Pick {
            row,
            score: None,
            origin: LabelOrigin::Random,
            strategy: "random",
        })
        .collect();
    let outside = random
        .iter()
        .filter(|row| pool.candidates.binary_search(row).is_err())
        .count();
    let size = config.size.min(pool.candidates.len() + outside);
    picks.extend(chosen(pool, config, strategy.as_ref(), &random, size, rng));
    picks.shuffle(rng);
    Ok(picks)
}

fn check(config: &BatchConfig) -> Result<(), SelectionError> {
    if !(0.0..=1.0).contains(&config.random_share) {
        return Err(SelectionError::Setting {
            name: "random share",
            value: config.random_share,
            range: "between 0 and 1",
        });
    }
    Ok(())
}

fn random_count(config: &BatchConfig, size: usize) -> usize {
    let share = (config.random_share * size as f64).round() as usize;
    let least = usize::from(config.random_share > 0.0 && size >= 5);
    share.max(least).min(size)
}

/// The chosen part. The function is asked again without what the caps and copies ruled out until the
/// batch is full; where nothing else is left, the caps give way.
fn chosen(
    pool: &PoolView<'_>,
    config: &BatchConfig,
    strategy: &dyn Acquisition,
    random: &BTreeSet<u32>,
    size: usize,
    rng: &mut ChaCha8Rng,
) -> Vec<Pick> {
    let wanted = size.saturating_sub(random.len());
    let has_model = !pool.heads.is_empty();
    let cold = strategy.needs_model() && !(has_model && strategy.needs().met_by(pool));
    let fallback = crate::acquisition::cold_start();
    let strategy = if cold { fallback.as_ref() } else { strategy };
    let origin = match strategy.name() {
        // Every pick of the random strategy is a uniform draw.
        "random" => LabelOrigin::Random,
        _ if cold || !has_model => LabelOrigin::ColdStart,
        _ => LabelOrigin::Chosen,
    };
    let mut limits = Limits::new(pool, config, random);
    let mut out: BTreeSet<u32> = random.clone();
    let mut picks = Vec::with_capacity(wanted);
    // Uniform draws must stay uniform: caps would make them something else.
    let mut limited = origin != LabelOrigin::Random;
    while picks.len() < wanted {
        let open: Vec<usize> = (0..pool.candidates.len())
            .filter(|&i| {
                let row = pool.candidates[i];
                !out.contains(&row) && (!limited || limits.allow(row))
            })
            .collect();
        if open.is_empty() {
            if !limited {
                break;
            }
            limited = false;
            continue;
        }
        let before = picks.len();
        for Scored { position, score } in strategy.choose(pool, &open, wanted - picks.len(), rng) {
            let row = pool.candidates[position];
            if limited && !limits.allow(row) {
                continue;
            }
            limits.take(row);
            out.insert(row);
            picks.push(Pick {
                row,
                score,
                origin,
                strategy: strategy.name(),
            });
        }
        if picks.len() == before {
            break;
        }
    }
    picks
}

/// Groups that are full and images that are copies of what is labeled or picked.
struct Limits<'a> {
    pool: &'a PoolView<'a>,
    cap: usize,
    in_group: BTreeMap<u32, usize>,
    originals: BTreeSet<u32>,
}

impl<'a> Limits<'a> {
    fn new(pool: &'a PoolView<'a>, config: &BatchConfig, random: &BTreeSet<u32>) -> Self {
        let mut limits = Self {
            pool,
            cap: config.max_per_group.unwrap_or(usize::MAX).max(1),
            in_group: BTreeMap::new(),
            originals: BTreeSet::new(),
        };
        if pool.duplicate_of.is_some() {
            limits.originals = pool
                .labeled
                .iter()
                .map(|&row| limits.original(row))
                .collect();
        }
        for &row in random {
            limits.take(row);
        }
        limits
    }

    /// The first image of a chain of copies.
    fn original(&self, row: u32) -> u32 {
        let mut row = row;
        while let Some(earlier) = self
            .pool
            .duplicate_of
            .and_then(|of| of.get(row as usize).copied().flatten())
        {
            // A copy always points to an earlier image, so the chain ends.
            if earlier >= row {
                break;
            }
            row = earlier;
        }
        row
    }

    fn allow(&self, row: u32) -> bool {
        let group_full = self
            .pool
            .groups
            .and_then(|groups| groups.get(row as usize))
            .is_some_and(|group| self.in_group.get(group).copied().unwrap_or(0) >= self.cap);
        let is_copy =
            self.pool.duplicate_of.is_some() && self.originals.contains(&self.original(row));
        let is_set_aside = self.pool.set_aside.binary_search(&row).is_ok();
        !group_full && !is_copy && !is_set_aside
    }

    fn take(&mut self, row: u32) {
        if let Some(group) = self.pool.groups.and_then(|groups| groups.get(row as usize)) {
            *self.in_group.entry(*group).or_insert(0) += 1;
        }
        if self.pool.duplicate_of.is_some() {
            self.originals.insert(self.original(row));
        }
    }
}
