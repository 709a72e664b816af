//! Images that resemble nothing labeled: of another kind, damaged, or of a class that nobody has named.
//! They are worth a look before the program labels them.
//!
//! Computed when somebody asks, once a model: rounds pay nothing for it.

use crate::WorkflowError;
use crate::project::live::version;
use crate::project::{Project, aside};
use crate::representation::BlockSource;
use autolabel_heads::Familiar;
use autolabel_store::LabelState;
use rayon::prelude::*;
use std::sync::{Arc, PoisonError};

/// An image counts as unusual where fewer labels than this share are as unlike the other labels. With
/// less than a hundred labels none can be.
const UNUSUAL: f32 = 0.01;

/// How unlike the labels the images of a project are.
#[derive(Debug)]
pub(crate) struct Unusual {
    /// Version of the model whose labels these are.
    version: u32,
    /// Of every image: share of the labels that are at least as unlike the other labels, above 0 to 1.
    label_share: Vec<f32>,
    /// Of every image: rank by unlikeness, 0 = most like the labels.
    rank: Vec<u32>,
    /// Images of a kind that people could not read, in rising order.
    set_aside: Vec<u32>,
}

impl Unusual {
    /// Looks at every image, with features of which every block counts the same: what tells the classes
    /// apart is not what tells a radiograph from another picture.
    fn of(
        source: &BlockSource<'_>,
        labeled: &[u32],
        set_aside: Vec<u32>,
        version: u32,
    ) -> Result<Self, WorkflowError> {
        let combination = source.combination(None)?;
        let familiar = Familiar::new(source.rows_combined(labeled, &combination)?)?;
        let (mut label_share, mut distance) = (Vec::new(), Vec::new());
        source.each_part(&combination, |part| {
            let found = familiar.novelty(&part)?;
            label_share.extend(found.label_share);
            distance.extend(found.distance);
            Ok(())
        })?;
        Ok(Self {
            version,
            label_share,
            rank: ranks(&distance),
            set_aside,
        })
    }

    /// Whether an image resembles nothing labeled, or what people could not read.
    pub(crate) fn is_unusual(&self, row: u32) -> bool {
        let share = self.label_share.get(row as usize);
        share.is_some_and(|share| *share < UNUSUAL) || self.set_aside.binary_search(&row).is_ok()
    }

    /// Place of an image in a list that begins with the least usual one; last where it is not known.
    pub(crate) fn place(&self, row: u32) -> u32 {
        let rank = self.rank.get(row as usize);
        rank.map_or(u32::MAX, |rank| u32::MAX - 1 - rank)
    }
}

/// Position of each value among all, 0 = the smallest; the earlier one first where two tie.
fn ranks(values: &[f32]) -> Vec<u32> {
    let mut order: Vec<u32> = (0_u32..).take(values.len()).collect();
    order.par_sort_by(|a, b| values[*a as usize].total_cmp(&values[*b as usize]));
    let mut ranks = vec![0; values.len()];
    for (rank, position) in (0_u32..).zip(order) {
        ranks[position as usize] = rank;
    }
    ranks
}

impl Project {
    /// How unlike the labels the images are, by the present model.
    ///
    /// # Errors
    /// There is no model yet.
    pub(crate) async fn unusual(&self) -> Result<Arc<Unusual>, WorkflowError> {
        let is_drawn = self.live().settings.schema.task.is_drawn();
        let (images, set_aside) = match is_drawn {
            true => (self.live().index.len(), Vec::new()),
            false => {
                let model = self.present_model().await?;
                (model.images, model.set_aside.clone())
            }
        };
        let version = version(&self.live());
        let known = || {
            let known = self.inner().unusual.lock();
            known.unwrap_or_else(PoisonError::into_inner).clone()
        };
        if let Some(known) = known().filter(|known| known.version == version) {
            return Ok(known);
        }
        let project = self.clone();
        let found = aside(move || {
            let labeled: Vec<u32> = {
                let live = project.live();
                let labels = (0_u32..).zip(&live.index.labels).take(images);
                let has_label = |l: &LabelState| l.answer.is_some_and(|a| a.label().is_some());
                labels
                    .filter(|(_, l)| has_label(l))
                    .map(|(row, _)| row)
                    .collect()
            };
            project.with_blocks(images, |source| {
                Unusual::of(source, &labeled, set_aside, version)
            })
        })
        .await?;
        let found = Arc::new(found);
        let mut known = self
            .inner()
            .unusual
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *known = Some(Arc::clone(&found));
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_begin_at_the_smallest() {
        assert_eq!(ranks(&[0.5, 0.1, 0.5, 0.9]), [1, 0, 2, 3]);
    }
}
