//! Tables and numbers of the page.

use crate::markup::{escaped, push};
use crate::simulate::{Difference, Spread};

/// Most rows of a table that belongs to a curve.
const MOST_ROWS: usize = 24;

/// Letters of a row's head above which it may be broken into lines.
const LONG_HEAD: usize = 28;

/// Contents that can be folded away on the screen; they are always printed.
pub(super) fn folded(page: &mut String, summary: &str, contents: impl FnOnce(&mut String)) {
    push(
        page,
        format_args!("<details><summary>{}</summary>\n", escaped(summary)),
    );
    contents(page);
    page.push_str("</details>\n");
}

/// A table; the first cell of a row is its head. Cells are escaped here.
pub(super) fn table(page: &mut String, caption: &str, head: &[String], rows: &[Vec<String>]) {
    // Short heads stay on one line, so that a phone does not break "auto − random" into three.
    let long = rows.iter().any(|row| {
        row.first()
            .is_some_and(|head| head.chars().count() > LONG_HEAD)
    });
    let class = if long { " class=\"long\"" } else { "" };
    push(page, format_args!("<div class=\"scroll\"><table{class}>\n"));
    if !caption.is_empty() {
        push(
            page,
            format_args!("<caption>{}</caption>\n", escaped(caption)),
        );
    }
    page.push_str("<thead><tr>");
    for cell in head {
        push(
            page,
            format_args!("<th scope=\"col\">{}</th>", escaped(cell)),
        );
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        push_row(page, row);
    }
    page.push_str("</tbody>\n</table></div>\n");
}

/// A table of names and values in words.
pub(super) fn words(page: &mut String, rows: &[(&str, String)]) {
    page.push_str("<table class=\"words\">\n<tbody>\n");
    for (name, value) in rows {
        push_row(page, &[(*name).to_owned(), value.clone()]);
    }
    page.push_str("</tbody>\n</table>\n");
}

fn push_row(page: &mut String, row: &[String]) {
    page.push_str("<tr>");
    for (position, cell) in row.iter().enumerate() {
        let cell = escaped(cell);
        if position == 0 {
            push(page, format_args!("<th scope=\"row\">{cell}</th>"));
        } else {
            push(page, format_args!("<td>{cell}</td>"));
        }
    }
    page.push_str("</tr>\n");
}

/// Positions of a curve to print: all, or evenly spaced ones with the first and the last.
pub(super) fn rows_of(points: usize) -> Vec<usize> {
    if points <= MOST_ROWS {
        return (0..points).collect();
    }
    let mut rows: Vec<usize> = (0..MOST_ROWS)
        .map(|row| row * (points - 1) / (MOST_ROWS - 1))
        .collect();
    rows.dedup();
    rows
}

/// A share as a percentage with one decimal.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A share with its interval, which for a mean near 100 % may reach beyond what a share can be.
pub(super) fn percent_spread(spread: &Spread) -> String {
    format!(
        "{:.1} % ({:.1} to {:.1})",
        spread.mean * 100.0,
        spread.low.max(0.0) * 100.0,
        spread.high.min(1.0) * 100.0
    )
}

/// The same where it may be missing.
pub(super) fn known_percent(spread: Option<&Spread>) -> String {
    spread.map_or_else(|| "–".to_owned(), percent_spread)
}

/// A number with its interval.
pub(super) fn number_spread(spread: &Spread, decimals: usize) -> String {
    format!(
        "{:.decimals$} ({:.decimals$} to {:.decimals$})",
        spread.mean, spread.low, spread.high
    )
}

/// A difference of shares in points, with interval and p value.
pub(super) fn points(difference: &Difference) -> String {
    let interval = match (difference.low, difference.high) {
        (Some(low), Some(high)) => format!(" ({:+.2} to {:+.2})", low * 100.0, high * 100.0),
        _ => String::new(),
    };
    format!("{:+.2}{interval}", difference.mean * 100.0)
}

/// A p value.
pub(super) fn p_value(p: f64) -> String {
    if p < 0.001 {
        "< 0.001".to_owned()
    } else {
        format!("{p:.3}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_curves_are_thinned_with_both_ends_kept() {
        assert_eq!(rows_of(3), [0, 1, 2]);
        let rows = rows_of(500);
        assert_eq!(rows.len(), MOST_ROWS);
        assert_eq!((rows[0], rows[MOST_ROWS - 1]), (0, 499));
    }
}
