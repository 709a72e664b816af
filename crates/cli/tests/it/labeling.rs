//! From answers to the certificate and the exports, by commands alone; and what a kill leaves.

use crate::binary::{Run, command, run, run_with_input};
use crate::stripes::{class_of, project_of};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// `file,class` lines for images of the present batch.
fn answers(folder: &Path) -> String {
    let queue = run(["rank", text(folder), "--json"]).json();
    let items = queue["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| {
            let file = item["image"]["file"].as_str().unwrap();
            format!("{file},{}\n", class_of(file))
        })
        .collect()
}

fn done(run: &Run) {
    assert_eq!(run.code, Some(0), "{run}");
}

#[test]
fn an_answer_is_printed_with_its_number_after_it_is_on_disk() {
    let folder = project_of(12);
    let one = run([
        "label",
        text(folder.path()),
        "0003.png",
        "level",
        "--seconds",
        "2",
    ]);
    done(&one);
    assert!(one.stdout.ends_with(",0003.png,level\n"), "{one}");
    let number = run(["label", text(folder.path()), "#4", "upright", "--json"]);
    assert_eq!(number.json()["image"], 4);
    let status = run(["status", text(folder.path()), "--json"]).json();
    assert_eq!(status["project"]["counts"]["labeled"], 2);
}

#[test]
fn lines_that_cannot_be_recorded_are_named_and_the_others_are_recorded() {
    let folder = project_of(12);
    let lines = "file,class\n0000.png,upright\n0099.png,upright\n0001.png,lvel\n\n\
                 0002.png,upright,soon\n0003.png,unreadable,3.5\n";
    let labeled = run_with_input(["label", text(folder.path())], lines);
    assert_eq!(labeled.code, Some(2));
    assert_eq!(labeled.stdout.lines().count(), 2, "{labeled}");
    insta::assert_snapshot!(labeled.stderr);
    let counts = run(["status", text(folder.path()), "--json"]).json()["project"]["counts"].clone();
    assert_eq!(
        (&counts["labeled"], &counts["unreadable"]),
        (&1.into(), &1.into())
    );
}

#[test]
fn the_loop_by_commands_alone() {
    let folder = project_of(90);
    let images = text(folder.path());
    while run(["status", images, "--json"]).json()["project"]["counts"]["labeled"]
        .as_u64()
        .unwrap()
        < 40
    {
        done(&run_with_input(["label", images], &answers(folder.path())));
    }
    let preview = run(["auto-label", images, "--json"]).json();
    assert_eq!(preview["applied"], false);
    let trained = run(["train", images]);
    assert!(matches!(trained.code, Some(0 | 2)), "{trained}");
    let applied = run(["auto-label", images, "--apply", "--json"]);
    done(&applied);
    assert_eq!(applied.json()["applied"], true);
    loop {
        let audit = run(["audit", images, "--json"]).json();
        let Some(file) = audit["next"]["image"]["file"].as_str() else {
            assert_eq!(audit["verdict"], "certified", "{audit}");
            break;
        };
        done(&run(["audit", images, "--answer", file, class_of(file)]));
    }
    certificate_is_printed_and_verified(folder.path());
    exports_are_written_once(folder.path());
}

fn certificate_is_printed_and_verified(images: &Path) {
    let html = images.join("certificate.html");
    let signed = run(["certificate", text(images), "--json", "--html", text(&html)]);
    done(&signed);
    assert!(
        std::fs::read_to_string(html)
            .unwrap()
            .starts_with("<!doctype html>")
    );
    let file = images.join("certificate.json");
    std::fs::write(&file, &signed.stdout).unwrap();
    let verified = run(["certificate", "--verify", text(&file)]);
    done(&verified);
    assert!(
        verified.stdout.contains("as its signer wrote it"),
        "{verified}"
    );

    let forged = signed.stdout.replacen("\"wrong\": 0", "\"wrong\": 1", 1);
    assert_ne!(forged, signed.stdout);
    std::fs::write(&file, forged).unwrap();
    let refused = run(["certificate", "--verify", text(&file), "--json"]);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert_eq!(refused.json()["intact"], false);
    std::fs::write(&file, "no certificate").unwrap();
    assert_eq!(run(["certificate", "--verify", text(&file)]).code, Some(2));
}

fn exports_are_written_once(images: &Path) {
    let out = images.join("out");
    for format in ["csv", "jsonl", "coco", "folders"] {
        let target = out.join(format);
        let arguments = [
            "export",
            text(images),
            "--format",
            format,
            "--out",
            text(&target),
            "--json",
        ];
        let export = run(arguments);
        done(&export);
        assert_eq!(export.json()["images"], 90);
        assert!(target.exists(), "{format}");
        let again = run(arguments);
        assert_eq!(again.code, Some(2), "{again}");
    }
}

/// `autolabel label FOLDER` waiting for lines.
struct Labeler {
    child: Child,
    input: ChildStdin,
    acknowledged: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Labeler {
    fn start(folder: &Path) -> Self {
        let mut child = command(["label", text(folder)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let acknowledged = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            child,
            input,
            acknowledged,
        }
    }

    fn signal(&self, name: &str) {
        let process = self.child.id().to_string();
        let sent = std::process::Command::new("kill")
            .args([name, &process])
            .status();
        assert!(sent.unwrap().success());
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_with_130() {
    let folder = project_of(4);
    let mut labeler = Labeler::start(folder.path());
    writeln!(labeler.input, "0000.png,upright").unwrap();
    assert!(
        labeler
            .acknowledged
            .next()
            .unwrap()
            .unwrap()
            .ends_with("0000.png,upright")
    );
    labeler.signal("-INT");
    assert_eq!(labeler.child.wait().unwrap().code(), Some(130));
    let status = run(["status", text(folder.path()), "--json"]).json();
    assert_eq!(status["project"]["counts"]["labeled"], 1);
}

/// `AUTOLABEL_KILLS` sets how often; every project file is left as the kill left it.
#[cfg(unix)]
#[test]
fn a_kill_loses_no_acknowledged_answer() {
    const IMAGES: u32 = 40;
    let kills: u32 = std::env::var("AUTOLABEL_KILLS").map_or(6, |n| n.parse().unwrap());
    let folder = project_of(IMAGES);
    let mut acknowledged: BTreeSet<String> = BTreeSet::new();
    for kill in 0..kills {
        let mut labeler = Labeler::start(folder.path());
        // Everything is sent at once, so the kill falls into the middle of the work.
        for number in 0..IMAGES {
            let file = format!("{number:04}.png");
            writeln!(labeler.input, "{file},{}", class_of(&file)).unwrap();
        }
        for _ in 0..=(kill * 7) % 30 {
            let line = labeler.acknowledged.next().unwrap().unwrap();
            acknowledged.insert(line.split(',').nth(1).unwrap().to_owned());
        }
        labeler.signal("-KILL");
        // What was printed before the kill arrived counts as well.
        for line in labeler.acknowledged.by_ref().map_while(Result::ok) {
            if line.matches(',').count() == 2 {
                acknowledged.insert(line.split(',').nth(1).unwrap().to_owned());
            }
        }
        labeler.child.wait().unwrap();
        let status = run(["status", text(folder.path()), "--json"]).json();
        let labeled = status["project"]["counts"]["labeled"].as_u64().unwrap();
        assert!(
            labeled >= acknowledged.len() as u64,
            "kill {kill} lost answers"
        );
    }
    let doctor = run(["doctor", text(folder.path())]);
    assert_eq!(doctor.code, Some(0), "{doctor}");
}
