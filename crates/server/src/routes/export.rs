//! Downloads of the labels.

use crate::binary::Binary;
use crate::extract::Query;
use crate::problem::Problem;
use crate::streaming::streamed;
use autolabel_workflow::{ExportFormat, Project};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// Formats that labels are exported in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ExportFormat)]
pub enum Format {
    /// One line an image, comma-separated.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// One JSON object in the style of COCO.
    Coco,
    /// A folder for each class with its images, as a tar archive.
    Folders,
}

/// Query of an export.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// Format.
    pub format: Format,
}

/// The labels as a download: a file for `csv`, `jsonl` and `coco`, a tar archive for `folders`.
#[utoipa::path(
    get, path = "/export", tag = "release", operation_id = "export",
    params(ExportQuery),
    responses(
        (status = 200, description = "Attachment", content(
            (Binary = "application/x-tar"), (String = "text/csv"),
            (String = "application/x-ndjson"), (serde_json::Value = "application/json"),
        )),
        Problem,
    )
)]
pub async fn export(
    State(project): State<Project>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Problem> {
    let format = match query.format {
        Format::Csv => ExportFormat::Csv,
        Format::Jsonl => ExportFormat::Jsonl,
        Format::Coco => ExportFormat::Coco,
        Format::Folders => ExportFormat::Folders,
    };
    let body = streamed(move |out| async move {
        let _summary = project.write_export(format, out).await?;
        Ok::<(), autolabel_workflow::WorkflowError>(())
    })
    .await?;
    let headers = [
        (header::CONTENT_TYPE, format.media_type().to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}\"", format.file_name()),
        ),
    ];
    Ok((headers, body).into_response())
}
