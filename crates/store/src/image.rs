//! The images of a project: adding them in batches, and what may change about them.

use crate::error::At;
use crate::statement::ROWS_A_STATEMENT;
use crate::{Store, StoreError};
use autolabel_annotation::{ImageId, Slice};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use std::collections::BTreeMap;
use std::path::Path;

/// An image to add.
#[derive(Debug, Clone, PartialEq)]
pub struct NewImage {
    /// Path below the image folder as people read it, `/`-separated; unique.
    pub file: String,
    /// The path's bytes, where it is not UTF-8.
    pub raw_path: Option<Vec<u8>>,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Size of the file.
    pub bytes: u64,
    /// Milliseconds since 1970 (UTC) when the file was last changed.
    pub modified_ms: i64,
    /// What identifies the contents.
    pub fingerprint: StoredFingerprint,
    /// The earlier image that this one copies.
    pub duplicate_of: Option<ImageId>,
    /// What the CSV says of it.
    pub attributes: Attributes,
}

/// What identifies the contents of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFingerprint {
    /// Hash of the file.
    pub content: [u8; 32],
    /// Perceptual hash of the pixels.
    pub perceptual: u64,
    /// Tiny grey picture.
    pub thumbnail: Vec<u8>,
}

/// What a CSV says of an image.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Attributes {
    /// Patient, slide, video: images that belong together.
    pub group: Option<String>,
    /// A label that came with the data.
    pub given_label: Option<String>,
    /// Where the image comes from.
    pub source: Option<String>,
    /// Part of the data, `pool` or `test`.
    pub split: Option<String>,
    /// Its place in a series of slices.
    pub slice: Option<Slice>,
}

/// An image of the project.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageRecord {
    /// Row.
    pub id: ImageId,
    /// Path below the image folder as people read it, `/`-separated.
    pub file: String,
    /// The path's bytes, where it is not UTF-8.
    pub raw_path: Option<Vec<u8>>,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Hash of the file, for manifests and caches.
    pub content: [u8; 32],
    /// The earlier image that this one copies.
    pub duplicate_of: Option<ImageId>,
    /// The file was not there at the last import.
    pub missing: bool,
    /// What the CSV says of it.
    pub attributes: Attributes,
    /// Who gave the answer that holds.
    pub answered_by: Option<String>,
}

/// What an import must know of an image that is there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFile {
    /// Row.
    pub id: ImageId,
    /// Path below the image folder as people read it.
    pub file: String,
    /// Size of the file when it was read.
    pub bytes: u64,
    /// When it had been changed last, when it was read.
    pub modified_ms: i64,
    /// The file was not there at the last import.
    pub missing: bool,
}

/// A file that could not become an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRecord {
    /// Path below the image folder as people read it.
    pub file: String,
    /// One sentence: what is wrong and what to do.
    pub reason: String,
}

impl Store {
    /// Adds images, all or none, in this order, as the next rows, and the files that were
    /// refused on the way. Returns the row of the first.
    ///
    /// # Errors
    /// A full disk, or a file name that the project has already. Nothing is written then.
    pub async fn add_images(
        &self,
        images: &[NewImage],
        refused: &[RefusedRecord],
    ) -> Result<ImageId, StoreError> {
        let database = self.folder().database();
        let mut transaction = self.begin().await?;
        let count = image_count(&mut transaction.connection)
            .await
            .at(&database)?;
        let first =
            u32::try_from(count).map_err(|_| StoreError::UnknownImage { image: u32::MAX })?;
        let groups = group_ids(
            &mut transaction.connection,
            &database,
            images.iter().map(|i| &i.attributes),
        )
        .await?;
        let numbered: Vec<(u32, &NewImage)> = (first..).zip(images).collect();
        for chunk in numbered.chunks(ROWS_A_STATEMENT) {
            insert_images(&mut transaction.connection, chunk, &groups)
                .await
                .at(&database)?;
            insert_fingerprints(&mut transaction.connection, chunk)
                .await
                .at(&database)?;
        }
        insert_refused(&mut transaction.connection, refused)
            .await
            .at(&database)?;
        transaction.commit().await?;
        Ok(ImageId(first))
    }

