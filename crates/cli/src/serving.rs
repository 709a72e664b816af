//! Serving a project to the browser, with the progress of its jobs on standard error.

use crate::job_progress::follow_jobs;
use crate::outcome::Outcome;
use crate::output::{Output, say};
use crate::terminal::open_browser;
use autolabel_server::{ServerError, serve};
use autolabel_workflow::Project;
use serde::Serialize;
use std::net::{Ipv4Addr, SocketAddr};

/// Address tried first where none is given.
const DEFAULT_ADDRESS: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
/// Any free port of this machine.
const ANY_FREE_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Where and how to serve.
#[derive(Debug, Clone, clap::Args)]
pub struct ServeArguments {
    /// Address to serve at; without it 127.0.0.1:8080, or a free port where that is taken.
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub listen: Option<SocketAddr>,

    /// Only print the address.
    #[arg(long)]
    pub no_browser: bool,
}

/// An address as people write it: `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`, or a port alone.
fn address(text: &str) -> Result<SocketAddr, String> {
    let local = |port: &str| {
        port.parse()
            .ok()
            .map(|p| SocketAddr::new(DEFAULT_ADDRESS.ip(), p))
    };
    text.parse()
        .ok()
        .or_else(|| local(text.strip_prefix("localhost:").unwrap_or(text)))
        .ok_or_else(|| "write it as 127.0.0.1:8080, localhost:8080 or 8080".to_owned())
}

/// What `--json` prints when the server is ready.
#[derive(Serialize)]
struct Ready {
    address: String,
}

/// Serves until Ctrl-C or SIGTERM, which is the way to end it and so no failure.
pub async fn serve_until_interrupted(
    project: Project,
    arguments: &ServeArguments,
    output: Output,
) -> anyhow::Result<Outcome> {
    warn_where_others_can_reach(arguments.listen);
    let progress = tokio::spawn(follow_jobs(project.clone()));
    let first = arguments.listen.unwrap_or(DEFAULT_ADDRESS);
    let browser = !arguments.no_browser;
    let ready = |address| announce(&project, address, browser, output);
    let result = match serve(project.clone(), first, ready).await {
        Err(ServerError::AddressTaken { .. }) if arguments.listen.is_none() => {
            serve(project.clone(), ANY_FREE_PORT, ready).await
        }
        result => result,
    };
    progress.abort();
    project.close().await?;
    result?;
    Ok(Outcome::Done)
}

fn announce(project: &Project, address: SocketAddr, browser: bool, output: Output) {
    let address = format!("http://{address}");
    if let Err(error) = project.announce(&address) {
        say(&format!(
            "warning: other processes cannot be told this address: {error}"
        ));
    }
    let ready = Ready {
        address: address.clone(),
    };
    let written = output.record(&ready, |r| format!("AutoLabel is at {}", r.address));
    if written.is_err() {
        say(&format!("AutoLabel is at {address}"));
    }
    say("Ctrl-C ends it; every answer is saved as it is given.");
    if browser && !open_browser(&address) {
        say("No browser could be opened from here; open the address yourself.");
    }
}

/// There is no login, so an address that other machines reach is an open door.
fn warn_where_others_can_reach(listen: Option<SocketAddr>) {
    if listen.is_some_and(|address| !address.ip().is_loopback()) {
        say(
            "warning: there is no login, so everyone who reaches this address can see and change \
             the project; prefer 127.0.0.1 and an SSH tunnel",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        for text in ["127.0.0.1:8080", "localhost:8080", "8080"] {
            assert_eq!(address(text), Ok(DEFAULT_ADDRESS), "{text}");
        }
        assert!(address("[::1]:0").is_ok());
        for text in ["localhost", "example.org:80", "70000", ""] {
            assert!(address(text).is_err(), "{text}");
        }
    }
}
