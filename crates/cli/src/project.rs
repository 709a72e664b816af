//! Finding and opening the project that a command is about.

use crate::arguments::{BackboneArguments, EngineArgument, ProjectArguments};
use anyhow::bail;
use autolabel_workflow::{BackboneSource, EngineChoice, OpenOptions, Project};
use std::path::{Path, PathBuf};

/// Name of the project folder inside the folder of the images.
const PROJECT_FOLDER: &str = ".autolabel";
/// File by which a project folder is known.
const PROJECT_DATABASE: &str = "project.sqlite";

/// Opens an existing project to change it; fails in one sentence where another process has it.
pub async fn open_for_writing(arguments: &ProjectArguments) -> anyhow::Result<Project> {
    open_existing(arguments, false).await
}

/// Opens an existing project to look at it, also while another process changes it.
pub async fn open_for_reading(arguments: &ProjectArguments) -> anyhow::Result<Project> {
    open_existing(arguments, true).await
}

async fn open_existing(arguments: &ProjectArguments, read_only: bool) -> anyhow::Result<Project> {
    let (images, project) = locate(arguments)?;
    let options = OpenOptions {
        project: Some(project),
        read_only,
        ..OpenOptions::new(images)
    };
    Ok(Project::open(&options).await?)
}

/// The folder of the images and the folder of the project.
fn locate(arguments: &ProjectArguments) -> anyhow::Result<(PathBuf, PathBuf)> {
    let folder = &arguments.folder;
    if let Some(project) = &arguments.project {
        existing(project)?;
        return Ok((folder.clone(), project.clone()));
    }
    if folder.join(PROJECT_DATABASE).is_file() {
        let images = folder.parent().unwrap_or(Path::new(".")).to_path_buf();
        return Ok((images, folder.clone()));
    }
    let project = folder.join(PROJECT_FOLDER);
    existing(&project)?;
    Ok((folder.clone(), project))
}

fn existing(project: &Path) -> anyhow::Result<()> {
    if project.join(PROJECT_DATABASE).is_file() {
        return Ok(());
    }
    let folder = match project.file_name() {
        Some(name) if name == PROJECT_FOLDER => project.parent().unwrap_or(project),
        _ => project,
    };
    bail!(
        "there is no project in this folder; make one with 'autolabel open': {}",
        folder.display()
    )
}

/// The network that the arguments name.
pub fn backbone_source(arguments: &BackboneArguments) -> BackboneSource {
    match &arguments.backbone {
        Some(file) => BackboneSource::File(file.clone()),
        None => BackboneSource::Default,
    }
}

/// The engine that the arguments name.
pub fn engine_choice(arguments: &BackboneArguments) -> EngineChoice {
    match arguments.engine {
        EngineArgument::Auto => EngineChoice::Auto,
        EngineArgument::Onnxruntime => EngineChoice::OnnxRuntime,
        EngineArgument::Rten => EngineChoice::Rten,
    }
}
