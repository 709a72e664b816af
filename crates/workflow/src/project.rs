//! A live project: what is on disk, what is in memory, and the threads that work in the background.
//!
//! A change is written to the journal first, then made in memory, then told to whoever listens. All
//! changes pass through one asynchronous lock; reading never waits for the disk of a writer.

mod check;
mod drawings;
mod effort;
mod images;
pub(crate) mod live;
mod localization;
pub(crate) mod network;
mod open;
mod pictures;
mod proposals;
mod settings;
mod slices;
mod views;

pub use open::OpenOptions;
pub use settings::SettingsPatch;

use crate::WorkflowError;
use crate::jobs::Jobs;
use crate::network_adaptation::Adaptation;
use crate::view::{CurveView, JobView, ModelView, ProjectView, RefusedFile};
use autolabel_models::EngineChoice;
use autolabel_store::{Appended, Event, NewEvent, Store};
use live::Live;
use network::Network;
use serde::Serialize;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::broadcast;
use utoipa::ToSchema;

pub(crate) use effort::{audit_seconds, cut, label_seconds, labels_by_hand, spent};
pub(crate) use images::{hexadecimal, ordered, path_of, raw_path_of};
pub(crate) use settings::{
    ALPHA, batch_config, budget_labels, stop_config, suited_batch, threshold_config,
};

/// Events kept for a listener that falls behind.
const EVENTS_BEHIND: usize = 256;

/// Who answers where nobody is named.
pub(crate) const LOCAL_READER: &str = "local";

/// Who acts when the program does.
pub(crate) const PROGRAM: &str = "autolabel";

/// An open project; cheap to clone, shared by all clones.
#[derive(Clone)]
pub struct Project {
    inner: Arc<Inner>,
}

/// What a project is made of.
pub(crate) struct Inner {
    pub store: Store,
    /// Folder of the images.
    pub images: PathBuf,
    /// What the images were opened with.
    pub csv: Option<PathBuf>,
    pub use_labels: bool,
    pub engine: EngineChoice,
    /// Adapt the network after an import; `None` = never.
    pub adapt: Option<Adaptation>,
    /// Another may take its place while the project is open.
    pub network: std::sync::Mutex<Network>,
    /// Seed of everything random in this project.
    pub seed: u64,
    live: RwLock<Live>,
    /// Held from the check before a change until memory has it.
    pub writing: tokio::sync::Mutex<()>,
    /// Held while features are computed and written down, and while another network takes over.
    pub importing: tokio::sync::Mutex<()>,
    /// Held while a model is fitted, and while another network takes over.
    pub refitting: tokio::sync::Mutex<()>,
    pub features: std::sync::Mutex<Option<crate::snapshot::FeatureCache>>,
    /// The images as the dense network sees them; made when first needed.
    pub pictures: std::sync::Mutex<Option<Arc<crate::shapes::pictures::Pictures>>>,
    /// Computed when first asked for, once a model.
    pub unusual: std::sync::Mutex<Option<Arc<crate::unusual::Unusual>>>,
    /// Another round was asked for while one was at work.
    pub train_again: AtomicBool,
    pub jobs: Jobs,
    /// Where background threads run their writes.
    pub runtime: tokio::runtime::Handle,
    changes: broadcast::Sender<ProjectEvent>,
}

/// What changed, for screens that follow.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ProjectEvent {
    /// The home screen's numbers.
    Project {
        /// As they are now.
        project: Box<ProjectView>,
    },
    /// The images to label next.
    Queue,
    /// The learning curve and the models.
    Curve,
    /// A background job.
    Job {
        /// As it is now.
        job: JobView,
    },
    /// Auto-labels, audit or certificate.
    Audit,
}

impl ProjectEvent {
    /// The kind, as in JSON.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Project { .. } => "project",
            Self::Queue => "queue",
            Self::Curve => "curve",
            Self::Job { .. } => "job",
            Self::Audit => "audit",
        }
    }
}

impl Project {
    /// Opens a project, or makes it where there is none. Must be called inside a tokio runtime,
    /// which the project uses until it is closed. Images are looked for by
    /// [`Project::start_import`] only.
    ///
    /// # Errors
    /// No such folder of images, another process that writes to the project, a damaged or newer
    /// database, classes that cannot be used.
    pub async fn open(options: &OpenOptions) -> Result<Self, WorkflowError> {
        open::open(options).await
    }

    /// Tells other processes where this one serves, once that is known.
    ///
    /// # Errors
    /// The lock file cannot be written.
    pub fn announce(&self, address: &str) -> Result<(), WorkflowError> {
        Ok(self.inner.store.announce(address)?)
    }

