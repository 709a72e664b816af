//! Drawings over the interface: saved, named by an answer, read again.

use crate::fixture::{Fixture, draw_stripes, opened};
use autolabel_annotation::{BoundingBox, ClassId, DrawnShape, Geometry, Task};
use autolabel_workflow::view::{ProposalView, ProposedShape, ShapeProposal};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

async fn project(task: Task) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    draw_stripes(folder.path(), 8);
    opened(folder, task, vec!["cell".to_owned()]).await
}

async fn save(fixture: &Fixture, image: u64, drawing: Value) -> crate::fixture::Reply {
    let path = format!("/images/{image}/drawings");
    fixture.change(Method::POST, &path, drawing).await
}

fn boxes(x: f32) -> Value {
    let geometry = json!({"type": "box", "x": x, "y": 4.0, "width": 10.0, "height": 8.0});
    json!({"shapes": [{"class": 0, "geometry": geometry}]})
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_names_a_drawing_that_can_be_read_again() {
    let fixture = project(Task::Detection).await;
    let queue = fixture.view("/queue").await;
    let image = queue["items"][0]["image"]["id"].as_u64().unwrap();
    let kept = save(&fixture, image, boxes(-3.0)).await.accepted();
    // Clipped to the image.
    assert_eq!(kept["shapes"][0]["geometry"]["x"], 0.0);
    assert_eq!(kept["shapes"][0]["geometry"]["width"], 7.0);
    let again = save(&fixture, image, boxes(-3.0)).await.accepted();
    assert_eq!(again["id"], kept["id"], "sent twice is kept once");

    let answer = json!({
        "image": image,
        "answer": {"kind": "drawn", "drawing": kept["id"]},
        "seconds": 12.0,
        "idempotency_key": "a",
    });
    let reply = fixture.change(Method::POST, "/annotations", answer).await;
    reply.accepted();
    let view = fixture.view(&format!("/images/{image}")).await;
    assert_eq!(view["answer"]["drawing"], kept["id"]);
    let read = fixture.view(&format!("/drawings/{}", kept["id"])).await;
    assert_eq!(read, kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_proposed_before_a_network_has_learnt() {
    let fixture = project(Task::InstanceSegmentation).await;
    let view = fixture.view("/images/0/proposal").await;
    assert_eq!(view, json!({"proposal": null}));
    let reply = fixture.get("/api/v1/images/99/proposal").await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND, "{:?}", reply.body);
    let detail = reply.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("99"), "{detail}");
}

#[test]
fn a_proposal_is_written_as_the_web_app_reads_it() {
    let area = BoundingBox::new(1.0, 2.0, 3.0, 4.0).unwrap();
    let shape = DrawnShape {
        class: ClassId(1),
        geometry: Geometry::Box(area),
    };
    let proposal = ShapeProposal {
        shapes: vec![ProposedShape {
            shape,
            confidence: 0.5,
        }],
        quality: None,
        learnt_from: 20,
    };
    let view = ProposalView {
        proposal: Some(proposal),
    };
    let geometry = json!({"type": "box", "x": 1.0, "y": 2.0, "width": 3.0, "height": 4.0});
    let shapes = json!([{"class": 1, "geometry": geometry, "confidence": 0.5}]);
    assert_eq!(
        serde_json::to_value(view).unwrap(),
        json!({"proposal": {"shapes": shapes, "quality": null, "network": 20}})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_kept_is_refused_in_a_sentence() {
    let fixture = project(Task::SemanticSegmentation).await;
    let refused = |reply: crate::fixture::Reply, status: StatusCode, part: &str| {
        assert_eq!(reply.status, status, "{:?}", reply.body);
        let detail = reply.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(part), "{detail}");
    };
    let other_size = json!({"shapes": [
        {"class": 0, "geometry": {"type": "mask", "size": [3, 3], "counts": [9]}},
    ]});
    refused(
        save(&fixture, 0, other_size).await,
        StatusCode::UNPROCESSABLE_ENTITY,
        "shape 1 cannot be used: a mask of 3x3 pixels cannot be compared with one of 48x40",
    );
    let endless = json!({"shapes": [
        {"class": 0, "geometry": {"type": "mask", "size": [40, 48], "counts": "~~"}},
    ]});
    let reply = save(&fixture, 0, endless).await;
    assert!(reply.status.is_client_error(), "{:?}", reply.body);
    refused(
        save(&fixture, 99, json!({"shapes": []})).await,
        StatusCode::NOT_FOUND,
        "99",
    );
    refused(
        fixture.get("/api/v1/drawings/5").await,
        StatusCode::NOT_FOUND,
        "drawing",
    );
    // A megabyte is nothing for a drawing.
    let many: Vec<Value> = (0..20_000)
        .map(|_| json!({"class": 0, "geometry": {"type": "box", "x": 1.0, "y": 2.0, "width": 10.0, "height": 8.0}}))
        .collect();
    let kept = save(&fixture, 1, json!({"shapes": many})).await.accepted();
    assert_eq!(kept["shapes"].as_array().unwrap().len(), 1);
}
