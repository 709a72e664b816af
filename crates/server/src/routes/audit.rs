//! The audit: where it stands, and the auditor's answers.

use crate::extract::Json;
use crate::problem::Problem;
use autolabel_workflow::Project;
use autolabel_workflow::view::{AuditAnswerRequest, AuditView};
use axum::extract::State;

/// Where the audit stands and the image to check now.
#[utoipa::path(
    get, path = "/audit", tag = "release", operation_id = "get_audit",
    responses(
        (status = 200, description = "The audit", body = AuditView),
        Problem,
    )
)]
pub async fn get_audit(State(project): State<Project>) -> Result<axum::Json<AuditView>, Problem> {
    Ok(axum::Json(project.audit().await?))
}

/// Records the auditor's answer; it is on disk when the response is sent.
#[utoipa::path(
    post, path = "/audit/answers", tag = "release", operation_id = "audit_answer",
    request_body = AuditAnswerRequest,
    responses(
        (status = 200, description = "The audit after it", body = AuditView),
        Problem,
    )
)]
pub async fn audit_answer(
    State(project): State<Project>,
    Json(request): Json<AuditAnswerRequest>,
) -> Result<axum::Json<AuditView>, Problem> {
    Ok(axum::Json(project.audit_answer(request).await?))
}
