//! Labels out: the project's state → the records that the export formats take, a page at a time.

use crate::WorkflowError;
use crate::project::{Project, aside, path_of};
use autolabel_annotation::{Answer, Drawing, DrawingId, ImageId, Label, LabelOrigin};
use autolabel_formats::{ExportFormat, ExportHeader, FormatError, LabelRecord, LabelSource};
use autolabel_quality::certificate_json;
use autolabel_store::{ImageRecord, LabelState};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use utoipa::ToSchema;

/// Images read from the database at a time.
const PAGE: usize = 1_000;

/// What an export wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExportSummary {
    /// Images.
    pub images: u64,
    /// Of them with a label.
    pub labels: u64,
}

impl Project {
    /// Writes the labels to a file (a folder, for class folders) that must not exist yet, with a
    /// manifest of hashes beside it, and the certificate of the auto-labels where there is one.
    ///
    /// # Errors
    /// `target` exists, the disk is full or not writable, or an image cannot be read. Nothing is
    /// left behind then.
    pub async fn export(
        &self,
        format: ExportFormat,
        target: &Path,
    ) -> Result<ExportSummary, WorkflowError> {
        let target = target.to_path_buf();
        let certificate = self.certificate_text()?;
        self.on_a_thread(move |header, records| {
            let manifest = autolabel_formats::export_certified_to(
                format,
                header,
                records,
                certificate.as_deref(),
                &target,
            )?;
            Ok(ExportSummary {
                images: manifest.images,
                labels: manifest.labeled,
            })
        })
        .await
    }

    /// Writes the labels to a stream; class folders become a tar archive, which holds the certificate
    /// where there is one.
    ///
    /// # Errors
    /// The stream fails, or an image of the class folders cannot be read.
    pub async fn write_export(
        &self,
        format: ExportFormat,
        mut out: impl Write + Send + 'static,
    ) -> Result<ExportSummary, WorkflowError> {
        let certificate = self.certificate_text()?;
        self.on_a_thread(move |header, records| {
            let written = autolabel_formats::write_certified_export(
                format,
                header,
                records,
                certificate.as_deref(),
                &mut out,
            )?;
            Ok(ExportSummary {
                images: written.images,
                labels: written.labeled,
            })
        })
        .await
    }

    /// The certificate as it is exported.
    fn certificate_text(&self) -> Result<Option<String>, WorkflowError> {
        let signed = self.live().certificate.clone();
        Ok(signed.as_ref().map(certificate_json).transpose()?)
    }

    async fn on_a_thread(
        &self,
        write: impl FnOnce(&ExportHeader, &mut Records) -> Result<ExportSummary, FormatError>
        + Send
        + 'static,
    ) -> Result<ExportSummary, WorkflowError> {
        let (header, labels) = {
            let live = self.live();
            let header = ExportHeader {
                project: live.settings.name.clone(),
                schema: live.settings.schema.clone(),
                program: format!("AutoLabel {}", env!("CARGO_PKG_VERSION")),
            };
            (header, live.index.labels.clone())
        };
        let mut records = Records {
            project: self.clone(),
            labels,
            next: 0,
            page: Vec::new().into_iter(),
            drawings: BTreeMap::new(),
            failure: None,
        };
        aside(move || {
            let summary = write(&header, &mut records);
            // A database that failed half-way ends the records early; that must not pass for all.
            match records.failure {
                Some(failure) => Err(failure),
                None => Ok(summary?),
            }
        })
        .await
    }
}

/// All images of the project as they were when the export began.
struct Records {
    project: Project,
    labels: Vec<LabelState>,
    next: usize,
    page: std::vec::IntoIter<ImageRecord>,
    drawings: BTreeMap<DrawingId, Drawing>,
    failure: Option<WorkflowError>,
}

impl Iterator for Records {
    type Item = LabelRecord;

    fn next(&mut self) -> Option<LabelRecord> {
        if self.page.len() == 0 {
            let end = (self.next + PAGE).min(self.labels.len());
            let ids: Vec<ImageId> = (self.next..end).filter_map(ImageId::from_row).collect();
            self.next = end;
            let inner = self.project.inner();
            match inner.runtime.block_on(inner.store.images(&ids)) {
                Ok(page) => self.page = page.into_iter(),
                Err(error) => self.failure = Some(error.into()),
            }
            self.fetch_drawings(&ids);
        }
        let record = self.page.next()?;
        let label = self.labels.get(record.id.row())?;
        let path = path_of(&self.project.inner().images, &record);
        let drawing = label
            .label()
            .and_then(Label::drawing)
            .and_then(|id| self.drawings.get(&id).cloned());
        Some(label_record(record, label, drawing, path))
    }
}

impl Records {
    /// What is drawn on the images of a page.
    fn fetch_drawings(&mut self, images: &[ImageId]) {
        let named = images.iter().filter_map(|image| {
            let label = self.labels.get(image.row())?;
            label.label()?.drawing()
        });
        let named: Vec<DrawingId> = named.collect();
        let inner = self.project.inner();
        match inner.runtime.block_on(inner.store.drawings(&named)) {
            Ok(drawings) => self.drawings = drawings,
            Err(error) => self.failure = Some(error.into()),
        }
    }
}

fn label_record(
    record: ImageRecord,
    label: &LabelState,
    drawing: Option<Drawing>,
    path: PathBuf,
) -> LabelRecord {
    let source = source_of(label);
    LabelRecord {
        id: record.id.0,
        file: record.file,
        path,
        width: record.width,
        height: record.height,
        label: label.label(),
        drawing,
        source,
        probability: label
            .auto_confidence
            .filter(|_| source == LabelSource::Auto),
        reader: record.answered_by,
        group: record.attributes.group,
    }
}

fn source_of(label: &LabelState) -> LabelSource {
    match (label.answer, label.origin) {
        (Some(Answer::Unreadable), _) => LabelSource::Unreadable,
        (Some(_), Some(LabelOrigin::Audit)) => LabelSource::Audited,
        (Some(_), _) => LabelSource::Expert,
        (None, _) if label.auto_label.is_some() => LabelSource::Auto,
        (None, _) => LabelSource::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autolabel_annotation::{ClassId, Label};

    #[test]
    fn the_source_says_who_the_label_comes_from() {
        let auto = LabelState {
            auto_label: Some(Label::Class(ClassId(0))),
            ..LabelState::default()
        };
        let audited = LabelState {
            answer: Some(Answer::Class { class: ClassId(1) }),
            origin: Some(LabelOrigin::Audit),
            ..auto
        };
        assert_eq!(source_of(&LabelState::default()), LabelSource::None);
        assert_eq!(source_of(&auto), LabelSource::Auto);
        assert_eq!(source_of(&audited), LabelSource::Audited);
        let unreadable = LabelState {
            answer: Some(Answer::Unreadable),
            ..audited
        };
        assert_eq!(source_of(&unreadable), LabelSource::Unreadable);
    }
}
