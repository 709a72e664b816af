//! `autolabel demo`.

use crate::outcome::Outcome;
use crate::output::{Output, say};
use crate::serving::{ServeArguments, serve_until_interrupted};
use anyhow::{Context, bail};
use autolabel_phantoms::{PhantomClass, write_chest_folder};
use autolabel_workflow::{OpenOptions, Project, SettingsPatch};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Images drawn before the first import: few enough to be asked about at once, enough to choose from.
const FIRST_IMAGES: usize = 80;
/// Every demo shows the same images.
const SEED: u64 = 7;
/// Share of the images that the visitor is asked to label: a few minutes, and enough to be told to
/// stop, to auto-label and to certify.
const BUDGET_SHARE: f64 = 0.10;
/// Where images are drawn; hidden, so that an import never meets a half-written one.
const DRAWING_FOLDER: &str = ".drawing";
/// The table of patients, which grows with the images.
const TABLE: &str = "labels.csv";

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// How many images to draw.
    #[arg(long, value_name = "N", default_value_t = 600, value_parser = clap::value_parser!(u32).range(20..=100_000))]
    images: u32,

    /// Folder to draw them into, which stays; without it one that goes when the demo ends.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,

    #[command(flatten)]
    serve: ServeArguments,
}

/// Serves at once; draws and imports in the background, a first part first.
pub async fn run(arguments: Arguments, output: Output) -> anyhow::Result<Outcome> {
    let (folder, _temporary) = demo_folder(arguments.dir)?;
    let is_new = !folder.join(".autolabel").exists();
    let options = OpenOptions {
        classes: PhantomClass::ALL.iter().map(ToString::to_string).collect(),
        seed: Some(SEED),
        expected_images: arguments.images as usize,
        ..OpenOptions::new(&folder)
    };
    let project = Project::open(&options).await?;
    if is_new {
        let patch = SettingsPatch {
            budget_share: Some(BUDGET_SHARE),
            ..SettingsPatch::default()
        };
        project.settings(patch).await?;
    }
    let drawing = tokio::spawn(draw_and_import(
        project.clone(),
        folder,
        arguments.images as usize,
        is_new,
    ));
    let outcome = serve_until_interrupted(project, &arguments.serve, output).await;
    drawing.abort();
    outcome
}

/// The folder that was asked for, or one that goes when its guard is dropped.
fn demo_folder(dir: Option<PathBuf>) -> anyhow::Result<(PathBuf, Option<TempDir>)> {
    let Some(folder) = dir else {
        let temporary = tempfile::Builder::new()
            .prefix("autolabel-demo-")
            .tempdir()
            .context("no temporary folder can be made; name one with --dir")?;
        return Ok((temporary.path().to_path_buf(), Some(temporary)));
    };
    fs_err::create_dir_all(&folder)?;
    let is_empty = fs_err::read_dir(&folder)?.next().is_none();
    if !is_empty && !folder.join(".autolabel").exists() {
        bail!(
            "this folder holds something else; choose an empty one for the demo: {}",
            folder.display()
        );
    }
    Ok((folder, None))
}

async fn draw_and_import(project: Project, folder: PathBuf, count: usize, is_new: bool) {
    let result = async {
        if is_new && count > FIRST_IMAGES {
            add_images(&folder, FIRST_IMAGES).await?;
            project.start_import().await?;
            project.idle().await;
        }
        add_images(&folder, count).await?;
        project.start_import().await?;
        anyhow::Ok(())
    };
    if let Err(error) = result.await {
        say(&format!(
            "error: the demo's images cannot be made: {error:#}"
        ));
    }
}

/// Draws the first `count` images, and adds those that are not there yet.
async fn add_images(folder: &Path, count: usize) -> anyhow::Result<()> {
    let folder = folder.to_path_buf();
    tokio::task::spawn_blocking(move || {
        let drawn_in = folder.join(DRAWING_FOLDER);
        for image in write_chest_folder(&drawn_in, count, SEED)? {
            let target = folder.join(&image.file);
            if target.exists() {
                continue;
            }
            fs_err::create_dir_all(folder.join(&image.group))?;
            fs_err::rename(drawn_in.join(&image.file), target)?;
        }
        fs_err::rename(drawn_in.join(TABLE), folder.join(TABLE))?;
        fs_err::remove_dir_all(drawn_in)?;
        Ok(())
    })
    .await?
}
