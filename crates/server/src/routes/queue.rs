//! Labeling: the next images, the answers, and taking an answer back.

use crate::extract::{Json, Query};
use crate::problem::Problem;
use crate::state::LOCAL_READER;
use autolabel_workflow::Project;
use autolabel_workflow::view::{AnswerReceipt, AnswerRequest, QueueView};
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

/// Most images one request for the queue can name.
const MOST_QUEUE_ITEMS: usize = 100;

/// Query of the queue.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct QueueQuery {
    /// How many images to name, the first is the one to show; 1 to 100.
    #[serde(default = "four")]
    #[param(default = 4, minimum = 1, maximum = 100)]
    pub count: usize,
}

/// The image on the screen and the three that are prefetched.
fn four() -> usize {
    4
}

/// The images to label next, with the reason for each.
#[utoipa::path(
    get, path = "/queue", tag = "labeling", operation_id = "get_queue",
    params(QueueQuery),
    responses(
        (status = 200, description = "The next images and where the batch stands", body = QueueView),
        Problem,
    )
)]
pub async fn get_queue(
    State(project): State<Project>,
    Query(query): Query<QueueQuery>,
) -> Result<axum::Json<QueueView>, Problem> {
    let count = query.count.clamp(1, MOST_QUEUE_ITEMS);
    Ok(axum::Json(project.queue(LOCAL_READER, count).await?))
}

/// Records an answer. The response is sent after the answer is on disk; sending the same
/// idempotency key again returns the same receipt and changes nothing.
#[utoipa::path(
    post, path = "/annotations", tag = "labeling", operation_id = "answer",
    request_body = AnswerRequest,
    responses(
        (status = 200, description = "The answer is on disk", body = AnswerReceipt),
        Problem,
    )
)]
pub async fn answer(
    State(project): State<Project>,
    Json(request): Json<AnswerRequest>,
) -> Result<axum::Json<AnswerReceipt>, Problem> {
    Ok(axum::Json(project.answer(request).await?))
}

/// Takes the last answer back; its image becomes the first of the queue. Repeat to go further back.
#[utoipa::path(
    post, path = "/annotations/undo", tag = "labeling", operation_id = "undo",
    responses(
        (status = 200, description = "The queue after it", body = QueueView),
        Problem,
    )
)]
pub async fn undo(State(project): State<Project>) -> Result<axum::Json<QueueView>, Problem> {
    Ok(axum::Json(project.undo(LOCAL_READER).await?))
}
