//! Where results go: standard output, for people or as JSON.

use anyhow::Context;
use serde::Serialize;
use std::io::{self, Write};

/// How results are written.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// As JSON.
    pub json: bool,
}

impl Output {
    /// Output for people, or as JSON.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Writes a result: as one indented JSON object, or as the text that `text` makes of it.
    pub fn result<T: Serialize>(
        self,
        value: &T,
        text: impl FnOnce(&T) -> String,
    ) -> anyhow::Result<()> {
        if self.json {
            let json = serde_json::to_string_pretty(value).context("cannot write JSON")?;
            self.line(&json)
        } else {
            self.line(text(value).trim_end())
        }
    }

    /// Writes one of many results, each on its own line and at once.
    pub fn record<T: Serialize>(
        self,
        value: &T,
        text: impl FnOnce(&T) -> String,
    ) -> anyhow::Result<()> {
        if self.json {
            let json = serde_json::to_string(value).context("cannot write JSON")?;
            self.line(&json)
        } else {
            self.line(&text(value))
        }
    }

    /// Writes text as it is, with a line feed.
    pub fn line(self, text: &str) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{text}")?;
        Ok(out.flush()?)
    }
}

/// Says something on standard error. Nobody can be told if that fails, so it is not an error.
pub fn say(text: &str) {
    let _written = writeln!(io::stderr().lock(), "{text}").is_ok();
}

/// Lays rows out in columns; columns whose position is in `right` are aligned to the right.
pub fn columns(rows: &[Vec<String>], right: &[usize]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count)
        .map(|c| {
            rows.iter()
                .filter_map(|r| r.get(c))
                .map(|t| t.chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(c, (cell, &width))| {
                if right.contains(&c) {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:<width$}")
                }
            })
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// A share as a percentage with one decimal.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = vec![
            vec!["labels".to_owned(), "strategy".to_owned()],
            vec!["50".to_owned(), "µ".to_owned()],
        ];
        assert_eq!(columns(&rows, &[0]), "labels  strategy\n    50  µ\n");
    }
}
