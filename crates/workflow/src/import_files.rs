//! The work of an import on files: decode, embed, find copies, write down, a batch at a time.

use crate::WorkflowError;
use crate::embedding::{EmbeddedFile, FILES_AT_A_TIME, embed_files};
use crate::import_table::Table;
use crate::jobs::JobHandle;
use crate::known_images::known_rows;
use crate::orientation::choose_views;
use crate::project::network::{discard, facts};
use crate::project::{PROGRAM, Project, now, path_of, raw_path_of};
use autolabel_annotation::ImageId;
use autolabel_image_io::{DuplicateIndex, Fingerprint, FoundFile, ReadLimits};
use autolabel_models::{Backbone, Views};
use autolabel_store::{
    EmbeddingsWriter, Event, KnownFile, LabelState, NewImage, RefusedRecord, StoredFingerprint,
};
use std::path::PathBuf;
use std::sync::Arc;

/// What an import has in hand.
pub(crate) struct Import<'a> {
    project: &'a Project,
    backbone: Arc<Backbone>,
    views: Views,
    writer: EmbeddingsWriter,
    pub copies: DuplicateIndex,
    pub table: Table,
    /// Files worked on, and files to work on in all.
    done: u64,
    total: u64,
}

impl<'a> Import<'a> {
    /// Loads the network and what is known of earlier images.
    pub(crate) fn begin(
        project: &'a Project,
        job: &JobHandle,
        table: Table,
        new: &[FoundFile],
        changed: usize,
    ) -> Result<Self, WorkflowError> {
        let inner = project.inner();
        let backbone = project.backbone()?;
        let views = job.wait(views(project, &backbone, new))?;
        let facts = facts(&backbone, &views);
        let path = inner.store.folder().embeddings(&facts.id);
        let mut writer = EmbeddingsWriter::open(&path, &facts.id, facts.dim)?;
        let images = project.live().index.len();
        // Rows behind the last image were written right before a crash.
        writer.keep(images)?;
        if changed > 0 {
            discard_others(project, &facts.id)?;
        }
        job.wait(inner.store.put_meta("backbone", &facts))?;
        project.live_mut().backbone = Some(facts);
        let mut copies = DuplicateIndex::new();
        for print in job.wait(inner.store.fingerprints())? {
            copies.insert(&fingerprint(&print));
        }
        Ok(Self {
            project,
            total: (images - writer.rows() + new.len() + changed) as u64,
            backbone,
            views,
            writer,
            copies,
            table,
            done: 0,
        })
    }

    /// Features of images that another backbone had embedded. An image whose file cannot be read now
    /// gets a row of zeros and is marked as gone; it is looked at again by every import.
    pub(crate) fn embed_missing_rows(&mut self, job: &mut JobHandle) -> Result<(), WorkflowError> {
        let store = &self.project.inner().store;
        let all = self.project.live().index.len();
        while self.writer.rows() < all && !job.is_cancelled() {
            let first = self.writer.rows();
            let last = (first + FILES_AT_A_TIME).min(all);
            let looked = (&*self.backbone, &self.views);
            let found = known_rows(self.project, job, looked, first..last)?;
            self.writer.append(&found.features)?;
            self.writer.sync()?;
            job.wait(store.note_presence(&found.unreadable))?;
            let mut live = self.project.live_mut();
            for file in &found.unreadable {
                live.index.missing[file.id.row()] = true;
            }
            live.embedding_revision += 1;
            drop(live);
            self.advance(job, last - first);
        }
        Ok(())
    }

