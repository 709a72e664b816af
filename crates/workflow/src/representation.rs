//! From raw features to those of a round: which looks at an image and which layers of the network
//! count, learnt from the labels so far.
//!
//! The choice is made anew whenever the labels have grown by half, by marginal likelihood, and kept
//! only if the leave-one-out predictions of the same labels do not get worse by it. It sees training
//! labels alone.

use crate::WorkflowError;
use autolabel_annotation::{ClassId, Label};
use autolabel_heads::{
    Blocks, Combination, FeatureTransform, GpConfig, Matrix, PcaConfig, RawFeatures, ScaleChoice,
    TransformConfig,
};
use autolabel_models::Crop;
use half::f16;
use serde::{Deserialize, Serialize};

/// Columns of the features that a round works on.
const COLUMNS: usize = 256;

/// Images that the last turn of the features is fitted on at most.
const FIT_ROWS: usize = 8_000;

/// Images whose blocks are in memory together.
const ROWS_AT_A_TIME: usize = 8_192;

/// Labels before the first choice: fewer say nothing about two dozen blocks.
const FIRST_CHOICE: usize = 40;

/// Shares below this are not named.
const WORTH_NAMING: f32 = 0.05;

/// Labels that a choice looks at at most.
const MOST_LABELS: usize = 1_000;

/// The labels have to grow by this factor before the next choice.
const GROWTH: f64 = 1.5;

/// What the labels say about the blocks of features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Representation {
    /// Weight of each block, together 1.
    pub weights: Vec<f32>,
    /// Labels it was chosen by.
    pub labels: usize,
    /// Log evidence gained over equal weights, in nats.
    pub evidence_gain: f64,
    /// Leave-one-out log-loss of the same labels with equal weights, in nats a label.
    pub equal_log_loss: f64,
    /// The same with these weights.
    pub log_loss: f64,
}

/// Raw features with what makes blocks of them.
#[derive(Debug, Clone, Copy)]
pub struct BlockSource<'a> {
    /// Raw rows.
    pub raw: RawFeatures<'a>,
    /// Standardises each block and turns it onto its principal components.
    pub transform: &'a FeatureTransform,
    /// The blocks that the transform gives.
    pub blocks: &'a Blocks,
    /// `true` = left out when anything is fitted (a test split); empty = nothing is.
    pub excluded: &'a [bool],
}

/// How raw features become blocks, given the widths of the outputs of the network for one view: each
/// standardised over the pool, turned onto its leading principal components (not whitened, which
/// would blow up the noise of the last ones) and given the same length. More components a block
/// gained nothing on X-rays, blood cells and histology.
#[must_use]
pub fn transform_config(blocks: &[usize]) -> TransformConfig {
    const COMPONENTS: usize = 32;
    const AT_LEAST_IN_ALL: usize = 256;
    TransformConfig {
        standardise: true,
        pca: Some(PcaConfig {
            components: COMPONENTS.max(AT_LEAST_IN_ALL / blocks.len().max(1)),
            whiten: false,
        }),
        blocks: blocks.to_vec(),
    }
}

/// The blocks that a transform gives: every output of the network for every view.
#[must_use]
pub fn transformed_blocks(widths: &[usize], views: usize) -> Blocks {
    let config = transform_config(widths);
    let most = config.pca.map_or(usize::MAX, |pca| pca.components);
    let outputs = widths.len() / views.max(1);
    let kept: Vec<usize> = widths[..outputs].iter().map(|w| (*w).min(most)).collect();
    Blocks::views_and_outputs(views, &kept)
}

