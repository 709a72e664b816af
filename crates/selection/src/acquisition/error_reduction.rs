//! The batch whose labels remove most wrong labels from the pool: those of its own images, and those of
//! other images that the model would get right once it has learnt from the batch.
//!
//! Expected error reduction (Roy and McCallum, ICML 2001) without trying out every label. The lead of the
//! first over the second class at an image `r` is Gaussian with mean `m` and standard deviation `s`, so
//! its sign is wrong with the probability `Φ(-z)`, `z = |m| / s`. Let a batch explain the share `ρ²` of
//! `s²`. The lead that the model will then predict is Gaussian today, with variance `ρ² s²` around `m`,
//! and its sign will be wrong with the probability `2 T(z, √(1-ρ²) / ρ)` (Owen's T function; the two
//! leads are bivariate normal with correlation `ρ`). By Craig's form of that integral, what the batch is
//! expected to gain at `r` is
//!
//! ```text
//! g(z, ρ) = 1/π ∫_0^{arcsin ρ} exp(-z² / (2 sin² φ)) dφ          from 0 up to Φ(-z)
//! ρ²      = Σ_x k_x(x, r)² σ_x / k(r, r)     over the batch, in the order in which it grows
//! ```
//!
//! with `k_x` the posterior covariance after the picks before `x`, and `σ_x` the precision of a label, a
//! half of the one for its own and one for another class ([`DirichletGp::label_noise`]). Which labels
//! come is not needed: the covariance of a Gaussian process does not depend on them. The sum over all
//! images plus what is wrong at the picks themselves, `1 - p1`, is what the batch is worth, and it is
//! chosen greedily.
//!
//! So there is no scale to set and no schedule: with few labels every image tells much about many others
//! and the batch covers what is doubtful; with many labels it tells little beyond itself and the batch is
//! the most doubtful images, as for `margin`.
//!
//! Where an image may show several findings, each has a head of its own, and what a batch is worth is
//! summed over them: the findings that it is expected to put right.
//!
//! Among more than [`MOST`] images half are the most doubtful ones and the others drawn with probability
//! proportional to their doubt; these stand for all that were not drawn. Gains fall as a batch grows,
//! but for the surest images not strictly, so looking first at what gained most before (lazy greedy) is
//! a good rule here and not an exact one. `O(n² (L + d) + n L²)` for `n` images and `L` labels.
//!
//! [`DirichletGp::label_noise`]: autolabel_heads::DirichletGp::label_noise

use super::{Acquisition, Needs, Scored, doubt};
use crate::{HeadView, PoolView};
use autolabel_heads::{LabelNoise, Matrix, Predictions, posterior_covariance};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::f64::consts::{FRAC_PI_2, PI};
use std::sync::LazyLock;

pub(super) struct ErrorReduction;

/// Images that take part, at most.
const MOST: usize = 1_200;

/// Certainties `z` from which nothing is expected to change: `Φ(-4)` is 0.00003.
const LARGEST_Z: f32 = 4.0;

/// Steps of the table of `g` in each direction.
const STEPS: usize = 96;

/// Smallest variance, against division by zero where copies are labeled.
const SMALLEST_VARIANCE: f32 = 1e-6;

impl Acquisition for ErrorReduction {
    fn name(&self) -> &'static str {
        "error_reduction"
    }

    fn needs_model(&self) -> bool {
        true
    }

    fn needs(&self) -> Needs {
        Needs::MODEL
    }

    fn choose(
        &self,
        pool: &PoolView<'_>,
        open: &[usize],
        count: usize,
        rng: &mut ChaCha8Rng,
    ) -> Vec<Scored> {
        let taking_part = draw(pool.heads, open, MOST.max(2 * count), rng);
        let heads: Option<Vec<Expected>> = pool
            .heads
            .iter()
            .map(|head| expected(pool, head, &taking_part))
            .collect();
        heads.map_or_else(Vec::new, |mut heads| greedy(&mut heads, count))
    }
}

/// What one head expects before the batch; `None` where it cannot be asked.
fn expected(
    pool: &PoolView<'_>,
    head: &HeadView<'_>,
    taking_part: &[TakingPart],
) -> Option<Expected> {
    let rows: Vec<u32> = taking_part
        .iter()
        .map(|image| pool.candidates[image.position])
        .collect();
    let model = head.model?;
    let covariance = posterior_covariance(model, pool.features, &rows).ok()?;
    let image = |of: &TakingPart| Image {
        position: of.position,
        stands_for: of.stands_for,
        error: doubt(head.probabilities(of.position)),
        z: certainty(head.predictions, of.position),
    };
    let images = taking_part.iter().map(image).collect();
    Some(Expected::new(covariance, images, model.label_noise()))
}

