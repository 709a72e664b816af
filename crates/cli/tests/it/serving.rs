//! `open` and `demo`: the address, the browser's first requests, a second process, the end.

use crate::binary::{command, run};
use crate::stripes::{draw, project_of};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

/// A serving binary.
struct Server {
    child: Child,
    /// Host and port.
    host: String,
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let common = ["--no-browser", "--json", "--listen", "127.0.0.1:0"];
        let mut child = command(arguments.iter().chain(&common))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let address = ready["address"].as_str().unwrap();
        let host = address.strip_prefix("http://").unwrap().to_owned();
        Self { child, host }
    }

    fn connect(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        write!(stream, "{request}").unwrap();
        stream
    }

    fn get(&self, path: &str) -> String {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.host
        );
        let mut reply = String::new();
        self.connect(&request).read_to_string(&mut reply).unwrap();
        let (head, body) = reply.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        body.to_owned()
    }

    fn view(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(&format!("/api/v1{path}"))).unwrap()
    }

    /// Reads events until `wanted` holds, which is asked after each.
    fn follow_until(&self, mut wanted: impl FnMut() -> bool) {
        let request = format!("GET /api/v1/events HTTP/1.1\r\nHost: {}\r\n\r\n", self.host);
        let events = BufReader::new(self.connect(&request));
        for line in events.lines() {
            if line.unwrap().starts_with("event:") && wanted() {
                return;
            }
        }
        panic!("the server ended");
    }

    fn end(mut self, signal: &str) -> Option<i32> {
        let process = self.child.id().to_string();
        let sent = std::process::Command::new("kill")
            .args([signal, &process])
            .status();
        assert!(sent.unwrap().success());
        self.child.wait().unwrap().code()
    }
}

#[cfg(unix)]
#[test]
fn open_serves_imports_and_ends_well() {
    let folder = tempfile::tempdir().unwrap();
    draw(folder.path(), 0..30);
    let images = folder.path().to_str().unwrap();
    let server = Server::start(&[
        "open",
        images,
        "--classes",
        "upright,level",
        "--engine",
        "rten",
    ]);
    assert_eq!(server.get("/healthz"), "ok\n");
    server.follow_until(|| {
        !server.view("/queue")["items"]
            .as_array()
            .unwrap()
            .is_empty()
    });
    assert_eq!(server.view("/project")["counts"]["images"], 30);
    // An event stream that a browser left open must not hold the end up.
    let request = format!(
        "GET /api/v1/events HTTP/1.1\r\nHost: {}\r\n\r\n",
        server.host
    );
    let _open_stream = server.connect(&request);
    assert_eq!(server.end("-TERM"), Some(0));
    let status = run(["status", images, "--json"]).json();
    assert_eq!(status["project"]["counts"]["images"], 30);
}

#[cfg(unix)]
#[test]
fn a_second_process_is_told_who_has_the_project() {
    let folder = project_of(6);
    let images = folder.path().to_str().unwrap();
    let server = Server::start(&["open", images, "--engine", "rten"]);
    for arguments in [
        vec!["label", images, "0000.png", "upright"],
        vec!["train", images],
        vec!["auto-label", images, "--apply"],
        vec!["audit", images, "--answer", "0000.png", "upright"],
        vec!["open", images, "--no-browser"],
    ] {
        let refused = run(&arguments);
        assert_eq!(refused.code, Some(2), "{refused}");
        assert_eq!(refused.stderr.lines().count(), 1, "{refused}");
        let process = format!("process {}", server.child.id());
        assert!(refused.stderr.contains(&process), "{refused}");
        assert!(refused.stderr.contains(&server.host), "{refused}");
    }
    for arguments in [
        vec!["status", images],
        vec!["rank", images],
        vec!["doctor", images],
    ] {
        let looked = run(&arguments);
        assert_eq!(looked.code, Some(0), "{looked}");
    }
    assert_eq!(server.end("-INT"), Some(0));
}

#[test]
fn a_taken_address_that_was_asked_for_is_an_error() {
    let folder = project_of(2);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let images = folder.path().to_str().unwrap();
    let refused = run(["open", images, "--no-browser", "--listen", &address]);
    assert_eq!(refused.code, Some(2), "{refused}");
    assert!(refused.stderr.contains(&address), "{refused}");
    assert!(refused.stderr.contains("choose another port"), "{refused}");
}

#[cfg(unix)]
#[test]
fn the_demo_can_be_answered_before_all_images_are_there() {
    let server = Server::start(&["demo", "--images", "90"]);
    server.follow_until(|| {
        !server.view("/queue")["items"]
            .as_array()
            .unwrap()
            .is_empty()
    });
    let queue = server.view("/queue");
    let answer = serde_json::json!({
        "image": queue["items"][0]["image"]["id"],
        "answer": {"kind": "class", "class": 0},
        "seconds": 1.0,
        "idempotency_key": "first",
    })
    .to_string();
    let request = format!(
        "POST /api/v1/annotations HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{answer}",
        server.host,
        answer.len()
    );
    let mut reply = String::new();
    server.connect(&request).read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    server.follow_until(|| server.view("/project")["counts"]["images"] == 90);
    assert_eq!(server.view("/project")["counts"]["labeled"], 1);
    assert_eq!(server.end("-INT"), Some(0));
}
