//! What a training round looks at, taken at one moment: labels, features, settings.

use crate::WorkflowError;
use crate::error::conflict;
use crate::excerpt::{Considered, rank_excerpt};
use crate::pool_features::PoolFeatures;
use crate::project::live::{
    BackboneFacts, StoredModel, class_names, expected_images, labeled, version,
};
use crate::project::{
    Project, batch_config, label_seconds, stop_config, suited_batch, threshold_config,
};
use crate::representation::{
    self, BlockSource, Representation, transform_config, transformed_blocks,
};
use crate::round::{self, Labeled, RoundConfig, RoundInput, RoundModel, RoundOutcome};
use crate::shapes::choosing::{AUTO, WITH_PROPOSALS, doubts, grown_batch, stream};
use crate::training::{class_labels, is_by};
use autolabel_annotation::{ImageTask, Task};
use autolabel_heads::{Combination, FeatureRows, FeatureTransform, GpConfig, RawFeatures};
use autolabel_selection::{HeadView, Pick, RoundRecord};
use autolabel_store::EmbeddingsReader;
use std::sync::{Arc, PoisonError};

/// Everything a round looks at, taken at one moment.
pub(crate) struct Snapshot {
    pub labels: Vec<Option<Labeled>>,
    pub excluded: Vec<bool>,
    pub groups: Option<Vec<u32>>,
    pub duplicate_of: Vec<Option<u32>>,
    pub task: Task,
    pub class_names: Vec<String>,
    pub history: Vec<RoundRecord>,
    pub previous: Option<Arc<RoundModel>>,
    pub config: RoundConfig,
    pub seed: u64,
    pub round: u32,
    /// Journal entry up to which the labels go.
    pub sequence: u64,
    pub batch_size: u32,
    /// The choice that the features rest on so far.
    pub representation: Option<Representation>,
    /// Whether that choice may be made anew.
    pub may_choose: bool,
}

impl Snapshot {
    /// Runs the round.
    pub(crate) fn run(&self, project: &Project) -> Result<RoundOutcome, WorkflowError> {
        let chosen = self.chosen(project)?;
        let weighed = project.weighed(self.labels.len(), chosen.as_ref())?;
        let input = self.input(weighed.features.rows(), chosen.as_ref(), &self.config);
        match self.task.of_image() {
            Some(_) => round::run(&input),
            None => round::cover(&input),
        }
    }

    /// Chooses a batch by the fits that are expected of proposals, 0 to 1, for images in rising order.
    pub(crate) fn rank_shapes(
        &self,
        project: &Project,
        (rows, fits, costs): (&[u32], &[f64], &[f32]),
    ) -> Result<Vec<Pick>, WorkflowError> {
        let weighed = project.weighed(self.labels.len(), None)?;
        let mut config = self.config.clone();
        let is_auto = config.batch.strategy == AUTO;
        if is_auto {
            WITH_PROPOSALS.clone_into(&mut config.batch.strategy);
        }
        let input = self.input(weighed.features.rows(), None, &config);
        let candidates = round::unlabeled(&input);
        let (labeled, _) = round::labeled_images(&self.labels, &self.excluded);
        let doubts = doubts(fits.iter().copied());
        let considered = Considered {
            images: rows,
            heads: &[HeadView {
                predictions: &doubts,
                model: None,
            }],
            set_aside: &[],
            costs: is_auto.then_some(costs),
        };
        let mut rng = stream(self.seed, self.round);
        rank_excerpt(&input, &candidates, considered, &labeled, &mut rng)
    }