impl BlockSource<'_> {
    fn rows(&self) -> usize {
        self.raw.values.len() / self.raw.dim.max(1)
    }

    /// The blocks of these images.
    fn blocks_of(&self, rows: &[u32]) -> Result<Matrix, WorkflowError> {
        let dim = self.raw.dim;
        let values: Vec<f16> = rows
            .iter()
            .flat_map(|&row| &self.raw.values[row as usize * dim..][..dim])
            .copied()
            .collect();
        let raw = RawFeatures {
            values: &values,
            dim,
        };
        Ok(autolabel_heads::apply_transform(self.transform, &raw)?)
    }

    /// Fits the last step, from weighted blocks to the columns of a round.
    ///
    /// # Errors
    /// Features that are not finite.
    pub fn combination(&self, weights: Option<&[f32]>) -> Result<Combination, WorkflowError> {
        let count = self.blocks.widths.len();
        let equal = vec![1.0 / count as f32; count];
        let allowed: Vec<u32> = (0_u32..)
            .take(self.rows())
            .filter(|row| !self.excluded.get(*row as usize).is_some_and(|e| *e))
            .collect();
        let step = allowed.len().div_ceil(FIT_ROWS).max(1);
        let sample: Vec<u32> = allowed.into_iter().step_by(step).collect();
        Ok(autolabel_heads::fit_combination(
            &self.blocks_of(&sample)?,
            self.blocks,
            weights.unwrap_or(&equal),
            COLUMNS,
        )?)
    }

    /// The features of all images, handed over a part at a time so that the blocks of all are never in
    /// memory together.
    ///
    /// # Errors
    /// Features that are not finite, or what the receiver fails with.
    pub fn each_part(
        &self,
        combination: &Combination,
        mut sink: impl FnMut(Matrix) -> Result<(), WorkflowError>,
    ) -> Result<(), WorkflowError> {
        for values in self.raw.values.chunks(ROWS_AT_A_TIME * self.raw.dim.max(1)) {
            let raw = RawFeatures {
                values,
                dim: self.raw.dim,
            };
            let blocks = autolabel_heads::apply_transform(self.transform, &raw)?;
            sink(autolabel_heads::combine(combination, &blocks)?)?;
        }
        Ok(())
    }

    /// The features of these images by a combination that is at hand.
    ///
    /// # Errors
    /// Features that are not finite.
    pub fn rows_combined(
        &self,
        rows: &[u32],
        combination: &Combination,
    ) -> Result<Matrix, WorkflowError> {
        let blocks = self.blocks_of(rows)?;
        Ok(autolabel_heads::combine(combination, &blocks)?)
    }

    /// The features of all images in single precision.
    ///
    /// # Errors
    /// Features that are not finite.
    pub fn features(&self, weights: Option<&[f32]>) -> Result<Matrix, WorkflowError> {
        self.combined(&self.combination(weights)?)
    }

    /// The features of all images by a combination that is at hand.
    ///
    /// # Errors
    /// Features that are not finite.
    pub fn combined(&self, combination: &Combination) -> Result<Matrix, WorkflowError> {
        let mut features = Matrix::zeros(0, combination.width());
        features.data.reserve(self.rows() * combination.width());
        self.each_part(combination, |part| {
            features.rows += part.rows;
            features.data.extend(part.data);
            Ok(())
        })?;
        Ok(features)
    }
}

/// Whether there are enough labels for a (further) choice.
#[must_use]
pub fn is_due(labels: usize, present: Option<&Representation>) -> bool {
    match present {
        None => labels >= FIRST_CHOICE,
        Some(present) => labels as f64 >= GROWTH * present.labels as f64,
    }
}

/// Learns the weights: image `rows[i]` has the label `labels[i]`. Sets of findings count as classes here.
///
/// # Errors
/// The classifier cannot be fitted.
pub fn choose(
    source: &BlockSource<'_>,
    rows: &[u32],
    labels: &[Label],
    class_count: usize,
    gp: &GpConfig,
) -> Result<Representation, WorkflowError> {
    let (classes, class_count) = crate::classifier::as_classes(labels, class_count);
    // Evenly spaced labels stand for many.
    let label_count = rows.len();
    let step = label_count.div_ceil(MOST_LABELS).max(1);
    let rows: Vec<u32> = rows.iter().copied().step_by(step).collect();
    let classes: Vec<ClassId> = classes.iter().copied().step_by(step).collect();
    let features = source.blocks_of(&rows)?;
    let found = autolabel_heads::weigh_blocks(&features, source.blocks, &classes, class_count, gp)?;
    let count = found.weights.len();
    let equal = vec![1.0 / count as f32; count];
    let log_loss = |weights: &[f32], scale: ScaleChoice| -> Result<f64, WorkflowError> {
        let columns = features.cols;
        let combination =
            autolabel_heads::fit_combination(&features, source.blocks, weights, columns)?;
        let weighted = autolabel_heads::combine(&combination, &features)?;
        let numbers: Vec<u32> = (0_u32..).take(rows.len()).collect();
        let config = GpConfig {
            scale,
            ..gp.clone()
        };
        let model = autolabel_heads::fit(&weighted, &numbers, &classes, class_count, &config)?;
        let left_out = autolabel_heads::leave_one_out(&model);
        Ok(autolabel_heads::log_loss(&left_out, &classes)?)
    };
    let equal_log_loss = log_loss(&equal, ScaleChoice::Search)?;
    let chosen_log_loss = log_loss(&found.weights, ScaleChoice::WarmStart(found.scale))?;
    let is_better = chosen_log_loss <= equal_log_loss;
    Ok(Representation {
        weights: if is_better { found.weights } else { equal },
        labels: label_count,
        evidence_gain: if is_better {
            found.log_evidence - found.equal_log_evidence
        } else {
            0.0
        },
        equal_log_loss,
        log_loss: chosen_log_loss.min(equal_log_loss),
    })
}