    /// Files that were replaced: new features, and what was said of the old picture is void.
    pub(crate) fn replace_changed(
        &mut self,
        job: &mut JobHandle,
        changed: &[(KnownFile, FoundFile)],
    ) -> Result<(), WorkflowError> {
        let paths = self.paths(changed.iter().map(|(_, file)| file));
        let backbone = Arc::clone(&self.backbone);
        let views = self.views.clone();
        embed_files(
            &paths,
            &backbone,
            &views,
            &ReadLimits::default(),
            |first, outcomes| {
                for (offset, outcome) in outcomes.into_iter().enumerate() {
                    let (known, found) = &changed[first + offset];
                    match outcome {
                        Ok(file) => self.replace(job, known, found, &file)?,
                        Err(reason) => self.lose(job, known, found, reason.to_string())?,
                    }
                    self.advance(job, 1);
                }
                Ok(!job.is_cancelled())
            },
        )
    }

    fn replace(
        &mut self,
        job: &JobHandle,
        known: &KnownFile,
        found: &FoundFile,
        file: &EmbeddedFile,
    ) -> Result<(), WorkflowError> {
        let store = &self.project.inner().store;
        let before = job.wait(store.images(&[known.id]))?;
        let is_same = before.iter().any(|b| b.content == file.fingerprint.content);
        self.writer.overwrite(known.id.row(), &file.features)?;
        self.writer.sync()?;
        if !is_same {
            job.wait(void_answer(self.project, known.id))?;
        }
        // Last, so that a kill in between repeats all of it.
        let image = self.new_image(found, file, None);
        job.wait(store.replace_image(known.id, &image))?;
        let mut live = self.project.live_mut();
        live.index.missing[known.id.row()] = false;
        live.index.duplicate_of[known.id.row()] = None;
        live.embedding_revision += 1;
        Ok(())
    }

    /// A known file that cannot be read any more.
    fn lose(
        &self,
        job: &JobHandle,
        known: &KnownFile,
        found: &FoundFile,
        reason: String,
    ) -> Result<(), WorkflowError> {
        let store = &self.project.inner().store;
        let refused = RefusedRecord {
            file: found.display.clone(),
            reason,
        };
        job.wait(store.add_images(&[], &[refused]))?;
        let gone = KnownFile {
            missing: true,
            ..known.clone()
        };
        job.wait(store.note_presence(&[gone]))?;
        self.project.live_mut().index.missing[known.id.row()] = true;
        Ok(())
    }

    /// New files, a batch at a time.
    pub(crate) fn add_new(
        &mut self,
        job: &mut JobHandle,
        new: &[FoundFile],
    ) -> Result<(), WorkflowError> {
        if self.writer.rows() < self.project.live().index.len() {
            // Cancelled before every known image had its row; the next import goes on there.
            return Ok(());
        }
        let paths = self.paths(new.iter());
        let backbone = Arc::clone(&self.backbone);
        let views = self.views.clone();
        embed_files(
            &paths,
            &backbone,
            &views,
            &ReadLimits::default(),
            |first, outcomes| {
                let count = outcomes.len();
                let (mut images, mut rows, mut refused) = (Vec::new(), Vec::new(), Vec::new());
                for (found, outcome) in new[first..].iter().zip(outcomes) {
                    match outcome {
                        Ok(file) => {
                            let copy = self.copies.insert(&file.fingerprint);
                            let copy_of = copy
                                .filter(|pair| pair.exact || !self.is_slice(found))
                                .map(|pair| ImageId(pair.earlier));
                            images.push(self.new_image(found, &file, copy_of));
                            rows.extend(file.features);
                        }
                        Err(reason) => refused.push(RefusedRecord {
                            file: found.display.clone(),
                            reason: reason.to_string(),
                        }),
                    }
                }
                self.writer.append(&rows)?;
                self.writer.sync()?;
                job.wait(self.commit(&images, &refused))?;
                self.advance(job, count);
                self.project.tell_project();
                Ok(!job.is_cancelled())
            },
        )
    }

    /// Images into the database, then into memory.
    async fn commit(
        &self,
        images: &[NewImage],
        refused: &[RefusedRecord],
    ) -> Result<(), WorkflowError> {
        let store = &self.project.inner().store;
        let first = store.add_images(images, refused).await?;
        let fresh = store.image_index(first).await?;
        let mut live = self.project.live_mut();
        live.refused += refused.len() as u64;
        live.index.group.extend(fresh.group);
        live.index.duplicate_of.extend(fresh.duplicate_of);
        live.index.missing.extend(fresh.missing);
        live.index.labels.extend(fresh.labels);
        Ok(())
    }

