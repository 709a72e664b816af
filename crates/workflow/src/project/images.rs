//! Lists of images, and the pictures themselves.

use super::live::{Live, label_state, lead, predicted, shown_label};
use super::views::image_view;
use super::{Project, aside};
use crate::WorkflowError;
use crate::unusual::Unusual;
use crate::view::{ImageFilter, ImageOrder, ImagePage, ImageView};
use autolabel_annotation::ImageId;
use autolabel_image_io::{Plane, ReadLimits};
use autolabel_store::ImageRecord;
use std::path::{Path, PathBuf};

/// Quality of previews, 1 to 100.
const PREVIEW_QUALITY: u8 = 85;

impl Project {
    /// The images that pass a filter, from position `offset` on, at most `limit`.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn images(
        &self,
        filter: &ImageFilter,
        offset: u64,
        limit: u64,
    ) -> Result<ImagePage, WorkflowError> {
        let named = match filter.text.as_deref().map(str::trim) {
            Some(text) if !text.is_empty() => Some(self.inner.store.images_named(text).await?),
            _ => None,
        };
        let asks = filter.unusual || filter.order == ImageOrder::Unusual;
        let unusual = if asks && self.live().models.last().is_some() {
            Some(self.unusual().await?)
        } else {
            None
        };
        let (project, filter) = (self.clone(), filter.clone());
        let rows = aside(move || {
            let live = project.live();
            Ok(filtered(
                &live,
                &filter,
                named.as_deref(),
                unusual.as_deref(),
            ))
        })
        .await?;
        let skip = usize::try_from(offset).unwrap_or(usize::MAX);
        let take = usize::try_from(limit).unwrap_or(usize::MAX);
        let page: Vec<ImageId> = rows.iter().skip(skip).take(take).copied().collect();
        Ok(ImagePage {
            images: self.image_views(&page, false).await?,
            total: rows.len() as u64,
            offset,
        })
    }

    /// One image.
    ///
    /// # Errors
    /// No such image.
    pub async fn image(&self, id: ImageId) -> Result<ImageView, WorkflowError> {
        let mut views = self.image_views(&[id], false).await?;
        views.pop().ok_or(WorkflowError::NotFound {
            what: "image",
            number: u64::from(id.0),
        })
    }

    /// The hash of an image's file as it was imported, hexadecimal: a name for caches.
    ///
    /// # Errors
    /// No such image.
    pub async fn content_hash(&self, id: ImageId) -> Result<String, WorkflowError> {
        let record = self.record(id).await?;
        Ok(hexadecimal(&record.content))
    }

    /// The decoded image.
    ///
    /// # Errors
    /// No such image, or its file is gone or unreadable.
    pub async fn plane(&self, id: ImageId) -> Result<Plane, WorkflowError> {
        let path = path_of(&self.inner.images, &self.record(id).await?);
        let read = move || autolabel_image_io::read_plane(&path, &ReadLimits::default());
        aside(move || Ok(read()?)).await
    }

    /// The decoded image in the form that the browser reads, see
    /// [`autolabel_image_io::write_plane_bytes`].
    ///
    /// # Errors
    /// As [`Project::plane`].
    pub async fn plane_bytes(&self, id: ImageId) -> Result<Vec<u8>, WorkflowError> {
        Ok(autolabel_image_io::write_plane_bytes(
            &self.plane(id).await?,
        ))
    }

    /// A small JPEG of an image whose longer side has at most `side` pixels.
    ///
    /// # Errors
    /// As [`Project::plane`].
    pub async fn preview(&self, id: ImageId, side: u32) -> Result<Vec<u8>, WorkflowError> {
        let plane = self.plane(id).await?;
        let encode = move || autolabel_image_io::preview_jpeg(&plane, side, PREVIEW_QUALITY);
        aside(move || Ok(encode()?)).await
    }

    /// Views of images, in the order asked for; `blind` hides what the model says.
    pub(crate) async fn image_views(
        &self,
        ids: &[ImageId],
        blind: bool,
    ) -> Result<Vec<ImageView>, WorkflowError> {
        let records = self.inner.store.images(ids).await?;
        let live = self.live();
        // An image that was committed this moment may not be in memory yet.
        let known = records
            .into_iter()
            .filter(|r| r.id.row() < live.index.len());
        Ok(known
            .map(|record| image_view(&live, record, blind))
            .collect())
    }

    pub(super) async fn record(&self, id: ImageId) -> Result<ImageRecord, WorkflowError> {
        let mut records = self.inner.store.images(&[id]).await?;
        records.pop().ok_or(WorkflowError::NotFound {
            what: "image",
            number: u64::from(id.0),
        })
    }
}