/// The choice in a sentence: how much each view and each output counts, and what speaks for it.
#[must_use]
pub fn in_words(chosen: &Representation, crops: &[Crop], outputs: &[String]) -> String {
    let count = outputs.len().max(1);
    let share = |of: &dyn Fn(usize) -> bool| -> f32 {
        let weights = chosen.weights.iter().enumerate();
        weights
            .filter(|(block, _)| of(*block))
            .map(|(_, w)| w)
            .sum()
    };
    let listed = |names: Vec<(String, f32)>| -> String {
        let mut names = names;
        names.sort_by(|a, b| b.1.total_cmp(&a.1));
        let parts: Vec<String> = names
            .iter()
            .filter(|(_, weight)| *weight >= WORTH_NAMING)
            .map(|(name, weight)| format!("{:.0} % {name}", 100.0 * weight))
            .collect();
        parts.join(", ")
    };
    let crops = crops.iter().enumerate();
    let by_view = crops.map(|(v, crop)| (crop.to_string(), share(&|block| block / count == v)));
    let names = outputs.iter().enumerate();
    let by_output = names.map(|(o, name)| {
        let name = name.replace("_std", " (deviations)");
        (name, share(&|block| block % count == o))
    });
    format!(
        "By {} labels these count: {}; of the network {}. Evidence {:+.1} nats over equal weights, \
         leave-one-out log-loss {:.3} instead of {:.3}.",
        chosen.labels,
        listed(by_view.collect()),
        listed(by_output.collect()),
        chosen.evidence_gain,
        chosen.log_loss,
        chosen.equal_log_loss
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Two views of one output of 8 numbers; the second view alone shows the class.
    fn raw(images: usize) -> (Vec<f16>, Vec<Label>) {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut values = Vec::new();
        let mut classes = Vec::new();
        for _ in 0..images {
            let class = rng.random_range(0..2_u16);
            for column in 0..16 {
                let shown = if column == 8 {
                    3.0 * f32::from(class)
                } else {
                    0.0
                };
                values.push(f16::from_f32(rng.random_range(-1.0..1.0) + shown));
            }
            classes.push(Label::Class(ClassId(class)));
        }
        (values, classes)
    }

    #[test]
    fn the_view_that_shows_the_class_is_found_and_named() {
        let (values, classes) = raw(120);
        let raw = RawFeatures {
            values: &values,
            dim: 16,
        };
        let widths = [8, 8];
        let transform =
            autolabel_heads::fit_transform(&raw, &transform_config(&widths), 0).unwrap();
        let source = BlockSource {
            raw,
            transform: &transform,
            blocks: &transformed_blocks(&widths, 2),
            excluded: &[],
        };
        let rows: Vec<u32> = (0..80).collect();
        let gp = GpConfig::default();
        let chosen = choose(&source, &rows, &classes[..80], 2, &gp).unwrap();
        assert!(chosen.weights[1] > 0.6, "{chosen:?}");
        assert!(chosen.log_loss <= chosen.equal_log_loss && chosen.evidence_gain > 0.0);
        let features = source.features(Some(&chosen.weights)).unwrap();
        assert_eq!((features.rows, features.cols), (120, 16));
        let crops = [Crop::plain(1.0), Crop::plain(0.7)];
        let text = in_words(&chosen, &crops, &["pooled".to_owned()]);
        assert!(text.starts_with("By 80 labels these count: "), "{text}");
        assert!(text.contains("% its middle 70 %"), "{text}");
    }

    #[test]
    fn a_choice_is_due_at_forty_labels_and_at_half_as_many_more() {
        assert!(!is_due(39, None) && is_due(40, None));
        let present = Representation {
            weights: vec![1.0],
            labels: 100,
            evidence_gain: 0.0,
            equal_log_loss: 0.0,
            log_loss: 0.0,
        };
        assert!(!is_due(149, Some(&present)) && is_due(150, Some(&present)));
    }
}
