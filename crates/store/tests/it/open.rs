//! Opening: what is in the way is said in a sentence and left as it was.

use crate::project::{answer, with_images};
use autolabel_annotation::ImageId;
use autolabel_store::{Store, StoreError};
use sqlx::{Connection, SqliteConnection};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

async fn refusal(folder: &Path) -> StoreError {
    Store::open(folder, "").await.unwrap_err()
}

#[tokio::test]
async fn a_second_writer_is_refused_and_readers_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_images(folder.path(), 2).await;
    store.announce("http://127.0.0.1:4321").unwrap();

    let sentence = refusal(folder.path()).await.to_string();
    assert!(
        sentence.contains(&std::process::id().to_string()),
        "{sentence}"
    );
    assert!(sentence.contains("http://127.0.0.1:4321"), "{sentence}");

    let reader = Store::open_read_only(folder.path()).await.unwrap();
    store.append(&[answer(0, 1, "a")]).await.unwrap();
    assert_eq!(reader.last_sequence().await.unwrap(), 1);
    let refused = reader.append(&[answer(0, 1, "b")]).await;
    assert!(matches!(refused, Err(StoreError::ReadOnly)));
    assert!(reader.is_read_only());
}

#[tokio::test]
async fn a_closed_project_is_one_file_and_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_images(folder.path(), 2).await;
    store.append(&[answer(0, 1, "a")]).await.unwrap();
    store.close().await.unwrap();
    assert!(!folder.path().join("project.sqlite-wal").exists());
    let late = store.append(&[answer(0, 1, "b")]).await;
    assert!(matches!(late, Err(StoreError::Closed)));
    let reader = Store::open_read_only(folder.path()).await.unwrap();
    assert_eq!(reader.image_index(ImageId(0)).await.unwrap().len(), 2);
}

#[tokio::test]
async fn reading_needs_a_project() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Store::open_read_only(folder.path()).await.unwrap_err();
    assert!(matches!(missing, StoreError::NoProject { .. }));
}

#[tokio::test]
async fn a_database_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("project.sqlite");
    let url = format!("sqlite://{}?mode=rwc", database.display());
    let mut foreign = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("CREATE TABLE recipes (name TEXT)")
        .execute(&mut foreign)
        .await
        .unwrap();
    foreign.close().await.unwrap();
    let before = fs_err::read(&database).unwrap();
    assert!(matches!(
        refusal(folder.path()).await,
        StoreError::NoProject { .. }
    ));
    assert_eq!(fs_err::read(&database).unwrap(), before);
}

#[tokio::test]
async fn a_newer_project_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    with_images(folder.path(), 2).await.close().await.unwrap();
    let database = folder.path().join("project.sqlite");
    let url = format!("sqlite://{}", database.display());
    let mut future = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'from the future', 1, x'00', 0)",
    )
    .execute(&mut future)
    .await
    .unwrap();
    future.close().await.unwrap();
    let before = fs_err::read(&database).unwrap();

    let error = refusal(folder.path()).await;
    assert!(
        matches!(error, StoreError::NewerVersion { found: 9999, .. }),
        "{error}"
    );
    assert!(Store::open_read_only(folder.path()).await.is_err());
    assert_eq!(fs_err::read(&database).unwrap(), before);
}

#[tokio::test]
async fn an_older_project_is_only_read_after_it_was_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("project.sqlite");
    fs_err::write(&database, b"").unwrap();
    let error = Store::open_read_only(folder.path()).await.unwrap_err();
    assert!(matches!(error, StoreError::OlderVersion { .. }), "{error}");
    Store::open(folder.path(), "")
        .await
        .unwrap()
        .close()
        .await
        .unwrap();
    Store::open_read_only(folder.path()).await.unwrap();
}

#[tokio::test]
async fn a_damaged_database_is_named_and_left_untouched() {
    for damage_at in [0, 4096 + 100] {
        let folder = tempfile::tempdir().unwrap();
        with_images(folder.path(), 400).await.close().await.unwrap();
        let database = folder.path().join("project.sqlite");
        let mut file = fs_err::OpenOptions::new()
            .write(true)
            .open(&database)
            .unwrap();
        let length = fs_err::metadata(&database).unwrap().len();
        file.seek(SeekFrom::Start(damage_at)).unwrap();
        let garbage = vec![0xa5; usize::try_from(length - damage_at).unwrap()];
        file.write_all(&garbage).unwrap();
        let before = fs_err::read(&database).unwrap();

        let error = refusal(folder.path()).await;

        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("left untouched"));
        assert_eq!(fs_err::read(&database).unwrap(), before);
    }
}
