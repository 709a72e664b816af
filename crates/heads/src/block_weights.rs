//! How much each block of features counts, learnt from the labels.
//!
//! Features come in blocks: looks at an image (the whole picture, its middle, …) times outputs of the
//! network. One project's answer lies in the texture of the whole picture, another's in the shape of
//! one cell in its middle. The kernel sees a weighted sum of the blocks' inner products, and the
//! weights maximise the marginal likelihood of the labels: automatic relevance determination (MacKay
//! 1994; Neal 1996) with one relevance a block, not a column.
//!
//! A block's weight is the product of the relevances of its *factors* (its view and its output), so
//! that eleven numbers are learnt for twenty-four blocks. Each relevance has a log-normal prior around
//! 1, which leaves all blocks equal until the labels say otherwise.

use crate::HeadsError;
use crate::evidence::{EvidenceData, log_evidence};
use crate::gp::GpConfig;
use crate::kernel::KernelScale;
use crate::matrix::{Matrix, inner_products};
use crate::scale_search::search_scale;
use crate::targets::{ClassOrder, Targets, targets};
use autolabel_annotation::ClassId;
use rayon::prelude::*;

/// Labels that take part, evenly drawn from every class; more would say little more.
const SEARCH_ROWS: usize = 300;

/// Sweeps over all relevances.
const SWEEPS: usize = 3;

/// First step of the logarithm of a relevance; halved where neither direction helps.
const FIRST_STEP: f64 = 1.0;

/// Spread of the log-normal prior on a relevance.
const SPREAD: f64 = 1.0;

/// Blocks of columns and what they have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocks {
    /// Columns of each block; together all columns of the features.
    pub widths: Vec<usize>,
    /// The factors of each block, numbered from 0.
    pub factors: Vec<Vec<usize>>,
}

impl Blocks {
    /// Every pair of a view and an output, view after view: factor `v` for view `v`, then one for
    /// each output. `widths` are those of the outputs of one view.
    #[must_use]
    pub fn views_and_outputs(views: usize, widths: &[usize]) -> Self {
        let outputs = widths.len();
        Self {
            widths: widths.repeat(views),
            factors: (0..views * outputs)
                .map(|block| vec![block / outputs, views + block % outputs])
                .collect(),
        }
    }

    fn factor_count(&self) -> usize {
        let numbers = self.factors.iter().flatten();
        numbers.max().map_or(0, |largest| largest + 1)
    }
}

/// Weights of blocks and what speaks for them.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockWeights {
    /// Weight of each block, 0 to 1; together 1.
    pub weights: Vec<f32>,
    /// Relevance of each factor, 1 = like the others.
    pub relevances: Vec<f64>,
    /// Log evidence of the labels that took part, in nats.
    pub log_evidence: f64,
    /// Log evidence of the same labels with equal weights.
    pub equal_log_evidence: f64,
    /// Kernel scale that goes with the weights.
    pub scale: KernelScale,
}

/// Learns the weights from labels: row `i` of `features` shows `classes[i]`. The blocks of a row are
/// of equal length and the row of length 1, as [`crate::apply_transform`] gives them.
///
/// # Errors
/// No labels, sizes that do not belong together, classes out of range.
pub fn weigh_blocks(
    features: &Matrix,
    blocks: &Blocks,
    classes: &[ClassId],
    class_count: usize,
    config: &GpConfig,
) -> Result<BlockWeights, HeadsError> {
    check(features, blocks, classes, class_count)?;
    let order = ClassOrder::new(classes, class_count);
    let targets = targets(&order.counts(), config.alpha_epsilon);
    let (kept, sample) = order.subsample(SEARCH_ROWS);
    let rows: Vec<u32> = kept.iter().map(|&row| order.order[row] as u32).collect();
    let search = Search {
        products: block_products(&features.select(&rows), blocks)?,
        blocks,
        order: sample,
        targets: &targets,
        config,
    };
    search.run()
}

