//! The step `embed` of the walk: images in, rows of features out.

use std::sync::{Mutex, PoisonError};

use autolabel_image_io::Plane;

use crate::ModelError;
use crate::backbone::{Backbone, row_width};
use crate::preprocess::fill_tensor;

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

/// Turns each plane into a row of features, in the order given.
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
pub fn embed(backbone: &Backbone, planes: &[&Plane]) -> Result<Embeddings, ModelError> {
    let dim = backbone.info().dim;
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
    let queue = Mutex::new(parts.enumerate());
    let failures = Mutex::new(Vec::new());
    let work = || {
        let mut tensor = Vec::new();
        loop {
            let part = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((index, (planes, rows))) = part else {
                return;
            };
            if let Err(failure) = embed_part(backbone, planes, index * batch, &mut tensor, rows) {
                let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
                failures.push((index, failure));
                return;
            }
        }
    };
    // Plain threads and no shared pool: a thread that waits for a session must not be one that
    // the holder of that session needs.
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    let failures = failures
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    match failures.into_iter().min_by_key(|(index, _)| *index) {
        Some((_, failure)) => Err(failure),
        None => Ok(Embeddings { dim, rows }),
    }
}

/// Embeds planes that fit in one batch into `rows`; `first` is the position of the first of them
/// in the call, `tensor` a buffer kept between parts.
fn embed_part(
    backbone: &Backbone,
    planes: &[&Plane],
    first: usize,
    tensor: &mut Vec<f32>,
    rows: &mut [f32],
) -> Result<(), ModelError> {
    let per_image = backbone.input.values_per_image();
    // A network with a fixed batch gets empty images behind the last ones.
    let batch = backbone.input.fixed_batch.unwrap_or(planes.len());
    tensor.clear();
    tensor.resize(batch * per_image, 0.0);
    let images = planes.iter().zip(tensor.chunks_exact_mut(per_image));
    for (index, (plane, values)) in images.enumerate() {
        if !fill_tensor(plane, &backbone.input, &backbone.normalisation, values) {
            return Err(ModelError::BrokenPlane {
                position: first + index,
            });
        }
    }
    let outputs = backbone.engine.run(batch, tensor)?;
    let dim = backbone.info().dim;
    let mut column = 0;
    for output in &outputs {
        let width = row_width(output, batch).unwrap_or(0);
        for (row, values) in rows
            .chunks_exact_mut(dim)
            .zip(output.values.chunks(width.max(1)))
        {
            if let Some(target) = row.get_mut(column..column + width) {
                target.copy_from_slice(values);
            }
        }
        column += width;
    }
    if column != dim {
        return Err(ModelError::Run {
            engine: backbone.engine().name,
            reason: format!("it returned {column} features per image instead of {dim}"),
        });
    }
    match rows.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(ModelError::NotFinite {
            position: first + index / dim,
        }),
        None => Ok(()),
    }
}
