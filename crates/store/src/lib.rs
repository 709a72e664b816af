//! What a project remembers: one folder with an append-only journal of every decision, the state
//! that follows from it, and the embeddings of its images.
//!
//! In: image records, events, embeddings. Out: the same, after any crash. Never: pixels, models,
//! clocks (the time of an event is given by the caller).
//!
//! A project folder holds `project.sqlite` (write-ahead log, every commit synced to disk),
//! `embeddings-<backbone>.f16`, `signing.key` and `lock`. One process writes at a time; any
//! number may read.
//!
//! ```
//! # use autolabel_store::{Event, NewEvent, Store};
//! # let folder = tempfile::tempdir().unwrap();
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
//! # runtime.block_on(async {
//! let store = Store::open(folder.path(), "http://127.0.0.1:8080").await?;
//! let event = NewEvent {
//!     at_ms: 0,
//!     reader: "local".into(),
//!     event: Event::SettingsChanged { settings: serde_json::json!({ "name": "Lungs" }) },
//!     idempotency_key: None,
//! };
//! // On disk when this returns.
//! let appended = store.append(&[event]).await?;
//! assert_eq!(appended.receipts[0].sequence, 1);
//! # Ok::<(), autolabel_store::StoreError>(()) }).unwrap();
//! ```

mod error;
mod folder;
mod lock;
mod store;

mod drawing;
mod event;
mod journal;
mod label_state;
mod replay;
mod state_columns;
mod statement;

mod image;
mod image_index;
mod image_query;

mod job;
mod meta;
mod round;

mod embeddings;

pub use embeddings::{EmbeddingsReader, EmbeddingsWriter};
pub use error::StoreError;
pub use event::{Event, EventRecord, NewEvent};
pub use folder::ProjectFolder;
pub use image::{Attributes, ImageRecord, KnownFile, NewImage, RefusedRecord, StoredFingerprint};
pub use image_index::ImageIndex;
pub use journal::{Appended, LastAnswer, Receipt};
pub use label_state::LabelState;
pub use replay::StateDifference;
pub use round::{BatchRecord, PickRecord};
pub use store::Store;
