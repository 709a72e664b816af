//! Training in the background: a snapshot of the labels → one round of the walk → a model, a point of
//! the curve and the next batch, while people go on labeling.

use crate::auto_label::Judged;
use crate::error::conflict;
use crate::next_batch::installed_batch;
use crate::project::live::{Live, StoredModel, batch_progress, version};
use crate::project::{Project, ProjectEvent, aside, ordered};
use crate::queue::put_next_batch;
use crate::round::{self, PickWithReason, RoundModel, RoundOutcome};
use crate::shape_model::ShapeModel;
use crate::snapshot::Snapshot;
use crate::view::{Effort, JobView, StopAdvice, StopReason};
use crate::{WorkflowError, jobs, model_view, shape_training};
use autolabel_heads::{GpConfig, ScaleChoice};
use autolabel_selection::StopDecision;
use autolabel_store::PickRecord;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Kind of the job.
pub(crate) const TRAIN: &str = "train";

impl Project {
    /// Trains on all labels now, in the background.
    ///
    /// # Errors
    /// There is nothing (new) to train on.
    pub async fn train_now(&self) -> Result<JobView, WorkflowError> {
        if self.inner().store.is_read_only() {
            return Err(autolabel_store::StoreError::ReadOnly.into());
        }
        if let Some(running) = self.inner().jobs.running(TRAIN) {
            return Ok(running);
        }
        {
            let live = self.live();
            if class_labels(&live) == 0 {
                return Err(conflict(
                    "Label some images first; then there is something to learn from.",
                ));
            }
            if !has_news(&live) {
                return Err(conflict(
                    "Nothing was labeled since the last training; label some images first.",
                ));
            }
        }
        start(self)
    }

    /// The present model; fitted again where a start of the program has lost it.
    ///
    /// # Errors
    /// No model was ever trained, or the embeddings are not there.
    pub(crate) async fn present_model(&self) -> Result<Arc<RoundModel>, WorkflowError> {
        if let Some(model) = self.live().model.clone() {
            return Ok(model);
        }
        let _refitting = self.inner().refitting.lock().await;
        let (known, last) = {
            let live = self.live();
            (live.model.clone(), live.models.last().cloned())
        };
        if let Some(model) = known {
            return Ok(model);
        }
        let last = last.ok_or_else(|| conflict("There is no model yet; label the first batch."))?;
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let snapshot = self.snapshot_of(&last).await?;
        let project = self.clone();
        let thread = std::thread::Builder::new().name("autolabel-refit".to_owned());
        let refit = move || {
            let model = snapshot.run(&project).map(|outcome| outcome.model);
            sender.send(model.map(|model| model.map(Ranked::of))).ok()
        };
        thread.spawn(refit).map_err(WorkflowError::Io)?;
        let ranked = receiver.await.map_err(|_| WorkflowError::JobBroke)??;
        let ranked = ranked.ok_or(WorkflowError::JobBroke)?;
        let mut live = self.live_mut();
        if live.model.is_none() {
            ranked.install(&mut live);
        }
        live.model.clone().ok_or(WorkflowError::JobBroke)
    }
}

impl Project {
    /// The present model with exact predictions for every image: automatic labels rest on nothing less.
    /// In a large project this takes a while, once a model.
    ///
    /// # Errors
    /// As [`Project::present_model`].
    pub(crate) async fn exact_model(&self) -> Result<Arc<RoundModel>, WorkflowError> {
        let (model, _fitting) = loop {
            let model = self.present_model().await?;
            if !model.pool.screened {
                return Ok(model);
            }
            let fitting = self.inner().refitting.lock().await;
            // A round, or another network, may have put another in its place meanwhile.
            if is_present(&self.live(), &model) {
                break (model, fitting);
            }
        };
        let project = self.clone();
        let screened = Arc::clone(&model);
        let exact = aside(move || {
            let chosen = screened.representation.as_ref();
            let weighed = project.weighed(screened.images, chosen)?;
            let features = weighed.features.rows();
            round::predicted_exactly(RoundModel::clone(&screened), features).map(Ranked::of)
        })
        .await?;
        let mut live = self.live_mut();
        let exact_model = Arc::clone(&exact.model);
        exact.install(&mut live);
        Ok(exact_model)
    }
}

fn is_present(live: &Live, model: &Arc<RoundModel>) -> bool {
    let present = live.model.as_ref();
    present.is_some_and(|present| Arc::ptr_eq(present, model))
}

