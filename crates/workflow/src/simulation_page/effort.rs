//! The readers, and what other numbers of readers would have made of the same seconds.

use super::table::{known_percent, number_spread, p_value, percent, percent_spread, points, table};
use crate::markup::{escaped, push};
use crate::simulate::{Mistakes, PeopleOutcome, ReadersPerImage, SimulationReport};

pub(super) fn people(page: &mut String, report: &SimulationReport) {
    let people = &report.people;
    let rule = match people.readers_per_image {
        ReadersPerImage::Fixed { readers: 1 } => "one reader an image".to_owned(),
        ReadersPerImage::Fixed { readers } => format!("{readers} readers an image"),
        ReadersPerImage::Adaptive { first, confidence } => format!(
            "{first} at first, and another while the consensus is less than {} sure",
            percent(confidence)
        ),
    };
    let mistakes = match people.mistakes {
        Mistakes::Uniform => "to any other class alike",
        Mistakes::LookAlike => "to the class of the most similar image",
    };
    push(
        page,
        format_args!(
            "<h2>People</h2>\n<p>Asked: {}. Mistakes go {mistakes}.</p>\n",
            escaped(&rule)
        ),
    );
    let head = [
        "Reader",
        "Skill",
        "Seconds a label",
        "Answers",
        "Right",
        "Skill as estimated",
    ]
    .map(str::to_owned);
    let rows: Vec<Vec<String>> = (1..)
        .zip(&people.readers)
        .map(|(number, reader)| {
            vec![
                number.to_string(),
                percent(reader.skill),
                format!("{:.1}", reader.seconds_per_label),
                format!("{:.0}", reader.answers),
                percent(reader.accuracy),
                reader
                    .estimated_skill
                    .map_or_else(|| "–".to_owned(), percent),
            ]
        })
        .collect();
    table(page, "Readers of the first strategy", &head, &rows);
    same_seconds(page, report, &rule);
}

fn same_seconds(page: &mut String, report: &SimulationReport, rule: &str) {
    let people = &report.people;
    let head = [
        "Readers an image",
        "Images",
        "Answers an image",
        "Hours",
        "Money",
        "Labels right",
        "Labels thought right",
        "Rest right",
        "Whole set right",
        "Advantage of the first row",
        "p",
    ]
    .map(str::to_owned);
    let row = |name: String, outcome: &PeopleOutcome| {
        vec![
            name,
            format!("{:.0}", outcome.images.mean),
            format!("{:.2}", outcome.answers_per_image.mean),
            format!("{:.2}", outcome.seconds.mean / 3600.0),
            number_spread(&outcome.money, 2),
            percent_spread(&outcome.consensus_accuracy),
            known_percent(outcome.stated_confidence.as_ref()),
            percent_spread(&outcome.rest_accuracy),
            percent_spread(&outcome.dataset_accuracy),
        ]
    };
    let mut first = row(rule.to_owned(), &people.outcome);
    first.extend(["–".to_owned(), "–".to_owned()]);
    let mut rows = vec![first];
    for other in &people.same_seconds {
        let mut cells = row(other.readers_per_image.to_string(), &other.outcome);
        cells.extend([points(&other.advantage), p_value(other.advantage.p)]);
        rows.push(cells);
    }
    table(
        page,
        "At the end of the budget; fixed numbers of readers stop at the same seconds",
        &head,
        &rows,
    );
}
