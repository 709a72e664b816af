//! `kill -9` in the middle of imports: each next one goes on, and nothing is twice or torn.

use crate::folder::{draw_all, imported, options};
use autolabel_workflow::Project;
use autolabel_workflow::view::ImageFilter;
use std::path::Path;
use std::process::{Command, Stdio};

const IMAGES: u64 = 200;
const FOLDER: &str = "AUTOLABEL_IMPORT_KILL_FOLDER";

/// Not a test of its own: the victim, run by the test below as another process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn victim_that_imports_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else {
        return;
    };
    imported(&options(Path::new(&folder))).await;
}

/// Bytes of the embeddings so far.
fn embedded_bytes(folder: &Path) -> u64 {
    let Ok(entries) = fs_err::read_dir(folder.join(".autolabel")) else {
        return 0;
    };
    let sizes = entries.flatten().filter_map(|entry| {
        let is_embeddings = entry.path().extension().is_some_and(|e| e == "f16");
        is_embeddings.then(|| entry.metadata().map_or(0, |m| m.len()))
    });
    sizes.sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_goes_on_after_every_kill() {
    let folder = tempfile::tempdir().unwrap();
    draw_all(folder.path(), 0..IMAGES);
    for _ in 0..2 {
        let before = embedded_bytes(folder.path());
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kill::victim_that_imports_until_it_is_killed"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // As soon as a batch of features is written, mostly before its images are committed.
        while embedded_bytes(folder.path()) <= before.max(256) {
            assert!(victim.try_wait().unwrap().is_none(), "it ended by itself");
            std::thread::yield_now();
        }
        victim.kill().unwrap();
        victim.wait().unwrap();
    }
    let project = imported(&options(folder.path())).await;
    let page = project
        .images(&ImageFilter::default(), 0, 500)
        .await
        .unwrap();
    assert_eq!(page.total, IMAGES);
    assert!(page.images.is_sorted_by_key(|image| image.file.clone()));
    assert_eq!(project.check().await.unwrap(), Vec::<String>::new());
    same_features_as_at_once(&project, folder.path()).await;
}

/// The embeddings are those of an import that nobody disturbed.
async fn same_features_as_at_once(project: &Project, folder: &Path) {
    project.close().await.unwrap();
    let calm = tempfile::tempdir().unwrap();
    let mut undisturbed = options(folder);
    undisturbed.project = Some(calm.path().to_path_buf());
    imported(&undisturbed).await.close().await.unwrap();
    let embeddings = |folder: &Path| {
        let entries = fs_err::read_dir(folder).unwrap().flatten();
        let mut files = entries.filter(|e| e.path().extension().is_some_and(|e| e == "f16"));
        fs_err::read(files.next().unwrap().path()).unwrap()
    };
    assert!(embeddings(&folder.join(".autolabel")) == embeddings(calm.path()));
}