/// Starts a round in the background. One that is at work is followed by another where the labels
/// warrant it.
pub(crate) fn start(project: &Project) -> Result<JobView, WorkflowError> {
    let again = &project.inner().train_again;
    again.store(true, Ordering::SeqCst);
    let worker = project.clone();
    jobs::start(project, TRAIN, "Choosing the next images", move |job| {
        let mut message = "Nothing to learn from yet".to_owned();
        while worker.inner().train_again.swap(false, Ordering::SeqCst) && !job.is_cancelled() {
            // What was asked for while a round was at work may have gone into it already.
            if has_news(&worker.live()) {
                job.progress("Learning from the labels", 0, 1);
                let is_drawn = worker.live().settings.schema.task.is_drawn();
                message = match is_drawn {
                    true => shape_training::train(&worker, job)?,
                    false => job.wait(train(&worker))?,
                };
                job.progress("Learning from the labels", 1, 1);
            }
        }
        Ok(message)
    })
}

/// One round: snapshot, compute, write down, take over.
async fn train(project: &Project) -> Result<String, WorkflowError> {
    if is_of_this_network(&project.live()) {
        // The next model is compared with the present one.
        project.present_model().await?;
    }
    let _fitting = project.inner().refitting.lock().await;
    let snapshot = {
        let _writing = project.inner().writing.lock().await;
        let sequence = project.inner().store.last_sequence().await?;
        project.snapshot(sequence)
    };
    if snapshot.labels.is_empty() {
        return Ok("No images to choose from yet.".to_owned());
    }
    let outcome = snapshot.run(project)?;
    let stored = stored_model(project, &snapshot, &outcome)?;
    let ranked = outcome.model.map(Ranked::of);
    let trained = stored.zip(ranked).map(|(stored, ranked)| Trained {
        stored,
        present: Present::Classes(ranked),
    });
    take_over(project, &snapshot, outcome.batch, trained).await
}

/// The model of a round, with what is kept of it.
pub(crate) struct Trained {
    pub stored: StoredModel,
    pub present: Present,
}

/// The model itself.
pub(crate) enum Present {
    /// Of classes, findings or grades.
    Classes(Ranked),
    /// Of shapes.
    Shapes(Arc<ShapeModel>),
}

impl Present {
    fn install(self, live: &mut Live) {
        match self {
            Self::Classes(ranked) => ranked.install(live),
            Self::Shapes(model) => {
                live.ranking = Arc::new(model.ranking(live));
                live.shapes = Some(model);
            }
        }
    }
}

/// Makes the outcome of a round the present state, on disk first.
pub(crate) async fn take_over(
    project: &Project,
    snapshot: &Snapshot,
    batch: Vec<PickWithReason>,
    trained: Option<Trained>,
) -> Result<String, WorkflowError> {
    if let Some(Trained {
        stored,
        present: Present::Shapes(model),
    }) = &trained
    {
        project.keep_shapes(model, stored.view.version)?;
    }
    let _writing = project.inner().writing.lock().await;
    let batch = {
        let live = project.live();
        let stored = trained.as_ref().map(|trained| &trained.stored);
        let round = stored.map_or(0, |model| model.view.version);
        // While auto-labels are in force people get the returned images and nothing else.
        let picks = batch.into_iter().map(pick_record).collect();
        (live.run.is_none())
            .then(|| installed_batch(&live, picks, round, Instant::now()))
            .flatten()
    };
    let stored = trained.as_ref().map(|trained| &trained.stored);
    let model = stored.map(|model| (model.view.version, model));
    project
        .inner()
        .store
        .put_round(model, batch.as_ref())
        .await?;
    let message = {
        let mut live = project.live_mut();
        if let Some(batch) = batch {
            live.batch = Some(batch);
        }
        match trained {
            Some(Trained { stored, present }) => {
                let version = stored.view.version;
                let message = format!("Model {version} learnt from {} labels.", stored.view.labels);
                live.models.push(stored);
                if let Present::Shapes(_) = present {
                    project.forget_shapes(version - 1);
                }
                present.install(&mut live);
                message
            }
            None => "The first images are chosen.".to_owned(),
        }
    };
    let settings = project.live().settings.clone();
    if settings.batch_size != snapshot.batch_size && project.live().models.is_empty() {
        let batch_size = snapshot.batch_size;
        project
            .save_settings(crate::view::Settings {
                batch_size,
                ..settings
            })
            .await?;
    }
    let (done, size) = batch_progress(&project.live());
    if done == size {
        // Everything that this round chose was answered while it was at work.
        put_next_batch(project).await?;
    }
    project.tell(ProjectEvent::Curve);
    project.tell(ProjectEvent::Queue);
    project.tell_project();
    Ok(message)
}

