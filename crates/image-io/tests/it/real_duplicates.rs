//! The search for near-duplicates on real images whose true pairs are known.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use autolabel_image_io::{
    DuplicatePair, Fingerprint, ReadLimits, decode, fingerprint, near_duplicates, read_file, scan,
};
use rayon::prelude::*;

/// The folder of real data beside the repository, or none with a note.
fn shared(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let root = std::env::var_os("AUTOLABEL_SHARED").map_or(beside, PathBuf::from);
    let folder = root.join("data").join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no ../shared");
    None
}

/// Found pairs, and how they compare with the list of known ones.
struct Outcome {
    found: Vec<DuplicatePair>,
    precision: f64,
    recall: f64,
    /// Share of the known pairs at or above the correlation bar that was found.
    recall_above_bar: f64,
}

fn evaluate(folder: &Path) -> Outcome {
    let files = scan(&folder.join("images")).unwrap().files;
    let prints: Vec<Fingerprint> = files
        .par_iter()
        .map(|file| {
            let limits = ReadLimits::default();
            let bytes = read_file(&folder.join("images").join(&file.relative), &limits).unwrap();
            fingerprint(&bytes, &decode(&bytes, &limits).unwrap())
        })
        .collect();
    let position: HashMap<&str, u32> = (0u32..)
        .zip(&files)
        .map(|(position, file)| (file.display.as_str(), position))
        .collect();
    let known: Vec<(u32, u32)> = fs_err::read_to_string(folder.join("near_duplicates.csv"))
        .unwrap()
        .lines()
        .skip(1)
        .map(|line| {
            let mut fields = line
                .split(',')
                .map(|field| field.trim_start_matches("images/"));
            let pair = [fields.next().unwrap(), fields.next().unwrap()].map(|name| position[name]);
            (pair[0].min(pair[1]), pair[0].max(pair[1]))
        })
        .collect();
    let found = near_duplicates(&prints);
    // Each image is linked once, so a cluster of three is a star: compare clusters, not pairs.
    let found_cluster = clusters(
        files.len(),
        found.iter().map(|pair| (pair.earlier, pair.later)),
    );
    let known_cluster = clusters(files.len(), known.iter().copied());
    let share = |hits: usize, all: usize| hits as f64 / all.max(1) as f64;
    let right = found
        .iter()
        .filter(|pair| known_cluster[pair.earlier as usize] == known_cluster[pair.later as usize])
        .count();
    let is_found = |&&(a, b): &&(u32, u32)| found_cluster[a as usize] == found_cluster[b as usize];
    let above: Vec<(u32, u32)> = known
        .iter()
        .copied()
        .filter(|&(a, b)| {
            let [a, b] = [a, b].map(|position| &prints[position as usize].thumbnail);
            autolabel_image_io::thumbnail_correlation(a, b)
                >= autolabel_image_io::NEAR_DUPLICATE_CORRELATION
        })
        .collect();
    Outcome {
        precision: share(right, found.len()),
        recall: share(known.iter().filter(is_found).count(), known.len()),
        recall_above_bar: share(above.iter().filter(is_found).count(), above.len()),
        found,
    }
}

/// The smallest position that each position is linked to, directly or through others.
fn clusters(count: usize, pairs: impl Iterator<Item = (u32, u32)>) -> Vec<usize> {
    let mut cluster: Vec<usize> = (0..count).collect();
    let mut sorted: Vec<(u32, u32)> = pairs.collect();
    sorted.sort_unstable_by_key(|&(_, later)| later);
    for (a, b) in sorted {
        let (a, b) = (cluster[a as usize], cluster[b as usize]);
        let (low, high) = (a.min(b), a.max(b));
        for entry in &mut cluster {
            if *entry == high {
                *entry = low;
            }
        }
    }
    cluster
}

fn report(name: &str, outcome: &Outcome) {
    let exact = outcome.found.iter().filter(|pair| pair.exact).count();
    println!(
        "{name}: {} found ({exact} exact), precision {:.3}, recall {:.3}, of those above the bar {:.3}",
        outcome.found.len(),
        outcome.precision,
        outcome.recall,
        outcome.recall_above_bar
    );
}

#[test]
fn chest_radiographs() {
    let Some(folder) = shared("cxr-covid-pneumonia-normal") else {
        return;
    };
    let outcome = evaluate(&folder);
    report("chest radiographs", &outcome);
    assert!(outcome.precision >= 0.99, "{}", outcome.precision);
    assert!(
        outcome.recall_above_bar >= 0.97,
        "{}",
        outcome.recall_above_bar
    );
    // The list goes down to a correlation of 0.96, where other exposures of a patient begin.
    assert!(outcome.recall >= 0.80, "{}", outcome.recall);
}

#[test]
fn blood_cells() {
    let Some(folder) = shared("blood-cells-pbc-8class") else {
        return;
    };
    let outcome = evaluate(&folder);
    report("blood cells", &outcome);
    assert!(outcome.precision >= 0.99, "{}", outcome.precision);
    assert!(outcome.recall >= 0.99, "{}", outcome.recall);
}
