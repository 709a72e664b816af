//! The project as a whole: numbers of the home screen, settings, learning curve.

use crate::extract::Json;
use crate::problem::Problem;
use autolabel_workflow::view::{CurveView, ProjectView};
use autolabel_workflow::{Project, SettingsPatch};
use axum::extract::State;

/// The home screen's numbers.
#[utoipa::path(
    get, path = "/project", tag = "project", operation_id = "get_project",
    responses(
        (status = 200, description = "Settings, stage, counts and costs", body = ProjectView),
        Problem,
    )
)]
pub async fn get_project(
    State(project): State<Project>,
) -> Result<axum::Json<ProjectView>, Problem> {
    Ok(axum::Json(project.view().await?))
}

/// Changes settings; fields that are left out stay as they are.
#[utoipa::path(
    patch, path = "/project", tag = "project", operation_id = "change_settings",
    request_body = SettingsPatch,
    responses(
        (status = 200, description = "The project after the change", body = ProjectView),
        Problem,
    )
)]
pub async fn change_settings(
    State(project): State<Project>,
    Json(patch): Json<SettingsPatch>,
) -> Result<axum::Json<ProjectView>, Problem> {
    Ok(axum::Json(project.settings(patch).await?))
}

/// The learning curve and the stop advice.
#[utoipa::path(
    get, path = "/curve", tag = "project", operation_id = "get_curve",
    responses(
        (status = 200, description = "Points in order of training, and the advice", body = CurveView),
        Problem,
    )
)]
pub async fn get_curve(State(project): State<Project>) -> Result<axum::Json<CurveView>, Problem> {
    Ok(axum::Json(project.curve().await?))
}