    fn input<'a>(
        &'a self,
        features: FeatureRows<'a>,
        chosen: Option<&'a Representation>,
        config: &'a RoundConfig,
    ) -> RoundInput<'a> {
        RoundInput {
            features,
            representation: chosen,
            labels: &self.labels,
            excluded: &self.excluded,
            groups: self.groups.as_deref(),
            duplicate_of: Some(&self.duplicate_of),
            // Of shapes no classifier learns, so that it does not matter which it would have been.
            task: self.task.of_image().unwrap_or(ImageTask::Findings),
            class_names: &self.class_names,
            history: &self.history,
            previous: self.previous.as_deref(),
            config,
            seed: self.seed,
            round: self.round,
        }
    }

    /// The choice of what counts in the features, made anew where the labels have grown enough.
    fn chosen(&self, project: &Project) -> Result<Option<Representation>, WorkflowError> {
        let present = self.representation.as_ref();
        let (rows, labels) = round::labeled_images(&self.labels, &self.excluded);
        // Shapes say nothing about the features of whole images.
        let may_choose = self.may_choose && !self.task.is_drawn();
        if !may_choose || !representation::is_due(rows.len(), present) {
            return Ok(self.representation.clone());
        }
        let gp = &self.config.gp;
        let class_count = self.class_names.len();
        project.with_blocks(self.labels.len(), |source| {
            representation::choose(source, &rows, &labels, class_count, gp).map(Some)
        })
    }
}

impl Project {
    /// What the last model was trained on.
    pub(crate) async fn snapshot_of(&self, last: &StoredModel) -> Result<Snapshot, WorkflowError> {
        let states = self.inner().store.replay(Some(last.sequence)).await?;
        let mut snapshot = self.snapshot(last.sequence);
        snapshot.labels.fill(None);
        for (image, state) in states {
            if let Some(slot) = snapshot.labels.get_mut(image.row()) {
                *slot = labeled(&[state])[0];
            }
        }
        if is_by(last, &self.live()) {
            // The same scale gives the same model, without a search that depends on the model before.
            snapshot.config.gp = last.gp.clone();
            snapshot.representation.clone_from(&last.representation);
            snapshot.may_choose = false;
        }
        snapshot.previous = None;
        snapshot.round = version(&self.live());
        Ok(snapshot)
    }

    /// Everything a round looks at, as it is now.
    pub(crate) fn snapshot(&self, sequence: u64) -> Snapshot {
        let live = self.live();
        let mut settings = live.settings.clone();
        if live.models.is_empty() {
            settings.batch_size = suited_batch(&settings, expected_images(&live));
        }
        let labels = labeled(&live.index.labels);
        let labeled = class_labels(&live);
        let mut batch = batch_config(&settings);
        if settings.schema.task.is_drawn() {
            batch.size = grown_batch(batch.size, labeled);
        }
        let mut by_this_network = live.models.iter().filter(|model| is_by(model, &live));
        Snapshot {
            excluded: live.index.missing.clone(),
            groups: group_numbers(&live.index.group),
            duplicate_of: live.index.duplicate_of.clone(),
            task: live.settings.schema.task,
            class_names: class_names(&live),
            // Doubt before and after a change of the network tells nothing of what labels bring.
            history: by_this_network.clone().map(|m| m.record).collect(),
            previous: live.model.clone(),
            config: RoundConfig {
                batch,
                stop: stop_config(&settings, expected_images(&live), label_seconds(&live)),
                threshold: threshold_config(&live),
                gp: GpConfig::default(),
            },
            seed: self.inner().seed,
            round: match (live.settings.schema.task.is_drawn(), &live.batch) {
                // Before the first network, batches are counted as well.
                (true, Some(batch)) => batch.number,
                (true, None) => 0,
                (false, _) if labeled > 0 => version(&live) + 1,
                (false, _) => 0,
            },
            sequence,
            batch_size: settings.batch_size,
            representation: by_this_network
                .next_back()
                .and_then(|m| m.representation.clone()),
            may_choose: true,
            labels,
        }
    }

    /// Features of the first `images` images, their blocks weighed by this choice.
    pub(crate) fn weighed(
        &self,
        images: usize,
        chosen: Option<&Representation>,
    ) -> Result<Arc<WeighedFeatures>, WorkflowError> {
        let weights = chosen.map(|chosen| chosen.weights.clone());
        {
            let transform = self.transform(images)?;
            let cache = self.inner().features.lock();
            let cache = cache.unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = cache.as_ref()
                && Arc::ptr_eq(&known.transform, &transform)
                && let Some(weighed) = &known.weighed
                && weighed.weights == weights
            {
                return Ok(Arc::clone(weighed));
            }
        }
        let weighed = self.with_blocks(images, |source| {
            let combination = source.combination(weights.as_deref())?;
            Ok(WeighedFeatures {
                features: PoolFeatures::of(source, images, &combination)?,
                combination,
                weights: weights.clone(),
            })
        })?;
        let weighed = Arc::new(weighed);
        let mut cache = self
            .inner()
            .features
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = cache.as_mut() {
            known.weighed = Some(Arc::clone(&weighed));
        }
        Ok(weighed)
    }

