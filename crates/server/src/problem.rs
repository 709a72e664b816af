//! Errors as the outside sees them: `application/problem+json` of RFC 9457 with a stable `code`.

use autolabel_workflow::{FailureKind, WorkflowError};
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::openapi::{
    ContentBuilder, Ref, RefOr, Response as ResponseDescription, ResponseBuilder,
};
use utoipa::{IntoResponses, ToSchema};

/// Every way a request can fail. Codes are stable: clients may branch on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// The body, a query value or a path segment cannot be understood.
    InvalidRequest,
    /// The `Host` header names neither this machine nor the address it listens on.
    HostRefused,
    /// A page of another origin tried to change the project.
    OriginRefused,
    /// There is no such thing.
    NotFound,
    /// The path exists, but not for this method.
    MethodNotAllowed,
    /// The project is not in a state in which this can be done.
    Conflict,
    /// The body is larger than this route takes.
    TooLarge,
    /// The body is not `application/json`.
    UnsupportedMediaType,
    /// The values are well formed, but not acceptable.
    Unprocessable,
    /// The project was opened for reading only.
    ReadOnly,
    /// The disk has no room left.
    DiskFull,
    /// A fault of this program.
    Internal,
}

/// Every code, in the order of the table that `/api/v1/problems` shows.
const ALL_CODES: [ProblemCode; 12] = [
    ProblemCode::InvalidRequest,
    ProblemCode::HostRefused,
    ProblemCode::OriginRefused,
    ProblemCode::NotFound,
    ProblemCode::MethodNotAllowed,
    ProblemCode::Conflict,
    ProblemCode::TooLarge,
    ProblemCode::UnsupportedMediaType,
    ProblemCode::Unprocessable,
    ProblemCode::ReadOnly,
    ProblemCode::DiskFull,
    ProblemCode::Internal,
];

impl ProblemCode {
    /// The code as it is written in JSON, its HTTP status, and a title that is always the same.
    fn row(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::InvalidRequest => (
                "invalid_request",
                StatusCode::BAD_REQUEST,
                "The request cannot be understood",
            ),
            Self::HostRefused => (
                "host_refused",
                StatusCode::FORBIDDEN,
                "The Host header is not an address of this server",
            ),
            Self::OriginRefused => (
                "origin_refused",
                StatusCode::FORBIDDEN,
                "Only pages of this server may change the project",
            ),
            Self::NotFound => ("not_found", StatusCode::NOT_FOUND, "There is no such thing"),
            Self::MethodNotAllowed => (
                "method_not_allowed",
                StatusCode::METHOD_NOT_ALLOWED,
                "This path does not take this method",
            ),
            Self::Conflict => (
                "conflict",
                StatusCode::CONFLICT,
                "The project is not in a state in which this can be done",
            ),
            Self::TooLarge => (
                "too_large",
                StatusCode::PAYLOAD_TOO_LARGE,
                "The body is too large",
            ),
            Self::UnsupportedMediaType => (
                "unsupported_media_type",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The body must be application/json",
            ),
            Self::Unprocessable => (
                "unprocessable",
                StatusCode::UNPROCESSABLE_ENTITY,
                "The values are not acceptable",
            ),
            Self::ReadOnly => (
                "read_only",
                StatusCode::CONFLICT,
                "The project is open for reading only",
            ),
            Self::DiskFull => (
                "disk_full",
                StatusCode::INSUFFICIENT_STORAGE,
                "The disk has no room left",
            ),
            Self::Internal => (
                "internal",
                StatusCode::INTERNAL_SERVER_ERROR,
                "A fault of this program",
            ),
        }
    }
}

/// The body of every error response.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// Where the kind of problem is explained; relative to this server.
    #[serde(rename = "type")]
    pub kind: String,
    /// Short title of the kind.
    pub title: &'static str,
    /// HTTP status, repeated.
    pub status: u16,
    /// One sentence about this occurrence: what is wrong and what to do.
    pub detail: String,
    /// Stable name of the kind.
    pub code: ProblemCode,
}

/// One row of the table of problems.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProblemKind {
    /// Stable name.
    pub code: ProblemCode,
    /// HTTP status.
    pub status: u16,
    /// Short title.
    pub title: &'static str,
}

impl Problem {
    /// A problem of this kind with a sentence about the occurrence.
    #[must_use]
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        let (name, status, title) = code.row();
        Self {
            kind: format!("/api/v1/problems#{name}"),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            code,
        }
    }
}

/// Every kind of problem, in a fixed order.
#[must_use]
pub fn problem_kinds() -> Vec<ProblemKind> {
    ALL_CODES
        .iter()
        .map(|&code| {
            let (_, status, title) = code.row();
            ProblemKind {
                code,
                status: status.as_u16(),
                title,
            }
        })
        .collect()
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.code.row().1, axum::Json(self)).into_response();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        response
    }
}

/// What went wrong inside, in the words of the workflow. A fault of the program is also logged,
/// because the person who can mend it reads the log.
impl From<WorkflowError> for Problem {
    fn from(error: WorkflowError) -> Self {
        let code = match error.kind() {
            FailureKind::NotFound => ProblemCode::NotFound,
            FailureKind::Conflict => ProblemCode::Conflict,
            FailureKind::Unacceptable => ProblemCode::Unprocessable,
            FailureKind::ReadOnly => ProblemCode::ReadOnly,
            FailureKind::DiskFull => ProblemCode::DiskFull,
            FailureKind::Internal => ProblemCode::Internal,
        };
        if code == ProblemCode::Internal {
            tracing::error!("a request failed: {error}");
        }
        Self::new(code, error.to_string())
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let code = match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => ProblemCode::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => ProblemCode::UnsupportedMediaType,
            _ => ProblemCode::InvalidRequest,
        };
        Self::new(code, rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(ProblemCode::InvalidRequest, rejection.body_text())
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        Self::new(ProblemCode::NotFound, rejection.body_text())
    }
}

/// Every route can fail, and always with this body.
impl IntoResponses for Problem {
    fn responses() -> BTreeMap<String, RefOr<ResponseDescription>> {
        let body = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
        let response = ResponseBuilder::new()
            .description("What is wrong and what to do")
            .content("application/problem+json", body.build());
        BTreeMap::from([("default".to_owned(), response.build().into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_written_in_json_as_in_the_type() {
        for code in ALL_CODES {
            let problem = serde_json::to_value(Problem::new(code, "why")).unwrap();
            let name = problem["code"].as_str().unwrap();
            assert_eq!(problem["type"], format!("/api/v1/problems#{name}"));
            assert_eq!(problem["status"], code.row().1.as_u16());
        }
    }
}
