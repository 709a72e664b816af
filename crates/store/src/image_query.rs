//! Reading the images of a project.

use crate::error::{At, bad_value};
use crate::image::image_count;
use crate::statement::{ROWS_A_STATEMENT, push_one_of};
use crate::{
    Attributes, ImageRecord, KnownFile, RefusedRecord, Store, StoreError, StoredFingerprint,
};
use autolabel_annotation::{ImageId, Slice};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};
use std::collections::BTreeMap;

impl Store {
    /// How many images the project has.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn image_count(&self) -> Result<u64, StoreError> {
        let database = self.folder().database();
        let mut connection = self.readers().acquire().await.at(&database)?;
        image_count(&mut connection).await.at(&database)
    }

    /// Images by row, in the order asked for.
    ///
    /// # Errors
    /// An unknown row.
    pub async fn images(&self, ids: &[ImageId]) -> Result<Vec<ImageRecord>, StoreError> {
        let database = self.folder().database();
        let mut found: BTreeMap<ImageId, ImageRecord> = BTreeMap::new();
        for chunk in ids.chunks(ROWS_A_STATEMENT) {
            let mut select = QueryBuilder::<Sqlite>::new(
                "SELECT i.id, i.file, i.raw_path, i.width, i.height, f.content, i.duplicate_of, \
                 i.missing, g.name, i.given_label, i.source, i.split, i.series, i.slice, \
                 j.reader \
                 FROM image AS i JOIN fingerprint AS f ON f.image = i.id \
                 LEFT JOIN image_group AS g ON g.id = i.group_id \
                 LEFT JOIN image_state AS s ON s.image = i.id \
                 LEFT JOIN journal AS j ON j.seq = s.answer_seq WHERE i.id ",
            );
            push_one_of(&mut select, chunk.iter().map(|id| id.0));
            let rows = select
                .build()
                .fetch_all(self.readers())
                .await
                .at(&database)?;
            for row in &rows {
                let record = read_image(row)?;
                found.insert(record.id, record);
            }
        }
        ids.iter()
            .map(|id| {
                let record = found.get(id).cloned();
                record.ok_or(StoreError::UnknownImage { image: id.0 })
            })
            .collect()
    }

    /// Rows of the images whose file name contains a text, in order; upper and lower case of
    /// the letters A-Z count as equal.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn images_named(&self, text: &str) -> Result<Vec<ImageId>, StoreError> {
        let ids: Vec<u32> = sqlx::query_scalar(
            "SELECT id FROM image WHERE instr(lower(file), lower($1)) > 0 ORDER BY id",
        )
        .bind(text)
        .fetch_all(self.readers())
        .await
        .at(&self.folder().database())?;
        Ok(ids.into_iter().map(ImageId).collect())
    }

    /// The images of a series with their positions in it, rising.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn slices(&self, series: &str) -> Result<Vec<(ImageId, f64)>, StoreError> {
        let rows = sqlx::query("SELECT id, slice FROM image WHERE series = $1 ORDER BY slice, id")
            .bind(series)
            .fetch_all(self.readers())
            .await
            .at(&self.folder().database())?;
        Ok(rows
            .iter()
            .map(|row| (ImageId(row.get(0)), row.get(1)))
            .collect())
    }

    /// The file names of all images, by row.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn file_names(&self) -> Result<Vec<String>, StoreError> {
        // One text for all rows: a million rows fetched one by one take ten times as long.
        let packed: String = sqlx::query_scalar(
            "SELECT json_group_array(file) FROM (SELECT file FROM image ORDER BY id)",
        )
        .fetch_one(self.readers())
        .await
        .at(&self.folder().database())?;
        serde_json::from_str(&packed).map_err(|e| bad_value("file name", &e))
    }

    /// What an import must know of every image, by row.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn known_files(&self) -> Result<Vec<KnownFile>, StoreError> {
        let rows =
            sqlx::query("SELECT id, file, bytes, modified_ms, missing FROM image ORDER BY id")
                .fetch_all(self.readers())
                .await
                .at(&self.folder().database())?;
        Ok(rows
            .iter()
            .map(|row| KnownFile {
                id: ImageId(row.get(0)),
                file: row.get(1),
                bytes: row.get::<i64, _>(2).cast_unsigned(),
                modified_ms: row.get(3),
                missing: row.get(4),
            })
            .collect())
    }

    /// The fingerprints of all images, by row.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn fingerprints(&self) -> Result<Vec<StoredFingerprint>, StoreError> {
        let rows =
            sqlx::query("SELECT content, perceptual, thumbnail FROM fingerprint ORDER BY image")
                .fetch_all(self.readers())
                .await
                .at(&self.folder().database())?;
        rows.iter()
            .map(|row| {
                Ok(StoredFingerprint {
                    content: read_content(row.get(0))?,
                    perceptual: row.get::<i64, _>(1).cast_unsigned(),
                    thumbnail: row.get(2),
                })
            })
            .collect()
    }

    /// The files that were refused, by name.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn refused(&self) -> Result<Vec<RefusedRecord>, StoreError> {
        let rows = sqlx::query("SELECT file, reason FROM refused ORDER BY file")
            .fetch_all(self.readers())
            .await
            .at(&self.folder().database())?;
        Ok(rows
            .iter()
            .map(|row| RefusedRecord {
                file: row.get(0),
                reason: row.get(1),
            })
            .collect())
    }
}

fn read_image(row: &SqliteRow) -> Result<ImageRecord, StoreError> {
    Ok(ImageRecord {
        id: ImageId(row.get(0)),
        file: row.get(1),
        raw_path: row.get(2),
        width: row.get(3),
        height: row.get(4),
        content: read_content(row.get(5))?,
        duplicate_of: row.get::<Option<u32>, _>(6).map(ImageId),
        missing: row.get(7),
        attributes: Attributes {
            group: row.get(8),
            given_label: row.get(9),
            source: row.get(10),
            split: row.get(11),
            slice: row
                .get::<Option<String>, _>(12)
                .zip(row.get::<Option<f64>, _>(13))
                .map(|(series, position)| Slice { series, position }),
        },
        answered_by: row.get(14),
    })
}

fn read_content(bytes: &[u8]) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|_| StoreError::BadValue {
        what: "content hash",
        detail: format!("{} bytes instead of 32", bytes.len()),
    })
}
