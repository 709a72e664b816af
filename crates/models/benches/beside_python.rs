//! Images per second from files to features, beside a plain Python pipeline, in one run.
//!
//! ```text
//! cargo bench -p autolabel-models --bench beside_python -- FOLDER --python PYTHON
//! ```
//!
//! Both sides read the same first `--images` files (400) below FOLDER in sorted order, decode
//! them, resize to 224 x 224 with antialiasing, and run the same network on `--threads` threads
//! (2). The Python side is `embed_peer.py` beside this file: a pool of threads decodes ahead with
//! OpenCV and then with Pillow while ONNX Runtime runs batches of 16; it needs the packages
//! `onnxruntime numpy opencv-python-headless pillow`. Rounds alternate; the medians of `--rounds`
//! (3) are printed with their ratio, and the cosine between both features as a check that both did
//! the same work. On a machine that others use too, the rates per second of CPU time (Linux only)
//! are the ones to trust.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark fails by panicking"
)]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Instant;

use autolabel_image_io::{Plane, ReadLimits, read_plane, scan};
use autolabel_models::{
    Backbone, BackboneSource, Embeddings, EngineChoice, Views, embed, load_backbone,
};

const DECODERS: [&str; 2] = ["opencv", "pillow"];

/// Files decoded before their features are computed.
const PORTION: usize = 64;

struct Arguments {
    folder: PathBuf,
    python: String,
    images: usize,
    threads: usize,
    rounds: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Some(arguments) = read_arguments()? else {
        println!("skipped: give a folder of images and --python PYTHON");
        return Ok(());
    };
    let mut files: Vec<PathBuf> = scan(&arguments.folder)?
        .files
        .into_iter()
        .map(|file| arguments.folder.join(file.relative))
        .collect();
    files.truncate(arguments.images);
    let backbone = load_backbone(
        &BackboneSource::Default,
        EngineChoice::OnnxRuntime,
        arguments.threads,
    )?;
    println!("{} images, {:?}", files.len(), backbone.engine());

    let mut ours = Vec::new();
    let mut theirs = [Vec::new(), Vec::new()];
    for _ in 0..arguments.rounds {
        let (start, start_cpu) = (Instant::now(), cpu_secs());
        let embeddings = embed_files(&backbone, &files, arguments.threads)?;
        let count = files.len() as f64;
        ours.push(Rate {
            per_sec: count / start.elapsed().as_secs_f64(),
            per_cpu_sec: count / (cpu_secs() - start_cpu),
        });
        for (decoder, rates) in DECODERS.iter().zip(&mut theirs) {
            let (rate, features) = run_python(&arguments, decoder, &files)?;
            let cosine = mean_cosine(&embeddings, &features, backbone.info().dim)?;
            println!("mean cosine to {decoder}: {cosine:.5}");
            rates.push(rate);
        }
    }
    let ours = median(&ours);
    println!("autolabel: {}", ours.words());
    for (decoder, rates) in DECODERS.iter().zip(&theirs) {
        let theirs = median(rates);
        println!(
            "python with {decoder}: {}; ratio {:.2} ({:.2} by CPU time)",
            theirs.words(),
            ours.per_sec / theirs.per_sec,
            ours.per_cpu_sec / theirs.per_cpu_sec
        );
    }
    Ok(())
}

/// Images per second.
struct Rate {
    per_sec: f64,
    per_cpu_sec: f64,
}

impl Rate {
    fn words(&self) -> String {
        format!(
            "{:.1} images/s, {:.1} per second of CPU time",
            self.per_sec, self.per_cpu_sec
        )
    }
}

/// Seconds of CPU time of all threads of this process, or not a number outside Linux.
fn cpu_secs() -> f64 {
    let stat = fs_err::read_to_string("/proc/self/stat").unwrap_or_default();
    // proc(5): after the name in parentheses, fields 14 and 15 of all count hundredths of seconds.
    let (_, fields) = stat.rsplit_once(')').unwrap_or_default();
    let hundredths: Vec<f64> = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse().ok())
        .collect();
    match hundredths[..] {
        [user, system] => (user + system) / 100.0,
        _ => f64::NAN,
    }
}

