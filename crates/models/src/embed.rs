//! The step `embed` of the walk: images in, rows of features out.

use autolabel_image_io::Plane;

use crate::ModelError;
use crate::backbone::{Backbone, row_width};
use crate::engine::Output;
use crate::preprocess::{crop_values, fill_tensor};
use crate::shared_work::each_part;
use crate::views::{Crop, Orientation, Views};

/// Images run together. Larger batches gain nothing on a CPU and fall out of its cache.
const BATCH: usize = 8;

/// Features of images.
#[derive(Clone, Debug, PartialEq)]
pub struct Embeddings {
    /// Numbers per image.
    pub dim: usize,
    /// `images * dim` numbers, one row per image, all finite.
    pub rows: Vec<f32>,
}

/// Turns each plane into a row of features, in the order given: crop after crop of `views`, each
/// averaged over its orientations. [`Views::info`] tells the width of a row.
///
/// Resizing and normalising an image happen on the thread that then runs the network on it, so all
/// threads are busy with either. Call it with 16 images per thread or more to fill them, or from
/// several threads at once with fewer.
///
/// Deterministic: the row of an image does not depend on its neighbours, on the size of the call
/// or on the number of threads. With ONNX Runtime and rten on a CPU this holds bit for bit for the
/// default backbone; for other networks an engine may add up in another order for another batch
/// size, which changes single bits (relative difference below 1e-5).
///
/// # Errors
/// [`ModelError::Run`], [`ModelError::BrokenPlane`] and [`ModelError::NotFinite`]; the earliest
/// image counts.
pub fn embed(
    backbone: &Backbone,
    views: &Views,
    planes: &[&Plane],
) -> Result<Embeddings, ModelError> {
    let dim = backbone.info().dim * views.crops.len();
    let mut rows = vec![0.0; planes.len() * dim];
    if planes.is_empty() {
        return Ok(Embeddings { dim, rows });
    }
    let batch = match backbone.input.fixed_batch {
        Some(size) => size,
        None => planes.len().div_ceil(backbone.threads).min(BATCH),
    };
    let threads = backbone.threads.min(planes.len().div_ceil(batch));
    let parts = planes.chunks(batch).zip(rows.chunks_mut(batch * dim));
    each_part(threads, parts, |index, (planes, rows), tensor| {
        let part = Part {
            backbone,
            views,
            planes,
            first: index * batch,
        };
        part.embed(tensor, rows)
    })?;
    Ok(Embeddings { dim, rows })
}

/// Planes that fit in one batch; `first` is the position of the first of them in the call.
struct Part<'a> {
    backbone: &'a Backbone,
    views: &'a Views,
    planes: &'a [&'a Plane],
    first: usize,
}

impl Part<'_> {
    /// Embeds them into `rows`; `tensor` is a buffer kept between parts.
    fn embed(&self, tensor: &mut Vec<f32>, rows: &mut [f32]) -> Result<(), ModelError> {
        let width = self.backbone.info().dim;
        rows.fill(0.0);
        for (index, &crop) in self.views.crops.iter().enumerate() {
            let values = self.crop(crop)?;
            for &orientation in self.views.orientations.all() {
                let batch = self.write_tensor(&values, orientation, tensor);
                let outputs = self.backbone.engine.run(batch, tensor)?;
                self.add_outputs(&outputs, batch, index * width, rows)?;
            }
        }
        let passes = self.views.orientations.passes();
        if passes > 1 {
            let share = 1.0 / passes as f32;
            rows.iter_mut().for_each(|value| *value *= share);
        }
        match rows.iter().position(|value| !value.is_finite()) {
            Some(index) => Err(ModelError::NotFinite {
                position: self.first + index / self.row_width(),
            }),
            None => Ok(()),
        }
    }

    fn row_width(&self) -> usize {
        self.backbone.info().dim * self.views.crops.len()
    }

    fn crop(&self, crop: Crop) -> Result<Vec<Vec<f32>>, ModelError> {
        let planes = self.planes.iter().enumerate();
        planes
            .map(|(index, plane)| {
                crop_values(plane, &self.backbone.input, crop).ok_or(ModelError::BrokenPlane {
                    position: self.first + index,
                })
            })
            .collect()
    }

    /// Fills the tensor; returns the images in it.
    fn write_tensor(
        &self,
        crops: &[Vec<f32>],
        orientation: Orientation,
        tensor: &mut Vec<f32>,
    ) -> usize {
        let input = &self.backbone.input;
        // A network with a fixed batch gets empty images behind the last ones.
        let batch = input.fixed_batch.unwrap_or(self.planes.len());
        tensor.clear();
        tensor.resize(batch * input.values_per_image(), 0.0);
        let turned = orientation.sources(input.side as usize);
        let images = tensor.chunks_exact_mut(input.values_per_image());
        for (values, image) in crops.iter().zip(images) {
            let normalisation = &self.backbone.normalisation;
            fill_tensor(values, turned.as_deref(), input, normalisation, image);
        }
        batch
    }

    /// Adds the outputs of one pass to the columns of its crop, which begin at `column`.
    fn add_outputs(
        &self,
        outputs: &[Output],
        batch: usize,
        mut column: usize,
        rows: &mut [f32],
    ) -> Result<(), ModelError> {
        let expected = column + self.backbone.info().dim;
        for output in outputs {
            let width = row_width(output, batch).unwrap_or(0);
            for (row, values) in rows
                .chunks_exact_mut(self.row_width())
                .zip(output.values.chunks(width.max(1)))
            {
                if let Some(target) = row.get_mut(column..column + width) {
                    for (sum, value) in target.iter_mut().zip(values) {
                        *sum += value;
                    }
                }
            }
            column += width;
        }
        if column == expected {
            return Ok(());
        }
        Err(ModelError::Run {
            engine: self.backbone.engine().name,
            reason: format!(
                "it returned {} features per image instead of {}",
                column + self.backbone.info().dim - expected,
                self.backbone.info().dim
            ),
        })
    }
}
