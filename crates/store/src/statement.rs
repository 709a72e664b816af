//! What statements about many rows share.

use sqlx::{QueryBuilder, Sqlite};

/// Rows of one statement; at most 13 values each stays far below the 32,766 that SQLite binds.
pub(crate) const ROWS_A_STATEMENT: usize = 500;

/// Completes a condition: the column before it is one of these numbers.
pub(crate) fn push_one_of(
    statement: &mut QueryBuilder<Sqlite>,
    numbers: impl Iterator<Item = u32>,
) {
    let mut list = statement.push("IN (").separated(", ");
    for number in numbers {
        list.push_bind(number);
    }
    statement.push(")");
}
