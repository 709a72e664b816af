//! The REST interface, the event stream and the web app, all from one address of this machine.
//!
//! In: HTTP requests. Out: the views of `autolabel_workflow` as JSON, pixels, downloads, problems
//! (RFC 9457) with stable codes. Never: decisions; a handler translates one request into one call.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use autolabel_workflow::{OpenOptions, Project};
//! let project = Project::open(&OpenOptions::new("images")).await?;
//! autolabel_server::serve(project, "127.0.0.1:8080".parse()?, |address| {
//!     println!("http://{address}");
//! })
//! .await?;
//! # Ok(()) }
//! ```

// From the socket to the handlers.
mod serve;

mod router;

mod guard;

mod routes;

mod web;

// What handlers share.
mod extract;
mod state;

mod problem;

mod conditional;
mod streaming;

// The description of it all.
mod binary;
mod openapi;

pub use openapi::openapi_json;
pub use router::router;
pub use serve::{ServerError, serve};
