-- Images that are slices of a series, and where they lie in it; both or neither.

ALTER TABLE image ADD COLUMN series TEXT;
ALTER TABLE image ADD COLUMN slice REAL;

CREATE INDEX image_series ON image (series, slice) WHERE series IS NOT NULL;
