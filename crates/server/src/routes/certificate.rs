//! The signed certificate, for programs and for paper.

use crate::guard::certificate_policy;
use crate::problem::{Problem, ProblemCode};
use autolabel_workflow::{Project, SignedCertificate};
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};

/// The certificate of the last certified audit, with its signature.
#[utoipa::path(
    get, path = "/certificate", tag = "release", operation_id = "get_certificate",
    responses(
        (status = 200, description = "Certificate", body = SignedCertificate),
        Problem,
    )
)]
pub async fn get_certificate(
    State(project): State<Project>,
) -> Result<axum::Json<SignedCertificate>, Problem> {
    let certificate = project.certificate().await?.ok_or_else(no_certificate)?;
    Ok(axum::Json(certificate))
}

/// The certificate as a page to print.
#[utoipa::path(
    get, path = "/certificate.html", tag = "release", operation_id = "get_certificate_page",
    responses(
        (status = 200, description = "Page", body = String, content_type = "text/html"),
        Problem,
    )
)]
pub async fn get_certificate_page(State(project): State<Project>) -> Result<Response, Problem> {
    let page = project
        .certificate_html()
        .await?
        .ok_or_else(no_certificate)?;
    let policy = certificate_policy(&page);
    Ok(([(header::CONTENT_SECURITY_POLICY, policy)], Html(page)).into_response())
}

fn no_certificate() -> Problem {
    Problem::new(
        ProblemCode::NotFound,
        "there is no certificate yet; auto-label the rest and finish the audit first",
    )
}
