//! Opening: what is on disk → what is kept in memory.

use super::live::{BackboneFacts, Live, Reopened, StoredModel, batch_progress, is_open};
use super::network::{self, Network};
use super::settings::{cost_for, no_classes, usual_settings};
use super::{EVENTS_BEHIND, Inner, LOCAL_READER, PROGRAM, Project, now};
use crate::audit_restore::{Restored, restore};
use crate::error::conflict;
use crate::jobs::Jobs;
use crate::network_adaptation::Adaptation;
use crate::view::{JobView, Settings};
use crate::{WorkflowError, certificate, queue, training};
use autolabel_annotation::{ImageId, LabelSchema, Task};
use autolabel_models::{BackboneSource, EngineChoice};
use autolabel_quality::SignedCertificate;
use autolabel_store::{EmbeddingsReader, Event, EventRecord, Store};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, RwLock};
use tokio::sync::broadcast;

/// Name of the project folder inside the folder of the images.
const PROJECT_FOLDER: &str = ".autolabel";

/// Table of labels and groups that is read without being named.
const USUAL_CSV: &str = "labels.csv";

/// What to open, and how.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// Folder of the images, searched at any depth.
    pub images: PathBuf,
    /// Folder of the project; `None` = `.autolabel` inside the folder of the images.
    pub project: Option<PathBuf>,
    /// Table with the column `file` and, as wanted, `label`, `group`, `source` and `split`; `None` =
    /// the one given before, else `labels.csv` in the folder of the images, where there is one.
    pub csv: Option<PathBuf>,
    /// Names of classes or findings in the order of their digit keys, for a project that has none yet.
    pub classes: Vec<String>,
    /// What `classes` are.
    pub task: Task,
    /// Network that makes the features.
    pub backbone: BackboneSource,
    /// What runs it.
    pub engine: EngineChoice,
    /// After an import of enough images, adapt the default network to them in the background; `None` =
    /// never. A network that was adapted before serves in any case, where `backbone` is the default.
    pub adapt: Option<Adaptation>,
    /// Take the labels of the table (or of the class folders) as answers of experts. Without it
    /// they are kept with the images but out of the loop.
    pub use_labels: bool,
    /// Seed of everything random, for a new project; `None` = drawn at random.
    pub seed: Option<u64>,
    /// Images that the folder is going to hold, where that is known before they are all there: advice
    /// that counts images then counts these.
    pub expected_images: usize,
    /// Change nothing; also while another process writes.
    pub read_only: bool,
}

impl OpenOptions {
    /// The usual options for a folder of images.
    #[must_use]
    pub fn new(images: impl Into<PathBuf>) -> Self {
        Self {
            images: images.into(),
            project: None,
            csv: None,
            classes: Vec::new(),
            task: Task::Classification,
            backbone: BackboneSource::Default,
            engine: EngineChoice::Auto,
            adapt: None,
            use_labels: false,
            seed: None,
            expected_images: 0,
            read_only: false,
        }
    }
}

/// See [`Project::open`].
pub(super) async fn open(options: &OpenOptions) -> Result<Project, WorkflowError> {
    if !options.read_only && !options.images.is_dir() {
        return Err(WorkflowError::NoImageFolder {
            folder: options.images.clone(),
        });
    }
    let folder = match &options.project {
        Some(folder) => folder.clone(),
        None => options.images.join(PROJECT_FOLDER),
    };
    let store = if options.read_only {
        Store::open_read_only(&folder).await?
    } else {
        Store::open(&folder, "").await?
    };
    let seed = project_seed(&store, options).await?;
    let source = network::source_of(&store, &options.backbone).await?;
    let settings = project_settings(&store, options).await?;
    let csv = table_path(&store, options).await?;
    let mut live = load(&store, settings).await?;
    live.announced_images = options.expected_images;
    let earlier: Vec<JobView> = store.jobs(Jobs::remembered_count()).await?;
    let project = Project {
        inner: Arc::new(Inner {
            store,
            images: options.images.clone(),
            csv,
            use_labels: options.use_labels,
            engine: options.engine,
            adapt: options.adapt.clone(),
            network: std::sync::Mutex::new(Network::of(source)),
            seed,
            live: RwLock::new(live),
            writing: tokio::sync::Mutex::new(()),
            importing: tokio::sync::Mutex::new(()),
            refitting: tokio::sync::Mutex::new(()),
            features: std::sync::Mutex::new(None),
            pictures: std::sync::Mutex::new(None),
            unusual: std::sync::Mutex::new(None),
            train_again: AtomicBool::new(false),
            jobs: Jobs::remembered(earlier),
            runtime: tokio::runtime::Handle::current(),
            changes: broadcast::channel(EVENTS_BEHIND).0,
        }),
    };
    if !options.read_only {
        go_on(&project).await?;
    }
    Ok(project)
}

