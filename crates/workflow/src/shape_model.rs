//! What a project knows after a round on shapes: the network, what it proposes for the images that nobody
//! has drawn, and how well earlier proposals fitted. Kept on disk beside the project, so that a start of
//! the program finds it again.

use crate::WorkflowError;
use crate::project::live::{Live, is_open, version};
use crate::project::{Project, aside};
use crate::shapes::fit::usual_least_fit;
use crate::shapes::pace::Pace;
use crate::shapes::proposal_file::ProposalFile;
use crate::shapes::trust::{Claim, Tested, Trust};
use crate::whole_file::put_whole;
use autolabel_annotation::{LabelOrigin, Task};
use autolabel_models::default_network;
use autolabel_quality::ValidationItem;
use autolabel_training::{DenseState, Tail};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

/// A proposal against what a person drew afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct TestedImage {
    pub(crate) row: u32,
    pub(crate) origin: LabelOrigin,
    #[serde(flatten)]
    pub(crate) tested: Tested,
}

/// A network that learnt from drawings, and what it says.
#[derive(Debug)]
pub(crate) struct ShapeModel {
    pub(crate) network: DenseState,
    pub(crate) said: Said,
    /// What it proposes.
    pub(crate) proposals: Arc<ProposalFile>,
    trust: Trust,
    pace: Pace,
    least_fit: f64,
}

/// What is kept beside the network and its proposals.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Said {
    /// Images that it learnt from.
    pub(crate) learnt_from: u32,
    /// The confidence from which on shapes of each class are proposed.
    #[serde(default)]
    pub(crate) least: Vec<f32>,
    /// All earlier proposals that were drawn over, by image.
    pub(crate) tested: Vec<TestedImage>,
}

impl ShapeModel {
    pub(crate) fn new(
        task: Task,
        network: DenseState,
        said: Said,
        proposals: Arc<ProposalFile>,
    ) -> Self {
        let tested: Vec<Tested> = said.tested.iter().map(|image| image.tested).collect();
        Self {
            network,
            trust: Trust::learn(&tested),
            pace: Pace::learn(&tested),
            said,
            proposals,
            least_fit: usual_least_fit(task),
        }
    }

    /// The fit to expect of the proposal for an image, 0 to 1.
    pub(crate) fn expected_fit(&self, row: u32) -> Option<f64> {
        Some(self.fit_of(self.proposals.claim(row)?))
    }

    /// The fit to expect of a proposal, 0 to 1.
    pub(crate) fn fit_of(&self, claim: Claim) -> f64 {
        self.trust.expected_fit(claim)
    }

    /// The seconds that people are expected to need for an image.
    pub(crate) fn seconds_of(&self, claim: Claim) -> f64 {
        self.pace.seconds(claim)
    }

    /// The chance that a proposal needs no edit, 0 to 1.
    pub(crate) fn chance(&self, claim: Claim) -> f32 {
        self.trust.chance_of(claim, self.least_fit) as f32
    }

    /// The random part: proposals by networks that had not seen the drawing.
    pub(crate) fn random_part(&self) -> Vec<ValidationItem> {
        let random = |image: &&TestedImage| image.origin == LabelOrigin::Random;
        let tested = self.said.tested.iter().filter(random);
        tested
            .map(|image| ValidationItem {
                confidence: self.trust.chance_of(image.tested.claim, self.least_fit) as f32,
                correct: image.tested.fit >= self.least_fit,
            })
            .collect()
    }

    /// What is said of images that nobody has answered and whose files are there, by row.
    pub(crate) fn open(&self, live: &Live) -> Vec<(u32, Claim)> {
        let mut claims = self.proposals.claims();
        claims.retain(|(row, _)| {
            let label = live.index.labels.get(*row as usize);
            let unanswered = label.is_some_and(|label| label.answer.is_none());
            unanswered && !live.index.missing[*row as usize]
        });
        claims
    }

