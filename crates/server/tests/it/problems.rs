//! Every failure is a problem with a stable code.

use crate::fixture::{Fixture, HOST, Reply, project_of, request};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::json;

fn assert_problem(reply: &Reply, status: StatusCode, code: &str) {
    assert_eq!(reply.status, status, "{:?}", reply.body);
    assert_eq!(
        reply.header(header::CONTENT_TYPE),
        "application/problem+json"
    );
    let problem = reply.json();
    assert_eq!(problem["code"], code);
    assert_eq!(problem["status"], status.as_u16());
    assert_eq!(problem["type"], format!("/api/v1/problems#{code}"));
    for field in ["title", "detail"] {
        assert!(!problem[field].as_str().unwrap().is_empty(), "{field}");
    }
}

async fn posted(fixture: &Fixture, content_type: &str, body: Vec<u8>) -> Reply {
    let request = Request::post("/api/v1/annotations")
        .header(header::HOST, HOST)
        .header(header::CONTENT_TYPE, content_type)
        .body(Body::from(body))
        .unwrap();
    fixture.send(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_cannot_be_understood() {
    let fixture = project_of(2).await;
    let f = &fixture;
    assert_problem(
        &posted(f, "application/json", b"{\"image\":".to_vec()).await,
        StatusCode::BAD_REQUEST,
        "invalid_request",
    );
    assert_problem(
        &posted(f, "application/json", b"{}".to_vec()).await,
        StatusCode::BAD_REQUEST,
        "invalid_request",
    );
    assert_problem(
        &posted(f, "text/plain", b"{}".to_vec()).await,
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
    );
    assert_problem(
        &posted(f, "application/json", vec![b' '; 2 << 20]).await,
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
    );
    assert_problem(
        &f.get("/api/v1/images?state=lost").await,
        StatusCode::BAD_REQUEST,
        "invalid_request",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn things_that_are_not_there() {
    let fixture = project_of(2).await;
    for path in [
        "/api/v1/images/99",
        "/api/v1/images/99/plane",
        "/api/v1/images/99/preview",
        "/api/v1/images/first",
        "/api/v1/models/7",
        "/api/v1/certificate",
        "/api/v1/certificate.html",
        "/api/v1/nothing",
        "/api/v2/project",
        "/api",
    ] {
        assert_problem(&fixture.get(path).await, StatusCode::NOT_FOUND, "not_found");
    }
    assert_problem(
        &fixture
            .send(request(Method::DELETE, "/api/v1/jobs/99", None))
            .await,
        StatusCode::NOT_FOUND,
        "not_found",
    );
    assert_problem(
        &fixture
            .send(request(Method::DELETE, "/api/v1/project", None))
            .await,
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn values_and_states_that_do_not_fit() {
    let fixture = project_of(2).await;
    let patch = json!({"target_error": 1.5});
    assert_problem(
        &fixture.change(Method::PATCH, "/project", patch).await,
        StatusCode::UNPROCESSABLE_ENTITY,
        "unprocessable",
    );
    assert_problem(
        &fixture
            .send(request(Method::POST, "/api/v1/auto-label", None))
            .await,
        StatusCode::CONFLICT,
        "conflict",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_problem_is_listed() {
    let fixture = project_of(0).await;
    let kinds = fixture.view("/problems").await;
    let codes: Vec<&str> = kinds
        .as_array()
        .unwrap()
        .iter()
        .map(|kind| kind["code"].as_str().unwrap())
        .collect();
    let schema = &fixture.view("/openapi.json").await["components"]["schemas"]["ProblemCode"];
    let described = schema["oneOf"]
        .as_array()
        .map_or_else(|| schema["enum"].as_array().unwrap().len(), Vec::len);
    assert_eq!(codes.len(), described, "{codes:?}");
}
