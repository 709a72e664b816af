//! What every handler can reach.

use autolabel_workflow::Project;
use axum::extract::FromRef;
use tokio::sync::watch;

/// Who answers in single-user mode.
pub const LOCAL_READER: &str = "local";

/// Shared by all handlers; cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// The live project.
    pub project: Project,
    /// Turns `true` when the server is to end, so that event streams end too.
    pub closing: watch::Receiver<bool>,
}

impl FromRef<AppState> for Project {
    fn from_ref(state: &AppState) -> Self {
        state.project.clone()
    }
}
