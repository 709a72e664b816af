//! The losses of boxes and instances beside the same ones in double precision, whose numbers
//! `tests/golden/shape_losses.py` wrote.

use serde::Deserialize;

use crate::dense::box_loss::box_loss;
use crate::dense::instance_loss::instance_loss;
use crate::dense::maps::DenseTarget;

const ROWS: usize = 4;
const COLUMNS: usize = 6;
const CELLS: usize = ROWS * COLUMNS;
const CLASSES: usize = 2;

#[derive(Deserialize)]
struct Golden {
    boxes: GoldenLoss,
    instances: GoldenLoss,
}

#[derive(Deserialize)]
struct GoldenLoss {
    loss: f64,
    gradient: Vec<f64>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../tests/golden/shape_losses.json")).unwrap()
}

/// `count` numbers of the pattern that both sides are made of, from -1 to 1.
fn pattern(count: usize, first: usize) -> Vec<f64> {
    let number = |index: usize| ((index * 7919) % 1009) as f64 / 504.5 - 1.0;
    (first..first + count).map(number).collect()
}

fn answers(outputs: usize) -> Vec<f32> {
    let numbers = pattern(CELLS * outputs, 0);
    numbers.iter().map(|number| 2.0 * *number as f32).collect()
}

/// A target of the given values, cell by cell.
fn target(channels: usize, values: impl Iterator<Item = f64>) -> DenseTarget {
    DenseTarget {
        rows: ROWS,
        columns: COLUMNS,
        channels,
        values: values.map(|value| value as f32).collect(),
        weights: [1.0, 0.5, 1.0, 0.0].repeat(CELLS / 4),
    }
}

/// How much the sides or the way of a cell count.
fn counts(cell: usize) -> f64 {
    [0.0, 0.25, 0.75][cell % 3]
}

#[track_caller]
fn check(golden: &GoldenLoss, loss: f32, gradient: &[f32], share: f64) {
    let error = (f64::from(loss) - golden.loss).abs();
    assert!(error < 1e-5 * golden.loss, "{loss} beside {}", golden.loss);
    let longest = golden.gradient.iter().fold(0.0_f64, |l, g| l.max(g.abs()));
    assert_eq!(gradient.len(), golden.gradient.len());
    for (index, (found, expected)) in gradient.iter().zip(&golden.gradient).enumerate() {
        let error = (f64::from(*found) - share * expected).abs();
        assert!(
            error < 1e-5 * longest,
            "number {index}: {found} beside {expected}"
        );
    }
}

#[test]
fn boxes_cost_what_their_papers_say() {
    let mut heats = pattern(CELLS * CLASSES, 5);
    heats
        .iter_mut()
        .for_each(|heat| *heat = 0.5 * (1.0 + *heat));
    for (cell, class) in [(1, 0), (10, 1), (18, 0)] {
        heats[cell * CLASSES + class] = 1.0;
    }
    let sides = pattern(CELLS * 4, 7);
    let values = (0..CELLS).flat_map(|cell| {
        let heats = heats[cell * CLASSES..][..CLASSES].iter().copied();
        let sides = sides[cell * 4..][..4].iter().map(|side| 24.0 + 20.0 * side);
        heats.chain(sides).chain([counts(cell)])
    });
    let target = target(CLASSES + 5, values);
    let answers = answers(CLASSES + 4);
    let mut gradient = vec![f32::NAN; answers.len()];
    let loss = box_loss(CLASSES, &answers, &target, 0.5, &mut gradient);
    check(&golden().boxes, loss, &gradient, 0.5);
}

#[test]
fn instances_cost_what_their_papers_say() {
    let labels = CLASSES + 1;
    let shares = pattern(CELLS * labels, 3);
    let ways = pattern(CELLS * 2, 9);
    let values = (0..CELLS).flat_map(|cell| {
        let shares = &shares[cell * labels..][..labels];
        let sum: f64 = shares.iter().map(|share| 1.5 + share).sum();
        let shares = shares.iter().map(move |share| (1.5 + share) / sum);
        let ways = ways[cell * 2..][..2].iter().map(|way| 30.0 * way);
        shares.chain(ways).chain([counts(cell)])
    });
    let target = target(labels + 3, values);
    let answers = answers(labels + 2);
    let mut gradient = vec![f32::NAN; answers.len()];
    let loss = instance_loss(CLASSES, &answers, &target, 0.5, &mut gradient);
    check(&golden().instances, loss, &gradient, 0.5);
}
