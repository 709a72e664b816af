//! A small project and the router over it.

use autolabel_annotation::Task;
use autolabel_workflow::{EngineChoice, OpenOptions, Project};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use tempfile::TempDir;
use tokio::sync::watch;
use tower::ServiceExt;

/// The host that requests are sent to.
pub const HOST: &str = "127.0.0.1:8080";

/// A project of drawn stripes with everything around it.
pub struct Fixture {
    /// Folder of the images; goes with the fixture.
    pub folder: TempDir,
    /// The live project.
    pub project: Project,
    /// The server.
    pub app: Router,
    /// Event streams end when this is sent `true`.
    pub close: watch::Sender<bool>,
}

/// What came back.
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Reply {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("no JSON ({e}): {:?}", self.body))
    }

    /// The body as JSON, after a check that the request was accepted.
    pub fn accepted(&self) -> Value {
        assert!(self.status.is_success(), "{}: {:?}", self.status, self.body);
        self.json()
    }

    /// A header as text; empty where it is absent.
    pub fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }
}

/// A project of `count` images: even numbers have upright stripes, odd ones level stripes.
pub async fn project_of(count: u32) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    draw_stripes(folder.path(), count);
    let classes = vec!["upright".to_owned(), "level".to_owned()];
    opened(folder, Task::Classification, classes).await
}

/// The project of a folder of images, imported.
pub async fn opened(folder: TempDir, task: Task, classes: Vec<String>) -> Fixture {
    let project = Project::open(&OpenOptions {
        classes,
        task,
        engine: EngineChoice::Rten,
        seed: Some(1),
        ..OpenOptions::new(folder.path())
    })
    .await
    .unwrap();
    project.start_import().await.unwrap();
    project.idle().await;
    let (close, closing) = watch::channel(false);
    let app = autolabel_server::router(project.clone(), IpAddr::V4(Ipv4Addr::LOCALHOST), closing);
    Fixture {
        folder,
        project,
        app,
        close,
    }
}

/// The class of an image by its number.
pub fn class_of(image: u64) -> u64 {
    image % 2
}

pub fn draw_stripes(folder: &Path, count: u32) {
    for number in 0..count {
        let width = 6 + number % 5;
        let phase = number / 2 * 3;
        let picture = image::GrayImage::from_fn(48, 40, |x, y| {
            let along = if number.is_multiple_of(2) { x } else { y };
            let noise = (x * 31 + y * 17 + number * 7) % 23;
            let bright = ((along + phase) / width).is_multiple_of(2);
            image::Luma([if bright { 180 } else { 40 } + u8::try_from(noise).unwrap()])
        });
        picture
            .save(folder.join(format!("{number:04}.png")))
            .unwrap();
    }
}

impl Fixture {
    /// Sends a request.
    pub async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Reply {
            status: parts.status,
            headers: parts.headers,
            body: axum::body::to_bytes(body, usize::MAX).await.unwrap(),
        }
    }

    /// GET of a path.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(request(Method::GET, path, None)).await
    }

    /// GET of a path below `/api/v1`, as JSON.
    pub async fn view(&self, path: &str) -> Value {
        self.get(&format!("/api/v1{path}")).await.accepted()
    }

    /// A request with a JSON body to a path below `/api/v1`.
    pub async fn change(&self, method: Method, path: &str, body: Value) -> Reply {
        let path = format!("/api/v1{path}");
        self.send(request(method, &path, Some(body))).await
    }

    /// Labels an image as what it shows.
    pub async fn label(&self, image: u64, key: &str) -> Value {
        let answer = json!({
            "image": image,
            "answer": {"kind": "class", "class": class_of(image)},
            "seconds": 2.0,
            "idempotency_key": key,
        });
        self.change(Method::POST, "/annotations", answer)
            .await
            .accepted()
    }

    /// Labels the first image of the queue as what it shows; says which it was.
    pub async fn label_next(&self) -> u64 {
        let queue = self.view("/queue").await;
        let image = queue["items"][0]["image"]["id"].as_u64().unwrap();
        self.label(image, &format!("next-{image}")).await;
        image
    }
}

/// A request as the app's own page sends it.
pub fn request(method: Method, path: &str, body: Option<Value>) -> Request<Body> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, HOST);
    if body.is_some() {
        request = request
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ORIGIN, format!("http://{HOST}"));
    }
    let body = body.map_or_else(Body::empty, |value| Body::from(value.to_string()));
    request.body(body).unwrap()
}