/// An image that takes part.
#[derive(Debug, Clone, Copy)]
struct TakingPart {
    /// Position among the candidates.
    position: usize,
    /// Images it stands for, at least 1.
    stands_for: f32,
}

/// An image as one head sees it.
#[derive(Debug, Clone, Copy)]
struct Image {
    /// Position among the candidates.
    position: usize,
    /// Images it stands for, at least 1.
    stands_for: f32,
    /// Probability that its first class is wrong, `1 - p1`.
    error: f32,
    /// Lead of the first over the second latent function in standard deviations, at least 0.
    z: f32,
}

/// All open images, or of more than `most` a half that is most doubtful and a half drawn by doubt
/// (systematic sampling), each standing for as many as make the sum of doubts right.
fn draw(
    heads: &[HeadView<'_>],
    open: &[usize],
    most: usize,
    rng: &mut ChaCha8Rng,
) -> Vec<TakingPart> {
    let image = |position: usize, stands_for: f32| TakingPart {
        position,
        stands_for,
    };
    if open.len() <= most {
        return open.iter().map(|&position| image(position, 1.0)).collect();
    }
    let all_doubts = |position: usize| -> f32 {
        let heads = heads.iter();
        heads.map(|head| doubt(head.probabilities(position))).sum()
    };
    let doubts: Vec<(usize, f32)> = open
        .iter()
        .map(|&position| (position, all_doubts(position)))
        .collect();
    let past_the_last = open.iter().max().map_or(0, |last| last + 1);
    let mut surest = vec![true; past_the_last];
    let mut images = Vec::with_capacity(most);
    for doubtful in crate::top::largest(doubts.clone(), most / 2) {
        surest[doubtful.position] = false;
        images.push(image(doubtful.position, 1.0));
    }
    let rest = || doubts.iter().filter(|(position, _)| surest[*position]);
    let step = rest().map(|(_, doubt)| f64::from(*doubt)).sum::<f64>() / (most - most / 2) as f64;
    let mut next = rng.random::<f64>() * step;
    let mut sum = 0.0;
    for &(position, doubt) in rest() {
        sum += f64::from(doubt);
        let mut draws = 0;
        while next < sum {
            draws += 1;
            next += step;
        }
        if draws > 0 {
            let stands_for = f64::from(draws) * step / f64::from(doubt);
            images.push(image(position, stands_for.max(1.0) as f32));
        }
    }
    images
}

/// `z` of the first two classes; infinite where there is only one.
fn certainty(predictions: &Predictions, position: usize) -> f32 {
    let classes = predictions.class_count;
    let means = &predictions.mean[position * classes..][..classes];
    let variances = &predictions.variance[position * classes..][..classes];
    let (mut first, mut second) = (None, None);
    for (class, mean) in means.iter().enumerate() {
        if first.is_none_or(|best: usize| *mean > means[best]) {
            (first, second) = (Some(class), first);
        } else if second.is_none_or(|best: usize| *mean > means[best]) {
            second = Some(class);
        }
    }
    match (first, second) {
        (Some(a), Some(b)) => {
            (means[a] - means[b]) / (variances[a] + variances[b]).max(SMALLEST_VARIANCE).sqrt()
        }
        _ => f32::INFINITY,
    }
}

/// What is expected of a growing batch.
struct Expected {
    images: Vec<Image>,
    /// Posterior covariances; a row holds those after the first `up_to[row]` picks.
    covariance: Matrix,
    up_to: Vec<usize>,
    /// Variances before the batch.
    variance: Vec<f32>,
    /// Covariances of each pick with all images when it was picked, times the root of its precision.
    explained_by: Vec<Vec<f32>>,
    /// Variance that the batch explains.
    explained: Vec<f32>,
    /// What the batch gains at each image.
    gained: Vec<f32>,
    /// `g` of each image at every step of `ρ`.
    lines: Vec<Line>,
    noise: LabelNoise,
}

impl Expected {
    fn new(covariance: Matrix, images: Vec<Image>, noise: LabelNoise) -> Self {
        let variance = (0..images.len())
            .map(|image| covariance.row(image)[image].max(SMALLEST_VARIANCE))
            .collect();
        Self {
            up_to: vec![0; images.len()],
            explained: vec![0.0; images.len()],
            gained: vec![0.0; images.len()],
            explained_by: Vec::new(),
            lines: images.iter().map(|image| line(image.z)).collect(),
            images,
            covariance,
            variance,
            noise,
        }
    }

    /// What image `x`, whose covariances are up to date, would add.
    fn worth(&self, x: usize) -> f32 {
        let row = self.covariance.row(x);
        let precision = self.precision(row[x]);
        let own = (self.images[x].error - self.gained[x]).max(0.0);
        let others: f32 = (0..row.len())
            .filter(|&r| r != x && self.images[r].z < LARGEST_Z)
            .map(|r| {
                let explained = self.explained[r] + row[r] * row[r] * precision;
                let gain = gain(&self.lines[r], explained / self.variance[r]);
                self.images[r].stands_for * (gain - self.gained[r]).max(0.0)
            })
            .sum();
        own + others
    }

    /// Mean of `1 / (variance + noise)` over the two kinds of label.
    fn precision(&self, variance: f32) -> f32 {
        let variance = variance.max(SMALLEST_VARIANCE);
        0.5 * (1.0 / (variance + self.noise.own) + 1.0 / (variance + self.noise.other))
    }

    /// Subtracts what the picks since the last time explain of a row of covariances.
    fn bring_up_to_date(&mut self, image: usize) {
        let cols = self.covariance.cols;
        let row = &mut self.covariance.data[image * cols..][..cols];
        for explained_by in &self.explained_by[self.up_to[image]..] {
            let factor = explained_by[image];
            for (value, other) in row.iter_mut().zip(explained_by) {
                *value -= factor * other;
            }
        }
        self.up_to[image] = self.explained_by.len();
    }

    /// Puts an image, whose covariances are up to date, into the batch.
    fn take(&mut self, image: usize) {
        let row = self.covariance.row(image);
        let root = self.precision(row[image]).sqrt();
        let explained_by: Vec<f32> = row.iter().map(|value| value * root).collect();
        for (r, value) in explained_by.iter().enumerate() {
            self.explained[r] += value * value;
            self.gained[r] = gain(&self.lines[r], self.explained[r] / self.variance[r]);
        }
        self.explained_by.push(explained_by);
    }
}

/// Picks `count` images, with what each adds over all heads. Every head has the same images.
fn greedy(heads: &mut [Expected], count: usize) -> Vec<Scored> {
    let images = heads.first().map_or(0, |head| head.images.len());
    let worth = |heads: &[Expected], image: usize| -> f32 {
        heads.iter().map(|head| head.worth(image)).sum()
    };
    let mut bound: Vec<f32> = (0..images)
        .into_par_iter()
        .map(|image| worth(heads, image))
        .collect();
    let mut looked_at = vec![0; images];
    let mut taken = vec![false; images];
    let mut picks = Vec::with_capacity(count.min(images));
    while picks.len() < count {
        let Some(best) = (0..images)
            .filter(|&image| !taken[image])
            .max_by(|&a, &b| bound[a].total_cmp(&bound[b]).then(b.cmp(&a)))
        else {
            break;
        };
        if looked_at[best] < picks.len() {
            heads
                .iter_mut()
                .for_each(|head| head.bring_up_to_date(best));
            bound[best] = worth(heads, best);
            looked_at[best] = picks.len();
            continue;
        }
        taken[best] = true;
        picks.push(Scored {
            position: heads[0].images[best].position,
            score: Some(bound[best]),
        });
        heads.iter_mut().for_each(|head| head.take(best));
    }
    picks
}

/// `g` of one `z` at `ρ = j / STEPS`.
type Line = [f32; STEPS + 1];

/// `g` of an image, between the lines of the table.
fn line(z: f32) -> Line {
    let mut line = [0.0; STEPS + 1];
    if z >= LARGEST_Z {
        return line;
    }
    let at = z / LARGEST_Z * STEPS as f32;
    let below = (at as usize).min(STEPS - 1);
    let share = at - below as f32;
    let (lower, upper) = (&GAINS[below], &GAINS[below + 1]);
    for (value, (lower, upper)) in line.iter_mut().zip(lower.iter().zip(upper)) {
        *value = lower + share * (upper - lower);
    }
    line
}

/// `g` where the batch explains this share of the variance, between the steps of the line.
fn gain(line: &Line, explained_share: f32) -> f32 {
    let at = explained_share.clamp(0.0, 1.0).sqrt() * STEPS as f32;
    let below = (at as usize).min(STEPS - 1);
    line[below] + (at - below as f32) * (line[below + 1] - line[below])
}

/// `g` at `z = 4 i / STEPS`, `ρ = j / STEPS`.
static GAINS: LazyLock<Vec<Line>> = LazyLock::new(|| {
    (0..=STEPS)
        .map(|i| gains_at(f64::from(LARGEST_Z) * i as f64 / STEPS as f64))
        .collect()
});

/// `g(z, ρ)` for every `ρ`, summed up by the midpoint rule.
fn gains_at(z: f64) -> Line {
    const NODES: usize = 8;
    let mut gains = [0.0; STEPS + 1];
    let mut sum = 0.0;
    let mut from = 0.0;
    for (j, gain) in gains.iter_mut().enumerate().skip(1) {
        let to = if j == STEPS {
            FRAC_PI_2
        } else {
            (j as f64 / STEPS as f64).asin()
        };
        let width = (to - from) / NODES as f64;
        for node in 0..NODES {
            let sine = (from + (node as f64 + 0.5) * width).sin();
            sum += width * (-0.5 * (z / sine).powi(2)).exp();
        }
        *gain = (sum / PI) as f32;
        from = to;
    }
    gains
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;

    /// Values of `g` and a greedy batch by SciPy and NumPy (`tests/golden/make_error_reduction.py`).
    #[derive(Deserialize)]
    struct Golden {
        z: Vec<f32>,
        rho: Vec<f32>,
        gain: Vec<f32>,
        covariance: Vec<f32>,
        image_z: Vec<f32>,
        error: Vec<f32>,
        stands_for: Vec<f32>,
        noise: [f32; 2],
        batch: Vec<usize>,
        worth: Vec<f32>,
    }

    fn golden() -> Golden {
        serde_json::from_str(include_str!("../../tests/golden/error_reduction.json")).unwrap()
    }

    fn expected(golden: &Golden) -> Expected {
        let images: Vec<Image> = (0..golden.error.len())
            .map(|i| Image {
                position: i,
                stands_for: golden.stands_for[i],
                error: golden.error[i],
                z: golden.image_z[i],
            })
            .collect();
        let count = images.len();
        let covariance = Matrix::new(count, count, golden.covariance.clone()).unwrap();
        let noise = LabelNoise {
            own: golden.noise[0],
            other: golden.noise[1],
        };
        Expected::new(covariance, images, noise)
    }

    #[test]
    fn the_gain_equals_owens_t() {
        let golden = golden();
        for ((z, rho), expected) in golden.z.iter().zip(&golden.rho).zip(&golden.gain) {
            let found = gain(&line(*z), rho * rho);
            assert!(
                (found - expected).abs() < 0.001,
                "{z} {rho} {found} {expected}"
            );
        }
    }

    #[test]
    fn the_batch_equals_the_independent_one() {
        let golden = golden();
        let picks = greedy(&mut [expected(&golden)], golden.batch.len());
        for ((pick, image), worth) in picks.iter().zip(&golden.batch).zip(&golden.worth) {
            assert_eq!(pick.position, *image);
            let score = pick.score.unwrap();
            assert!((score / worth - 1.0).abs() < 0.003, "{score} {worth}");
        }
    }

    #[test]
    fn the_drawn_images_stand_for_all() {
        use rand::SeedableRng;
        let count = 5_000;
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let probabilities: Vec<f32> = (0..count)
            .flat_map(|_| {
                let p = 1.0 - 0.5 * rng.random::<f32>().powi(3);
                [p, 1.0 - p]
            })
            .collect();
        let predictions = Predictions {
            class_count: 2,
            mean: vec![0.0; 2 * count],
            variance: vec![1.0; 2 * count],
            probabilities,
            ..Predictions::default()
        };
        let open: Vec<usize> = (0..count).collect();
        let heads = [HeadView {
            predictions: &predictions,
            model: None,
        }];
        let images = draw(&heads, &open, 600, &mut rng);
        assert!(
            images.len() <= 601 && images.len() > 500,
            "{}",
            images.len()
        );
        let all: f32 = open.iter().map(|&at| doubt(predictions.row(at))).sum();
        let stood_for: f32 = images
            .iter()
            .map(|i| i.stands_for * doubt(predictions.row(i.position)))
            .sum();
        assert!((stood_for / all - 1.0).abs() < 0.02, "{stood_for} {all}");
        assert_eq!(draw(&heads, &open[..600], 600, &mut rng).len(), 600);
    }

    proptest! {
        #[test]
        fn the_gain_grows_with_what_is_explained(z in 0.0f32..4.5, less in 0.0f32..1.0, more in 0.0f32..1.0) {
            let (less, more) = (less.min(more), less.max(more));
            let line = line(z);
            prop_assert!(gain(&line, less) <= gain(&line, more) + 1e-7);
            prop_assert!(gain(&line, more) <= 0.5 + 1e-6);
        }
    }
}
