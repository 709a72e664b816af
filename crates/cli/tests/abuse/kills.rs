//! `kill -9` at random moments while a script labels: every acknowledged answer is there after the
//! next start, and an answer that is sent again is not saved twice.

use crate::pictures::write_png;
use crate::program::{LIMIT, Server, answer, open, run};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

const IMAGES: u64 = 120;
/// `AUTOLABEL_KILLS=200` for the full run.
const KILLS: u32 = 20;
const LONGEST_LIFE_MS: u64 = 1_200;

/// An answer on its way.
struct Sent {
    image: u64,
    class: u64,
    key: String,
}

#[test]
fn no_acknowledged_answer_is_lost_by_kill_9() {
    let kills = std::env::var("AUTOLABEL_KILLS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(KILLS);
    let folder = tempfile::tempdir().unwrap();
    for number in 0..IMAGES {
        write_png(
            &folder.path().join(format!("{number:03}.png")),
            number as u32,
        );
    }
    let mut random = ChaCha8Rng::seed_from_u64(20);
    // What the project must know: the class of every image that was acknowledged.
    let mut saved: BTreeMap<u64, u64> = BTreeMap::new();
    let mut acknowledged = 0;
    for kill in 0..kills {
        let server = open(folder.path(), &[]);
        if kill == 0 {
            server.imported();
        }
        assert_saved(&server, &saved, kill);
        let life = Duration::from_millis(random.random_range(0..LONGEST_LIFE_MS));
        let (acks, unsure) = label_until_killed(server, life, kill, &mut random);
        acknowledged += acks.len();
        saved.extend(acks);
        if let Some(sent) = unsure {
            send_again(folder.path(), &sent);
            saved.insert(sent.image, sent.class);
        }
    }
    let server = open(folder.path(), &[]);
    assert_saved(&server, &saved, kills);
    server.kill();
    let doctor = run(&["doctor", &folder.path().to_string_lossy(), "--json"]);
    assert!(
        doctor.status.success(),
        "doctor: {}",
        String::from_utf8_lossy(&doctor.stdout)
    );
    eprintln!("{kills} kills, {acknowledged} answers acknowledged, 0 lost");
    assert!(
        acknowledged > kills as usize,
        "only {acknowledged} answers were given"
    );
}

/// Labels at full speed until the server is killed. Gives what was acknowledged, in order, and the
/// answer that was on its way.
fn label_until_killed(
    server: Server,
    life: Duration,
    kill: u32,
    random: &mut ChaCha8Rng,
) -> (Vec<(u64, u64)>, Option<Sent>) {
    let address = server.address.clone();
    let (first, begun) = mpsc::channel();
    let mut choice = ChaCha8Rng::seed_from_u64(random.random());
    let labeler = std::thread::spawn(move || {
        let mut acks = Vec::new();
        for number in 0.. {
            let sent = Sent {
                image: choice.random_range(0..IMAGES),
                class: choice.random_range(0..2),
                key: format!("kill-{kill}-{number}"),
            };
            match answer(&address, sent.image, sent.class, &sent.key) {
                Ok((200, _)) => acks.push((sent.image, sent.class)),
                Ok((status, body)) => panic!("an answer was refused with {status}: {body}"),
                Err(_) => return (acks, Some(sent)),
            }
            // Nobody listens any more after the first answer.
            first.send(()).ok();
        }
        (acks, None)
    });
    // The life of the server counts from the first answer, so that every kill meets work.
    begun.recv_timeout(LIMIT).unwrap();
    std::thread::sleep(life);
    server.kill();
    labeler.join().unwrap()
}

/// The client's part after a broken connection: the same key again, twice; one receipt.
fn send_again(folder: &Path, sent: &Sent) {
    let server = open(folder, &[]);
    let first = server.answer(sent.image, sent.class, &sent.key).unwrap();
    let second = server.answer(sent.image, sent.class, &sent.key).unwrap();
    assert_eq!((first.0, second.0), (200, 200));
    assert_eq!(
        first.1["sequence"], second.1["sequence"],
        "one entry in the journal"
    );
}

fn assert_saved(server: &Server, saved: &BTreeMap<u64, u64>, kill: u32) {
    let page = server.get(&format!("/images?limit={IMAGES}"));
    for image in page["images"].as_array().expect("a list") {
        let id = image["id"].as_u64().expect("a number");
        if let Some(class) = saved.get(&id) {
            assert_eq!(
                image["answer"]["class"], *class,
                "image {id} after kill {kill}"
            );
        }
    }
}
