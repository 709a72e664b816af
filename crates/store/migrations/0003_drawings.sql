-- What people and the program drew. Rows are only ever added; equal drawings are one row, so that an
-- answer that changes nothing has the number of what it confirms.

CREATE TABLE drawing (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,      -- SHA-256 of the content
    content TEXT NOT NULL
);

CREATE TRIGGER drawing_is_never_changed BEFORE UPDATE ON drawing
BEGIN
    SELECT RAISE(ABORT, 'a drawing is only ever added');
END;

CREATE TRIGGER drawing_is_never_removed BEFORE DELETE ON drawing
BEGIN
    SELECT RAISE(ABORT, 'a drawing is only ever added');
END;
