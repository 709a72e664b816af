//! The web app inside the binary. Addresses without a file are screens of the app, so they get
//! `index.html`.

use crate::conditional::conditional;
use crate::problem::{Problem, ProblemCode};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
struct WebApp;

const NO_APP: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>AutoLabel</title>\
    <h1>The web app is not in this build</h1>\
    <p>This binary was built before the web app was. Run <code>cargo xtask web</code> and build \
    again. The command line and the interface under <code>/api/v1</code> work without it.</p>";

/// Serves a file of the app, or `index.html` for a screen of it.
pub async fn web_app(uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let path = uri.path().trim_start_matches('/');
    if path == "api" || path.starts_with("api/") {
        return Err(Problem::new(
            ProblemCode::NotFound,
            format!("there is nothing at /{path}; /api/v1/openapi.json lists what there is"),
        ));
    }
    if let Some(file) = WebApp::get(path) {
        return serve_file(&headers, path, file).await;
    }
    if path
        .rsplit('/')
        .next()
        .is_some_and(|name| name.contains('.'))
    {
        return Err(Problem::new(
            ProblemCode::NotFound,
            format!("the app has no file /{path}"),
        ));
    }
    match WebApp::get("index.html") {
        Some(index) => serve_file(&headers, "index.html", index).await,
        None => Ok((StatusCode::SERVICE_UNAVAILABLE, Html(NO_APP)).into_response()),
    }
}

/// The files keep their names over releases, so a browser asks each time.
async fn serve_file(
    headers: &HeaderMap,
    path: &str,
    file: EmbeddedFile,
) -> Result<Response, Problem> {
    let tag = format!(
        "\"{}\"",
        URL_SAFE_NO_PAD.encode(file.metadata.sha256_hash())
    );
    let content_type = content_type(path);
    conditional(headers, &tag, content_type, async || {
        Ok(file.data.into_owned())
    })
    .await
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
