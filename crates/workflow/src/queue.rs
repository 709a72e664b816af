//! The queue: what each reader is asked next, and what comes of the answer.
//!
//! A batch is a list of images with reasons, kept on disk. When its last image is answered the next
//! batch is there at once, taken from the ranking of the present model, while a training round
//! works on a better one. An answer that was taken back puts its image in front of everything else.

use crate::next_batch::next_batch;
use crate::project::live::{
    Lease, Live, Reopened, batch_progress, expected_images, is_open, pick_of,
};
use crate::project::{
    LOCAL_READER, Project, ProjectEvent, budget_labels, label_seconds, now, to_the_end,
};
use crate::view::{AnswerReceipt, AnswerRequest, ImageView, PickReason, QueueItem, QueueView};
use crate::{WorkflowError, training};
use autolabel_annotation::{Answer, ImageId, LabelOrigin};
use autolabel_store::{Event, PickRecord};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// Images of the queue that come with a receipt.
const WITH_RECEIPT: usize = 4;

/// How long an image on one reader's screen is kept from the others.
const LEASE: Duration = Duration::from_secs(300);

impl Project {
    /// The next images for a reader, at most `count`; the first is the one to show.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn queue(&self, reader: &str, count: usize) -> Result<QueueView, WorkflowError> {
        let (picked, mut view) = {
            let mut live = self.live_mut();
            let picked = next_items(&live, reader, count.max(1), Instant::now());
            take_lease(
                &mut live,
                reader,
                picked.first().map(|(_, pick)| pick.image),
            );
            let view = empty_view(self, &live, picked.is_empty());
            (picked, view)
        };
        let mut reopened_picks: BTreeMap<ImageId, PickRecord> = BTreeMap::new();
        for (position, pick) in &picked {
            if position.is_none()
                && let Some(earlier) = self.inner().store.last_pick(pick.image).await?
            {
                reopened_picks.insert(pick.image, earlier);
            }
        }
        let ids: Vec<ImageId> = picked.iter().map(|(_, pick)| pick.image).collect();
        let images = self.image_views(&ids, true).await?;
        view.items = picked
            .into_iter()
            .zip(images)
            .map(|((position, pick), image)| {
                let pick = reopened_picks.remove(&pick.image).unwrap_or(pick);
                queue_item(pick, image, position, &view)
            })
            .collect();
        Ok(view)
    }

    /// Saves an answer. When this returns it is on disk, whatever happens next.
    ///
    /// # Errors
    /// An unknown image or class, a key used for something else, a full disk. The answer is not
    /// saved then.
    pub async fn answer(&self, request: AnswerRequest) -> Result<AnswerReceipt, WorkflowError> {
        let project = self.clone();
        to_the_end(async move { answer(&project, request).await }).await
    }

    /// Takes the reader's last answer back; its image is then the first of the queue. Where there is
    /// nothing to take back the queue stays as it is.
    ///
    /// # Errors
    /// A full disk.
    pub async fn undo(&self, reader: &str) -> Result<QueueView, WorkflowError> {
        let (project, name) = (self.clone(), reader.to_owned());
        to_the_end(async move { undo(&project, &name).await }).await?;
        self.queue(reader, WITH_RECEIPT).await
    }

    /// Sets or removes the mark for a second look.
    ///
    /// # Errors
    /// An unknown image, a full disk.
    pub async fn flag(&self, image: ImageId, on: bool) -> Result<ImageView, WorkflowError> {
        let project = self.clone();
        to_the_end(async move {
            let _writing = project.inner().writing.lock().await;
            check_image(&project.live(), image)?;
            let event = Event::Flag { image, on };
            project.append(&[now(LOCAL_READER, event, None)]).await?;
            Ok(())
        })
        .await?;
        self.tell_project();
        self.image(image).await
    }
}

async fn answer(project: &Project, request: AnswerRequest) -> Result<AnswerReceipt, WorkflowError> {
    project.check_drawing(request.image, request.answer).await?;
    let reader = request.reader.unwrap_or_else(|| LOCAL_READER.to_owned());
    let image = request.image;
    let sequence = {
        let _writing = project.inner().writing.lock().await;
        check_answer(&project.live(), image, request.answer)?;
        let origin = origin_of(project, image).await?;
        let event = Event::Answer {
            image,
            answer: request.answer,
            origin,
            seconds: request.seconds,
        };
        let event = now(&reader, event, Some(request.idempotency_key));
        let appended = project.append(&[event]).await?;
        let receipt = appended.receipts[0];
        if !receipt.repeated {
            let mut live = project.live_mut();
            live.label_seconds.push(request.seconds);
            live.reopened.retain(|r| r.image != image);
            live.leases.remove(&reader);
        }
        next_batch_if_done(project).await?;
        if !receipt.repeated && budget_is_reached(&project.live()) {
            // The advice that follows speaks of all the labels that people were willing to give.
            training::start(project)?;
        }
        receipt.sequence
    };
    project.tell(ProjectEvent::Queue);
    project.tell_project();
    Ok(AnswerReceipt {
        sequence,
        image,
        queue: project.queue(&reader, WITH_RECEIPT).await?,
    })
}

