//! `kill -9` at any moment: every acknowledged answer is there, and the project opens again.

use crate::project::{answer, with_images};
use autolabel_store::Store;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const IMAGES: u32 = 50;
const FOLDER: &str = "AUTOLABEL_KILL_FOLDER";
/// How often to kill; 20 unless this variable says otherwise.
const KILLS: &str = "AUTOLABEL_KILLS";
const ACKNOWLEDGED: &str = "acknowledged ";

/// Not a test of its own: the victim, run by the test below as another process.
#[tokio::test]
async fn victim_that_answers_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else {
        return;
    };
    let store = Store::open(Path::new(&folder), "").await.unwrap();
    let mut sequence = store.last_sequence().await.unwrap();
    loop {
        let image = u32::try_from(sequence % u64::from(IMAGES)).unwrap();
        let event = answer(image, 1, &format!("key {sequence}"));
        sequence = store.append(&[event]).await.unwrap().receipts[0].sequence;
        // Its own line also behind what the test harness has begun to print.
        let mut out = std::io::stdout().lock();
        writeln!(out, "\n{ACKNOWLEDGED}{sequence}").unwrap();
        out.flush().unwrap();
    }
}

/// Lets the victim work for a while, kills it, and returns the last answer it was sure of.
fn work_and_kill(folder: &Path, answers: u64, pause: Duration) -> u64 {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "kill::victim_that_answers_until_it_is_killed",
            "--nocapture",
        ])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    let mut last = 0;
    let mut seen = 0;
    let mut read = |line: Option<std::io::Result<String>>| {
        let line = line?.ok()?;
        if let Some(number) = line.strip_prefix(ACKNOWLEDGED).and_then(|n| n.parse().ok()) {
            last = number;
            seen += 1;
        }
        Some(seen)
    };
    while read(lines.next()).unwrap() < answers {}
    // Kills in the middle of a write rather than right behind an acknowledgement.
    let moment = Instant::now() + pause;
    while Instant::now() < moment {
        std::hint::spin_loop();
    }
    victim.kill().unwrap();
    while read(lines.next()).is_some() {}
    victim.wait().unwrap();
    last
}

#[tokio::test]
async fn no_acknowledged_answer_is_lost() {
    let kills: u64 = std::env::var(KILLS).map_or(20, |n| n.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    with_images(folder.path(), IMAGES)
        .await
        .close()
        .await
        .unwrap();
    let mut acknowledged_in_all = 0;
    for kill in 0..kills {
        // Scattered over 0-5 ms, a few writes long; which step it hits is up to the machine.
        let pause = Duration::from_micros(kill * 7919 % 5000);
        let acknowledged = work_and_kill(folder.path(), 1 + kill % 5, pause);

        let store = Store::open(folder.path(), "").await.unwrap();
        let last = store.last_sequence().await.unwrap();
        assert!(
            last >= acknowledged,
            "kill {kill}: {acknowledged} was lost, {last} is the last"
        );
        assert!(
            last <= acknowledged + 1,
            "kill {kill}: {last} was never sent"
        );
        let events = store.events(acknowledged_in_all, u32::MAX).await.unwrap();
        assert_eq!(events.len() as u64, last - acknowledged_in_all, "no gaps");
        assert_eq!(store.state_differences().await.unwrap(), vec![]);
        acknowledged_in_all = last;
        store.close().await.unwrap();
    }
    println!("{kills} kills, {acknowledged_in_all} answers, none lost");
}
