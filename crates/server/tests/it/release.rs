//! From the first label to the certificate and the exports.

use crate::fixture::{Fixture, class_of, project_of, request};
use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};

/// Labels until the program can auto-label, and audits until the target is certified.
async fn certified(count: u32) -> Fixture {
    let fixture = project_of(count).await;
    let patch = json!({"target_error": 0.2, "budget_share": 0.5});
    fixture
        .change(Method::PATCH, "/project", patch)
        .await
        .accepted();
    for _ in 0..count / 3 {
        fixture.label_next().await;
    }
    let train = json!({"kind": "train"});
    fixture.project.idle().await;
    fixture.change(Method::POST, "/jobs", train).await;
    fixture.project.idle().await;
    let apply = request(Method::POST, "/api/v1/auto-label", None);
    let applied = fixture.send(apply).await.accepted();
    assert_eq!(applied["applied"], true);
    for check in 0..count {
        let audit = fixture.view("/audit").await;
        if audit["verdict"] != "running" {
            break;
        }
        let image = audit["next"]["image"]["id"].as_u64().unwrap();
        let answer = json!({
            "image": image,
            "answer": {"kind": "class", "class": class_of(image)},
            "seconds": 1.0,
            "idempotency_key": format!("check-{check}"),
        });
        fixture
            .change(Method::POST, "/audit/answers", answer)
            .await
            .accepted();
    }
    fixture
}

#[tokio::test(flavor = "multi_thread")]
async fn the_loop_ends_with_a_certificate_and_exports() {
    let fixture = certified(90).await;
    assert_eq!(fixture.view("/audit").await["verdict"], "certified");
    assert_eq!(fixture.view("/project").await["stage"], "certified");
    let models = fixture.view("/models").await;
    let version = models[0]["version"].clone();
    assert_eq!(fixture.view(&format!("/models/{version}")).await, models[0]);
    assert!(
        !fixture.view("/curve").await["points"]
            .as_array()
            .unwrap()
            .is_empty()
    );

    let signed = fixture.view("/certificate").await;
    let verified = autolabel_workflow::verify_certificate(&signed.to_string(), None).unwrap();
    assert_eq!(verified.certificate.counts.images, 90);
    certificate_page_allows_only_its_own_style(&fixture).await;
    exports_hold_every_image(&fixture).await;
}

async fn certificate_page_allows_only_its_own_style(fixture: &Fixture) {
    let page = fixture.get("/api/v1/certificate.html").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(
        page.header(header::CONTENT_TYPE),
        "text/html; charset=utf-8"
    );
    let policy = page.header(header::CONTENT_SECURITY_POLICY);
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    let text = std::str::from_utf8(&page.body).unwrap();
    assert!(!text.contains("<script"));
    assert!(
        !text.contains(" style="),
        "a style attribute would be blocked"
    );
}

async fn exports_hold_every_image(fixture: &Fixture) {
    let export = async |format: &str| {
        let reply = fixture
            .get(&format!("/api/v1/export?format={format}"))
            .await;
        assert_eq!(reply.status, StatusCode::OK, "{format}");
        let disposition = reply.header(header::CONTENT_DISPOSITION);
        assert!(
            disposition.starts_with("attachment; filename="),
            "{disposition}"
        );
        reply
    };
    let csv = export("csv").await;
    assert_eq!(
        csv.body.split(|b| *b == b'\n').count(),
        90 + 2,
        "header and last line feed"
    );
    let jsonl = export("jsonl").await;
    let lines = std::str::from_utf8(&jsonl.body).unwrap().lines();
    let parsed: Vec<Value> = lines.map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(parsed.len(), 90);
    let coco = export("coco").await.json();
    assert_eq!(coco["images"].as_array().unwrap().len(), 90);
    let folders = export("folders").await;
    assert_eq!(folders.header(header::CONTENT_TYPE), "application/x-tar");
    assert!(folders.body.len() > 90 * 512);
    let unknown = fixture.get("/api/v1/export?format=voc").await;
    assert_eq!(unknown.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_of_auto_labels_changes_nothing() {
    let fixture = project_of(60).await;
    for _ in 0..20 {
        fixture.label_next().await;
    }
    fixture.project.idle().await;
    let train = json!({"kind": "train"});
    fixture.change(Method::POST, "/jobs", train).await;
    fixture.project.idle().await;
    let preview = fixture.view("/auto-label").await;
    assert_eq!(preview["applied"], false);
    assert_eq!(fixture.view("/project").await["counts"]["auto_labeled"], 0);
}
