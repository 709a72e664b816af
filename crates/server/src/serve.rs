//! Running the server: bind, tell the address, serve, end gracefully.

use crate::router::router;
use autolabel_workflow::Project;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How long requests that are under way may take to finish after the signal to end.
const GRACE: Duration = Duration::from_secs(5);

/// Why the server does not run.
#[derive(Debug, Error)]
pub enum ServerError {
    /// Another program listens there.
    #[error("another program already listens at {address}; choose another port with --listen")]
    AddressTaken {
        /// The address.
        address: SocketAddr,
    },
    /// The address cannot be listened at for another reason.
    #[error(
        "cannot listen at {address} ({source}); choose an address of this machine with --listen"
    )]
    Listen {
        /// What the system says.
        source: io::Error,
        /// The address.
        address: SocketAddr,
    },
    /// The server failed while it ran.
    #[error("the server ended by a failure of the network ({0}); start it again")]
    Serve(#[source] io::Error),
}

/// Serves a project until SIGINT (Ctrl-C) or SIGTERM. `ready` gets the address once requests are
/// taken; port 0 becomes a free port.
///
/// # Errors
/// The address is taken or not of this machine, or the network fails.
pub async fn serve(
    project: Project,
    listen: SocketAddr,
    ready: impl FnOnce(SocketAddr),
) -> Result<(), ServerError> {
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => ServerError::AddressTaken { address: listen },
            _ => ServerError::Listen {
                source,
                address: listen,
            },
        })?;
    let address = listener.local_addr().map_err(ServerError::Serve)?;
    let (close, closing) = watch::channel(false);
    let app = router(project, address.ip(), closing.clone());
    ready(address);
    let end_of_streams = async move {
        asked_to_end().await;
        close.send_replace(true);
    };
    let server = axum::serve(listener, app).with_graceful_shutdown(end_of_streams);
    tokio::select! {
        result = server => result.map_err(ServerError::Serve),
        () = grace_is_over(closing) => Ok(()),
    }
}

/// Resolves on SIGINT or SIGTERM.
async fn asked_to_end() {
    let interrupt = async {
        // Without a handler the signal ends the process by itself, which is as good.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}

/// Resolves some time after the end was asked for: a slow download must not hold the program.
async fn grace_is_over(mut closing: watch::Receiver<bool>) {
    if closing.wait_for(|&closing| closing).await.is_ok() {
        tokio::time::sleep(GRACE).await;
    }
}
