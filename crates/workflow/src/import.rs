//! Import: a folder → images with features, copies linked, bad files refused one by one.
//!
//! Batches of files go through in the order of their paths: features are synced to disk first, then
//! the images are committed, so that a kill at any moment leaves a project that simply goes on with
//! the next file. A file that was replaced loses its label; one that is gone is kept and marked.

use crate::import_files::Import;
use crate::import_table::{Table, class_folders, read_table};
use crate::jobs::{self, JobHandle};
use crate::project::{PROGRAM, Project, ProjectEvent, now};
use crate::view::JobView;
use crate::{WorkflowError, adaptation_job, queue};
use autolabel_annotation::{Answer, ImageId, LabelOrigin};
use autolabel_image_io::FoundFile;
use autolabel_store::{Attributes, Event, KnownFile, NewEvent, RefusedRecord, StoreError};
use std::collections::HashMap;

/// Kind of the job.
pub(crate) const IMPORT: &str = "import";

impl Project {
    /// Looks for new, changed and missing images in the background; goes on where an earlier import
    /// was interrupted.
    ///
    /// # Errors
    /// The project was opened for reading only.
    pub async fn start_import(&self) -> Result<JobView, WorkflowError> {
        if self.inner().store.is_read_only() {
            return Err(StoreError::ReadOnly.into());
        }
        let project = self.clone();
        jobs::start(self, IMPORT, "Looking for images", move |job| {
            let importing = job.wait(project.inner().importing.lock());
            let result = import(&project, job);
            drop(importing);
            project.live_mut().importing_images = 0;
            project.tell(ProjectEvent::Queue);
            project.tell_project();
            result
        })
    }
}

/// Files sorted by what has to be done with them.
#[derive(Default)]
struct Plan {
    new: Vec<FoundFile>,
    changed: Vec<(KnownFile, FoundFile)>,
    /// There again, as they were.
    back: Vec<KnownFile>,
    gone: Vec<KnownFile>,
}

fn import(project: &Project, job: &mut JobHandle) -> Result<String, WorkflowError> {
    let store = &project.inner().store;
    let scan = autolabel_image_io::scan(&project.inner().images)?;
    let known = job.wait(store.known_files())?;
    let mut table = read_table(project.table_path().as_deref(), &scan.files)?;
    job.wait(propose_classes(project, &mut table, &scan.files))?;
    let plan = sort_files(scan.files, known);
    let gone = plan.gone.len();

    job.wait(store.clear_refused())?;
    let problems = scan.problems.into_iter().map(|p| RefusedRecord {
        file: p.file,
        reason: p.reason,
    });
    let refused: Vec<RefusedRecord> = problems.chain(table.problems.drain(..)).collect();
    job.wait(store.add_images(&[], &refused))?;
    job.wait(store.note_presence(&[plan.gone, plan.back].concat()))?;
    job.wait(refresh_columns(project, &table))?;

    let known = project.live().index.len();
    project.live_mut().importing_images = known + plan.new.len();
    job.progress("Loading the network", 0, 0);
    let mut import = Import::begin(project, job, table, &plan.new, plan.changed.len())?;
    import.embed_missing_rows(job)?;
    import.replace_changed(job, &plan.changed)?;
    import.add_new(job, &plan.new)?;
    let added = import.copies.len();
    let table = import.table;
    job.wait(count_refused(project))?;
    if project.inner().use_labels {
        job.wait(take_given_labels(project, &table))?;
    }
    if !job.is_cancelled() {
        job.wait(queue::go_on(project))?;
        adaptation_job::start_if_due(project)?;
    }
    let refused = project.live().refused;
    Ok(format!(
        "{added} images are in the project; {refused} files were refused, {gone} are gone."
    ))
}

/// The classes that a table or class folders name, for a project that has none.
async fn propose_classes(
    project: &Project,
    table: &mut Table,
    files: &[FoundFile],
) -> Result<(), WorkflowError> {
    let has_classes = !project.live().settings.schema.classes.is_empty();
    if table.labels.is_empty()
        && let Some(folders) = class_folders(files)
        && (!has_classes || project.inner().use_labels)
    {
        table.labels = folders.labels;
        table.schema = folders.schema;
    }
    let Some(schema) = table.schema.clone() else {
        return Ok(());
    };
    if has_classes || schema.classes.len() < schema.task.least_classes() {
        return Ok(());
    }
    let _writing = project.inner().writing.lock().await;
    let mut settings = project.live().settings.clone();
    settings.schema = schema;
    project.save_settings(settings).await
}

