//! Heat maps: what they hold, and when they are kept back.

use crate::fixture::{Fixture, Reply, project_of};
use axum::http::StatusCode;

async fn localization(fixture: &Fixture, image: u64, query: &str) -> Reply {
    let path = format!("/api/v1/images/{image}/localization{query}");
    fixture.get(&path).await
}

#[track_caller]
fn assert_refused(reply: &Reply, status: StatusCode, part: &str) {
    assert_eq!(reply.status, status, "{:?}", reply.body);
    let detail = reply.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains(part), "{detail}");
}

/// Labels every image of the first batch and waits for the model; gives back the images.
async fn first_batch(fixture: &Fixture) -> Vec<u64> {
    let size = fixture.view("/project").await["batch_size"]
        .as_u64()
        .unwrap();
    let mut labeled = Vec::new();
    for _ in 0..size {
        labeled.push(fixture.label_next().await);
    }
    fixture.project.idle().await;
    assert!(fixture.view("/project").await["round"].as_u64().unwrap() > 0);
    labeled
}

#[tokio::test(flavor = "multi_thread")]
async fn a_labeled_image_has_heat_and_a_box_within_it() {
    let fixture = project_of(40).await;
    let labeled = first_batch(&fixture).await;
    let view = localization(&fixture, labeled[0], "").await.accepted();
    assert_eq!(view["class"], labeled[0] % 2);
    let count = |name: &str| view[name].as_u64().unwrap();
    // 48 x 40 pixels.
    assert_eq!((count("columns"), count("rows")), (64, 53));
    let values = view["values"].as_array().unwrap();
    assert_eq!(values.len(), 64 * 53);
    assert!(
        values
            .iter()
            .all(|v| (0.0..=1.0).contains(&v.as_f64().unwrap()))
    );
    let proposal = &view["proposal"];
    assert!(proposal.is_object(), "{}", view["text"]);
    let edge = |name: &str| proposal[name].as_f64().unwrap();
    assert!(edge("left_px") >= 0.0 && edge("left_px") + edge("width_px") <= 48.0 + 1e-6);
    assert!(edge("top_px") >= 0.0 && edge("top_px") + edge("height_px") <= 40.0 + 1e-6);
    assert!(
        view["text"]
            .as_str()
            .unwrap()
            .starts_with("Bright is what speaks for ")
    );

    let other = 1 - labeled[0] % 2;
    let asked = localization(&fixture, labeled[0], &format!("?class={other}")).await;
    assert_eq!(asked.accepted()["class"], other);
}

#[tokio::test(flavor = "multi_thread")]
async fn heat_is_kept_back_while_an_expert_is_asked() {
    let fixture = project_of(40).await;
    let labeled = first_batch(&fixture).await;
    let queue = fixture.view("/queue").await;
    let asked = queue["items"][0]["image"]["id"].as_u64().unwrap();
    assert!(!labeled.contains(&asked));
    let reply = localization(&fixture, asked, "").await;
    assert_refused(
        &reply,
        StatusCode::CONFLICT,
        "kept back until you have answered",
    );
    let reply = localization(&fixture, asked, "?class=0").await;
    assert_refused(
        &reply,
        StatusCode::CONFLICT,
        "kept back until you have answered",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_shown_says_why() {
    let fixture = project_of(40).await;
    let queue = fixture.view("/queue?count=40").await;
    let asked: Vec<u64> = queue["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["image"]["id"].as_u64().unwrap())
        .collect();
    let free = (0..40).find(|image| !asked.contains(image)).unwrap();
    let reply = localization(&fixture, free, "").await;
    assert_refused(&reply, StatusCode::CONFLICT, "There is no model yet");

    let labeled = first_batch(&fixture).await;
    let reply = localization(&fixture, labeled[0], "?class=7").await;
    assert_refused(&reply, StatusCode::NOT_FOUND, "class number 7");
    let reply = localization(&fixture, 400, "").await;
    assert_refused(&reply, StatusCode::NOT_FOUND, "image number 400");
    let file = format!("{:04}.png", labeled[0]);
    std::fs::remove_file(fixture.folder.path().join(file)).unwrap();
    let reply = localization(&fixture, labeled[0], "").await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND, "{:?}", reply.body);
}
