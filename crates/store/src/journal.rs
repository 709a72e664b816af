//! The append-only journal: writing events so that they outlive any crash, and reading them.

use crate::error::{At, bad_value};
use crate::label_state::{LabelState, apply, fold};
use crate::state_columns::{load_states, save_states, to_i64, to_u64};
use crate::statement::ROWS_A_STATEMENT;
use crate::{Event, EventRecord, NewEvent, Store, StoreError};
use autolabel_annotation::ImageId;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// That an event is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Place in the journal.
    pub sequence: u64,
    /// The event was there before, under the same key; nothing was added.
    pub repeated: bool,
}

/// What an append did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Appended {
    /// One receipt an event, in the order of the events.
    pub receipts: Vec<Receipt>,
    /// The new state of every image that was touched, by image.
    pub states: Vec<(ImageId, LabelState)>,
}

/// The answer that an undo would take back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastAnswer {
    /// Place in the journal.
    pub sequence: u64,
    /// The image.
    pub image: ImageId,
}

impl Store {
    /// Writes events down, all or none, together with the states that follow from them. They
    /// are on disk when this returns.
    ///
    /// # Errors
    /// A full disk, an unknown image, an undo of what cannot be undone, a key used for two
    /// different events. Nothing is written then.
    pub async fn append(&self, events: &[NewEvent]) -> Result<Appended, StoreError> {
        let database = self.folder().database();
        let mut transaction = self.begin().await?;
        let appended = write_events(&mut transaction.connection, &database, events).await?;
        transaction.commit().await?;
        Ok(appended)
    }

    /// The events after a sequence number, in order, at most `limit`.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn events(&self, after: u64, limit: u32) -> Result<Vec<EventRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT seq, at_ms, reader, payload FROM journal WHERE seq > $1 ORDER BY seq LIMIT $2",
        )
        .bind(to_i64(after))
        .bind(limit)
        .fetch_all(self.readers())
        .await
        .at(&self.folder().database())?;
        rows.iter().map(read_event).collect()
    }

    /// All events of one kind (see [`Event::kind`]), in order.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn events_of_kind(&self, kind: &str) -> Result<Vec<EventRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT seq, at_ms, reader, payload FROM journal WHERE kind = $1 ORDER BY seq",
        )
        .bind(kind)
        .fetch_all(self.readers())
        .await
        .at(&self.folder().database())?;
        rows.iter().map(read_event).collect()
    }

    /// All events of one image, in order.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn events_of_image(&self, image: ImageId) -> Result<Vec<EventRecord>, StoreError> {
        let database = self.folder().database();
        let mut connection = self.readers().acquire().await.at(&database)?;
        image_events(&mut connection, &database, image).await
    }

    /// The last answer of a reader that was not taken back yet.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn last_answer(&self, reader: &str) -> Result<Option<LastAnswer>, StoreError> {
        let row = sqlx::query(
            "SELECT seq, image FROM journal AS given WHERE kind = 'answer' AND reader = $1 \
             AND NOT EXISTS (SELECT 1 FROM journal AS later WHERE later.undo_of = given.seq) \
             ORDER BY seq DESC LIMIT 1",
        )
        .bind(reader)
        .fetch_optional(self.readers())
        .await
        .at(&self.folder().database())?;
        Ok(row.map(|row| LastAnswer {
            sequence: to_u64(row.get(0)),
            image: ImageId(row.get(1)),
        }))
    }

    /// The seconds that all events of one kind took, in order, those of one reader left out.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn seconds_of_kind(
        &self,
        kind: &str,
        without_reader: &str,
    ) -> Result<Vec<f64>, StoreError> {
        sqlx::query_scalar(
            "SELECT seconds FROM journal \
             WHERE kind = $1 AND reader <> $2 AND seconds IS NOT NULL ORDER BY seq",
        )
        .bind(kind)
        .bind(without_reader)
        .fetch_all(self.readers())
        .await
        .at(&self.folder().database())
    }

    /// The sequence number of the event with an idempotency key.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn sequence_of_key(&self, key: &str) -> Result<Option<u64>, StoreError> {
        let found: Option<i64> =
            sqlx::query_scalar("SELECT seq FROM journal WHERE idempotency_key = $1")
                .bind(key)
                .fetch_optional(self.readers())
                .await
                .at(&self.folder().database())?;
        Ok(found.map(to_u64))
    }

    /// The sequence number of the latest event; 0 where there is none.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn last_sequence(&self) -> Result<u64, StoreError> {
        let last: Option<i64> = sqlx::query_scalar("SELECT MAX(seq) FROM journal")
            .fetch_one(self.readers())
            .await
            .at(&self.folder().database())?;
        Ok(to_u64(last.unwrap_or(0)))
    }
}

