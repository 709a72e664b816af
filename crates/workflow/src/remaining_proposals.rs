//! The network of shapes draws on the images of a large pool that its round left out: a round looks at a
//! sample, and automatic labels are given only where it has drawn. A background job, whose work stays when
//! it is ended early.

use std::sync::Arc;

use autolabel_store::StoreError;

use crate::WorkflowError;
use crate::error::conflict;
use crate::jobs::{self, JobHandle};
use crate::project::Project;
use crate::project::live::{Live, is_open};
use crate::shape_model::ShapeModel;
use crate::shapes::proposing::{Asked, Bar, propose};
use crate::view::JobView;

/// Kind of the job.
const PROPOSE: &str = "propose";
/// Images that are drawn on between two writes to the disk.
const AT_A_TIME: usize = 128;

impl Project {
    /// Lets the present network draw on every open image that it has not looked at, in the background;
    /// finds the job that is under way.
    ///
    /// # Errors
    /// Nothing is drawn in this project, there is no model yet, or the project is read only.
    pub async fn propose_for_all(&self) -> Result<JobView, WorkflowError> {
        if self.inner().store.is_read_only() {
            return Err(StoreError::ReadOnly.into());
        }
        if !self.live().settings.schema.task.is_drawn() {
            return Err(conflict(
                "This project has no shapes to draw; every image has a prediction already.",
            ));
        }
        let model = self.shape_model().await?.ok_or_else(no_model)?;
        let worker = self.clone();
        let message = "Drawing on the other images";
        jobs::start(self, PROPOSE, message, move |job| {
            propose_rest(&worker, job, &model)
        })
    }
}

/// What is said where nothing can be proposed yet.
pub(crate) fn no_model() -> WorkflowError {
    conflict("There is no model yet; draw the first batch.")
}

/// Images without an answer or an automatic label that the network has not looked at, rising.
pub(crate) fn unseen(live: &Live, model: &ShapeModel) -> Vec<u32> {
    let images = u32::try_from(live.index.len()).unwrap_or(u32::MAX);
    let seen = model.proposals.looked_at();
    let is_unseen = |row: &u32| is_open(live, *row) && seen.binary_search(row).is_err();
    (0..images).filter(is_unseen).collect()
}

fn propose_rest(
    project: &Project,
    job: &mut JobHandle,
    model: &Arc<ShapeModel>,
) -> Result<String, WorkflowError> {
    let rows = unseen(&project.live(), model);
    let pictures = job.wait(project.pictures())?;
    let task = project.live().settings.schema.task;
    let asked = Asked {
        task,
        bar: Bar::Confidence(&model.said.least),
    };
    let mut done = 0;
    for rows_now in rows.chunks(AT_A_TIME) {
        let told = done;
        let found = propose(&pictures, asked, &model.network, rows_now, &mut |ready| {
            let message = "Drawing on the other images";
            job.progress(message, (told + ready) as u64, rows.len() as u64);
            !job.is_cancelled()
        })?;
        if job.is_cancelled() {
            break;
        }
        model.proposals.append(rows_now, &found.proposals)?;
        done += rows_now.len();
        if !is_present(project, model) {
            return Ok(
                "A newer model has taken over; start again to let it draw on the other images."
                    .to_owned(),
            );
        }
    }
    {
        let mut live = project.live_mut();
        live.ranking = Arc::new(model.ranking(&live));
    }
    project.tell_project();
    Ok(format!("The model has drawn on {done} more images."))
}

fn is_present(project: &Project, model: &Arc<ShapeModel>) -> bool {
    let live = project.live();
    let present = live.shapes.as_ref();
    present.is_some_and(|present| Arc::ptr_eq(present, model))
}
