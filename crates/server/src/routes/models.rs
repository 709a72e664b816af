//! The versions of the model.

use crate::extract::Path;
use crate::problem::Problem;
use autolabel_workflow::Project;
use autolabel_workflow::view::ModelView;
use axum::extract::State;

/// All versions, oldest first.
#[utoipa::path(
    get, path = "/models", tag = "models", operation_id = "list_models",
    responses(
        (status = 200, description = "Versions with their measures", body = Vec<ModelView>),
        Problem,
    )
)]
pub async fn list_models(
    State(project): State<Project>,
) -> Result<axum::Json<Vec<ModelView>>, Problem> {
    Ok(axum::Json(project.models().await?))
}

/// One version.
#[utoipa::path(
    get, path = "/models/{version}", tag = "models", operation_id = "get_model",
    params(("version" = u32, Path, description = "Version, counting from 1")),
    responses(
        (status = 200, description = "The version", body = ModelView),
        Problem,
    )
)]
pub async fn get_model(
    State(project): State<Project>,
    Path(version): Path<u32>,
) -> Result<axum::Json<ModelView>, Problem> {
    Ok(axum::Json(project.model(version).await?))
}
