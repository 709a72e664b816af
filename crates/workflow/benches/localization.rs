//! How well heat maps learnt from classes alone find what experts drew boxes around.
//!
//! A classifier is trained on classes, without a single box. On images that it has not seen, the hottest
//! position of the heat for the true class is looked up in the true boxes (the pointing game: Zhang
//! et al., IJCV 2018), and the proposed box is held against the best fitting one by intersection
//! over union. Beside it stand the middle of the image and a random position, the proposed box moved
//! there. Drawn radiographs serve without any data; with `AUTOLABEL_SHARED` (or `../shared`) also real
//! radiographs with the boxes of a radiologist and brain slices with the outlines of tumours.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a benchmark fails by panicking and prints what it measured"
)]

use autolabel_annotation::{ClassId, Label};
use autolabel_heads::{
    Blocks, ClassFunction, Combination, DirichletGp, FeatureTransform, GpConfig, RawFeatures, fit,
    fit_transform,
};
use autolabel_image_io::{
    Plane, ReadLimits, Samples, fingerprint, read_plane, thumbnail_correlation,
};
use autolabel_models::{
    Backbone, BackboneSource, EngineChoice, Orientations, Views, embed, feature_maps, load_backbone,
};
use autolabel_phantoms::{PhantomClass, chest_radiograph};
use autolabel_workflow::localization::{PixelBox, localize};
use autolabel_workflow::representation::{
    BlockSource, choose, transform_config, transformed_blocks,
};
use half::f16;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Correlation of thumbnails above which a training image may show what a test image does.
const COPY_CORRELATION: f32 = 0.97;

/// Random positions an image.
const DRAWS: usize = 200;

struct Image {
    plane: Plane,
    class: ClassId,
}

/// An image with the boxes around what its class rests on.
struct Boxed {
    image: Image,
    boxes: Vec<PixelBox>,
}

fn main() {
    let backbone = load_backbone(&BackboneSource::Default, EngineChoice::Auto, 0).unwrap();
    println!("{} with {}\n", backbone.info().name, backbone.engine().name);
    let mut tables = vec![phantoms()];
    tables.extend(shared("cxr-findings-boxes-nih").and_then(|boxes| radiographs(&boxes)));
    tables.extend(shared("brain-mri-tumour-slices-brats").map(|folder| brains(&folder)));
    for table in tables {
        table.measure(&backbone);
    }
}

/// Parts of a data set: each is trained and tested by itself, and the results are joined.
struct Table {
    name: &'static str,
    splits: Vec<(Vec<Image>, Vec<Boxed>)>,
}

impl Table {
    fn measure(&self, backbone: &Backbone) {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut scores = Scores::default();
        for (training, tests) in &self.splits {
            let trained = Trained::on(training, backbone);
            for test in tests {
                let started = Instant::now();
                trained.score(test, backbone, &mut rng, &mut scores);
                scores.seconds += started.elapsed().as_secs_f64();
            }
        }
        scores.print(self.name, self.splits.iter().map(|(t, _)| t.len()).sum());
    }
}

fn phantoms() -> Table {
    let draw = |seed: u64, class: u8| {
        let drawn = chest_radiograph(seed, PhantomClass::ALL[usize::from(class)]);
        let boxes = drawn.truth.opacities.iter().map(|o| PixelBox {
            left_px: f64::from(o.left_px),
            top_px: f64::from(o.top_px),
            width_px: f64::from(o.width_px),
            height_px: f64::from(o.height_px),
        });
        let boxes = boxes
            .filter(|b| b.width_px > 0.0 && b.height_px > 0.0)
            .collect();
        let class = ClassId(u16::from(class));
        let plane = drawn.plane;
        Boxed {
            image: Image { plane, class },
            boxes,
        }
    };
    // As in the demo: 55 in 100 normal, 30 with pneumonia, 15 with an effusion.
    let class = |i: u64| [0, 1, 0, 0, 2, 0, 1, 0, 1, 0][(i % 10) as usize];
    let training = (0..400).map(|i| draw(i, class(i)).image).collect();
    let tests = (1_000..1_150).map(|i| draw(i, 1 + (i % 2) as u8)).collect();
    Table {
        name: "drawn chest radiographs: pneumonia, effusion",
        splits: vec![(training, tests)],
    }
}