fn sort_files(found: Vec<FoundFile>, known: Vec<KnownFile>) -> Plan {
    let mut by_name: HashMap<String, KnownFile> =
        known.into_iter().map(|k| (k.file.clone(), k)).collect();
    let mut plan = Plan::default();
    for file in found {
        match by_name.remove(&file.display) {
            None => plan.new.push(file),
            Some(known) if (known.bytes, known.modified_ms) != (file.bytes, file.modified_ms) => {
                plan.changed.push((known, file));
            }
            Some(known) if known.missing => plan.back.push(KnownFile {
                missing: false,
                ..known
            }),
            Some(_) => {}
        }
    }
    let gone = by_name.into_values().filter(|known| !known.missing);
    plan.gone = gone
        .map(|known| KnownFile {
            missing: true,
            ..known
        })
        .collect();
    plan.gone.sort_by_key(|known| known.id);
    plan
}

/// What the table says of images that are there already, on disk and in memory.
async fn refresh_columns(project: &Project, table: &Table) -> Result<(), WorkflowError> {
    let store = &project.inner().store;
    let known_hash: Option<String> = store.meta("csv_hash").await?;
    if known_hash != table.hash {
        let files = store.file_names().await?;
        let attributes: Vec<(ImageId, Attributes)> = (0_u32..)
            .zip(&files)
            .filter_map(|(row, file)| Some((ImageId(row), table.attributes.get(file)?.clone())))
            .collect();
        store.set_attributes(&attributes).await?;
        store.put_meta("csv_hash", &table.hash).await?;
    }
    let fresh = store.image_index(ImageId(0)).await?;
    let mut live = project.live_mut();
    live.index.group = fresh.group;
    live.index.missing = fresh.missing;
    live.index.duplicate_of = fresh.duplicate_of;
    Ok(())
}

async fn count_refused(project: &Project) -> Result<(), WorkflowError> {
    let refused = project.inner().store.refused().await?.len() as u64;
    project.live_mut().refused = refused;
    Ok(())
}

/// Labels that came with the images, as answers of experts, where nobody has answered yet.
async fn take_given_labels(project: &Project, table: &Table) -> Result<(), WorkflowError> {
    let files = project.inner().store.file_names().await?;
    let _writing = project.inner().writing.lock().await;
    let events: Vec<NewEvent> = {
        let live = project.live();
        let given = |row: u32, file: &String| {
            let label = live.index.labels.get(row as usize)?;
            let given = live
                .settings
                .schema
                .label_written(table.labels.get(file)?)?;
            label.answer.is_none().then_some(Event::Answer {
                image: ImageId(row),
                answer: Answer::from(given),
                origin: LabelOrigin::Given,
                seconds: 0.0,
            })
        };
        (0_u32..)
            .zip(&files)
            .filter_map(|(row, file)| given(row, file))
            .map(|event| now(PROGRAM, event, None))
            .collect()
    };
    if !events.is_empty() {
        project.append(&events).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn found(file: &str, bytes: u64) -> FoundFile {
        FoundFile {
            relative: PathBuf::from(file),
            display: file.to_owned(),
            bytes,
            modified_ms: 1,
        }
    }

    fn known(id: u32, file: &str, missing: bool) -> KnownFile {
        KnownFile {
            id: ImageId(id),
            file: file.to_owned(),
            bytes: 10,
            modified_ms: 1,
            missing,
        }
    }

    #[test]
    fn only_what_is_new_changed_back_or_gone_is_work() {
        let plan = sort_files(
            vec![
                found("a", 10),
                found("b", 11),
                found("c", 10),
                found("d", 10),
            ],
            vec![
                known(0, "a", false),
                known(1, "b", false),
                known(2, "c", true),
                known(3, "e", false),
                known(4, "f", true),
            ],
        );
        assert_eq!(plan.new, [found("d", 10)]);
        assert_eq!(plan.changed, [(known(1, "b", false), found("b", 11))]);
        assert_eq!(plan.back, [known(2, "c", false)]);
        assert_eq!(plan.gone, [known(3, "e", true)]);
    }
}