    /// Replaces what is known of an image whose file was changed.
    ///
    /// # Errors
    /// A full disk, or an unknown image.
    pub async fn replace_image(&self, id: ImageId, image: &NewImage) -> Result<(), StoreError> {
        let database = self.folder().database();
        let mut transaction = self.begin().await?;
        let changed = sqlx::query(
            "UPDATE image SET width = $1, height = $2, bytes = $3, modified_ms = $4, \
             duplicate_of = $5, missing = 0 WHERE id = $6",
        )
        .bind(image.width)
        .bind(image.height)
        .bind(image.bytes.cast_signed())
        .bind(image.modified_ms)
        .bind(image.duplicate_of.map(|d| d.0))
        .bind(id.0)
        .execute(&mut transaction.connection)
        .await
        .at(&database)?;
        if changed.rows_affected() == 0 {
            return Err(StoreError::UnknownImage { image: id.0 });
        }
        sqlx::query(
            "UPDATE fingerprint SET content = $1, perceptual = $2, thumbnail = $3 WHERE image = $4",
        )
        .bind(&image.fingerprint.content[..])
        .bind(image.fingerprint.perceptual.cast_signed())
        .bind(&image.fingerprint.thumbnail)
        .bind(id.0)
        .execute(&mut transaction.connection)
        .await
        .at(&database)?;
        transaction.commit().await
    }

    /// Notes which files are gone and which are there (again), and the present time stamps of
    /// the latter.
    ///
    /// # Errors
    /// A full disk.
    pub async fn note_presence(&self, files: &[KnownFile]) -> Result<(), StoreError> {
        let database = self.folder().database();
        let mut transaction = self.begin().await?;
        for file in files {
            sqlx::query(
                "UPDATE image SET missing = $1, bytes = $2, modified_ms = $3 WHERE id = $4",
            )
            .bind(file.missing)
            .bind(file.bytes.cast_signed())
            .bind(file.modified_ms)
            .bind(file.id.0)
            .execute(&mut transaction.connection)
            .await
            .at(&database)?;
        }
        transaction.commit().await
    }

    /// Sets what a CSV says of images that are there already. One that turns out to be a slice is the copy
    /// of none but a file with the same bytes.
    ///
    /// # Errors
    /// A full disk.
    pub async fn set_attributes(
        &self,
        attributes: &[(ImageId, Attributes)],
    ) -> Result<(), StoreError> {
        let database = self.folder().database();
        let mut transaction = self.begin().await?;
        let groups = group_ids(
            &mut transaction.connection,
            &database,
            attributes.iter().map(|(_, a)| a),
        )
        .await?;
        for (id, given) in attributes {
            sqlx::query(
                "UPDATE image SET group_id = $1, given_label = $2, source = $3, split = $4, \
                 series = $5, slice = $6 WHERE id = $7",
            )
            .bind(
                given
                    .group
                    .as_ref()
                    .and_then(|name| groups.get(name.as_str())),
            )
            .bind(&given.given_label)
            .bind(&given.source)
            .bind(&given.split)
            .bind(given.slice.as_ref().map(|slice| &slice.series))
            .bind(given.slice.as_ref().map(|slice| slice.position))
            .bind(id.0)
            .execute(&mut transaction.connection)
            .await
            .at(&database)?;
            if given.slice.is_some() {
                no_near_copy(&mut transaction.connection, *id)
                    .await
                    .at(&database)?;
            }
        }
        transaction.commit().await
    }

    /// Forgets the refused files: an import looks at them again.
    ///
    /// # Errors
    /// A full disk.
    pub async fn clear_refused(&self) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        sqlx::query("DELETE FROM refused")
            .execute(&mut transaction.connection)
            .await
            .at(&transaction.database)?;
        transaction.commit().await
    }
}

