//! What keeps other pages away.

use crate::fixture::{HOST, project_of, request};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::json;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' blob: data:; connect-src 'self'; font-src 'self'; form-action 'none'; \
    frame-ancestors 'none'; base-uri 'none'";

#[tokio::test(flavor = "multi_thread")]
async fn every_response_carries_the_security_headers() {
    let fixture = project_of(2).await;
    for path in [
        "/",
        "/api/v1/project",
        "/api/v1/images/0/plane",
        "/api/v1/nothing",
        "/no.js",
    ] {
        let reply = fixture.get(path).await;
        assert_eq!(
            reply.header(header::CONTENT_SECURITY_POLICY),
            POLICY,
            "{path}"
        );
        assert_eq!(
            reply.header(header::X_CONTENT_TYPE_OPTIONS),
            "nosniff",
            "{path}"
        );
        assert_eq!(
            reply.header(header::REFERRER_POLICY),
            "no-referrer",
            "{path}"
        );
        assert_eq!(
            reply.header("cross-origin-resource-policy"),
            "same-origin",
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_host_is_refused_everywhere() {
    let fixture = project_of(2).await;
    for path in ["/", "/healthz", "/api/v1/project", "/api/v1/events"] {
        let mut foreign = request(Method::GET, path, None);
        foreign
            .headers_mut()
            .insert(header::HOST, "rebound.example:8080".parse().unwrap());
        let reply = fixture.send(foreign).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(reply.json()["code"], "host_refused");
        assert_eq!(reply.header(header::CONTENT_SECURITY_POLICY), POLICY);
    }
    let without_host = Request::get("/healthz").body(Body::empty()).unwrap();
    assert_eq!(
        fixture.send(without_host).await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_page_can_change_nothing() {
    let fixture = project_of(2).await;
    let mut foreign = request(
        Method::PUT,
        "/api/v1/images/0/flag",
        Some(json!({"on": true})),
    );
    let origin = "http://evil.example".parse().unwrap();
    foreign.headers_mut().insert(header::ORIGIN, origin);
    let reply = fixture.send(foreign).await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    assert_eq!(reply.json()["code"], "origin_refused");

    // A form or a beacon sends no JSON, and no origin in some browsers.
    let form = Request::post("/api/v1/annotations/undo")
        .header(header::HOST, HOST)
        .header("sec-fetch-site", "cross-site")
        .body(Body::empty())
        .unwrap();
    assert_eq!(fixture.send(form).await.status, StatusCode::FORBIDDEN);
    assert_eq!(fixture.view("/project").await["counts"]["flagged"], 0);

    let own = fixture
        .change(Method::PUT, "/images/0/flag", json!({"on": true}))
        .await;
    assert_eq!(own.accepted()["flagged"], true);
}
