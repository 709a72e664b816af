//! Two processes on one project: the second writer is told who has it; readers always may.

use crate::pictures::write_png;
use crate::program::{open, run};

#[test]
fn a_second_writer_is_told_who_has_the_project() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..4 {
        write_png(&folder.path().join(format!("{number}.png")), number);
    }
    let server = open(folder.path(), &[]);
    server.imported();
    assert_eq!(server.answer(2, 1, "first").unwrap().0, 200);
    let path = folder.path().to_string_lossy().into_owned();

    let second = run(&["open", &path, "--no-browser", "--listen", "127.0.0.1:0"]);
    let said = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(2), "{said}");
    assert!(
        said.contains(&server.id().to_string()),
        "the process is named: {said}"
    );
    assert!(
        said.contains(&server.address),
        "its address is named: {said}"
    );

    let reader = run(&["status", &path, "--json"]);
    assert!(
        reader.status.success(),
        "{}",
        String::from_utf8_lossy(&reader.stderr)
    );
    let status: serde_json::Value = serde_json::from_slice(&reader.stdout).unwrap();
    assert_eq!(
        status["project"]["counts"]["labeled"], 1,
        "a reader sees what is saved"
    );

    server.kill();
    let next = open(folder.path(), &[]);
    assert_eq!(
        next.get("/project")["counts"]["labeled"],
        1,
        "a dead process holds no lock"
    );
}