/// How many images there are.
pub(crate) async fn image_count(connection: &mut SqliteConnection) -> Result<u64, sqlx::Error> {
    // Rows are dense, so the largest one tells the count without a scan.
    let last: Option<u32> = sqlx::query_scalar("SELECT MAX(id) FROM image")
        .fetch_one(connection)
        .await?;
    Ok(last.map_or(0, |last| u64::from(last) + 1))
}

/// The image is a copy of another one only where both files have the same bytes.
async fn no_near_copy(connection: &mut SqliteConnection, id: ImageId) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE image SET duplicate_of = NULL WHERE id = $1 AND duplicate_of IS NOT NULL AND \
         (SELECT content FROM fingerprint WHERE image = image.id) <> \
         (SELECT content FROM fingerprint WHERE image = image.duplicate_of)",
    )
    .bind(id.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Numbers of the groups that these attributes name, new ones made as needed.
async fn group_ids<'a>(
    connection: &mut SqliteConnection,
    database: &Path,
    attributes: impl Iterator<Item = &'a Attributes>,
) -> Result<BTreeMap<&'a str, u32>, StoreError> {
    let mut groups: BTreeMap<&str, u32> = BTreeMap::new();
    for name in attributes.filter_map(|a| a.group.as_deref()) {
        if groups.contains_key(name) {
            continue;
        }
        sqlx::query("INSERT INTO image_group (name) VALUES ($1) ON CONFLICT (name) DO NOTHING")
            .bind(name)
            .execute(&mut *connection)
            .await
            .at(database)?;
        let id: u32 = sqlx::query_scalar("SELECT id FROM image_group WHERE name = $1")
            .bind(name)
            .fetch_one(&mut *connection)
            .await
            .at(database)?;
        groups.insert(name, id);
    }
    Ok(groups)
}

async fn insert_images(
    connection: &mut SqliteConnection,
    images: &[(u32, &NewImage)],
    groups: &BTreeMap<&str, u32>,
) -> Result<(), sqlx::Error> {
    let mut insert = QueryBuilder::<Sqlite>::new(
        "INSERT INTO image (id, file, raw_path, width, height, bytes, modified_ms, group_id, \
         duplicate_of, given_label, source, split, series, slice) ",
    );
    insert.push_values(images, |mut row, (id, image)| {
        let group = image.attributes.group.as_deref();
        let slice = image.attributes.slice.as_ref();
        row.push_bind(*id)
            .push_bind(&image.file)
            .push_bind(&image.raw_path)
            .push_bind(image.width)
            .push_bind(image.height)
            .push_bind(image.bytes.cast_signed())
            .push_bind(image.modified_ms)
            .push_bind(group.and_then(|name| groups.get(name)))
            .push_bind(image.duplicate_of.map(|d| d.0))
            .push_bind(&image.attributes.given_label)
            .push_bind(&image.attributes.source)
            .push_bind(&image.attributes.split)
            .push_bind(slice.map(|slice| &slice.series))
            .push_bind(slice.map(|slice| slice.position));
    });
    insert.build().execute(connection).await?;
    Ok(())
}

async fn insert_fingerprints(
    connection: &mut SqliteConnection,
    images: &[(u32, &NewImage)],
) -> Result<(), sqlx::Error> {
    let mut insert = QueryBuilder::<Sqlite>::new(
        "INSERT INTO fingerprint (image, content, perceptual, thumbnail) ",
    );
    insert.push_values(images, |mut row, (id, image)| {
        row.push_bind(*id)
            .push_bind(&image.fingerprint.content[..])
            .push_bind(image.fingerprint.perceptual.cast_signed())
            .push_bind(&image.fingerprint.thumbnail);
    });
    insert.build().execute(connection).await?;
    Ok(())
}

async fn insert_refused(
    connection: &mut SqliteConnection,
    refused: &[RefusedRecord],
) -> Result<(), sqlx::Error> {
    for file in refused {
        sqlx::query(
            "INSERT INTO refused (file, reason) VALUES ($1, $2) \
             ON CONFLICT (file) DO UPDATE SET reason = excluded.reason",
        )
        .bind(&file.file)
        .bind(&file.reason)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
