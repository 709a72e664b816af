//! The dense learner on drawn pictures: it learns, repeats itself, goes on, and refuses what does not fit.

use autolabel_annotation::{ClassId, Drawing, DrawnShape, Geometry, ImageSize, Mask};
use autolabel_image_io::Augmentation;
use autolabel_models::{
    EngineChoice, FrozenStages, frozen_stage_maps, frozen_stage_values, load_frozen_stages,
};
use autolabel_training::{
    DenseConfig, DenseExample, DenseMaps, DenseState, DenseTarget, DenseTask, DenseView, Tail,
    UNLABELED, dense_logits, predict_dense, train_dense,
};
use half::f16;

use crate::pictures::on_threads;

/// A red square with stripes on a grey ground of stripes; where the square begins.
fn picture(height: usize, width: usize, kind: usize) -> (Vec<f32>, Vec<u8>) {
    let (top, left) = (8 * (kind % 3), 8 * (kind / 3 % 3));
    let inside = |x: usize, y: usize| {
        (top..top + height / 2).contains(&y) && (left..left + width / 2).contains(&x)
    };
    let pixels = || (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let values = (0..3_usize).flat_map(|channel| {
        pixels().map(move |(x, y)| {
            let stripes = ((3 * x + (kind + 2) * y) % 17 * 4) as f32;
            match (inside(x, y), channel) {
                (true, 0) => 190.0 + stripes,
                (true, _) => 30.0 + stripes,
                (false, _) => 90.0 + stripes,
            }
        })
    });
    let labels = pixels().map(|(x, y)| u8::from(inside(x, y)));
    (values.collect(), labels.collect())
}

/// Maps and target of a picture; the lower half without labels where `in_part`.
fn view(
    stages: &FrozenStages,
    [height, width]: [usize; 2],
    kind: usize,
    in_part: bool,
) -> (Vec<f16>, DenseTarget) {
    let (picture, mut labels) = picture(height, width, kind);
    if in_part {
        labels[height / 2 * width..].fill(UNLABELED);
    }
    let maps = frozen_stage_maps(stages, height, width, &[&picture]).unwrap();
    assert_eq!(maps.len(), frozen_stage_values(height, width));
    (
        maps,
        DenseTarget::of_classes(height, width, 2, &labels).unwrap(),
    )
}

type Views = Vec<([usize; 2], Vec<f16>, DenseTarget)>;

/// Five pictures of two sizes, one of them labeled in part.
fn views() -> Views {
    let stages = load_frozen_stages(EngineChoice::Auto, 1).unwrap();
    let sizes = [[64, 64], [64, 96], [64, 64], [64, 64], [64, 96]];
    let each = sizes.into_iter().enumerate();
    each.map(|(kind, sides)| {
        let (maps, target) = view(&stages, sides, kind, kind == 2);
        (sides, maps, target)
    })
    .collect()
}

fn examples(views: &Views) -> Vec<DenseExample<'_>> {
    let each = views.iter().map(|([height, width], maps, target)| {
        let maps = DenseMaps::new(*height, *width, maps).unwrap();
        let target = target.clone();
        let views = vec![DenseView { maps, target }];
        DenseExample { views }
    });
    each.collect()
}

const TASK: DenseTask = DenseTask::Classes { classes: 2 };

fn config(steps: usize) -> DenseConfig {
    DenseConfig {
        steps,
        batch: 6,
        ..DenseConfig::default()
    }
}

#[test]
fn it_learns_where_the_squares_are() {
    let tail = Tail::read(autolabel_models::default_network()).unwrap();
    let views = views();
    let examples = examples(&views);
    let mut losses = Vec::new();
    let start = DenseState::start(&tail, TASK, 1);
    let state = train_dense(&examples, &config(25), start, &mut |_, loss| {
        losses.push(loss);
        true
    })
    .unwrap();
    assert!(losses[24] < 0.4 * losses[0], "{losses:?}");
    // The part of a picture that had no labels is found as well.
    let (_, labels) = picture(64, 64, 2);
    let grids = predict_dense(&state, &[examples[2].views[0].maps]);
    let found = grids[0].likeliest(64, 64);
    let wrong = found.iter().zip(&labels).filter(|(f, l)| f != l).count();
    assert!(wrong < 64 * 64 / 20, "{wrong} pixels");
    let sums = grids[0].values.chunks(2).map(|cell| cell[0] + cell[1]);
    assert!(sums.into_iter().all(|sum| (sum - 1.0).abs() < 1e-5));
}

