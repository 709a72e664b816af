//! The committed description is the one that the handlers give.

use std::path::Path;

#[test]
fn committed_description_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let current = autolabel_server::openapi_json();
    if std::env::var_os("AUTOLABEL_BLESS").is_some() {
        std::fs::write(&file, &current).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == current,
        "crates/server/openapi.json is not what the handlers say; \
         run the tests once with AUTOLABEL_BLESS=1 and commit the file"
    );
}

#[test]
fn every_route_of_the_interface_is_described() {
    let description: serde_json::Value =
        serde_json::from_str(&autolabel_server::openapi_json()).unwrap();
    assert_eq!(description["openapi"], "3.1.0");
    let mut routes: Vec<String> = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let route = format!(
                "{} {}",
                method.to_uppercase(),
                path.trim_start_matches("/api/v1")
            );
            assert!(operation["operationId"].is_string(), "{route}");
            assert!(operation["summary"].is_string(), "{route}");
            routes.push(route);
        }
    }
    routes.sort();
    assert_eq!(
        routes,
        [
            "DELETE /jobs/{id}",
            "GET /audit",
            "GET /auto-label",
            "GET /certificate",
            "GET /certificate.html",
            "GET /curve",
            "GET /drawings/{id}",
            "GET /events",
            "GET /export",
            "GET /images",
            "GET /images/{id}",
            "GET /images/{id}/doubt",
            "GET /images/{id}/localization",
            "GET /images/{id}/neighbours",
            "GET /images/{id}/plane",
            "GET /images/{id}/preview",
            "GET /images/{id}/proposal",
            "GET /jobs",
            "GET /models",
            "GET /models/{version}",
            "GET /openapi.json",
            "GET /problems",
            "GET /project",
            "GET /queue",
            "GET /refused",
            "PATCH /project",
            "POST /annotations",
            "POST /annotations/undo",
            "POST /audit/answers",
            "POST /auto-label",
            "POST /images/{id}/drawings",
            "POST /jobs",
            "PUT /images/{id}/flag",
        ]
    );
}
