//! What keeps other web pages away from a server without login: the Host header must be an
//! address of this server (a rebound DNS name is not), writes must come from its own pages, and
//! the pages may load nothing from elsewhere.

use crate::problem::{Problem, ProblemCode};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::net::{IpAddr, Ipv6Addr};

/// The policy of every response that has none of its own.
pub const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' blob: data:; connect-src 'self'; font-src 'self'; form-action 'none'; \
    frame-ancestors 'none'; base-uri 'none'";

/// The policy of the printable certificate: no scripts, no loads, only the styles that stand in
/// the page itself, named by their hashes.
#[must_use]
pub fn certificate_policy(page: &str) -> HeaderValue {
    let hashes: Vec<String> = inline_styles(page)
        .map(|style| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(style))))
        .collect();
    let styles = if hashes.is_empty() {
        "'none'".to_owned()
    } else {
        hashes.join(" ")
    };
    let policy = format!(
        "default-src 'none'; style-src {styles}; img-src data:; form-action 'none'; \
         frame-ancestors 'none'; base-uri 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// The text of every `<style>` element, exactly as a browser hashes it.
fn inline_styles(page: &str) -> impl Iterator<Item = &str> {
    page.split("<style").skip(1).filter_map(|rest| {
        let (_, style) = rest.split_once('>')?;
        Some(style.split_once("</style>")?.0)
    })
}

/// Refuses foreign hosts and foreign writers, and adds the security headers to what passes.
pub async fn guard(State(listening): State<IpAddr>, request: Request, next: Next) -> Response {
    let mut response = match check(request.method(), request.headers(), listening) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    let headers = response.headers_mut();
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(CONTENT_POLICY));
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

fn check(method: &Method, headers: &HeaderMap, listening: IpAddr) -> Result<(), Problem> {
    let host = text(headers, &header::HOST).unwrap_or_default();
    if !host_is_ours(host, listening) {
        return Err(Problem::new(
            ProblemCode::HostRefused,
            format!("'{host}' is not an address of this server; open it as http://127.0.0.1:PORT"),
        ));
    }
    if method.is_safe() || write_is_ours(headers, host) {
        return Ok(());
    }
    Err(Problem::new(
        ProblemCode::OriginRefused,
        "this change was asked for by a page of another site; use the app's own page",
    ))
}

/// A name other than `localhost` is refused, because an attacker can point a name at this machine
/// but cannot make a browser send someone else's numeric address. Where the server listens on all
/// addresses, any numeric address may be its own.
fn host_is_ours(host: &str, listening: IpAddr) -> bool {
    let name = without_port(host);
    if name.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let address = match name.strip_prefix('[').and_then(|n| n.strip_suffix(']')) {
        Some(inner) => inner.parse::<Ipv6Addr>().map(IpAddr::V6).ok(),
        None => name.parse::<IpAddr>().ok().filter(IpAddr::is_ipv4),
    };
    address.is_some_and(|a| a.is_loopback() || a == listening || listening.is_unspecified())
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Browsers send `Origin` with every cross-origin write, and `Sec-Fetch-Site` with all requests;
/// programs send neither and are trusted like any other program of this person.
fn write_is_ours(headers: &HeaderMap, host: &str) -> bool {
    if headers.contains_key(header::ORIGIN) {
        return text(headers, &header::ORIGIN)
            .and_then(|origin| origin.strip_prefix("http://"))
            .is_some_and(|origin| origin.eq_ignore_ascii_case(host));
    }
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    matches!(site, None | Some(b"same-origin" | b"none"))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn only_numeric_or_local_hosts_pass() {
        for ours in [
            "127.0.0.1:8080",
            "localhost",
            "LOCALHOST:1",
            "[::1]:8080",
            "127.9.9.9",
        ] {
            assert!(host_is_ours(ours, LOOPBACK), "{ours}");
        }
        for foreign in [
            "",
            "evil.example",
            "127.0.0.1.evil.example:8080",
            "192.168.1.5",
            "::1",
        ] {
            assert!(!host_is_ours(foreign, LOOPBACK), "{foreign}");
        }
        let lan: IpAddr = "192.168.1.5".parse().unwrap();
        assert!(host_is_ours("192.168.1.5:8080", lan));
        assert!(!host_is_ours("192.168.1.6:8080", lan));
        let all: IpAddr = "0.0.0.0".parse().unwrap();
        assert!(host_is_ours("192.168.1.6:8080", all));
        assert!(!host_is_ours("evil.example:8080", all));
    }

    #[test]
    fn writes_need_the_same_origin_when_a_browser_sends_them() {
        let with = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static(value));
            write_is_ours(&headers, "127.0.0.1:8080")
        };
        assert!(with("accept", "*/*"));
        assert!(with("origin", "http://127.0.0.1:8080"));
        assert!(with("sec-fetch-site", "same-origin"));
        assert!(!with("origin", "http://127.0.0.1:9090"));
        assert!(!with("origin", "http://evil.example"));
        assert!(!with("origin", "null"));
        assert!(!with("sec-fetch-site", "cross-site"));
        assert!(!with("sec-fetch-site", "same-site"));
    }

    #[test]
    fn styles_of_the_certificate_are_named_by_hash() {
        let page = "<html><style>p{color:red}</style><style media=print>b{}</style>";
        let policy = certificate_policy(page);
        let policy = policy.to_str().unwrap();
        // By: printf 'p{color:red}' | openssl dgst -sha256 -binary | base64
        assert!(policy.contains("'sha256-p0bF+un5yUb9MBO6xRb8kPHlY2BdpHVtLiFkDrZPF64='"));
        assert_eq!(policy.matches("sha256-").count(), 2);
        assert!(!policy.contains("unsafe-inline"));
    }
}
