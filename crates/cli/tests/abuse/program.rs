//! The real binary as a server, and a minimal HTTP client that talks to it.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Longest time that anything may take; only a fault takes as long.
pub const LIMIT: Duration = Duration::from_secs(120);

/// The binary under test.
pub fn binary() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_autolabel"))
}

/// Runs the binary to its end.
pub fn run(arguments: &[&str]) -> Output {
    Command::new(binary())
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// A running `autolabel open`.
pub struct Server {
    child: Child,
    /// `HOST:PORT`.
    pub address: String,
}

/// Opens the folder with the classes `a` and `b`.
pub fn open(folder: &Path, more: &[&str]) -> Server {
    open_with(Command::new(binary()), folder, more)
}

/// The same through another command that runs the binary.
pub fn open_with(mut command: Command, folder: &Path, more: &[&str]) -> Server {
    command
        .arg("open")
        .arg(folder)
        .args([
            "--classes",
            "a,b",
            "--no-browser",
            "--listen",
            "127.0.0.1:0",
            "--json",
        ])
        .args(more)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped"))
        .read_line(&mut line)
        .unwrap();
    let ready: Value =
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("the server says '{line}'"));
    let address = ready["address"].as_str().expect("an address");
    Server {
        address: address.trim_start_matches("http://").to_owned(),
        child,
    }
}

impl Server {
    /// SIGKILL: no handler runs, nothing is flushed.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The process number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The JSON of a GET that succeeds.
    pub fn get(&self, path: &str) -> Value {
        let (status, body) = request(&self.address, "GET", path, None).unwrap();
        assert_eq!(status, 200, "GET {path}: {body}");
        body
    }

    /// Answers an image; `Ok` holds the status and what came with it.
    pub fn answer(&self, image: u64, class: u64, key: &str) -> std::io::Result<(u16, Value)> {
        answer(&self.address, image, class, key)
    }

    /// Waits until the import has finished.
    pub fn imported(&self) {
        let end = Instant::now() + LIMIT;
        loop {
            let jobs = self.get("/jobs");
            let jobs = jobs.as_array().expect("a list of jobs");
            let import = jobs.iter().find(|job| job["kind"] == "import");
            match import.map(|job| job["state"].as_str().unwrap_or_default()) {
                Some("done") => return,
                Some("failed" | "cancelled") => panic!("the import ended: {import:?}"),
                _ => std::thread::yield_now(),
            }
            assert!(Instant::now() < end, "the import does not end: {jobs:?}");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let killed = self.child.kill();
        drop((killed, self.child.wait()));
    }
}

/// Posts an answer to a server that may be gone.
pub fn answer(address: &str, image: u64, class: u64, key: &str) -> std::io::Result<(u16, Value)> {
    let body = json!({
        "image": image,
        "answer": { "kind": "class", "class": class },
        "seconds": 1.0,
        "idempotency_key": key,
    });
    request(address, "POST", "/annotations", Some(&body))
}

/// One request on one connection: status and JSON (null where the body is none).
fn request(
    address: &str,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> std::io::Result<(u16, Value)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(LIMIT))?;
    let body = body.map(Value::to_string).unwrap_or_default();
    write!(
        stream,
        "{method} /api/v1{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut response = Vec::new();
    stream.read_to_end(&mut response)?;
    let text = String::from_utf8_lossy(&response);
    let broken = || std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "half a response");
    let (head, content) = text.split_once("\r\n\r\n").ok_or_else(broken)?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or_else(broken)?;
    let promised = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.parse().ok())?
    });
    if promised.is_some_and(|length: usize| length != content.len()) {
        return Err(broken());
    }
    Ok((status, serde_json::from_str(content).unwrap_or(Value::Null)))
}

/// Whether these tests run as root, who may mount and read everything.
pub fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