    /// Runs something on the raw features of the first `images` images.
    pub(crate) fn with_blocks<T>(
        &self,
        images: usize,
        work: impl FnOnce(&BlockSource<'_>) -> Result<T, WorkflowError>,
    ) -> Result<T, WorkflowError> {
        let transform = self.transform(images)?;
        let backbone = self.live().backbone.clone().ok_or_else(no_embeddings)?;
        let reader = self.embeddings(&backbone)?;
        work(&BlockSource {
            raw: raw(&reader, images, &backbone)?,
            transform: &transform,
            blocks: &transformed_blocks(&backbone.blocks, backbone.views().crops.len()),
            excluded: &[],
        })
    }

    /// The transform from raw features to blocks, fitted once for the same images.
    pub(crate) fn transform(&self, images: usize) -> Result<Arc<FeatureTransform>, WorkflowError> {
        let (backbone, revision) = {
            let live = self.live();
            (live.backbone.clone(), live.embedding_revision)
        };
        let backbone = backbone.ok_or_else(no_embeddings)?;
        let mut cache = self
            .inner()
            .features
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = cache.as_ref()
            && (known.images, known.revision, &known.backbone) == (images, revision, &backbone.id)
        {
            return Ok(Arc::clone(&known.transform));
        }
        let reader = self.embeddings(&backbone)?;
        let raw = raw(&reader, images, &backbone)?;
        let config = transform_config(&backbone.blocks);
        let transform = autolabel_heads::fit_transform(&raw, &config, self.inner().seed)?;
        let transform = Arc::new(transform);
        *cache = Some(FeatureCache {
            images,
            revision,
            backbone: backbone.id,
            transform: Arc::clone(&transform),
            weighed: None,
        });
        Ok(transform)
    }

    fn embeddings(&self, backbone: &BackboneFacts) -> Result<EmbeddingsReader, WorkflowError> {
        let path = self.inner().store.folder().embeddings(&backbone.id);
        Ok(EmbeddingsReader::open(&path, &backbone.id, backbone.dim)?)
    }
}

fn raw<'a>(
    reader: &'a EmbeddingsReader,
    images: usize,
    backbone: &BackboneFacts,
) -> Result<RawFeatures<'a>, WorkflowError> {
    let rows = reader.rows().get(..images * backbone.dim);
    Ok(RawFeatures {
        values: rows.ok_or_else(no_embeddings)?,
        dim: backbone.dim,
    })
}

/// Features of all images, kept between rounds.
pub(crate) struct FeatureCache {
    images: usize,
    revision: u64,
    backbone: String,
    transform: Arc<FeatureTransform>,
    weighed: Option<Arc<WeighedFeatures>>,
}

/// Features of all images with what made them of blocks.
pub(crate) struct WeighedFeatures {
    pub features: PoolFeatures,
    pub combination: Combination,
    /// Of the blocks; `None` = every block counts the same.
    weights: Option<Vec<f32>>,
}

/// A group for every image: its own where it has none. `None` where no image has one.
fn group_numbers(groups: &[Option<u32>]) -> Option<Vec<u32>> {
    let mut next = groups.iter().flatten().max()? + 1;
    let number = |group: &Option<u32>| {
        group.unwrap_or_else(|| {
            next += 1;
            next - 1
        })
    };
    Some(groups.iter().map(number).collect())
}

fn no_embeddings() -> WorkflowError {
    conflict("Some images have no features yet; start the import.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_without_a_group_are_groups_of_their_own() {
        let groups = [Some(4), None, Some(1), None];
        assert_eq!(group_numbers(&groups), Some(vec![4, 5, 1, 6]));
        assert_eq!(group_numbers(&[None, None]), None);
    }
}
