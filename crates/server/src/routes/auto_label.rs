//! Auto-labeling: what it would do, and doing it.

use crate::problem::Problem;
use autolabel_workflow::Project;
use autolabel_workflow::view::AutoLabelView;
use axum::extract::State;

/// What auto-labeling would do now; changes nothing.
#[utoipa::path(
    get, path = "/auto-label", tag = "release", operation_id = "preview_auto_label",
    responses(
        (status = 200, description = "Preview", body = AutoLabelView),
        Problem,
    )
)]
pub async fn preview_auto_label(
    State(project): State<Project>,
) -> Result<axum::Json<AutoLabelView>, Problem> {
    Ok(axum::Json(project.auto_label_preview().await?))
}

/// Labels the images that pass the threshold and returns the others to people; starts an audit.
#[utoipa::path(
    post, path = "/auto-label", tag = "release", operation_id = "auto_label",
    responses(
        (status = 200, description = "What was done", body = AutoLabelView),
        Problem,
    )
)]
pub async fn auto_label(
    State(project): State<Project>,
) -> Result<axum::Json<AutoLabelView>, Problem> {
    Ok(axum::Json(project.auto_label().await?))
}