/// Takes up what the end of the program before interrupted.
async fn go_on(project: &Project) -> Result<(), WorkflowError> {
    let (uncertified, has_models) = {
        let live = project.live();
        let certified = live
            .audit
            .as_ref()
            .is_some_and(|a| a.certified == Some(true));
        (
            certified && live.certificate.is_none(),
            !live.models.is_empty(),
        )
    };
    if uncertified {
        let _writing = project.inner().writing.lock().await;
        certificate::issue(project).await?;
    }
    queue::go_on(project).await?;
    if has_models {
        let refit = project.clone();
        tokio::spawn(async move {
            let is_drawn = refit.live().settings.schema.task.is_drawn();
            let found = match is_drawn {
                true => refit.shape_model().await.map(drop),
                false => refit.present_model().await.map(drop),
            };
            if let Err(error) = found {
                tracing::warn!("the present model could not be taken up again: {error}");
            }
        });
    }
    Ok(())
}

impl Project {
    /// The table of labels and groups: the one that was named, else the usual one where there is one
    /// by now.
    pub(crate) fn table_path(&self) -> Option<PathBuf> {
        let inner = self.inner();
        let usual = || Some(inner.images.join(USUAL_CSV)).filter(|path| path.is_file());
        inner.csv.clone().or_else(usual)
    }

    /// Every image has features, and there is something to learn or to choose.
    pub(crate) fn waits_for_training(&self) -> bool {
        let live = self.live();
        if live.index.is_empty() || embedded_images(self, &live) < live.index.len() {
            return false;
        }
        let (done, size) = batch_progress(&live);
        let anything_open = (0_u32..)
            .take(live.index.len())
            .any(|row| is_open(&live, row));
        match &live.batch {
            None => anything_open,
            Some(_) => done == size && live.run.is_none() && training::has_news(&live),
        }
    }
}

/// Images that have features.
fn embedded_images(project: &Project, live: &Live) -> usize {
    let Some(backbone) = &live.backbone else {
        return 0;
    };
    let path = project.inner().store.folder().embeddings(&backbone.id);
    let reader = EmbeddingsReader::open(&path, &backbone.id, backbone.dim);
    reader.map_or(0, |reader| reader.row_count())
}

async fn project_seed(store: &Store, options: &OpenOptions) -> Result<u64, WorkflowError> {
    // Text, because readers of JSON lose digits beyond 2^53.
    let known: Option<String> = store.meta("seed").await?;
    if let Some(seed) = known.and_then(|text| text.parse().ok()) {
        return Ok(seed);
    }
    let seed = options.seed.unwrap_or_else(rand::random);
    if !options.read_only {
        store.put_meta("seed", &seed.to_string()).await?;
    }
    Ok(seed)
}

/// The settings as they are, or those of a new project; with the classes of the options where the
/// project has none.
async fn project_settings(store: &Store, options: &OpenOptions) -> Result<Settings, WorkflowError> {
    let changes = store.events_of_kind("settings_changed").await?;
    let known = changes.into_iter().next_back().map(|record| record.event);
    let (mut settings, is_new) = match known {
        Some(Event::SettingsChanged { settings }) => (
            serde_json::from_value(settings).map_err(WorkflowError::Json)?,
            false,
        ),
        _ => (usual_settings(name_of(&options.images), no_classes()), true),
    };
    let wanted = LabelSchema::new(options.task, options.classes.clone())?;
    let gives_classes = !wanted.classes.is_empty() && settings.schema.classes.is_empty();
    if gives_classes {
        settings.cost = cost_for(&settings, wanted.task);
        settings.schema = wanted;
    } else if !wanted.classes.is_empty()
        && (names(&wanted) != names(&settings.schema) || wanted.task != settings.schema.task)
    {
        return Err(conflict(format!(
            "This project has {} already, of {}; rename or add names in its settings.",
            settings.schema.task.in_words(),
            names(&settings.schema).join(", ")
        )));
    }
    if (is_new || gives_classes) && !options.read_only {
        let value = serde_json::to_value(&settings).map_err(WorkflowError::Json)?;
        let event = Event::SettingsChanged { settings: value };
        store.append(&[now(LOCAL_READER, event, None)]).await?;
    }
    Ok(settings)
}

