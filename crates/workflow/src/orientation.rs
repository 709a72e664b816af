//! Which looks at the images of a project its features are made from: whether pictures have an
//! upright, whether they are grey, and how many passes through the network their number allows.
//!
//! Cells and tissue have no upright, and features averaged over all turns tell their classes apart
//! with a fifth fewer errors (blood cells, trial with random labels). A radiograph has one, and turning it would throw the sides away. The test
//! needs no labels: a classifier is shown some images as they are and others turned by a quarter, and
//! if it cannot tell the turned ones it has not seen, there is no upright.

use crate::WorkflowError;
use autolabel_annotation::ClassId;
use autolabel_heads::{GpConfig, Matrix, PredictOptions, RawFeatures};
use autolabel_image_io::{Plane, ReadLimits};
use autolabel_models::{Backbone, Orientations, Views};
use half::f16;
use rayon::prelude::*;
use std::path::PathBuf;

/// Images that are looked at.
const SAMPLE: usize = 96;

/// Fewer images than this show nothing about orientation.
const LEAST: usize = 24;

/// Parts of the cross-validation; both turns of an image are in the same.
const FOLDS: usize = 4;

/// Share of turned images that may be told from upright ones by chance and trifles; one half is pure
/// chance, and 192 guesses reach 0.7 less than once in a million. Chest radiographs are found upright,
/// blood cells and histology without an upright.
const TOLD_APART: f64 = 0.7;

/// Most passes through the network that a project's images are worth: some two hours on two cores.
const MOST_PASSES: usize = 1_000_000;

/// Chooses the views for these files, which are `expected` images in all.
///
/// # Errors
/// The network fails.
pub fn choose_views(
    files: &[PathBuf],
    expected: usize,
    backbone: &Backbone,
    limits: &ReadLimits,
) -> Result<Views, WorkflowError> {
    let step = files.len().div_ceil(SAMPLE).max(1);
    let planes: Vec<Plane> = files
        .par_iter()
        .step_by(step)
        .filter_map(|file| {
            let bytes = autolabel_image_io::read_file(file, limits).ok()?;
            autolabel_image_io::decode(&bytes, limits).ok()
        })
        .collect();
    let is_grey = planes.iter().filter(|plane| is_grey(plane)).count() * 2 > planes.len();
    let told_apart = told_apart(&planes, backbone)?;
    let has_upright = told_apart.is_none_or(|share| share > TOLD_APART);
    tracing::debug!(?told_apart, is_grey, "views");
    Ok(richest(expected, is_grey, has_upright))
}

/// The richest views that the number of images allows.
fn richest(images: usize, is_grey: bool, has_upright: bool) -> Views {
    let crops = |orientations| {
        if is_grey {
            Views::grey_crops(orientations)
        } else {
            Views::three_crops(orientations)
        }
    };
    let ladder = [Orientations::Four, Orientations::Two, Orientations::Upright];
    let allowed = if has_upright {
        &ladder[2..]
    } else {
        &ladder[..]
    };
    allowed
        .iter()
        .map(|orientations| crops(*orientations))
        .find(|views| views.passes() * images <= MOST_PASSES)
        .unwrap_or_else(Views::whole)
}

fn is_grey(plane: &Plane) -> bool {
    use autolabel_image_io::Samples;
    fn all_alike<T: PartialEq>(samples: &[T]) -> bool {
        samples
            .chunks_exact(3)
            .all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2])
    }
    plane.channels == 1
        || match &plane.samples {
            Samples::U8(samples) => all_alike(samples),
            Samples::U16(samples) => all_alike(samples),
        }
}

