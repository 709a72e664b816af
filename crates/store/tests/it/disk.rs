//! Disks that are full or closed: one sentence, nothing lost.

use crate::project::{answer, image, with_images};
use autolabel_store::{EmbeddingsWriter, NewImage, Store, StoreError};
use std::path::Path;
use std::process::Command;

/// A small file system in memory, unmounted at the end.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    fn mount(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(folder.path())
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self { folder }),
            _ => None,
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount")
            .arg(self.folder.path())
            .status()
            .unwrap();
    }
}

#[tokio::test]
async fn a_full_disk_refuses_answers_and_keeps_the_earlier_ones() {
    let Some(disk) = SmallDisk::mount("2m") else {
        println!("skipped: a small file system cannot be mounted here");
        return;
    };
    let store = with_images(disk.path(), 100).await;
    let filler = disk.path().join("filler");
    let mut acknowledged = 0;
    let filled = vec![0; 1 << 22];
    // Writes what fits.
    fs_err::write(&filler, filled).unwrap_err();

    let error = loop {
        match store
            .append(&[answer(
                acknowledged % 100,
                0,
                &format!("key {acknowledged}"),
            )])
            .await
        {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error}");
    assert!(error.to_string().contains("free some space"));
    let many: Vec<NewImage> = (100..2000).map(image).collect();
    let refused = store.add_images(&many, &[]).await.unwrap_err();
    assert!(matches!(refused, StoreError::DiskFull { .. }), "{refused}");

    // The same store goes on once there is space.
    fs_err::remove_file(&filler).unwrap();
    store.append(&[answer(1, 1, "after")]).await.unwrap();
    store.close().await.unwrap();
    let store = Store::open(disk.path(), "").await.unwrap();
    assert_eq!(
        store.last_sequence().await.unwrap(),
        u64::from(acknowledged) + 1
    );
    assert_eq!(store.image_count().await.unwrap(), 100);
    assert_eq!(store.state_differences().await.unwrap(), vec![]);
    store.close().await.unwrap();
}

#[test]
fn a_full_disk_refuses_embeddings_and_keeps_the_earlier_ones() {
    let Some(disk) = SmallDisk::mount("1m") else {
        println!("skipped: a small file system cannot be mounted here");
        return;
    };
    let path = disk.path().join("embeddings-a.f16");
    let mut writer = EmbeddingsWriter::open(&path, "a", 1000).unwrap();
    writer.append(&vec![1.0; 1000 * 100]).unwrap();
    let error = writer.append(&vec![1.0; 1000 * 900]).unwrap_err();
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error}");
    assert_eq!(writer.rows(), 100);
    writer.append(&vec![2.0; 1000]).unwrap();
    writer.sync().unwrap();
    let writer = EmbeddingsWriter::open(&path, "a", 1000).unwrap();
    assert_eq!(writer.rows(), 101);
}

#[tokio::test]
async fn a_project_on_a_read_only_disk_can_be_read_but_not_opened_for_writing() {
    let Some(disk) = SmallDisk::mount("4m") else {
        println!("skipped: a small file system cannot be mounted here");
        return;
    };
    let store = with_images(disk.path(), 3).await;
    store.append(&[answer(1, 1, "a")]).await.unwrap();
    store.close().await.unwrap();
    let remounted = Command::new("mount")
        .args(["-o", "remount,ro"])
        .arg(disk.path())
        .status()
        .unwrap();
    assert!(remounted.success());

    let error = Store::open(disk.path(), "").await.unwrap_err();
    assert!(matches!(error, StoreError::NotWritable { .. }), "{error}");
    let inner = Store::open(&disk.path().join("new"), "").await.unwrap_err();
    assert!(matches!(inner, StoreError::NotWritable { .. }), "{inner}");
    let reader = Store::open_read_only(disk.path()).await.unwrap();
    assert_eq!(reader.last_sequence().await.unwrap(), 1);
}
