//! What training rounds leave behind: what is known of each model, and the batches of images that
//! were asked for, with the reason of each.

use crate::error::{At, bad_value};
use crate::state_columns::{origin_name, origin_named};
use crate::statement::ROWS_A_STATEMENT;
use crate::{Store, StoreError};
use autolabel_annotation::{ImageId, LabelOrigin};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};

/// Why one image was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct PickRecord {
    /// The image.
    pub image: ImageId,
    /// How it came into the batch.
    pub origin: LabelOrigin,
    /// The acquisition function that chose it.
    pub strategy: String,
    /// Its score, larger = more wanted.
    pub score: Option<f32>,
    /// One sentence for people.
    pub text: String,
}

/// A batch.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchRecord {
    /// Number, from 1; the largest is the current one.
    pub number: u32,
    /// Training rounds done when it was chosen.
    pub round: u32,
    /// Picks in the order in which they are shown.
    pub picks: Vec<PickRecord>,
}

impl Store {
    /// Writes down what a training round gave: its model under its version, its batch, or both,
    /// all or nothing. The batch is the current one from then on.
    ///
    /// # Errors
    /// A full disk, or a version or number that is taken.
    pub async fn put_round<T: Serialize>(
        &self,
        model: Option<(u32, &T)>,
        batch: Option<&BatchRecord>,
    ) -> Result<(), StoreError> {
        let database = self.folder().database();
        let mut transaction = self.begin().await?;
        if let Some((version, model)) = model {
            let text = serde_json::to_string(model).map_err(|e| bad_value("model", &e))?;
            sqlx::query("INSERT INTO model (version, value) VALUES ($1, $2)")
                .bind(version)
                .bind(text)
                .execute(&mut transaction.connection)
                .await
                .at(&database)?;
        }
        if let Some(batch) = batch {
            insert_batch(&mut transaction.connection, batch)
                .await
                .at(&database)?;
        }
        transaction.commit().await
    }

    /// What is known of all models, by version.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn models<T: DeserializeOwned>(&self) -> Result<Vec<T>, StoreError> {
        let texts: Vec<String> = sqlx::query_scalar("SELECT value FROM model ORDER BY version")
            .fetch_all(self.readers())
            .await
            .at(&self.folder().database())?;
        texts
            .iter()
            .map(|text| serde_json::from_str(text).map_err(|e| bad_value("model", &e)))
            .collect()
    }

    /// The current batch; `None` before the first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn current_batch(&self) -> Result<Option<BatchRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT image, origin, strategy, score, text, number, round FROM batch \
             WHERE number = (SELECT MAX(number) FROM batch) ORDER BY position",
        )
        .fetch_all(self.readers())
        .await
        .at(&self.folder().database())?;
        let Some(first) = rows.first() else {
            return Ok(None);
        };
        Ok(Some(BatchRecord {
            number: first.get(5),
            round: first.get(6),
            picks: rows.iter().map(read_pick).collect::<Result<_, _>>()?,
        }))
    }

    /// Why an image was asked for last; `None` where it never was.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn last_pick(&self, image: ImageId) -> Result<Option<PickRecord>, StoreError> {
        let row = sqlx::query(
            "SELECT image, origin, strategy, score, text FROM batch WHERE image = $1 \
             ORDER BY number DESC LIMIT 1",
        )
        .bind(image.0)
        .fetch_optional(self.readers())
        .await
        .at(&self.folder().database())?;
        row.as_ref().map(read_pick).transpose()
    }
}

async fn insert_batch(
    connection: &mut SqliteConnection,
    batch: &BatchRecord,
) -> Result<(), sqlx::Error> {
    let numbered: Vec<(u32, &PickRecord)> = (0..).zip(&batch.picks).collect();
    for chunk in numbered.chunks(ROWS_A_STATEMENT) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO batch (number, position, round, image, origin, strategy, score, text) ",
        );
        insert.push_values(chunk, |mut row, (position, pick)| {
            row.push_bind(batch.number)
                .push_bind(*position)
                .push_bind(batch.round)
                .push_bind(pick.image.0)
                .push_bind(origin_name(pick.origin))
                .push_bind(&pick.strategy)
                .push_bind(pick.score)
                .push_bind(&pick.text);
        });
        insert.build().execute(&mut *connection).await?;
    }
    Ok(())
}

fn read_pick(row: &SqliteRow) -> Result<PickRecord, StoreError> {
    Ok(PickRecord {
        image: ImageId(row.get(0)),
        origin: origin_named(row.get(1))?,
        strategy: row.get(2),
        score: row.get(3),
        text: row.get(4),
    })
}