async fn undo(project: &Project, reader: &str) -> Result<(), WorkflowError> {
    let _writing = project.inner().writing.lock().await;
    let Some(last) = project.inner().store.last_answer(reader).await? else {
        return Ok(());
    };
    let event = Event::Undo {
        image: last.image,
        of: last.sequence,
    };
    project.append(&[now(reader, event, None)]).await?;
    {
        let mut live = project.live_mut();
        live.reopened.retain(|r| r.image != last.image);
        live.reopened.push(Reopened {
            reader: reader.to_owned(),
            image: last.image,
        });
        live.leases.remove(reader);
    }
    project.tell(ProjectEvent::Queue);
    project.tell_project();
    Ok(())
}

/// The last label of the budget has just been given and nothing has learnt from it yet.
fn budget_is_reached(live: &Live) -> bool {
    let budget = budget_labels(&live.settings, expected_images(live));
    live.run.is_none() && training::class_labels(live) == budget && training::has_news(live)
}

/// Makes the next batch when the current one is done, and asks for training where that helps. The
/// caller holds `writing`.
pub(crate) async fn next_batch_if_done(project: &Project) -> Result<(), WorkflowError> {
    let (done, size) = batch_progress(&project.live());
    if size == 0 || done < size {
        return Ok(());
    }
    put_next_batch(project).await?;
    let learn = {
        let live = project.live();
        live.run.is_none() && training::has_news(&live)
    };
    if learn {
        training::start(project)?;
    }
    Ok(())
}

/// Takes up what an import or the end of the program left: a next batch where the current one is
/// done, and training where it would help.
pub(crate) async fn go_on(project: &Project) -> Result<(), WorkflowError> {
    let learn = project.waits_for_training();
    {
        let _writing = project.inner().writing.lock().await;
        let (done, size) = batch_progress(&project.live());
        if size > 0 && done == size {
            put_next_batch(project).await?;
        }
    }
    if learn {
        training::start(project)?;
    }
    Ok(())
}

/// Makes the next batch from what is known now. The caller holds `writing`.
pub(crate) async fn put_next_batch(project: &Project) -> Result<(), WorkflowError> {
    let batch = next_batch(&project.live(), project.inner().seed);
    if let Some(batch) = batch {
        let no_model = None::<(u32, &())>;
        project
            .inner()
            .store
            .put_round(no_model, Some(&batch))
            .await?;
        project.live_mut().batch = Some(batch);
    }
    Ok(())
}

/// What to show a reader: taken-back images first, the last one on top, then the batch in its order.
/// With the zero-based position in the batch, where it is of the batch.
fn next_items(
    live: &Live,
    reader: &str,
    count: usize,
    at: Instant,
) -> Vec<(Option<usize>, PickRecord)> {
    let schema = &live.settings.schema;
    if schema.classes.len() < schema.task.least_classes() {
        return Vec::new();
    }
    let elsewhere: BTreeSet<ImageId> = live
        .leases
        .iter()
        .filter(|(name, lease)| *name != reader && lease.until > at)
        .map(|(_, lease)| lease.image)
        .collect();
    let mut taken: BTreeSet<ImageId> = BTreeSet::new();
    let reopened = live
        .reopened
        .iter()
        .rev()
        .filter(|r| r.reader == reader && is_open(live, r.image.0))
        .map(|r| (None, reopened_pick(r.image)));
    let picks = live.batch.iter().flat_map(|batch| &batch.picks).enumerate();
    let asked = picks
        .filter(|(_, pick)| is_open(live, pick.image.0) && !elsewhere.contains(&pick.image))
        .map(|(position, pick)| (Some(position), pick.clone()));
    reopened
        .chain(asked)
        .filter(|(_, pick)| taken.insert(pick.image))
        .take(count)
        .collect()
}

