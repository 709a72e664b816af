//! How label states are written in columns of the table `image_state`, and read back packed into
//! one text, which is many times faster than row by row.

use crate::error::At;
use crate::statement::{ROWS_A_STATEMENT, push_one_of};
use crate::{LabelState, StoreError};
use autolabel_annotation::{Answer, ClassId, DrawingId, FindingSet, ImageId, Label, LabelOrigin};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use std::collections::BTreeMap;
use std::path::Path;
use std::str::{FromStr, Split};

/// How an unreadable answer is written in the `answer` column.
const UNREADABLE: i64 = -1;

/// Drawing 0 in the `answer` column: above all numbers of classes.
const FIRST_DRAWING: i64 = 1 << 32;

/// All states that a condition finds, as `image answer origin …;image answer …`.
const SELECT_STATES: &str = "SELECT group_concat(image || ' ' || coalesce(answer, '') || ' ' \
     || coalesce(origin, '') || ' ' || coalesce(answer_seq, '') || ' ' || coalesce(auto_class, '') \
     || ' ' || coalesce(auto_confidence, '') || ' ' || coalesce(auto_run, '') || ' ' || flagged || ' ' || returned, ';') \
     FROM image_state WHERE image ";

/// The kept states of these images, as far as something happened to them.
pub(crate) async fn load_states(
    connection: &mut SqliteConnection,
    database: &Path,
    images: &[ImageId],
) -> Result<BTreeMap<ImageId, LabelState>, StoreError> {
    let mut states = BTreeMap::new();
    for chunk in images.chunks(ROWS_A_STATEMENT) {
        let mut select = QueryBuilder::<Sqlite>::new(SELECT_STATES);
        push_one_of(&mut select, chunk.iter().map(|image| image.0));
        states.extend(run_select(connection, database, &mut select).await?);
    }
    Ok(states)
}

/// The kept states of all images from a row on, as far as something happened to them.
pub(crate) async fn load_states_from(
    connection: &mut SqliteConnection,
    database: &Path,
    from: ImageId,
) -> Result<Vec<(ImageId, LabelState)>, StoreError> {
    let mut select = QueryBuilder::<Sqlite>::new(SELECT_STATES);
    select.push(">= ").push_bind(from.0);
    run_select(connection, database, &mut select).await
}

async fn run_select(
    connection: &mut SqliteConnection,
    database: &Path,
    select: &mut QueryBuilder<Sqlite>,
) -> Result<Vec<(ImageId, LabelState)>, StoreError> {
    let packed: Option<String> = select
        .build_query_scalar()
        .fetch_one(connection)
        .await
        .at(database)?;
    let packed = packed.unwrap_or_default();
    packed.split_terminator(';').map(read_state).collect()
}

/// Writes states of images, replacing what was there.
pub(crate) async fn save_states(
    connection: &mut SqliteConnection,
    database: &Path,
    states: &BTreeMap<ImageId, LabelState>,
) -> Result<(), StoreError> {
    let states: Vec<(&ImageId, &LabelState)> = states.iter().collect();
    for chunk in states.chunks(ROWS_A_STATEMENT) {
        let mut upsert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO image_state \
             (image, answer, origin, answer_seq, auto_class, auto_confidence, auto_run, \
              flagged, returned) ",
        );
        upsert.push_values(chunk, |mut row, (image, state)| {
            row.push_bind(image.0)
                .push_bind(state.answer.map(answer_code))
                .push_bind(state.origin.map(origin_name))
                .push_bind(state.answer_sequence.map(to_i64))
                .push_bind(state.auto_label.map(label_code))
                .push_bind(state.auto_confidence)
                .push_bind(state.auto_run)
                .push_bind(state.flagged)
                .push_bind(state.returned);
        });
        upsert.push(
            " ON CONFLICT (image) DO UPDATE SET answer = excluded.answer, \
             origin = excluded.origin, answer_seq = excluded.answer_seq, \
             auto_class = excluded.auto_class, \
             auto_confidence = excluded.auto_confidence, auto_run = excluded.auto_run, \
             flagged = excluded.flagged, returned = excluded.returned",
        );
        upsert
            .build()
            .execute(&mut *connection)
            .await
            .at(database)?;
    }
    Ok(())
}

fn read_state(text: &str) -> Result<(ImageId, LabelState), StoreError> {
    let mut fields = Fields::of(text);
    let image = ImageId(fields.required()?);
    let state = LabelState {
        answer: fields.code()?.map(answer_of_code).transpose()?,
        origin: fields.optional::<OriginName>()?.map(|name| name.0),
        answer_sequence: fields.optional()?,
        auto_label: fields.code()?.map(label_of_code).transpose()?,
        auto_confidence: fields.optional()?,
        auto_run: fields.optional()?,
        flagged: fields.flag()?,
        returned: fields.flag()?,
    };
    Ok((image, state))
}