async fn write_events(
    connection: &mut SqliteConnection,
    database: &Path,
    events: &[NewEvent],
) -> Result<Appended, StoreError> {
    let last: Option<i64> = sqlx::query_scalar("SELECT MAX(seq) FROM journal")
        .fetch_one(&mut *connection)
        .await
        .at(database)?;
    refuse_unknown_images(connection, database, events).await?;
    let mut receipts = Vec::with_capacity(events.len());
    let mut fresh: Vec<(u64, &NewEvent)> = Vec::with_capacity(events.len());
    let mut next = to_u64(last.unwrap_or(0)) + 1;
    for event in events {
        let receipt = match earlier(connection, database, &fresh, event).await? {
            Some(sequence) => Receipt {
                sequence,
                repeated: true,
            },
            None => {
                refuse_bad_undo(connection, database, event).await?;
                fresh.push((next, event));
                next += 1;
                Receipt {
                    sequence: next - 1,
                    repeated: false,
                }
            }
        };
        receipts.push(receipt);
    }
    insert_events(connection, database, &fresh).await?;
    let states = states_after(connection, database, &fresh).await?;
    save_states(connection, database, &states).await?;
    Ok(Appended {
        receipts,
        states: states.into_iter().collect(),
    })
}

/// The sequence number of the same event, written before under the same key.
async fn earlier(
    connection: &mut SqliteConnection,
    database: &Path,
    fresh: &[(u64, &NewEvent)],
    event: &NewEvent,
) -> Result<Option<u64>, StoreError> {
    let Some(key) = &event.idempotency_key else {
        return Ok(None);
    };
    if fresh
        .iter()
        .any(|(_, e)| e.idempotency_key.as_ref() == Some(key))
    {
        return Err(StoreError::KeyReused);
    }
    let row = sqlx::query("SELECT seq, kind, image FROM journal WHERE idempotency_key = $1")
        .bind(key)
        .fetch_optional(connection)
        .await
        .at(database)?;
    let Some(row) = row else {
        return Ok(None);
    };
    let (kind, image): (String, Option<u32>) = (row.get(1), row.get(2));
    if kind != event.event.kind() || image.map(ImageId) != event.event.image() {
        return Err(StoreError::KeyReused);
    }
    Ok(Some(to_u64(row.get(0))))
}

async fn refuse_unknown_images(
    connection: &mut SqliteConnection,
    database: &Path,
    events: &[NewEvent],
) -> Result<(), StoreError> {
    let Some(largest) = events.iter().filter_map(|e| e.event.image()).max() else {
        return Ok(());
    };
    let last: Option<u32> = sqlx::query_scalar("SELECT MAX(id) FROM image")
        .fetch_one(connection)
        .await
        .at(database)?;
    match last {
        Some(last) if largest.0 <= last => Ok(()),
        _ => Err(StoreError::UnknownImage { image: largest.0 }),
    }
}