fn read_arguments() -> Result<Option<Arguments>, Box<dyn Error>> {
    let mut folder = None;
    let mut python = None;
    let (mut images, mut threads, mut rounds) = (400, 2, 3);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--bench" => {}
            "--python" => python = Some(value()?),
            "--images" => images = value()?.parse()?,
            "--threads" => threads = value()?.parse()?,
            "--rounds" => rounds = value()?.parse()?,
            _ => folder = Some(PathBuf::from(word)),
        }
    }
    Ok(folder.zip(python).map(|(folder, python)| Arguments {
        folder,
        python,
        images,
        threads,
        rounds,
    }))
}

/// What an import does: decode a portion on all threads, then embed it.
fn embed_files(
    backbone: &Backbone,
    files: &[PathBuf],
    threads: usize,
) -> Result<Vec<f32>, Box<dyn Error>> {
    let mut rows = Vec::new();
    for portion in files.chunks(PORTION) {
        let planes = read_planes(portion, threads)?;
        let planes: Vec<&Plane> = planes.iter().collect();
        let Embeddings { rows: portion, .. } = embed(backbone, &Views::whole(), &planes)?;
        rows.extend(portion);
    }
    Ok(rows)
}

fn read_planes(files: &[PathBuf], threads: usize) -> Result<Vec<Plane>, Box<dyn Error>> {
    let queue = Mutex::new(files.iter().enumerate());
    let planes = Mutex::new(Vec::new());
    let next = || queue.lock().ok().and_then(|mut queue| queue.next());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((index, file)) = next() {
                    let plane = read_plane(file, &ReadLimits::default());
                    if let Ok(mut planes) = planes.lock() {
                        planes.push((index, plane));
                    }
                }
            });
        }
    });
    let mut planes = planes.into_inner().map_err(|error| error.to_string())?;
    planes.sort_by_key(|(index, _)| *index);
    planes.into_iter().map(|(_, plane)| Ok(plane?)).collect()
}

/// The rates that the peer reports, and its features.
fn run_python(
    arguments: &Arguments,
    decoder: &str,
    files: &[PathBuf],
) -> Result<(Rate, Vec<f32>), Box<dyn Error>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::temp_dir().join(format!("autolabel-peer-{}", std::process::id()));
    fs_err::create_dir_all(&folder)?;
    let list = folder.join("files.txt");
    let features = folder.join("features.f32");
    let lines: Vec<String> = files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    fs_err::write(&list, lines.join("\n"))?;
    let output = Command::new(&arguments.python)
        .arg(here.join("benches/embed_peer.py"))
        .arg(here.join("../../weights/efficientnet_lite0_f16.onnx"))
        .arg(&list)
        .args(["--decoder", decoder])
        .args(["--threads", &arguments.threads.to_string()])
        .arg("--features")
        .arg(&features)
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let words = String::from_utf8(output.stdout)?;
    let numbers: Vec<f64> = words
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let [per_sec, per_cpu_sec] = numbers[..] else {
        return Err(format!("embed_peer.py printed {words}").into());
    };
    let rate = Rate {
        per_sec,
        per_cpu_sec,
    };
    let (numbers, _) = fs_err::read(&features).map(|bytes| {
        let (numbers, rest) = bytes.as_chunks::<4>();
        (
            numbers.iter().map(|&n| f32::from_le_bytes(n)).collect(),
            rest.len(),
        )
    })?;
    fs_err::remove_dir_all(&folder)?;
    Ok((rate, numbers))
}

/// Over the rows of two lists of features; lists of different length measure different things.
fn mean_cosine(a: &[f32], b: &[f32], dim: usize) -> Result<f64, String> {
    if a.len() != b.len() {
        return Err(format!(
            "{} numbers beside {}: embed_peer.py must ask for the outputs of the default backbone",
            a.len(),
            b.len()
        ));
    }
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(a, b)| f64::from(*a) * f64::from(*b))
            .sum()
    };
    let cosines: Vec<f64> = a
        .chunks(dim)
        .zip(b.chunks(dim))
        .map(|(a, b)| dot(a, b) / (dot(a, a) * dot(b, b)).sqrt())
        .collect();
    Ok(cosines.iter().sum::<f64>() / cosines.len() as f64)
}

fn median(rates: &[Rate]) -> Rate {
    let middle = |value: fn(&Rate) -> f64| {
        let mut values: Vec<f64> = rates.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    };
    Rate {
        per_sec: middle(|rate| rate.per_sec),
        per_cpu_sec: middle(|rate| rate.per_cpu_sec),
    }
}
