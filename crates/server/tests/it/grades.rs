//! A project of grades over the interface, from its settings to the certificate.

use crate::fixture::{Fixture, opened, request};
use autolabel_annotation::Task;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use std::path::Path;

const IMAGES: u32 = 90;

/// Discs of three sizes on a noisy ground; the grade is the number modulo 3.
fn draw_discs(folder: &Path) {
    for number in 0..IMAGES {
        let radius = [3.0_f64, 8.0, 15.0][number as usize % 3];
        let (left, top) = (
            24.0 + f64::from(number % 5) - 2.0,
            20.0 + f64::from(number % 4) - 2.0,
        );
        let picture = image::GrayImage::from_fn(48, 40, |x, y| {
            let distance = (f64::from(x) - left).hypot(f64::from(y) - top);
            let noise = (x * 31 + y * 17 + number * 7) % 23;
            image::Luma([if distance < radius { 190 } else { 40 } + noise as u8])
        });
        picture
            .save(folder.join(format!("{number:04}.png")))
            .unwrap();
    }
}

fn answer(image: u64, key: &str) -> Value {
    json!({
        "image": image,
        "answer": {"kind": "class", "class": image % 3},
        "seconds": 1.0,
        "idempotency_key": key,
    })
}

async fn certified(fixture: &Fixture) {
    for _ in 0..IMAGES / 3 {
        let queue = fixture.view("/queue").await;
        let image = queue["items"][0]["image"]["id"].as_u64().unwrap();
        let body = answer(image, &format!("label-{image}"));
        fixture
            .change(Method::POST, "/annotations", body)
            .await
            .accepted();
    }
    fixture.project.idle().await;
    fixture
        .change(Method::POST, "/jobs", json!({"kind": "train"}))
        .await;
    fixture.project.idle().await;
    let apply = request(Method::POST, "/api/v1/auto-label", None);
    fixture.send(apply).await.accepted();
    for check in 0..IMAGES {
        let audit = fixture.view("/audit").await;
        if audit["verdict"] != "running" {
            break;
        }
        let image = audit["next"]["image"]["id"].as_u64().unwrap();
        let body = answer(image, &format!("check-{check}"));
        fixture
            .change(Method::POST, "/audit/answers", body)
            .await
            .accepted();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn grades_go_from_the_settings_to_the_certificate() {
    let folder = tempfile::tempdir().unwrap();
    draw_discs(folder.path());
    let fixture = opened(folder, Task::Classification, Vec::new()).await;
    let classes: Vec<Value> = [
        ("low", "#5b6fc9"),
        ("middle", "#3fb99b"),
        ("high", "#fbe74a"),
    ]
    .iter()
    .map(|(name, color)| json!({"name": name, "color": color}))
    .collect();
    let schema = json!({"task": "grades", "classes": classes});
    let patch = json!({"schema": schema, "target_error": 0.2, "budget_share": 0.5});
    let view = fixture
        .change(Method::PATCH, "/project", patch)
        .await
        .accepted();
    assert_eq!(view["settings"]["schema"]["task"], "grades");
    let queue = fixture.view("/queue").await;
    let image = queue["items"][0]["image"]["id"].as_u64().unwrap();
    let findings = json!({
        "image": image,
        "answer": {"kind": "findings", "present": [0]},
        "seconds": 1.0,
        "idempotency_key": "wrong kind",
    });
    let refused = fixture.change(Method::POST, "/annotations", findings).await;
    assert!(refused.status.is_client_error(), "{}", refused.status);

    certified(&fixture).await;
    let audit = fixture.view("/audit").await;
    assert_eq!(audit["verdict"], "certified", "{audit}");
    assert!(audit["grades"]["within_one_share"]["low"].as_f64().unwrap() > 0.5);
    let signed = fixture.view("/certificate").await;
    let verified = autolabel_workflow::verify_certificate(&signed.to_string(), None).unwrap();
    let grades = verified.certificate.grades.unwrap();
    assert!(grades.quadratic_kappa.unwrap().value > 0.8);
    let folders = fixture.get("/api/v1/export?format=folders").await;
    assert_eq!(folders.status, StatusCode::OK);
}