/// Normal and pneumonia of the NIH; nothing that the boxed images show is trained on.
fn radiographs(boxes: &Path) -> Option<Table> {
    let pack = shared("cxr-covid-pneumonia-normal")?;
    let coco: serde_json::Value =
        serde_json::from_slice(&fs_err::read(boxes.join("coco.json")).unwrap()).unwrap();
    let number = |value: &serde_json::Value| value.as_f64().unwrap();
    let mut tests = Vec::new();
    for image in coco["images"].as_array().unwrap() {
        let of_image = coco["annotations"].as_array().unwrap().iter();
        let drawn = of_image.filter(|a| a["image_id"] == image["id"]);
        let boxes_here = drawn.map(|a| PixelBox {
            left_px: number(&a["bbox"][0]),
            top_px: number(&a["bbox"][1]),
            width_px: number(&a["bbox"][2]),
            height_px: number(&a["bbox"][3]),
        });
        tests.push(Boxed {
            boxes: boxes_here.collect(),
            image: Image {
                plane: plane(&boxes.join(image["file_name"].as_str().unwrap())),
                class: ClassId(1),
            },
        });
    }
    let shown: Vec<_> = tests
        .iter()
        .map(|t| fingerprint(&[], &t.image.plane).thumbnail)
        .collect();
    let mut training = Vec::new();
    for cells in table(&pack.join("labels.csv")) {
        if cells[4] != "nih" {
            continue;
        }
        let plane = plane(&pack.join(&cells[0]));
        let print = fingerprint(&[], &plane).thumbnail;
        let is_copy = |other| thumbnail_correlation(&print, other) > COPY_CORRELATION;
        if !shown.iter().any(is_copy) {
            let class = ClassId(u16::from(cells[1] == "pneumonia"));
            training.push(Image { plane, class });
        }
    }
    Some(Table {
        name: "NIH chest radiographs: pneumonia and alike",
        splits: vec![(training, tests)],
    })
}

/// One patient at a time is left out.
fn brains(folder: &Path) -> Table {
    let cells = table(&folder.join("index.csv"));
    let mut patients: Vec<&str> = cells.iter().map(|c| c[2].as_str()).collect();
    patients.dedup();
    let image = |c: &[String]| Image {
        plane: plane(&folder.join(&c[0])),
        class: ClassId(u16::from(c[4] == "1")),
    };
    let splits = patients.into_iter().map(|patient| {
        let training = cells
            .iter()
            .filter(|c| c[2] != patient)
            .map(|c| image(c))
            .collect();
        let tests = cells.iter().filter(|c| c[2] == patient && c[4] == "1");
        let boxed = tests.map(|c| Boxed {
            image: image(c),
            boxes: vec![mask_box(&plane(&folder.join(&c[1])))],
        });
        (training, boxed.collect())
    });
    Table {
        name: "brain slices: tumour (one patient left out at a time)",
        splits: splits.collect(),
    }
}

struct Trained {
    views: Views,
    transform: FeatureTransform,
    combination: Combination,
    gp: DirichletGp,
}

impl Trained {
    fn on(training: &[Image], backbone: &Backbone) -> Self {
        let views = Views::grey_crops(Orientations::Upright);
        let info = views.info(backbone.info());
        let planes: Vec<&Plane> = training.iter().map(|i| &i.plane).collect();
        let rows = embed(backbone, &views, &planes).unwrap().rows;
        let raw: Vec<f16> = rows.iter().map(|v| f16::from_f32(*v)).collect();
        let features = RawFeatures {
            values: &raw,
            dim: info.dim,
        };
        let transform = fit_transform(&features, &transform_config(&info.blocks), 0).unwrap();
        let blocks: Blocks = transformed_blocks(&info.blocks, views.crops.len());
        let source = BlockSource {
            raw: features,
            transform: &transform,
            blocks: &blocks,
            excluded: &[],
        };
        let rows: Vec<u32> = (0..training.len() as u32).collect();
        let classes: Vec<ClassId> = training.iter().map(|i| i.class).collect();
        let count = 1 + classes.iter().map(|c| c.index()).max().unwrap();
        let gp = GpConfig::default();
        let labels: Vec<Label> = classes.iter().copied().map(Label::Class).collect();
        let chosen = choose(&source, &rows, &labels, count, &gp).unwrap();
        let combination = source.combination(Some(&chosen.weights)).unwrap();
        let features = source.features(Some(&chosen.weights)).unwrap();
        let gp = fit(&features, &rows, &classes, count, &gp).unwrap();
        Self {
            views,
            transform,
            combination,
            gp,
        }
    }

    fn score(&self, test: &Boxed, backbone: &Backbone, rng: &mut ChaCha8Rng, scores: &mut Scores) {
        let Image { plane, class } = &test.image;
        let maps = feature_maps(backbone, &self.views, plane).unwrap();
        let function = ClassFunction {
            transform: &self.transform,
            combination: &self.combination,
            gp: &self.gp,
        };
        let size = (plane.width, plane.height);
        let found = localize(&function, &maps, *class, size).unwrap();
        let (width, height) = (f64::from(size.0), f64::from(size.1));
        let hottest = found.heat.values.iter().position(|v| *v >= 1.0);
        let peak = hottest.map(|index| {
            let (row, column) = (index / found.heat.columns, index % found.heat.columns);
            (
                (column as f64 + 0.5) / found.heat.columns as f64 * width,
                (row as f64 + 0.5) / found.heat.rows as f64 * height,
            )
        });
        let region = found.region.unwrap_or(PixelBox {
            left_px: 0.0,
            top_px: 0.0,
            width_px: width,
            height_px: height,
        });
        let moved = |x: f64, y: f64| PixelBox {
            left_px: (x - region.width_px / 2.0).clamp(0.0, width - region.width_px),
            top_px: (y - region.height_px / 2.0).clamp(0.0, height - region.height_px),
            ..region
        };
        scores.images += 1;
        scores.right += usize::from(found.log_odds > 0.0);
        scores.heat.add(&test.boxes, peak, &region, 1.0);
        let middle = (width / 2.0, height / 2.0);
        let at_middle = moved(middle.0, middle.1);
        scores
            .middle
            .add(&test.boxes, Some(middle), &at_middle, 1.0);
        for _ in 0..DRAWS {
            let (x, y) = (rng.random_range(0.0..width), rng.random_range(0.0..height));
            let share = 1.0 / DRAWS as f64;
            scores
                .random
                .add(&test.boxes, Some((x, y)), &moved(x, y), share);
        }
    }
}