    /// Ends background jobs at their next step, waits for them and closes the database. Later calls
    /// on any clone fail.
    ///
    /// # Errors
    /// The database could not be closed; everything acknowledged is on disk all the same.
    pub async fn close(&self) -> Result<(), WorkflowError> {
        self.inner.jobs.cancel_all();
        self.inner.jobs.idle().await;
        Ok(self.inner.store.close().await?)
    }

    /// Returns when no background job is running.
    pub async fn idle(&self) {
        self.inner.jobs.idle().await;
    }

    /// What changes from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<ProjectEvent> {
        self.inner.changes.subscribe()
    }

    /// The home screen's numbers.
    ///
    /// # Errors
    /// None today.
    pub async fn view(&self) -> Result<ProjectView, WorkflowError> {
        Ok(self.project_view())
    }

    /// The learning curve and the advice.
    ///
    /// # Errors
    /// None today.
    pub async fn curve(&self) -> Result<CurveView, WorkflowError> {
        Ok(views::curve_view(&self.live()))
    }

    /// All trained models, oldest first.
    ///
    /// # Errors
    /// None today.
    pub async fn models(&self) -> Result<Vec<ModelView>, WorkflowError> {
        let live = self.live();
        Ok(live.models.iter().map(|model| model.view.clone()).collect())
    }

    /// One trained model.
    ///
    /// # Errors
    /// No such version.
    pub async fn model(&self, version: u32) -> Result<ModelView, WorkflowError> {
        let models = self.models().await?;
        let found = models.into_iter().find(|model| model.version == version);
        found.ok_or(WorkflowError::NotFound {
            what: "model",
            number: u64::from(version),
        })
    }

    /// Files that could not be imported, by name.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn refused(&self) -> Result<Vec<RefusedFile>, WorkflowError> {
        let records = self.inner.store.refused().await?;
        let view = |r: autolabel_store::RefusedRecord| RefusedFile {
            file: r.file,
            reason: r.reason,
        };
        Ok(records.into_iter().map(view).collect())
    }

    /// Background jobs, newest first.
    ///
    /// # Errors
    /// None today.
    pub async fn jobs(&self) -> Result<Vec<JobView>, WorkflowError> {
        Ok(self.inner.jobs.views())
    }

    /// Asks a job to end; it does so at its next step.
    ///
    /// # Errors
    /// No such job.
    pub async fn cancel(&self, job: u64) -> Result<JobView, WorkflowError> {
        self.inner.jobs.cancel(job).ok_or(WorkflowError::NotFound {
            what: "job",
            number: job,
        })
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.inner
    }

    pub(crate) fn live(&self) -> RwLockReadGuard<'_, Live> {
        self.inner
            .live
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn live_mut(&self) -> RwLockWriteGuard<'_, Live> {
        self.inner
            .live
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends an event to whoever listens; nobody may.
    pub(crate) fn tell(&self, event: ProjectEvent) {
        self.inner.changes.send(event).ok();
    }

    /// Tells the home screen's numbers as they are now.
    pub(crate) fn tell_project(&self) {
        self.tell(ProjectEvent::Project {
            project: Box::new(self.project_view()),
        });
    }

    /// Writes events down and makes their states the ones in memory. The caller holds `writing`.
    pub(crate) async fn append(&self, events: &[NewEvent]) -> Result<Appended, WorkflowError> {
        let appended = self.inner.store.append(events).await?;
        let mut live = self.live_mut();
        for (image, state) in &appended.states {
            if let Some(slot) = live.index.labels.get_mut(image.row()) {
                *slot = *state;
            }
        }
        drop(live);
        Ok(appended)
    }

    fn project_view(&self) -> ProjectView {
        let importing = self.inner.jobs.running("import").is_some();
        views::project_view(
            &self.live(),
            self.inner.seed,
            importing,
            self.inner.store.is_read_only(),
        )
    }
}

/// An event that happens now.
pub(crate) fn now(reader: &str, event: Event, key: Option<String>) -> NewEvent {
    NewEvent {
        at_ms: now_ms(),
        reader: reader.to_owned(),
        event,
        idempotency_key: key,
    }
}

/// Milliseconds since 1970 (UTC).
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}

/// Runs a change to its end even where its caller goes away, for example because a browser hangs
/// up: memory and disk must not part.
pub(crate) async fn to_the_end<T: Send + 'static>(
    change: impl Future<Output = Result<T, WorkflowError>> + Send + 'static,
) -> Result<T, WorkflowError> {
    tokio::spawn(change)
        .await
        .unwrap_or(Err(WorkflowError::Ending))
}

/// Runs a computation beside the asynchronous threads.
pub(crate) async fn aside<T: Send + 'static>(
    compute: impl FnOnce() -> Result<T, WorkflowError> + Send + 'static,
) -> Result<T, WorkflowError> {
    let done = tokio::task::spawn_blocking(compute).await;
    done.unwrap_or(Err(WorkflowError::Ending))
}
