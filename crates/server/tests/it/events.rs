//! The stream of events.

use crate::fixture::{Fixture, project_of, request};
use axum::body::BodyDataStream;
use axum::http::{Method, header};
use futures::StreamExt;
use tower::ServiceExt;

/// An open event stream.
struct Events {
    stream: BodyDataStream,
    text: String,
}

impl Events {
    async fn open(fixture: &Fixture) -> Self {
        let request = request(Method::GET, "/api/v1/events", None);
        let response = fixture.app.clone().oneshot(request).await.unwrap();
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "text/event-stream"
        );
        Self {
            stream: response.into_body().into_data_stream(),
            text: String::new(),
        }
    }

    /// The next event: its name and its data. `None` when the stream has ended.
    async fn next(&mut self) -> Option<(String, serde_json::Value)> {
        while !self.text.contains("\n\n") {
            let bytes = self.stream.next().await?.unwrap();
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
        let (event, rest) = self.text.split_once("\n\n").unwrap();
        let field = |name: &str| {
            let mut lines = event.lines();
            let line = lines.find_map(|l| l.strip_prefix(name));
            line.unwrap_or_else(|| panic!("no {name} in {event}"))
                .trim()
                .to_owned()
        };
        let parsed = (
            field("event:"),
            serde_json::from_str(&field("data:")).unwrap(),
        );
        self.text = rest.to_owned();
        Some(parsed)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_begins_with_sync_and_follows_answers() {
    let fixture = project_of(12).await;
    let mut events = Events::open(&fixture).await;
    assert_eq!(events.next().await.unwrap().0, "sync");
    fixture.label_next().await;
    loop {
        let (kind, data) = events.next().await.unwrap();
        assert_eq!(data["kind"], kind, "the name of an event is its kind");
        if kind == "project" {
            assert_eq!(data["project"]["counts"]["labeled"], 1);
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_falls_behind_is_told_to_read_again() {
    let fixture = project_of(2).await;
    let mut events = Events::open(&fixture).await;
    assert_eq!(events.next().await.unwrap().0, "sync");
    for round in 0..400 {
        let on = serde_json::json!({"on": round % 2 == 0});
        let flag = fixture.change(Method::PUT, "/images/0/flag", on);
        flag.await.accepted();
    }
    assert_eq!(events.next().await.unwrap().0, "sync");
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_end_with_the_server() {
    let fixture = project_of(1).await;
    let mut events = Events::open(&fixture).await;
    assert!(events.next().await.is_some());
    fixture.close.send_replace(true);
    assert!(events.next().await.is_none());
}