async fn refuse_bad_undo(
    connection: &mut SqliteConnection,
    database: &Path,
    event: &NewEvent,
) -> Result<(), StoreError> {
    let Event::Undo { image, of } = event.event else {
        return Ok(());
    };
    let row = sqlx::query(
        "SELECT kind, image, EXISTS (SELECT 1 FROM journal AS later WHERE later.undo_of = given.seq) \
         FROM journal AS given WHERE seq = $1",
    )
    .bind(to_i64(of))
    .fetch_optional(connection)
    .await
    .at(database)?;
    let refuse = |reason| {
        Err(StoreError::CannotUndo {
            sequence: of,
            reason,
        })
    };
    let Some(row) = row else {
        return refuse("there is no such entry");
    };
    let (kind, of_image, undone): (String, Option<u32>, bool) =
        (row.get(0), row.get(1), row.get(2));
    if kind != "answer" || of_image != Some(image.0) {
        return refuse("it is not an answer for this image");
    }
    if undone {
        return refuse("it was taken back before");
    }
    Ok(())
}

async fn insert_events(
    connection: &mut SqliteConnection,
    database: &Path,
    fresh: &[(u64, &NewEvent)],
) -> Result<(), StoreError> {
    for chunk in fresh.chunks(ROWS_A_STATEMENT) {
        let payloads = chunk
            .iter()
            .map(|(_, new)| serde_json::to_string(&new.event))
            .collect::<Result<Vec<String>, _>>()
            .map_err(|e| bad_value("event", &e))?;
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO journal \
             (seq, at_ms, reader, kind, image, undo_of, seconds, payload, idempotency_key) ",
        );
        insert.push_values(
            chunk.iter().zip(&payloads),
            |mut row, ((seq, new), payload)| {
                let undo_of = match new.event {
                    Event::Undo { of, .. } => Some(to_i64(of)),
                    _ => None,
                };
                row.push_bind(to_i64(*seq))
                    .push_bind(new.at_ms)
                    .push_bind(&new.reader)
                    .push_bind(new.event.kind())
                    .push_bind(new.event.image().map(|image| image.0))
                    .push_bind(undo_of)
                    .push_bind(new.event.seconds())
                    .push_bind(payload)
                    .push_bind(&new.idempotency_key);
            },
        );
        insert
            .build()
            .execute(&mut *connection)
            .await
            .at(database)?;
    }
    Ok(())
}

/// The states of all touched images: the state before plus the event, or, where an answer was
/// taken back, the fold over the image's whole history.
async fn states_after(
    connection: &mut SqliteConnection,
    database: &Path,
    fresh: &[(u64, &NewEvent)],
) -> Result<BTreeMap<ImageId, LabelState>, StoreError> {
    let touched: BTreeSet<ImageId> = fresh.iter().filter_map(|(_, e)| e.event.image()).collect();
    let touched: Vec<ImageId> = touched.into_iter().collect();
    let mut states = load_states(connection, database, &touched).await?;
    let mut refold: BTreeSet<ImageId> = BTreeSet::new();
    for (sequence, new) in fresh {
        let Some(image) = new.event.image() else {
            continue;
        };
        if matches!(new.event, Event::Undo { .. }) {
            refold.insert(image);
        }
        apply(states.entry(image).or_default(), *sequence, &new.event);
    }
    for image in refold {
        let history = image_events(connection, database, image).await?;
        states.extend(fold(&history));
    }
    Ok(states)
}

async fn image_events(
    connection: &mut SqliteConnection,
    database: &Path,
    image: ImageId,
) -> Result<Vec<EventRecord>, StoreError> {
    let rows = sqlx::query(
        "SELECT seq, at_ms, reader, payload FROM journal WHERE image = $1 ORDER BY seq",
    )
    .bind(image.0)
    .fetch_all(connection)
    .await
    .at(database)?;
    rows.iter().map(read_event).collect()
}

fn read_event(row: &SqliteRow) -> Result<EventRecord, StoreError> {
    let payload: &str = row.get(3);
    Ok(EventRecord {
        sequence: to_u64(row.get(0)),
        at_ms: row.get(1),
        reader: row.get(2),
        event: serde_json::from_str(payload).map_err(|e| bad_value("journal entry", &e))?,
    })
}
