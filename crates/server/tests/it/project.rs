//! The project as a whole, and its jobs.

use crate::fixture::{project_of, request};
use axum::http::{Method, StatusCode, header};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_changed_in_part() {
    let fixture = project_of(4).await;
    let before = fixture.view("/project").await;
    assert_eq!(before["counts"]["images"], 4);
    let patch = json!({"name": "Stripes", "target_error": 0.02});
    let after = fixture
        .change(Method::PATCH, "/project", patch)
        .await
        .accepted();
    assert_eq!(after["settings"]["name"], "Stripes");
    assert_eq!(after["settings"]["target_error"], 0.02);
    assert_eq!(after["settings"]["schema"], before["settings"]["schema"]);
    assert_eq!(fixture.view("/project").await, after);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_started_and_listed() {
    let fixture = project_of(2).await;
    let job = json!({"kind": "import"});
    let started = fixture.change(Method::POST, "/jobs", job).await;
    assert_eq!(started.status, StatusCode::ACCEPTED);
    let id = started.json()["id"].clone();
    fixture.project.idle().await;
    let jobs = fixture.view("/jobs").await;
    let mut jobs = jobs.as_array().unwrap().iter();
    let job = jobs.find(|job| job["id"] == id).unwrap();
    assert_eq!(job["kind"], "import");
    assert_eq!(job["state"], "done");
    let path = format!("/api/v1/jobs/{id}");
    let cancelled = fixture.send(request(Method::DELETE, &path, None)).await;
    assert_eq!(
        cancelled.accepted()["state"],
        "done",
        "what is done stays done"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_compression() {
    let fixture = project_of(40).await;
    let health = fixture.get("/healthz").await;
    assert_eq!(
        (health.status, &health.body[..]),
        (StatusCode::OK, &b"ok\n"[..])
    );

    let zipped = |path: &'static str| {
        let mut request = request(Method::GET, path, None);
        let encoding = "gzip".parse().unwrap();
        request
            .headers_mut()
            .insert(header::ACCEPT_ENCODING, encoding);
        fixture.send(request)
    };
    let list = zipped("/api/v1/images").await;
    assert_eq!(list.header(header::CONTENT_ENCODING), "gzip");
    let plane = zipped("/api/v1/images/0/plane").await;
    assert_eq!(
        plane.header(header::CONTENT_ENCODING),
        "",
        "pixels hardly shrink"
    );
}