/// Rows that pass a filter, in its order. `named` are those whose name fits, rising; `unusual` is there
/// where the filter asks for it and a model can tell.
fn filtered(
    live: &Live,
    filter: &ImageFilter,
    named: Option<&[ImageId]>,
    unusual: Option<&Unusual>,
) -> Vec<ImageId> {
    let passes = |row: u32| {
        let label = &live.index.labels[row as usize];
        let disagrees = || {
            let said = label.answer.and_then(autolabel_annotation::Answer::label);
            match (said, predicted(live, row)) {
                (Some(said), Some(predicted)) => said != predicted,
                _ => false,
            }
        };
        filter.state.is_none_or(|state| label_state(label) == state)
            && filter
                .class
                .is_none_or(|class| shown_label(live, row).is_some_and(|l| l.names(class)))
            && (!filter.flagged || label.flagged)
            && (!filter.duplicates || live.index.duplicate_of[row as usize].is_some())
            && (!filter.unusual || unusual.is_some_and(|unusual| unusual.is_unusual(row)))
            && (!filter.disagreement || disagrees())
    };
    let count = u32::try_from(live.index.len()).unwrap_or(u32::MAX);
    let mut rows: Vec<ImageId> = match named {
        Some(named) => named
            .iter()
            .copied()
            .filter(|id| id.0 < count && passes(id.0))
            .collect(),
        None => (0..count).filter(|row| passes(*row)).map(ImageId).collect(),
    };
    // Images the model has not seen come last, as they come.
    match (filter.order, unusual) {
        (ImageOrder::Doubt, _) => rows.sort_by_cached_key(|id| {
            let lead = lead(live, id.0).unwrap_or(f32::INFINITY);
            (ordered(lead), id.0)
        }),
        (ImageOrder::Unusual, Some(unusual)) => {
            rows.sort_by_cached_key(|id| (unusual.place(id.0), id.0));
        }
        (ImageOrder::Unusual | ImageOrder::Id, _) => {}
    }
    rows
}

/// A number ≥ 0 in an order that sorting takes.
pub(crate) fn ordered(value: f32) -> u32 {
    value.max(0.0).to_bits()
}

/// Where the file of an image is.
pub(crate) fn path_of(images: &Path, record: &ImageRecord) -> PathBuf {
    match &record.raw_path {
        Some(bytes) => images.join(raw_path(bytes)),
        None => images.join(&record.file),
    }
}

/// The bytes to keep of a path that its display text does not tell exactly.
pub(crate) fn raw_path_of(relative: &Path, display: &str) -> Option<Vec<u8>> {
    let same = relative == Path::new(display);
    (!same).then(|| relative.as_os_str().as_encoded_bytes().to_vec())
}

#[cfg(unix)]
fn raw_path(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn raw_path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").ok();
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_bits_is_order_of_numbers() {
        assert!(ordered(0.0) < ordered(0.1));
        assert!(ordered(0.99) < ordered(f32::INFINITY));
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_not_utf8_is_found_again() {
        use std::os::unix::ffi::OsStrExt;
        let relative = Path::new(std::ffi::OsStr::from_bytes(b"ward\xe9/a.png"));
        let bytes = raw_path_of(relative, "ward\\xE9/a.png").unwrap();
        assert_eq!(raw_path(&bytes), relative);
        assert_eq!(raw_path_of(Path::new("ward/a.png"), "ward/a.png"), None);
    }

    #[test]
    fn hexadecimal_has_two_digits_a_byte() {
        assert_eq!(hexadecimal(&[0, 10, 255]), "000aff");
    }
}
