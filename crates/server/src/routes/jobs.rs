//! Background jobs: list, start, cancel.

use crate::extract::{Json, Path};
use crate::problem::Problem;
use autolabel_workflow::Project;
use autolabel_workflow::view::JobView;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

/// Jobs that people can start.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Look for new images and import them.
    Import,
    /// Train on the present labels and choose the next batch.
    Train,
    /// Let the model of shapes draw on the open images that its round left out.
    Propose,
}

/// A job to start.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
pub struct JobRequest {
    /// What to do.
    pub kind: JobKind,
}

/// Running jobs and the last finished ones, newest first.
#[utoipa::path(
    get, path = "/jobs", tag = "jobs", operation_id = "list_jobs",
    responses(
        (status = 200, description = "Jobs", body = Vec<JobView>),
        Problem,
    )
)]
pub async fn list_jobs(
    State(project): State<Project>,
) -> Result<axum::Json<Vec<JobView>>, Problem> {
    Ok(axum::Json(project.jobs().await?))
}

/// Starts a job; its progress comes as `job` events.
#[utoipa::path(
    post, path = "/jobs", tag = "jobs", operation_id = "start_job",
    request_body = JobRequest,
    responses(
        (status = 202, description = "Started", body = JobView),
        Problem,
    )
)]
pub async fn start_job(
    State(project): State<Project>,
    Json(request): Json<JobRequest>,
) -> Result<(StatusCode, axum::Json<JobView>), Problem> {
    let job = match request.kind {
        JobKind::Import => project.start_import().await?,
        JobKind::Train => project.train_now().await?,
        JobKind::Propose => project.propose_for_all().await?,
    };
    Ok((StatusCode::ACCEPTED, axum::Json(job)))
}

/// Asks a job to stop; what it has finished stays.
#[utoipa::path(
    delete, path = "/jobs/{id}", tag = "jobs", operation_id = "cancel_job",
    params(("id" = u64, Path, description = "Number of the job")),
    responses(
        (status = 200, description = "The job after it", body = JobView),
        Problem,
    )
)]
pub async fn cancel_job(
    State(project): State<Project>,
    Path(id): Path<u64>,
) -> Result<axum::Json<JobView>, Problem> {
    Ok(axum::Json(project.cancel(id).await?))
}
