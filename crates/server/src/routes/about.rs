//! The interface about itself: health, problem kinds, its own description.

use crate::problem::{ProblemKind, problem_kinds};
use axum::http::header;
use axum::response::IntoResponse;

/// Every kind of problem that an error response can name.
#[utoipa::path(
    get, path = "/problems", tag = "about", operation_id = "list_problems",
    responses((status = 200, description = "Kinds", body = Vec<ProblemKind>))
)]
pub async fn list_problems() -> axum::Json<Vec<ProblemKind>> {
    axum::Json(problem_kinds())
}

/// This interface in OpenAPI 3.1.
#[utoipa::path(
    get, path = "/openapi.json", tag = "about", operation_id = "get_openapi",
    responses((status = 200, description = "OpenAPI document", body = serde_json::Value))
)]
pub async fn get_openapi() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "application/json")],
        crate::openapi::openapi_json(),
    )
}

/// Answers `ok` as long as the server runs.
pub async fn health() -> &'static str {
    "ok\n"
}
