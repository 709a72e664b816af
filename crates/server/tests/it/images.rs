//! Lists, pixels and previews.

use crate::fixture::{project_of, request};
use axum::http::{Method, StatusCode, header};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_and_paged() {
    let fixture = project_of(12).await;
    fixture.label(3, "k").await;
    let flag = json!({"on": true});
    fixture
        .change(Method::PUT, "/images/5/flag", flag)
        .await
        .accepted();
    let ids = async |query: &str| -> Vec<u64> {
        let page = fixture.view(&format!("/images?{query}")).await;
        let images = page["images"].as_array().unwrap();
        images.iter().map(|i| i["id"].as_u64().unwrap()).collect()
    };
    assert_eq!(ids("state=labeled").await, [3]);
    assert_eq!(ids("flagged=true").await, [5]);
    assert_eq!(ids("text=0007").await, [7]);
    assert_eq!(ids("offset=10&limit=5").await, [10, 11]);
    assert_eq!(ids("limit=2").await, [0, 1]);
    assert_eq!(fixture.view("/images?limit=2").await["total"], 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plane_is_sent_once_and_then_known() {
    let fixture = project_of(2).await;
    let path = "/api/v1/images/1/plane";
    let first = fixture.get(path).await;
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(
        first.header(header::CONTENT_TYPE),
        "application/octet-stream"
    );
    assert_eq!(&first.body[..4], b"ALP1");
    assert_eq!(first.body[4..8], 48_u32.to_le_bytes());
    assert_eq!(first.body[8..12], 40_u32.to_le_bytes());
    assert_eq!(first.body.len(), 24 + 48 * 40);

    let mut again = request(Method::GET, path, None);
    let tag = first.headers[header::ETAG].clone();
    again.headers_mut().insert(header::IF_NONE_MATCH, tag);
    let again = fixture.send(again).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    assert!(again.body.is_empty());
    assert_eq!(again.header(header::CACHE_CONTROL), "private, no-cache");

    let other = fixture.get("/api/v1/images/0/plane").await;
    assert_ne!(other.headers[header::ETAG], first.headers[header::ETAG]);
}

#[tokio::test(flavor = "multi_thread")]
async fn previews_are_jpeg_of_the_size_asked_for() {
    let fixture = project_of(1).await;
    let preview = fixture.get("/api/v1/images/0/preview?side=32").await;
    assert_eq!(preview.header(header::CONTENT_TYPE), "image/jpeg");
    let picture = image::load_from_memory(&preview.body).unwrap();
    assert_eq!(picture.width().max(picture.height()), 32);
    let usual = fixture.get("/api/v1/images/0/preview").await;
    assert_ne!(usual.headers[header::ETAG], preview.headers[header::ETAG]);
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_files_are_listed_with_a_reason() {
    let fixture = project_of(2).await;
    std::fs::write(fixture.folder.path().join("notes.png"), "no picture").unwrap();
    fixture.project.start_import().await.unwrap();
    fixture.project.idle().await;
    let refused = fixture.view("/refused").await;
    assert_eq!(refused[0]["file"], "notes.png");
    assert!(!refused[0]["reason"].as_str().unwrap().is_empty());
    assert_eq!(fixture.view("/project").await["counts"]["refused"], 1);
}
