//! Files to features, as a pipeline in bounded memory: files are read and decoded on all cores while
//! the network works on the batch before.

use crate::WorkflowError;
use autolabel_image_io::{Fingerprint, ImageIoError, Plane, ReadLimits};
use autolabel_models::{Backbone, Views};
use rayon::prelude::*;
use std::path::PathBuf;
use std::sync::mpsc::sync_channel;

/// Files decoded together. Two such batches are in memory at most.
pub const FILES_AT_A_TIME: usize = 64;

/// What an image file gave.
#[derive(Debug)]
pub struct EmbeddedFile {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// For finding copies.
    pub fingerprint: Fingerprint,
    /// The backbone's features.
    pub features: Vec<f32>,
}

/// What became of one file: its features, or why it was refused.
pub type FileOutcome = Result<EmbeddedFile, ImageIoError>;

/// Reads, decodes and embeds files, and hands the outcomes over in the order given, a batch at a
/// time. `sink` gets the position of the first file of the batch; when it returns `false` the work
/// ends early without an error.
///
/// # Errors
/// The network failed, or `sink` did. A file that cannot be read is not an error but an outcome.
pub fn embed_files(
    files: &[PathBuf],
    backbone: &Backbone,
    views: &Views,
    limits: &ReadLimits,
    mut sink: impl FnMut(usize, Vec<FileOutcome>) -> Result<bool, WorkflowError>,
) -> Result<(), WorkflowError> {
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel::<Vec<Result<Decoded, ImageIoError>>>(1);
        scope.spawn(move || {
            for batch in files.chunks(FILES_AT_A_TIME) {
                let decoded = batch.par_iter().map(|path| decode(path, limits)).collect();
                if sender.send(decoded).is_err() {
                    return;
                }
            }
        });
        let mut first = 0;
        while let Ok(batch) = receiver.recv() {
            let count = batch.len();
            if !sink(first, embed_batch(batch, backbone, views)?)? {
                return Ok(());
            }
            first += count;
        }
        Ok(())
    })
}

struct Decoded {
    plane: Plane,
    fingerprint: Fingerprint,
}

fn decode(path: &std::path::Path, limits: &ReadLimits) -> Result<Decoded, ImageIoError> {
    let bytes = autolabel_image_io::read_file(path, limits)?;
    let plane = autolabel_image_io::decode(&bytes, limits)?;
    let fingerprint = autolabel_image_io::fingerprint(&bytes, &plane);
    Ok(Decoded { plane, fingerprint })
}

fn embed_batch(
    batch: Vec<Result<Decoded, ImageIoError>>,
    backbone: &Backbone,
    views: &Views,
) -> Result<Vec<FileOutcome>, WorkflowError> {
    let planes: Vec<&Plane> = batch.iter().flatten().map(|d| &d.plane).collect();
    let embeddings = autolabel_models::embed(backbone, views, &planes)?;
    let mut rows = embeddings.rows.chunks(embeddings.dim.max(1));
    Ok(batch
        .into_iter()
        .map(|decoded| {
            let decoded = decoded?;
            Ok(EmbeddedFile {
                width: decoded.plane.width,
                height: decoded.plane.height,
                fingerprint: decoded.fingerprint,
                features: rows.next().unwrap_or_default().to_vec(),
            })
        })
        .collect())
}