fn check(
    features: &Matrix,
    blocks: &Blocks,
    classes: &[ClassId],
    class_count: usize,
) -> Result<(), HeadsError> {
    let shape = |what, expected, found| {
        Err(HeadsError::Shape {
            what,
            expected,
            found,
        })
    };
    if classes.is_empty() {
        return Err(HeadsError::Empty { what: "labels" });
    }
    if features.rows != classes.len() {
        return shape("labeled rows", classes.len(), features.rows);
    }
    let columns = blocks.widths.iter().sum();
    if features.cols != columns {
        return shape("columns of the features", columns, features.cols);
    }
    if blocks.factors.len() != blocks.widths.len() {
        return shape(
            "blocks with factors",
            blocks.widths.len(),
            blocks.factors.len(),
        );
    }
    match classes.iter().find(|class| class.index() >= class_count) {
        Some(class) => Err(HeadsError::ClassOutOfRange {
            class: class.0,
            class_count,
        }),
        None => Ok(()),
    }
}

/// Inner products of the rows within each block, scaled as if the block had length 1.
fn block_products(features: &Matrix, blocks: &Blocks) -> Result<Vec<Matrix>, HeadsError> {
    let count = blocks.widths.len() as f32;
    let mut start = 0;
    let mut products = Vec::with_capacity(blocks.widths.len());
    for &width in &blocks.widths {
        let mut part = Matrix::zeros(features.rows, width);
        for (row, target) in part.data.chunks_exact_mut(width.max(1)).enumerate() {
            target.copy_from_slice(&features.row(row)[start..start + width]);
        }
        let mut inner = inner_products(&part, &part)?;
        inner.data.iter_mut().for_each(|value| *value *= count);
        products.push(inner);
        start += width;
    }
    Ok(products)
}

struct Search<'a> {
    products: Vec<Matrix>,
    blocks: &'a Blocks,
    order: ClassOrder,
    targets: &'a Targets,
    config: &'a GpConfig,
}

/// Logarithms: the relevance of each factor, then variance and length-scale of the kernel, the latter
/// in units of the median distance between labels, which moves with the weights.
type Point = Vec<f64>;

impl Search<'_> {
    fn run(&self) -> Result<BlockWeights, HeadsError> {
        let factors = self.blocks.factor_count();
        let equal = self.data(&vec![0.0; factors]);
        let all = std::slice::from_ref(&equal);
        let scale = search_scale(all, all, self.config.kernel, None)?;
        let equal_log_evidence = log_evidence(&equal, self.config.kernel, &scale)?;
        let mut point = vec![0.0; factors];
        point.push(scale.variance.ln());
        point.push((scale.lengthscale / equal.median_distance).ln());
        let linear = scale.linear_variance;
        let mut best = self.value(&point, linear)?;
        let mut steps = vec![FIRST_STEP; point.len()];
        for _ in 0..SWEEPS {
            for (axis, step) in steps.iter_mut().enumerate() {
                match self.better(&point, axis, *step, linear, best)? {
                    Some((moved, value)) => (point, best) = (moved, value),
                    None => *step /= 2.0,
                }
            }
        }
        let data = self.data(&point[..factors]);
        let scale = kernel_scale(&point, factors, linear, data.median_distance);
        Ok(BlockWeights {
            weights: self.weights(&point[..factors]),
            relevances: point[..factors].iter().map(|l| l.exp()).collect(),
            log_evidence: log_evidence(&data, self.config.kernel, &scale)?,
            equal_log_evidence,
            scale,
        })
    }

    /// One step up or down the axis where that is better.
    fn better(
        &self,
        point: &Point,
        axis: usize,
        step: f64,
        linear: f64,
        best: f64,
    ) -> Result<Option<(Point, f64)>, HeadsError> {
        let tried: Vec<(Point, f64)> = [step, -step]
            .par_iter()
            .map(|by| {
                let mut moved = point.clone();
                moved[axis] += by;
                let value = self.value(&moved, linear)?;
                Ok((moved, value))
            })
            .collect::<Result<_, HeadsError>>()?;
        let found = tried
            .into_iter()
            .reduce(|a, b| if b.1 > a.1 { b } else { a });
        Ok(found.filter(|(_, value)| *value > best))
    }

    /// Log evidence plus log prior.
    fn value(&self, point: &Point, linear: f64) -> Result<f64, HeadsError> {
        let factors = self.blocks.factor_count();
        let data = self.data(&point[..factors]);
        let scale = kernel_scale(point, factors, linear, data.median_distance);
        let evidence = log_evidence(&data, self.config.kernel, &scale)?;
        let relevances = point[..factors].iter().map(|l| (l / SPREAD).powi(2));
        let variance = ((point[factors] - 10.0_f64.ln()) / 1.5).powi(2);
        let prior = relevances.sum::<f64>() + variance + point[factors + 1].powi(2);
        Ok(evidence - 0.5 * prior)
    }

    fn weights(&self, relevances: &[f64]) -> Vec<f32> {
        let factors = self.blocks.factors.iter();
        let raw: Vec<f64> = factors
            .map(|factors| factors.iter().map(|&f| relevances[f]).sum::<f64>().exp())
            .collect();
        let sum: f64 = raw.iter().sum();
        raw.iter().map(|weight| (weight / sum) as f32).collect()
    }

    fn data(&self, relevances: &[f64]) -> EvidenceData<'_> {
        let size = self.products.first().map_or(0, |matrix| matrix.rows);
        let mut sum = Matrix::zeros(size, size);
        for (matrix, weight) in self.products.iter().zip(self.weights(relevances)) {
            for (total, value) in sum.data.iter_mut().zip(&matrix.data) {
                *total += weight * value;
            }
        }
        EvidenceData::of_products(sum, self.order.clone(), self.targets)
    }
}

