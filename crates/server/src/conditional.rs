//! Responses that a browser may keep: ETag, If-None-Match, Cache-Control.

use crate::problem::Problem;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Addresses name an image of a project or a file of this version, not content: another project or
/// version at the same address must never be answered from what a browser kept. So a browser asks
/// every time, and the answer is usually "unchanged".
const REVALIDATE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// `304 Not Modified` where the browser already has `tag`, else the body that `make` gives.
/// `tag` is a strong validator with its quotes.
///
/// # Errors
/// What `make` fails with.
pub async fn conditional<B: Into<Body>>(
    request: &HeaderMap,
    tag: &str,
    content_type: &'static str,
    make: impl AsyncFnOnce() -> Result<B, Problem>,
) -> Result<Response, Problem> {
    let mut response = if already_has(request, tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Response::new(make().await?.into());
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        response
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, REVALIDATE);
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(header::ETAG, tag);
    }
    Ok(response)
}

/// Weak comparison of RFC 9110 section 13.1.2 against every tag of `If-None-Match`.
fn already_has(request: &HeaderMap, tag: &str) -> bool {
    request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|given| given == "*" || given.strip_prefix("W/").unwrap_or(given) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked_with(value: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(value));
        already_has(&headers, "\"abc\"")
    }

    #[test]
    fn finds_the_tag_among_several_and_weakly() {
        assert!(asked_with("\"abc\""));
        assert!(asked_with("\"x\", W/\"abc\""));
        assert!(asked_with("*"));
        assert!(!asked_with("\"abcd\""));
        assert!(!already_has(&HeaderMap::new(), "\"abc\""));
    }
}
