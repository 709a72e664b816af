-- A project: its images, the journal of everything people and the program decided, and what the
-- loop needs to go on after a restart. Written for SQLite; types and placeholders are those that
-- PostgreSQL reads too, except the append-only triggers of 0002.

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE image_group (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

-- One row an image, dense and zero-based: id = row of the embeddings file. Narrow, because the
-- whole table is read at every start.
CREATE TABLE image (
    id INTEGER PRIMARY KEY,
    file TEXT NOT NULL UNIQUE,
    raw_path BLOB,                  -- only where the path is not UTF-8
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    modified_ms INTEGER NOT NULL,
    group_id INTEGER REFERENCES image_group (id),
    duplicate_of INTEGER REFERENCES image (id),
    missing INTEGER NOT NULL DEFAULT 0,
    given_label TEXT,
    source TEXT,
    split TEXT
);

CREATE TABLE fingerprint (
    image INTEGER PRIMARY KEY REFERENCES image (id),
    content BLOB NOT NULL,
    perceptual INTEGER NOT NULL,
    thumbnail BLOB NOT NULL
);

CREATE TABLE refused (
    file TEXT PRIMARY KEY,
    reason TEXT NOT NULL
);

-- The truth. Rows are only ever added.
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    reader TEXT NOT NULL,
    kind TEXT NOT NULL,
    image INTEGER REFERENCES image (id),
    undo_of INTEGER UNIQUE REFERENCES journal (seq),
    seconds REAL,
    payload TEXT NOT NULL,
    idempotency_key TEXT UNIQUE
);
CREATE INDEX journal_image ON journal (image, seq);
CREATE INDEX journal_kind ON journal (kind, reader, seq);

-- What the journal amounts to for each image that it names; rebuilt from it at will.
CREATE TABLE image_state (
    image INTEGER PRIMARY KEY REFERENCES image (id),
    answer INTEGER,                 -- class, or -1 for unreadable
    origin TEXT,
    answer_seq INTEGER,
    auto_class INTEGER,
    auto_confidence REAL,
    auto_run INTEGER,
    flagged INTEGER NOT NULL,
    returned INTEGER NOT NULL
);

-- Images that were asked for, in order, with the reason. The highest number is the current batch.
CREATE TABLE batch (
    number INTEGER NOT NULL,
    position INTEGER NOT NULL,
    round INTEGER NOT NULL,
    image INTEGER NOT NULL REFERENCES image (id),
    origin TEXT NOT NULL,
    strategy TEXT NOT NULL,
    score REAL,
    text TEXT NOT NULL,
    PRIMARY KEY (number, position)
);
CREATE INDEX batch_image ON batch (image, number);

CREATE TABLE model (
    version INTEGER PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE job (
    id INTEGER PRIMARY KEY,
    value TEXT NOT NULL
);