fn kernel_scale(point: &Point, factors: usize, linear: f64, median_distance: f64) -> KernelScale {
    KernelScale {
        variance: point[factors].exp().clamp(0.05, 500.0),
        lengthscale: (point[factors + 1].exp() * median_distance).clamp(0.05, 20.0),
        linear_variance: linear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Two views with two outputs each; only view 1, output 0 tells the classes apart.
    fn labeled(count: usize, seed: u64) -> (Matrix, Vec<ClassId>) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut data = Vec::new();
        let mut classes = Vec::new();
        for _ in 0..count {
            let class = rng.random_range(0..2_u16);
            for block in 0..4 {
                let mut values: [f32; 6] = std::array::from_fn(|_| rng.random_range(-1.0..1.0));
                if block == 2 {
                    values[0] += 2.0 * f32::from(class) - 1.0;
                }
                let length = values.iter().map(|v| v * v).sum::<f32>().sqrt() * 2.0;
                data.extend(values.map(|v| v / length));
            }
            classes.push(ClassId(class));
        }
        (Matrix::new(count, 24, data).unwrap(), classes)
    }

    #[test]
    fn the_block_that_tells_classes_apart_gets_most_of_the_weight() {
        let (features, classes) = labeled(150, 3);
        let blocks = Blocks::views_and_outputs(2, &[6, 6]);
        let config = GpConfig::default();
        let found = weigh_blocks(&features, &blocks, &classes, 2, &config).unwrap();
        assert!((found.weights.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        assert!(found.weights[2] > 0.5, "{:?}", found.weights);
        assert!(found.log_evidence > found.equal_log_evidence + 5.0);
        assert!(found.relevances[1] > 1.0 && found.relevances[2] > 1.0);
    }

    #[test]
    fn labels_without_a_pattern_leave_the_blocks_alike() {
        let (features, _) = labeled(40, 4);
        let classes: Vec<ClassId> = (0..40).map(|i| ClassId(i * 7 % 3 % 2)).collect();
        let blocks = Blocks::views_and_outputs(2, &[6, 6]);
        let found = weigh_blocks(&features, &blocks, &classes, 2, &GpConfig::default()).unwrap();
        assert!(
            found.weights.iter().all(|w| *w < 0.7),
            "{:?}",
            found.weights
        );
    }

    #[test]
    fn refuses_sizes_that_do_not_belong_together() {
        let (features, classes) = labeled(10, 5);
        let config = GpConfig::default();
        let weigh = |blocks: &Blocks, classes: &[ClassId]| {
            weigh_blocks(&features, blocks, classes, 2, &config).is_err()
        };
        assert!(weigh(&Blocks::views_and_outputs(2, &[6, 5]), &classes));
        assert!(weigh(&Blocks::views_and_outputs(2, &[6, 6]), &classes[..9]));
        assert!(weigh(&Blocks::views_and_outputs(2, &[6, 6]), &[]));
        assert!(weigh(
            &Blocks::views_and_outputs(2, &[6, 6]),
            &[ClassId(2); 10]
        ));
    }
}
