//! The queue, the answers and taking them back.

use crate::fixture::{project_of, request};
use axum::http::Method;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_names_as_many_images_as_asked_and_hides_predictions() {
    let fixture = project_of(12).await;
    let queue = fixture.view("/queue").await;
    assert_eq!(queue["items"].as_array().unwrap().len(), 4);
    let queue = fixture.view("/queue?count=2").await;
    assert_eq!(queue["items"].as_array().unwrap().len(), 2);
    for item in queue["items"].as_array().unwrap() {
        assert!(item["image"]["prediction"].is_null());
        assert!(!item["reason"]["text"].as_str().unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_twice_is_one_answer() {
    let fixture = project_of(12).await;
    let first = fixture.view("/queue").await["items"][0]["image"]["id"]
        .as_u64()
        .unwrap();
    let receipt = fixture.label(first, "once").await;
    let again = fixture.label(first, "once").await;
    assert_eq!(receipt["sequence"], again["sequence"]);
    assert_eq!(fixture.view("/project").await["counts"]["labeled"], 1);
    assert_ne!(receipt["queue"]["items"][0]["image"]["id"], first);
}

#[tokio::test(flavor = "multi_thread")]
async fn undo_goes_back_over_several_answers() {
    let fixture = project_of(12).await;
    let first = fixture.label_next().await;
    let second = fixture.label_next().await;
    for expected in [second, first] {
        let undo = request(Method::POST, "/api/v1/annotations/undo", None);
        let queue = fixture.send(undo).await.accepted();
        assert_eq!(queue["items"][0]["image"]["id"], expected);
    }
    assert_eq!(fixture.view("/project").await["counts"]["labeled"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_cannot_be_read_leaves_the_pool() {
    let fixture = project_of(4).await;
    let answer = json!({
        "image": 1, "answer": {"kind": "unreadable"}, "seconds": 1.0, "idempotency_key": "k",
    });
    fixture
        .change(Method::POST, "/annotations", answer)
        .await
        .accepted();
    assert_eq!(fixture.view("/images/1").await["state"], "unreadable");
    let page = fixture.view("/images?state=unlabeled").await;
    assert_eq!(page["total"], 3);
}
