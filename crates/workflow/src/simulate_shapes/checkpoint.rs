//! Where a replay stands after each of its rounds, kept on disk: one that was interrupted goes on at its last
//! round, and one that is done is not done again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use autolabel_models::default_network;
use autolabel_training::{DenseState, Tail};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::dataset::ShapeDataset;
use super::plan::Plan;
use super::replay::{Asked, Point};
use crate::WorkflowError;
use crate::shapes::proposal_file::ProposalFile;
use crate::shapes::proposing::Proposal;
use crate::whole_file::put_whole;

/// A replay between two rounds.
#[derive(Default)]
pub(super) struct Standing {
    pub(super) asked: Vec<Asked>,
    /// Seconds of people so far.
    pub(super) seconds: f64,
    /// Shapes drawn so far.
    pub(super) shapes: usize,
    /// One a round.
    pub(super) points: Vec<Point>,
    /// The network of the last round.
    pub(super) network: Option<DenseState>,
    /// What it proposes for the images that are left.
    pub(super) proposals: BTreeMap<u32, Proposal>,
}

/// The part of it that is text.
#[derive(Serialize, Deserialize)]
struct Kept<A, P> {
    asked: A,
    seconds: f64,
    shapes: usize,
    points: P,
}

/// The folder of one replay.
pub(super) struct Checkpoint(PathBuf);

impl Checkpoint {
    /// Of what `what` names, in the cache of the plan; `None` without a cache. Everything that the outcome
    /// depends on names the folder, the file of this program too, so that another build begins anew.
    pub(super) fn of(dataset: &ShapeDataset, plan: &Plan, what: &str) -> Option<Self> {
        let cache = plan.cache.as_deref()?;
        let mut hash = blake3::Hasher::new();
        let program = std::env::current_exe().ok();
        let program = program.and_then(|file| fs_err::metadata(file).ok());
        let built = program.map(|file| (file.len(), file.modified().ok()));
        let settings = (
            (&dataset.files, &dataset.sizes, &dataset.is_test),
            (&dataset.class_names, &dataset.groups, &dataset.backbone),
            (&plan.recipe, &plan.batch, plan.budget, &plan.speed),
            (plan.least_fit, plan.target_error, plan.seconds_per_audit),
        );
        hash.update(format!("{built:?} {what} {settings:?}").as_bytes());
        hash.update(&serde_json::to_vec(&dataset.truth).ok()?);
        let name = hash.finalize().to_hex()[..32].to_owned();
        Some(Self(cache.join("replays").join(name)))
    }

    /// What came of it, once it is done.
    pub(super) fn outcome<T: DeserializeOwned>(&self) -> Option<T> {
        read(&self.done())
    }

    /// Keeps what came of it, and forgets where it stood.
    ///
    /// # Errors
    /// A full disk.
    pub(super) fn finish<T: Serialize>(&self, outcome: &T) -> Result<(), WorkflowError> {
        fs_err::create_dir_all(&self.0).map_err(WorkflowError::Io)?;
        let text = serde_json::to_vec(outcome).map_err(WorkflowError::Json)?;
        put_whole(&self.done(), &text)?;
        let known: Option<Kept<Vec<Asked>, Vec<Point>>> = read(&self.stand());
        remove(&self.stand());
        if let Some(known) = known {
            self.remove_round(known.points.len());
        }
        Ok(())
    }

    /// Where it stood when it was interrupted; the beginning where nothing whole was kept.
    pub(super) fn standing(&self) -> Standing {
        self.read_standing().unwrap_or_default()
    }

    fn read_standing(&self) -> Option<Standing> {
        let kept: Kept<Vec<Asked>, Vec<Point>> = read(&self.stand())?;
        let (network, proposals) = self.round(kept.points.len());
        let tail = Tail::read(default_network()).ok()?;
        let network = DenseState::from_bytes(&tail, &fs_err::read(network).ok()?).ok()?;
        let file = ProposalFile::open(&proposals).ok()?;
        let proposals = file.claims().into_iter();
        let proposals = proposals.map(|(row, _)| Some((row, file.read(row).ok()??)));
        Some(Standing {
            asked: kept.asked,
            seconds: kept.seconds,
            shapes: kept.shapes,
            points: kept.points,
            network: Some(network),
            proposals: proposals.collect::<Option<_>>()?,
        })
    }

    /// Keeps where it stands after a round, in the place of the round before.
    ///
    /// # Errors
    /// A full disk.
    pub(super) fn keep(&self, standing: &Standing) -> Result<(), WorkflowError> {
        let Some(state) = &standing.network else {
            return Ok(());
        };
        fs_err::create_dir_all(&self.0).map_err(WorkflowError::Io)?;
        let round = standing.points.len();
        let (network, proposals) = self.round(round);
        put_whole(&network, &state.to_bytes(false))?;
        let rows: Vec<u32> = standing.proposals.keys().copied().collect();
        let all: Vec<Proposal> = standing.proposals.values().cloned().collect();
        ProposalFile::create(&proposals)?.append(&rows, &all)?;
        let kept = Kept {
            asked: &standing.asked,
            seconds: standing.seconds,
            shapes: standing.shapes,
            points: &standing.points,
        };
        // Last: it names the files of its round.
        let text = serde_json::to_vec(&kept).map_err(WorkflowError::Json)?;
        put_whole(&self.stand(), &text)?;
        self.remove_round(round.saturating_sub(1));
        Ok(())
    }

    fn done(&self) -> PathBuf {
        self.0.join("done.json")
    }

    fn stand(&self) -> PathBuf {
        self.0.join("stand.json")
    }

    /// Network and proposals after so many rounds.
    fn round(&self, round: usize) -> (PathBuf, PathBuf) {
        (
            self.0.join(format!("network-{round}.safetensors")),
            self.0.join(format!("proposals-{round}.jsonl")),
        )
    }

    fn remove_round(&self, round: usize) {
        let (network, proposals) = self.round(round);
        remove(&network);
        remove(&proposals);
    }
}

fn read<T: DeserializeOwned>(file: &Path) -> Option<T> {
    serde_json::from_slice(&fs_err::read(file).ok()?).ok()
}

/// Where that fails the file only takes room.
fn remove(file: &Path) {
    if file.exists()
        && let Err(error) = fs_err::remove_file(file)
    {
        tracing::warn!("a file of an interrupted simulation stays on disk: {error}");
    }
}
