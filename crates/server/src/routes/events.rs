//! Server-sent events: what changes, as it changes.

use crate::state::AppState;
use autolabel_workflow::ProjectEvent;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt, future, stream};
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::watch;
use tokio_stream::wrappers::BroadcastStream;

/// Proxies and browsers drop connections that stay silent for longer.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A stream of events. The name of an event is its kind, its data is JSON.
///
/// The first event of every connection is `sync`, and so is the one after events were missed:
/// read again what is on the screen, then follow the others.
#[utoipa::path(
    get, path = "/events", tag = "project", operation_id = "follow_events",
    responses((status = 200, description = "Server-sent events", body = ProjectEvent, content_type = "text/event-stream"))
)]
pub async fn follow_events(
    State(state): State<AppState>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = BroadcastStream::new(state.project.subscribe()).map(|change| match change {
        Ok(change) => event_of(&change),
        Err(_lagged) => sync_event(),
    });
    let events = stream::once(future::ready(sync_event()))
        .chain(changes)
        .take_until(closed(state.closing))
        .map(Ok);
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

fn sync_event() -> Event {
    Event::default().event("sync").data("{}")
}

fn event_of(change: &ProjectEvent) -> Event {
    Event::default()
        .event(change.kind())
        .json_data(change)
        .unwrap_or_else(|_| sync_event())
}

/// Resolves when the server is to end; an open stream would keep it alive for ever.
async fn closed(mut closing: watch::Receiver<bool>) {
    if closing.wait_for(|&closing| closing).await.is_err() {
        // Nobody can ask for the end any more.
        future::pending::<()>().await;
    }
}