    /// Images without an answer or an automatic label, the worst expected fit first.
    pub(crate) fn ranking(&self, live: &Live) -> Vec<u32> {
        let mut open = self.proposals.claims();
        open.retain(|(row, _)| is_open(live, *row));
        let mut ranked: Vec<(f64, u32)> = open
            .into_iter()
            .map(|(row, claim)| (self.fit_of(claim), row))
            .collect();
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        ranked.into_iter().map(|(_, row)| row).collect()
    }
}

/// Why an image is asked for, as a sentence, by the fit to expect of its proposal.
pub(crate) fn doubt_in_words(expected_fit: f64) -> String {
    format!(
        "What the model would draw here is expected to fit only to {:.0} %.",
        100.0 * expected_fit
    )
}

impl Project {
    /// The present network of shapes with what it says; `None` before the first.
    ///
    /// # Errors
    /// Its files are damaged.
    pub(crate) async fn shape_model(&self) -> Result<Option<Arc<ShapeModel>>, WorkflowError> {
        let (present, task, version) = {
            let live = self.live();
            let task = live.settings.schema.task;
            (live.shapes.clone(), task, version(&live))
        };
        if present.is_some() || version == 0 || !task.is_drawn() {
            return Ok(present);
        }
        let ShapeFiles {
            network,
            said,
            proposals,
        } = self.shape_files(version);
        if [&network, &said, &proposals]
            .iter()
            .any(|file| !file.is_file())
        {
            return Ok(None);
        }
        let found = aside(move || {
            let network = fs_err::read(network).map_err(WorkflowError::Io)?;
            let tail = Tail::read(default_network())?;
            let network = DenseState::from_bytes(&tail, &network)?;
            let said = fs_err::read(said).map_err(WorkflowError::Io)?;
            let said = serde_json::from_slice(&said).map_err(WorkflowError::Json)?;
            let proposals = Arc::new(ProposalFile::open(&proposals)?);
            Ok(Arc::new(ShapeModel::new(task, network, said, proposals)))
        })
        .await?;
        let mut live = self.live_mut();
        if live.shapes.is_none() {
            live.ranking = Arc::new(found.ranking(&live));
            live.shapes = Some(found);
        }
        Ok(live.shapes.clone())
    }

    /// Writes a model down under a version; with its proposals, which are there already, it is whole on disk
    /// when this returns.
    ///
    /// # Errors
    /// A full disk.
    pub(crate) fn keep_shapes(
        &self,
        model: &ShapeModel,
        version: u32,
    ) -> Result<(), WorkflowError> {
        let ShapeFiles { network, said, .. } = self.shape_files(version);
        if let Some(folder) = network.parent() {
            fs_err::create_dir_all(folder).map_err(WorkflowError::Io)?;
        }
        put_whole(&network, &model.network.to_bytes(false))?;
        let text = serde_json::to_vec(&model.said).map_err(WorkflowError::Json)?;
        put_whole(&said, &text)
    }

    /// Removes the files of an earlier version; where that fails they only take room.
    pub(crate) fn forget_shapes(&self, version: u32) {
        let files = self.shape_files(version);
        for file in [files.network, files.said, files.proposals] {
            if file.exists()
                && let Err(error) = fs_err::remove_file(&file)
            {
                tracing::warn!("an earlier network stays on disk: {error}");
            }
        }
    }

    /// The files of a version.
    pub(crate) fn shape_files(&self, version: u32) -> ShapeFiles {
        let folder = self.inner().store.folder().networks();
        ShapeFiles {
            network: folder.join(format!("shapes-{version}.safetensors")),
            said: folder.join(format!("shapes-{version}.json")),
            proposals: folder.join(format!("shapes-{version}.jsonl")),
        }
    }
}

/// Where a version is kept.
pub(crate) struct ShapeFiles {
    network: PathBuf,
    said: PathBuf,
    pub(crate) proposals: PathBuf,
}
