//! The web app inside the binary.

use crate::fixture::{project_of, request};
use axum::http::{Method, StatusCode, header};

#[tokio::test(flavor = "multi_thread")]
async fn screens_are_the_app_and_missing_files_are_missing() {
    let fixture = project_of(0).await;
    let index = fixture.get("/").await;
    assert_eq!(index.status, StatusCode::OK, "the app is not embedded");
    assert_eq!(
        index.header(header::CONTENT_TYPE),
        "text/html; charset=utf-8"
    );
    for screen in ["/label", "/data", "/model/3", "/release"] {
        assert_eq!(fixture.get(screen).await.body, index.body, "{screen}");
    }
    for missing in ["/gone.js", "/assets/gone.css", "/favicon.gif"] {
        assert_eq!(
            fixture.get(missing).await.status,
            StatusCode::NOT_FOUND,
            "{missing}"
        );
    }
    for escape in ["/../Cargo.toml", "/%2e%2e/package.json", "//etc/passwd"] {
        let body = fixture.get(escape).await.body;
        assert!(
            body.is_empty() || !body.starts_with(b"[package]"),
            "{escape}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_the_app_loads_is_there_and_known_the_second_time() {
    let fixture = project_of(0).await;
    let index = fixture.get("/").await;
    let html = std::str::from_utf8(&index.body).unwrap();
    let references: Vec<&str> = html
        .split(['"', '\''])
        .filter(|text| text.ends_with(".js") || text.ends_with(".css") || text.ends_with(".svg"))
        .collect();
    assert!(references.iter().any(|r| r.ends_with(".js")), "{html}");
    for reference in references {
        assert!(
            !reference.contains("//"),
            "{reference} is not in the binary"
        );
        let path = format!("/{}", reference.trim_start_matches(['.', '/']));
        let file = fixture.get(&path).await;
        assert_eq!(file.status, StatusCode::OK, "{path}");
        let mut again = request(Method::GET, &path, None);
        let tag = file.headers[header::ETAG].clone();
        again.headers_mut().insert(header::IF_NONE_MATCH, tag);
        assert_eq!(fixture.send(again).await.status, StatusCode::NOT_MODIFIED);
    }
    assert!(
        !html.contains("<style") && !html.contains(" style="),
        "the policy forbids both"
    );
}