#[derive(Default)]
struct Scores {
    images: usize,
    /// Images whose true class has the better odds.
    right: usize,
    seconds: f64,
    heat: Hits,
    middle: Hits,
    random: Hits,
}

#[derive(Default)]
struct Hits {
    pointed: f64,
    overlap_tenth: f64,
    overlap_third: f64,
}

impl Hits {
    fn add(&mut self, boxes: &[PixelBox], peak: Option<(f64, f64)>, region: &PixelBox, share: f64) {
        let inside = |b: &PixelBox| {
            peak.is_some_and(|(x, y)| {
                (b.left_px..=b.left_px + b.width_px).contains(&x)
                    && (b.top_px..=b.top_px + b.height_px).contains(&y)
            })
        };
        let best = boxes.iter().map(|b| overlap(b, region)).fold(0.0, f64::max);
        self.pointed += share * f64::from(u8::from(boxes.iter().any(inside)));
        self.overlap_tenth += share * f64::from(u8::from(best >= 0.1));
        self.overlap_third += share * f64::from(u8::from(best >= 0.3));
    }
}

impl Scores {
    fn print(&self, name: &str, training: usize) {
        println!(
            "{name}\n  {training} images trained on, {} tested, {:.0} % classified right, {:.0} ms an image",
            self.images,
            100.0 * self.right as f64 / self.images as f64,
            1_000.0 * self.seconds / self.images as f64,
        );
        println!(
            "  {:<22}{:>12}{:>12}{:>12}",
            "", "pointing", "IoU >= 0.1", "IoU >= 0.3"
        );
        for (name, hits) in [
            ("heat", &self.heat),
            ("middle of the image", &self.middle),
            ("random position", &self.random),
        ] {
            let share = |hits: f64| format!("{:.1} %", 100.0 * hits / self.images as f64);
            println!(
                "  {name:<22}{:>12}{:>12}{:>12}",
                share(hits.pointed),
                share(hits.overlap_tenth),
                share(hits.overlap_third),
            );
        }
        println!();
    }
}

/// Intersection over union.
fn overlap(a: &PixelBox, b: &PixelBox) -> f64 {
    let shared = |a0: f64, a1: f64, b0: f64, b1: f64| (a1.min(b1) - a0.max(b0)).max(0.0);
    let (ar, br) = (a.left_px + a.width_px, b.left_px + b.width_px);
    let (ab, bb) = (a.top_px + a.height_px, b.top_px + b.height_px);
    let both = shared(a.left_px, ar, b.left_px, br) * shared(a.top_px, ab, b.top_px, bb);
    both / (a.width_px * a.height_px + b.width_px * b.height_px - both)
}

/// The box around everything in a mask that is not 0.
fn mask_box(mask: &Plane) -> PixelBox {
    let Samples::U8(samples) = &mask.samples else {
        panic!("a mask has 8 bits");
    };
    let (width, channels) = (mask.width as usize, usize::from(mask.channels));
    let (mut left, mut top, mut right, mut bottom) = (usize::MAX, usize::MAX, 0, 0);
    for (index, pixel) in samples.chunks_exact(channels).enumerate() {
        if pixel.iter().any(|v| *v > 0) {
            let (x, y) = (index % width, index / width);
            (left, right) = (left.min(x), right.max(x));
            (top, bottom) = (top.min(y), bottom.max(y));
        }
    }
    PixelBox {
        left_px: left as f64,
        top_px: top as f64,
        width_px: (right + 1 - left) as f64,
        height_px: (bottom + 1 - top) as f64,
    }
}

fn plane(path: &Path) -> Plane {
    read_plane(path, &ReadLimits::default()).unwrap()
}

/// The rows of a table without commas inside its cells, the heading left out.
fn table(path: &Path) -> Vec<Vec<String>> {
    let text = fs_err::read_to_string(path).unwrap();
    let rows = text.lines().skip(1);
    rows.map(|row| row.split(',').map(str::to_owned).collect())
        .collect()
}

fn shared(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("AUTOLABEL_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let folder = root.join("data").join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("{name}: skipped: no ../shared\n");
    None
}