/// A model with the images in the order of its doubt, most doubtful first.
pub(crate) struct Ranked {
    model: Arc<RoundModel>,
    ranking: Arc<Vec<u32>>,
}

impl Ranked {
    fn of(model: RoundModel) -> Self {
        let lead = |position: usize| ordered(model.pool.lead(position));
        let rows = model.pool.rows.iter().enumerate();
        let mut ranked: Vec<(u32, u32)> =
            rows.map(|(position, &row)| (lead(position), row)).collect();
        ranked.sort_unstable();
        Self {
            ranking: Arc::new(ranked.into_iter().map(|(_, row)| row).collect()),
            model: Arc::new(model),
        }
    }

    /// Makes it the present one.
    fn install(self, live: &mut Live) {
        live.ranking = self.ranking;
        live.model = Some(self.model);
    }
}

/// What is kept of the model of a round; `None` for the cold start.
fn stored_model(
    project: &Project,
    snapshot: &Snapshot,
    outcome: &RoundOutcome,
) -> Result<Option<StoredModel>, WorkflowError> {
    let (Some(model), Some(point), Some(record)) = (&outcome.model, outcome.point, outcome.record)
    else {
        return Ok(None);
    };
    let gp = GpConfig {
        scale: ScaleChoice::Fixed(model.classifier.scale()),
        searched: Some(model.classifier.first().last_search()),
        ..snapshot.config.gp.clone()
    };
    let live = project.live();
    let described = model_view::Described {
        version: version(&live) + 1,
        model,
        point,
        labels: &snapshot.labels,
        class_count: snapshot.class_names.len(),
        backbone: live.backbone.as_ref(),
        gp: &gp,
    };
    let judged = Judged::of_classes(&live, model);
    let choice = crate::auto_label::choice(&judged, &snapshot.config.threshold)?;
    Ok(Some(StoredModel {
        view: model_view::model_view(&described)?,
        advice: advice(
            &outcome.stop,
            outcome.auto_share.map_or(0, |share| share.accepted),
        ),
        record,
        sequence: snapshot.sequence,
        images: snapshot.labels.len(),
        gp,
        representation: model.representation.clone(),
        network: live.backbone.as_ref().map(|facts| facts.id.clone()),
        expected_audit: choice.expected_audit,
    }))
}

pub(crate) fn advice(stop: &StopDecision, auto_labels: u64) -> StopAdvice {
    let reason = |c: &autolabel_selection::Criterion| StopReason {
        name: c.name.to_owned(),
        met: c.met,
        text: c.text.clone(),
    };
    StopAdvice {
        stop: stop.stop,
        headline: stop.headline.clone(),
        reasons: stop.criteria.iter().map(reason).collect(),
        auto_labels_now: auto_labels,
        next_gain: stop.next_gain.map(|g| g.expected),
        next_gain_low: stop.next_gain.map(|g| g.low),
        next_gain_high: stop.next_gain.map(|g| g.high),
        next_effort: Effort {
            hours: stop.next_hours,
            money: stop.next_money,
        },
    }
}

fn pick_record(pick: PickWithReason) -> PickRecord {
    PickRecord {
        image: pick.image,
        origin: pick.reason.origin,
        strategy: pick.reason.strategy,
        score: pick.reason.score,
        text: pick.reason.text,
    }
}

/// There is something that the present model has not learnt from.
pub(crate) fn has_news(live: &Live) -> bool {
    live.models.last().is_none_or(|model| {
        model.view.labels as usize != class_labels(live)
            || model.images != live.index.len()
            || !is_by(model, live)
    })
}

/// The last model learnt from features that the present network made.
fn is_of_this_network(live: &Live) -> bool {
    live.models.last().is_some_and(|model| is_by(model, live))
}

/// A model learnt from features that the present network made.
pub(crate) fn is_by(model: &StoredModel, live: &Live) -> bool {
    let present = live.backbone.as_ref().map(|facts| &facts.id);
    // Projects from before networks could change have one network.
    model.network.is_none() || model.network.as_ref() == present
}

/// Answers of experts that are labels.
pub(crate) fn class_labels(live: &Live) -> usize {
    let labels = live.index.labels.iter();
    labels
        .filter(|label| label.answer.is_some_and(|a| a.label().is_some()))
        .count()
}