/// The fields of one packed row, separated by blanks; an empty one is NULL.
pub(crate) struct Fields<'a> {
    text: &'a str,
    rest: Split<'a, char>,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        Self {
            text,
            rest: text.split(' '),
        }
    }

    pub(crate) fn optional<T: FromStr>(&mut self) -> Result<Option<T>, StoreError> {
        match self.rest.next() {
            Some("") => Ok(None),
            Some(field) => field.parse().map(Some).map_err(|_| self.bad()),
            None => Err(self.bad()),
        }
    }

    pub(crate) fn required<T: FromStr>(&mut self) -> Result<T, StoreError> {
        self.optional()?.ok_or_else(|| self.bad())
    }

    fn code(&mut self) -> Result<Option<i64>, StoreError> {
        self.optional()
    }

    pub(crate) fn flag(&mut self) -> Result<bool, StoreError> {
        Ok(self.required::<u8>()? != 0)
    }

    pub(crate) fn bad(&self) -> StoreError {
        StoreError::BadValue {
            what: "row",
            detail: self.text.to_owned(),
        }
    }
}

struct OriginName(LabelOrigin);

impl FromStr for OriginName {
    type Err = StoreError;

    fn from_str(name: &str) -> Result<Self, StoreError> {
        origin_named(name).map(Self)
    }
}

fn answer_code(answer: Answer) -> i64 {
    answer.label().map_or(UNREADABLE, label_code)
}

/// A class as its number; findings below [`UNREADABLE`], by their bits; drawings from [`FIRST_DRAWING`] on.
fn label_code(label: Label) -> i64 {
    match label {
        Label::Class(class) => i64::from(class.0),
        Label::Findings(present) => UNREADABLE - 1 - to_i64(present.bits()),
        Label::Drawn { drawing } => FIRST_DRAWING + i64::from(drawing.0),
    }
}

fn answer_of_code(code: i64) -> Result<Answer, StoreError> {
    if code == UNREADABLE {
        return Ok(Answer::Unreadable);
    }
    label_of_code(code).map(Answer::from)
}

fn label_of_code(code: i64) -> Result<Label, StoreError> {
    let label = if code >= FIRST_DRAWING {
        let drawing = u32::try_from(code - FIRST_DRAWING).ok().map(DrawingId);
        drawing.map(|drawing| Label::Drawn { drawing })
    } else if code >= 0 {
        u16::try_from(code).ok().map(ClassId).map(Label::Class)
    } else {
        // Every code below "unreadable" is at least -2, so the bits are not negative.
        let bits = to_u64((UNREADABLE - 1).wrapping_sub(code));
        FindingSet::from_bits(bits).map(Label::Findings)
    };
    label.ok_or_else(|| StoreError::BadValue {
        what: "label",
        detail: code.to_string(),
    })
}

/// Names of the origins in columns, the same as in JSON.
const ORIGINS: [(LabelOrigin, &str); 6] = [
    (LabelOrigin::ColdStart, "cold_start"),
    (LabelOrigin::Chosen, "chosen"),
    (LabelOrigin::Random, "random"),
    (LabelOrigin::Returned, "returned"),
    (LabelOrigin::Audit, "audit"),
    (LabelOrigin::Given, "given"),
];

/// An origin as it is written in a column.
pub(crate) fn origin_name(origin: LabelOrigin) -> &'static str {
    ORIGINS
        .iter()
        .find(|(o, _)| *o == origin)
        .map_or("given", |(_, name)| name)
}

/// An origin as it is read from a column.
pub(crate) fn origin_named(name: &str) -> Result<LabelOrigin, StoreError> {
    ORIGINS
        .iter()
        .find(|(_, n)| *n == name)
        .map(|(origin, _)| *origin)
        .ok_or_else(|| StoreError::BadValue {
            what: "origin",
            detail: name.to_owned(),
        })
}

/// SQLite's integers are signed; sequence numbers never come near the sign.
pub(crate) fn to_i64(value: u64) -> i64 {
    value.cast_signed()
}

/// Inverse of [`to_i64`].
pub(crate) fn to_u64(value: i64) -> u64 {
    value.cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_come_back_as_the_answers_that_they_were() {
        let most = u16::try_from(FindingSet::MOST).unwrap();
        let sets = [
            FindingSet::of([]),
            FindingSet::of([ClassId(0)]),
            FindingSet::of((0..most).map(ClassId)),
        ];
        let answers = sets
            .map(|set| Answer::Findings {
                present: set.unwrap(),
            })
            .into_iter()
            .chain([0, 1, u16::MAX].map(|class| Answer::Class {
                class: ClassId(class),
            }))
            .chain([0, 7, u32::MAX].map(|drawing| Answer::Drawn {
                drawing: DrawingId(drawing),
            }))
            .chain([Answer::Unreadable]);
        for answer in answers {
            assert_eq!(answer_of_code(answer_code(answer)).unwrap(), answer);
        }
        assert!(answer_of_code(70_000).is_err());
        assert!(answer_of_code(i64::MIN).is_err());
        assert!(answer_of_code(i64::MAX).is_err());
    }
}
