-- Neither this program nor a visitor with a database tool can rewrite what was decided.
CREATE TRIGGER journal_keeps_rows BEFORE DELETE ON journal
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only: a row cannot be deleted');
END;

CREATE TRIGGER journal_keeps_contents BEFORE UPDATE ON journal
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only: a row cannot be changed');
END;