/// Trains a task on the squares and returns, for each picture, the IoU of the surest shape with its
/// square.
fn found_squares(task: DenseTask, steps: usize) -> Vec<f64> {
    let tail = Tail::read(autolabel_models::default_network()).unwrap();
    let stages = load_frozen_stages(EngineChoice::Auto, 1).unwrap();
    let sizes = [[64, 64], [64, 96], [96, 64], [64, 64], [64, 96]];
    let jobs = sizes
        .into_iter()
        .enumerate()
        .map(|(kind, [height, width])| {
            let (values, labels) = picture(height, width, kind);
            let maps = frozen_stage_maps(&stages, height, width, &[&values]).unwrap();
            let size = ImageSize::new(width as u32, height as u32).unwrap();
            let square = Mask::from_bitmap(size, &labels).unwrap();
            let geometry = match task {
                DenseTask::Boxes { .. } => Geometry::Box(square.bounding_box().unwrap()),
                _ => Geometry::Mask(square.clone()),
            };
            let shape = DrawnShape {
                class: ClassId(0),
                geometry,
            };
            let drawing = Drawing {
                shapes: vec![shape],
                ignored: None,
            };
            let view = Augmentation::plain((height, width), height, width);
            let target = task.target(&drawing, size, &view).unwrap();
            (maps, target, size, view, square)
        });
    let jobs: Vec<_> = jobs.collect();
    let maps_of = |job: usize| {
        let (maps, _, size, ..) = &jobs[job];
        DenseMaps::new(size.height() as usize, size.width() as usize, maps).unwrap()
    };
    let examples = (0..jobs.len()).map(|job| DenseExample {
        views: vec![DenseView {
            maps: maps_of(job),
            target: jobs[job].1.clone(),
        }],
    });
    let examples: Vec<DenseExample<'_>> = examples.collect();
    let start = DenseState::start(&tail, task, 1);
    let state = train_dense(&examples, &config(steps), start, &mut |_, _| true).unwrap();
    let found = jobs
        .iter()
        .enumerate()
        .map(|(job, (_, _, size, view, square))| {
            let grids = dense_logits(&state, &[maps_of(job)]);
            let shapes = task.shapes(&grids[0], *size, view).unwrap();
            let Some(surest) = shapes.first() else {
                return 0.0;
            };
            assert!((0.0..=1.0).contains(&surest.confidence));
            let mask = surest.shape.geometry.mask(*size).unwrap();
            let both = f64::from(mask.intersection_area(square).unwrap());
            both / (f64::from(mask.area() + square.area()) - both)
        });
    found.collect()
}

#[test]
fn it_draws_boxes_around_the_squares() {
    let ious = found_squares(DenseTask::Boxes { classes: 1 }, 40);
    assert!(ious.iter().all(|iou| *iou > 0.7), "{ious:?}");
}

#[test]
fn it_cuts_out_the_squares() {
    let ious = found_squares(DenseTask::Instances { classes: 1 }, 40);
    assert!(ious.iter().all(|iou| *iou > 0.7), "{ious:?}");
}

#[test]
fn an_interrupted_training_ends_where_an_undisturbed_one_does_on_any_number_of_threads() {
    let tail = Tail::read(autolabel_models::default_network()).unwrap();
    let views = views();
    let train = |threads: usize, state: DenseState, stop_at: usize| {
        on_threads(threads, || {
            let go_on = &mut |state: &DenseState, _: f32| state.step < stop_at;
            train_dense(&examples(&views), &config(4), state, go_on).unwrap()
        })
    };
    let start = || DenseState::start(&tail, TASK, 1);
    let undisturbed = train(1, start(), 4);
    let half = train(2, start(), 2);
    assert_eq!(half.step, 2);
    let half = DenseState::from_bytes(&tail, &half.to_bytes(true)).unwrap();
    assert!(train(2, half, 4) == undisturbed);
    // What has learnt before starts better than what has not.
    let loss_of_first_step = |state: DenseState| {
        let mut first = f32::NAN;
        let seen = &mut |_: &DenseState, loss: f32| {
            first = loss;
            false
        };
        train_dense(&examples(&views), &config(4), state, seen).unwrap();
        first
    };
    assert!(loss_of_first_step(undisturbed.warm()) < loss_of_first_step(start()));
}

#[test]
fn what_does_not_fit_is_refused() {
    let tail = Tail::read(autolabel_models::default_network()).unwrap();
    let views = views();
    let refused = |examples: &[DenseExample<'_>], classes: usize| {
        let start = DenseState::start(&tail, DenseTask::Classes { classes }, 1);
        let refused = train_dense(examples, &config(2), start, &mut |_, _| true);
        refused.unwrap_err().to_string()
    };
    assert!(refused(&[], 2).contains("no labeled image"));
    assert!(refused(&examples(&views), 3).contains("image 0"));
    let mut without_view = examples(&views);
    without_view[1].views.clear();
    assert!(refused(&without_view, 2).contains("image 1 has no view"));
}