/// Share of images whose turn a classifier tells right without having seen them; `None` for too few.
fn told_apart(planes: &[Plane], backbone: &Backbone) -> Result<Option<f64>, WorkflowError> {
    if planes.len() < LEAST {
        return Ok(None);
    }
    let turned: Vec<Plane> = planes.iter().map(quarter_turn).collect();
    let all: Vec<&Plane> = planes.iter().chain(&turned).collect();
    let embeddings = autolabel_models::embed(backbone, &Views::whole(), &all)?;
    let raw: Vec<f16> = embeddings.rows.iter().map(|v| f16::from_f32(*v)).collect();
    let raw = RawFeatures {
        values: &raw,
        dim: embeddings.dim,
    };
    let config = crate::representation::transform_config(&backbone.info().blocks);
    let transform = autolabel_heads::fit_transform(&raw, &config, 0)?;
    let features = autolabel_heads::apply_transform(&transform, &raw)?;
    let right: usize = (0..FOLDS)
        .map(|fold| right_in_fold(&features, planes.len(), fold))
        .sum::<Result<usize, WorkflowError>>()?;
    Ok(Some(right as f64 / all.len() as f64))
}

fn right_in_fold(features: &Matrix, images: usize, fold: usize) -> Result<usize, WorkflowError> {
    let turn = |row: u32| ClassId(u16::from(row as usize >= images));
    let rows = 0..2 * images as u32;
    let (held, kept): (Vec<u32>, Vec<u32>) =
        rows.partition(|row| *row as usize % images % FOLDS == fold);
    let classes: Vec<ClassId> = kept.iter().map(|row| turn(*row)).collect();
    let gp = autolabel_heads::fit(features, &kept, &classes, 2, &GpConfig::default())?;
    let options = PredictOptions {
        mutual_information: false,
        ..PredictOptions::default()
    };
    let predictions = autolabel_heads::predict(&gp, features, &held, &options)?;
    Ok(held
        .iter()
        .zip(predictions.probabilities.chunks(2))
        .filter(|(row, p)| ClassId(u16::from(p[1] > p[0])) == turn(**row))
        .count())
}

/// The picture a quarter turn to the right.
fn quarter_turn(plane: &Plane) -> Plane {
    use autolabel_image_io::Samples;
    let (width, height) = (plane.width as usize, plane.height as usize);
    let channels = usize::from(plane.channels);
    fn turned<T: Copy>(samples: &[T], width: usize, height: usize, channels: usize) -> Vec<T> {
        let mut out = Vec::with_capacity(samples.len());
        for column in 0..width {
            for row in (0..height).rev() {
                let start = (row * width + column) * channels;
                out.extend(samples.iter().skip(start).take(channels).copied());
            }
        }
        out
    }
    Plane {
        width: plane.height,
        height: plane.width,
        channels: plane.channels,
        samples: match &plane.samples {
            Samples::U8(samples) => Samples::U8(turned(samples, width, height, channels)),
            Samples::U16(samples) => Samples::U16(turned(samples, width, height, channels)),
        },
        default_window: plane.default_window,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autolabel_image_io::Samples;

    #[test]
    fn a_quarter_turn_moves_the_left_column_to_the_top() {
        let plane = Plane::new(3, 2, 1, Samples::U8(vec![1, 2, 3, 4, 5, 6])).unwrap();
        let turned = quarter_turn(&plane);
        assert_eq!((turned.width, turned.height), (2, 3));
        assert_eq!(turned.samples, Samples::U8(vec![4, 1, 5, 2, 6, 3]));
    }

    #[test]
    fn more_images_get_fewer_passes() {
        let passes = |images, grey, upright| richest(images, grey, upright).passes();
        assert_eq!(passes(1_000, true, true), 4);
        assert_eq!(passes(1_000, false, false), 12);
        assert_eq!(passes(100_000, false, false), 6);
        assert_eq!(passes(300_000, false, false), 3);
        assert_eq!(passes(1_000_000, true, true), 1);
    }

    #[test]
    fn colour_without_colour_is_grey() {
        let plane = |samples| Plane::new(2, 1, 3, Samples::U8(samples)).unwrap();
        assert!(is_grey(&plane(vec![7, 7, 7, 9, 9, 9])));
        assert!(!is_grey(&plane(vec![7, 7, 8, 9, 9, 9])));
    }
}