fn reopened_pick(image: ImageId) -> PickRecord {
    PickRecord {
        image,
        origin: LabelOrigin::Given,
        strategy: "person".to_owned(),
        score: None,
        text: "You took your answer back.".to_owned(),
    }
}

fn take_lease(live: &mut Live, reader: &str, first: Option<ImageId>) {
    match first {
        Some(image) => {
            let lease = Lease {
                image,
                until: Instant::now() + LEASE,
            };
            live.leases.insert(reader.to_owned(), lease);
        }
        None => {
            live.leases.remove(reader);
        }
    }
}

fn empty_view(project: &Project, live: &Live, is_empty: bool) -> QueueView {
    let (done, size) = batch_progress(live);
    QueueView {
        items: Vec::new(),
        batch_done: u32::try_from(done).unwrap_or(u32::MAX),
        batch_size: u32::try_from(size).unwrap_or(u32::MAX),
        minutes_left: (size - done) as f64 * label_seconds(live) / 60.0,
        empty_because: is_empty.then(|| why_empty(project, live, size - done)),
    }
}

fn why_empty(project: &Project, live: &Live, left_in_batch: usize) -> String {
    let jobs = &project.inner().jobs;
    let schema = &live.settings.schema;
    if schema.classes.len() < schema.task.least_classes() {
        return "Name the classes first.".to_owned();
    }
    let anything_open = (0_u32..)
        .take(live.index.len())
        .any(|row| is_open(live, row));
    if let Some(import) = jobs.running("import")
        && live.batch.is_none()
    {
        return format!(
            "Images are being imported ({} of {}); the first one comes when that is done.",
            import.done, import.total
        );
    }
    if live.index.is_empty() {
        return "No image has been imported yet; start the import.".to_owned();
    }
    if left_in_batch > 0 {
        return "The last images of this batch are on other readers' screens; wait a moment."
            .to_owned();
    }
    if jobs.running("train").is_some() {
        return "The next images are being chosen; they come in a moment.".to_owned();
    }
    if live.run.is_some() && !anything_open {
        return "Nothing is left to label: the rest is auto-labeled. Go on with the audit."
            .to_owned();
    }
    if anything_open {
        return "No images have been chosen yet; start the import or the training.".to_owned();
    }
    "Every image is labeled.".to_owned()
}

fn queue_item(
    pick: PickRecord,
    image: ImageView,
    position: Option<usize>,
    view: &QueueView,
) -> QueueItem {
    let position = position.map_or(view.batch_done.max(1), |p| {
        u32::try_from(p + 1).unwrap_or(u32::MAX)
    });
    QueueItem {
        image,
        reason: PickReason {
            origin: pick.origin,
            strategy: pick.strategy,
            score: pick.score,
            text: pick.text,
        },
        position,
        batch_size: view.batch_size,
    }
}

/// Why this image is being answered. A correction keeps the origin of the first answer: a random
/// image stays one. An image that nobody asked for was chosen by the person.
async fn origin_of(project: &Project, image: ImageId) -> Result<LabelOrigin, WorkflowError> {
    let was_asked = {
        let live = project.live();
        if let Some(origin) = live.index.labels[image.row()].origin {
            return Ok(origin);
        }
        if let Some(pick) = pick_of(&live, image) {
            return Ok(pick.origin);
        }
        live.reopened.iter().any(|r| r.image == image)
    };
    if !was_asked {
        return Ok(LabelOrigin::Given);
    }
    let pick = project.inner().store.last_pick(image).await?;
    Ok(pick.map_or(LabelOrigin::Given, |pick| pick.origin))
}

fn check_image(live: &Live, image: ImageId) -> Result<(), WorkflowError> {
    if image.row() < live.index.len() {
        return Ok(());
    }
    Err(WorkflowError::NotFound {
        what: "image",
        number: u64::from(image.0),
    })
}

/// That image and class exist.
pub(crate) fn check_answer(
    live: &Live,
    image: ImageId,
    answer: Answer,
) -> Result<(), WorkflowError> {
    check_image(live, image)?;
    let schema = &live.settings.schema;
    match answer.label() {
        Some(label) if !schema.allows(label) => {
            let numbers: Vec<String> = label.named().map(|c| c.0.to_string()).collect();
            Err(WorkflowError::Setting {
                name: "this answer",
                problem: format!(
                    "the project takes {} from {} names, and the answer has number {}",
                    schema.task.in_words(),
                    schema.classes.len(),
                    if numbers.is_empty() {
                        "none".to_owned()
                    } else {
                        numbers.join(", ")
                    }
                ),
            })
        }
        _ => Ok(()),
    }
}
