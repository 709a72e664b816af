//! What the network would draw on images, and how far it contradicts itself.
//!
//! The network answers for an image and for its mirror image. The mean of both is the proposal; how well
//! the two fit each other says how well the proposal will fit what an expert draws. On polyps and blood
//! cells that told more (rank correlation with the true Dice) than the entropy of the answer, at the cost
//! of one pass more.

use autolabel_annotation::{Drawing, ImageSize};
use autolabel_training::{DenseGrid, DenseMaps, DenseState, dense_logits};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::fit::fit;
use super::pictures::{Maps, Pictures, View};
use super::raster::semantic_drawing;
use crate::WorkflowError;

/// Images that are answered for together.
const AT_A_TIME: usize = 32;

/// A proposal for an image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Proposal {
    /// The image.
    pub(crate) row: u32,
    /// What is proposed, in the form of the task.
    pub(crate) drawing: Drawing,
    /// How sure each shape is, 0 to 1.
    pub(crate) confidences: Vec<f32>,
    /// How well the answers for the image and its mirror image fit each other, 0 to 1; see [`fit`].
    pub(crate) agreement: f32,
}

/// Proposals for these images, in their order; those that cannot be read are left out. `go_on` hears how
/// many are done and may end it early.
///
/// # Errors
/// The network fails.
pub(crate) fn propose(
    pictures: &Pictures,
    state: &DenseState,
    rows: &[u32],
    go_on: &mut dyn FnMut(usize) -> bool,
) -> Result<Vec<Proposal>, WorkflowError> {
    let mut proposals = Vec::with_capacity(rows.len());
    for (part, rows) in rows.chunks(AT_A_TIME).enumerate() {
        let whole = answers(pictures, state, rows, View::Whole)?;
        let mirrored = answers(pictures, state, rows, View::Mirrored)?;
        let found: Vec<Option<Proposal>> = rows
            .par_iter()
            .zip(whole)
            .zip(mirrored)
            .map(|((&row, whole), mirrored)| match (whole, mirrored) {
                (Some(whole), Some(mirrored)) => {
                    proposal(row, pictures.size(row), whole, mirrored).map(Some)
                }
                _ => Ok(None),
            })
            .collect::<Result<_, _>>()?;
        proposals.extend(found.into_iter().flatten());
        if !go_on(part * AT_A_TIME + rows.len()) {
            break;
        }
    }
    Ok(proposals)
}

/// The logits for one view of each image; none for an image that cannot be read.
fn answers(
    pictures: &Pictures,
    state: &DenseState,
    rows: &[u32],
    view: View,
) -> Result<Vec<Option<DenseGrid>>, WorkflowError> {
    let wanted: Vec<(u32, View)> = rows.iter().map(|&row| (row, view)).collect();
    let maps = pictures.maps(&wanted)?;
    let known: Vec<(usize, &Maps)> = maps
        .iter()
        .enumerate()
        .filter_map(|(place, maps)| Some((place, maps.as_ref()?)))
        .collect();
    let inputs: Vec<DenseMaps<'_>> = known
        .iter()
        .map(|&(place, maps)| {
            let (height, width) = pictures.input(rows[place]);
            DenseMaps::new(height, width, maps)
        })
        .collect::<Result<_, _>>()?;
    let mut found: Vec<Option<DenseGrid>> = vec![None; rows.len()];
    for ((place, _), mut grid) in known.into_iter().zip(dense_logits(state, &inputs)) {
        if view == View::Mirrored {
            mirror(&mut grid);
        }
        found[place] = Some(grid);
    }
    Ok(found)
}

/// Exchanges left and right.
fn mirror(grid: &mut DenseGrid) {
    let channels = grid.channels;
    for row in grid.values.chunks_exact_mut(grid.columns * channels) {
        row.reverse();
        // The channels of each cell are back in their order.
        row.chunks_exact_mut(channels).for_each(<[f32]>::reverse);
    }
}

fn proposal(
    row: u32,
    size: ImageSize,
    whole: DenseGrid,
    mirrored: DenseGrid,
) -> Result<Proposal, WorkflowError> {
    let (height, width) = (size.height() as usize, size.width() as usize);
    let drawing = |grid: &DenseGrid| semantic_drawing(&grid.likeliest(height, width), size);
    let agreement = fit(&drawing(&whole)?, &drawing(&mirrored)?)?;
    let mut mean = whole;
    for (value, other) in mean.values.iter_mut().zip(&mirrored.values) {
        *value = 0.5 * (*value + other);
    }
    let numbers = mean.likeliest(height, width);
    let drawing = semantic_drawing(&numbers, size)?;
    let confidences = class_confidences(&mean, &drawing);
    Ok(Proposal {
        row,
        drawing,
        confidences,
        agreement: agreement as f32,
    })
}

/// How sure the network is of each class of a semantic drawing: the Dice to expect between its cells and
/// the truth if every probability were the chance that it is right, `2 sum(p inside) / (inside + sum(p))`.
fn class_confidences(logits: &DenseGrid, drawing: &Drawing) -> Vec<f32> {
    let channels = logits.channels;
    // Sums for each class: probability where it is the likeliest, cells there, probability anywhere.
    let mut sums = vec![[0.0_f64; 3]; channels];
    for cell in logits.values.chunks_exact(channels) {
        let highest = cell.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let total: f32 = cell.iter().map(|value| (value - highest).exp()).sum();
        let mut likeliest = 0;
        for (class, value) in cell.iter().enumerate() {
            sums[class][2] += f64::from((value - highest).exp() / total);
            if *value > cell[likeliest] {
                likeliest = class;
            }
        }
        sums[likeliest][0] += f64::from(1.0 / total);
        sums[likeliest][1] += 1.0;
    }
    let shapes = drawing.shapes.iter();
    shapes
        .map(|shape| {
            let [inside, cells, all] = sums[shape.class.index() + 1];
            (2.0 * inside / (cells + all).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0) as f32
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use autolabel_annotation::{ClassId, DrawnShape, Geometry, Mask};

    #[test]
    fn a_mirrored_grid_keeps_its_channels() {
        let mut grid = DenseGrid {
            rows: 1,
            columns: 3,
            channels: 2,
            values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        };
        mirror(&mut grid);
        assert_eq!(grid.values, [5.0, 6.0, 3.0, 4.0, 1.0, 2.0]);
    }

    #[test]
    fn a_sure_class_has_a_high_confidence() {
        let size = ImageSize::new(2, 1).unwrap();
        let drawing = Drawing {
            shapes: vec![DrawnShape {
                class: ClassId(0),
                geometry: Geometry::Mask(Mask::from_bitmap(size, &[0, 1]).unwrap()),
            }],
            ignored: None,
        };
        let confidence = |logit: f32| {
            let grid = DenseGrid {
                rows: 1,
                columns: 2,
                channels: 2,
                values: vec![logit, 0.0, 0.0, logit],
            };
            class_confidences(&grid, &drawing)[0]
        };
        assert!(confidence(10.0) > 0.99);
        assert!(confidence(0.1) < 0.6);
    }
}