fn names(schema: &LabelSchema) -> Vec<&str> {
    schema
        .classes
        .iter()
        .map(|class| class.name.as_str())
        .collect()
}

fn name_of(images: &Path) -> String {
    // `.` and the like have no name of their own.
    let real = images
        .canonicalize()
        .unwrap_or_else(|_| images.to_path_buf());
    let name = real.file_name().map(|n| n.to_string_lossy().into_owned());
    name.filter(|n| !n.trim().is_empty())
        .unwrap_or_else(|| "Images".to_owned())
}

async fn table_path(
    store: &Store,
    options: &OpenOptions,
) -> Result<Option<PathBuf>, WorkflowError> {
    if let Some(csv) = &options.csv {
        let real = csv.canonicalize().unwrap_or_else(|_| csv.clone());
        if let (Some(text), false) = (real.to_str(), options.read_only) {
            store.put_meta("csv", &text).await?;
        }
        return Ok(Some(csv.clone()));
    }
    let known: Option<String> = store.meta("csv").await?;
    Ok(known.map(PathBuf::from))
}

async fn load(store: &Store, settings: Settings) -> Result<Live, WorkflowError> {
    let index = store.image_index(ImageId(0)).await?;
    let models: Vec<StoredModel> = store.models().await?;
    let (restored, certificate) = load_audit(store).await?;
    let reopened = reopened(&store.events_of_kind("undo").await?);
    let backbone: Option<BackboneFacts> = store.meta("backbone").await?;
    let mut live = Live {
        settings,
        index,
        refused: store.refused().await?.len() as u64,
        batch: store.current_batch().await?,
        reopened,
        leases: BTreeMap::new(),
        label_seconds: store.seconds_of_kind("answer", PROGRAM).await?,
        audit_seconds: restored.audit_seconds,
        models,
        model: None,
        shapes: None,
        ranking: Arc::default(),
        run: restored.run,
        audit: restored.audit,
        runs: restored.runs,
        attempts: restored.attempts,
        certificate,
        announced_images: 0,
        importing_images: 0,
        embedding_revision: 0,
        backbone,
        engine_note: None,
    };
    let reopened = std::mem::take(&mut live.reopened);
    live.reopened = reopened
        .into_iter()
        .filter(|r| is_open(&live, r.image.0))
        .collect();
    Ok(live)
}

/// Runs and audits from their events; the certificate unless newer auto-labels have replaced what
/// it certifies.
async fn load_audit(store: &Store) -> Result<(Restored, Option<SignedCertificate>), WorkflowError> {
    let mut events: Vec<EventRecord> = Vec::new();
    for kind in [
        "auto_label_run",
        "audit_started",
        "audit_answer",
        "audit_ended",
        "certificate",
    ] {
        events.extend(store.events_of_kind(kind).await?);
    }
    events.sort_by_key(|record| record.sequence);
    let latest = events
        .iter()
        .rev()
        .find(|record| matches!(record.event, Event::AuditStarted { .. }));
    let frozen = match latest {
        Some(started) => store.replay(Some(started.sequence)).await?,
        None => BTreeMap::new(),
    };
    let restored = restore(&events, &frozen)?;
    let newest = events.iter().rev().find_map(|record| match &record.event {
        Event::Certificate { certificate } => Some(Some(certificate.clone())),
        Event::AutoLabelRun { .. } => Some(None),
        _ => None,
    });
    let certificate = match newest.flatten() {
        Some(value) => Some(serde_json::from_value(value).map_err(WorkflowError::Json)?),
        None => None,
    };
    Ok((restored, certificate))
}

/// Images whose answer was taken back, each once, by the last time.
fn reopened(undos: &[EventRecord]) -> Vec<Reopened> {
    let mut reopened: Vec<Reopened> = Vec::new();
    for record in undos {
        if let Event::Undo { image, .. } = record.event {
            reopened.retain(|r| r.image != image);
            reopened.push(Reopened {
                reader: record.reader.clone(),
                image,
            });
        }
    }
    reopened
}