    /// Neighbouring slices look alike, and each is to be labeled.
    fn is_slice(&self, found: &FoundFile) -> bool {
        let attributes = self.table.attributes.get(&found.display);
        attributes.is_some_and(|attributes| attributes.slice.is_some())
    }

    fn new_image(
        &self,
        found: &FoundFile,
        file: &EmbeddedFile,
        duplicate_of: Option<ImageId>,
    ) -> NewImage {
        let attributes = self.table.attributes.get(&found.display).cloned();
        NewImage {
            file: found.display.clone(),
            raw_path: raw_path_of(&found.relative, &found.display),
            width: file.width,
            height: file.height,
            bytes: found.bytes,
            modified_ms: found.modified_ms,
            fingerprint: StoredFingerprint {
                content: file.fingerprint.content,
                perceptual: file.fingerprint.hash,
                thumbnail: file.fingerprint.thumbnail.to_vec(),
            },
            duplicate_of,
            attributes: attributes.unwrap_or_default(),
        }
    }

    fn paths<'f>(&self, files: impl Iterator<Item = &'f FoundFile>) -> Vec<PathBuf> {
        let images = &self.project.inner().images;
        files.map(|file| images.join(&file.relative)).collect()
    }

    fn advance(&mut self, job: &mut JobHandle, files: usize) {
        self.done += files as u64;
        job.progress("Reading images", self.done, self.total);
    }
}

/// Features by other networks would tell of pictures that are about to be replaced. A network that is
/// looking at the images meanwhile starts again.
fn discard_others(project: &Project, present: &str) -> Result<(), WorkflowError> {
    let folder = project.inner().store.folder();
    let others = folder.embeddings_but(present).map_err(WorkflowError::Io)?;
    others.iter().for_each(|file| discard(file));
    if !others.is_empty() {
        project.live_mut().embedding_revision += 1;
    }
    Ok(())
}

/// The looks at each image: as before while the network is the same, else chosen by a sample of the
/// images.
async fn views(
    project: &Project,
    backbone: &Backbone,
    new: &[FoundFile],
) -> Result<Views, WorkflowError> {
    const ENOUGH: usize = 96;
    let (known, images) = {
        let live = project.live();
        (live.backbone.clone(), live.index.len())
    };
    if let Some(known) = known
        && known.network == backbone.info().id
    {
        return Ok(known.views());
    }
    let folder = &project.inner().images;
    let mut paths: Vec<PathBuf> = new.iter().map(|f| folder.join(&f.relative)).collect();
    if paths.len() < ENOUGH {
        let step = images.div_ceil(ENOUGH).max(1);
        let ids: Vec<ImageId> = (0..images)
            .step_by(step)
            .filter_map(ImageId::from_row)
            .collect();
        let records = project.inner().store.images(&ids).await?;
        paths.extend(records.iter().map(|record| path_of(folder, record)));
    }
    choose_views(&paths, images + new.len(), backbone, &ReadLimits::default())
}

fn fingerprint(stored: &StoredFingerprint) -> Fingerprint {
    let mut thumbnail = [0; 256];
    for (to, from) in thumbnail.iter_mut().zip(&stored.thumbnail) {
        *to = *from;
    }
    Fingerprint {
        content: stored.content,
        hash: stored.perceptual,
        thumbnail,
    }
}

/// Takes back what was said of a picture that is no longer there.
async fn void_answer(project: &Project, image: ImageId) -> Result<(), WorkflowError> {
    let _writing = project.inner().writing.lock().await;
    let label = project.live().index.labels[image.row()];
    if label == LabelState::default() {
        return Ok(());
    }
    let event = Event::ContentChanged { image };
    project.append(&[now(PROGRAM, event, None)]).await?;
    Ok(())
}
