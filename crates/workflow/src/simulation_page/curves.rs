//! Learning curves: accuracy, sensitivity of each class, accuracy by source.

use super::table::{folded, known_percent, number_spread, percent, percent_spread, rows_of, table};
use crate::line_chart::{Axis, ChartPoint, Line, LineChart, Numbers, line_chart};
use crate::markup::{escaped, push};
use crate::simulate::{Arm, ArmPoint, GradeSpread, SimulationReport, Spread};

/// Takes one measure out of those of grades.
type MeasureOfGrades = fn(&GradeSpread) -> Spread;

/// Most classes that get a chart of their own; the table has all.
const MOST_CHARTS: usize = 12;

/// Shares of the pool at which sensitivities are printed.
const SHARES: [f64; 7] = [0.01, 0.02, 0.04, 0.06, 0.08, 0.10, 0.15];

type Value<'a> = &'a dyn Fn(&ArmPoint) -> Option<Spread>;

/// Accuracy of the rest, and of the test split where there is one.
pub(super) fn accuracy(page: &mut String, report: &SimulationReport) {
    page.push_str(
        "<h2>Learning curves</h2>\n<p>Mean over the seeds; the bands are 95 % intervals of the mean. \
         All strategies share the start, the features, the classifier and the readers of a seed.</p>\n\
         <div class=\"charts\">\n",
    );
    let full = report.full_label;
    let rest = chart(
        report,
        "Right labels among the images the expert did not label",
        &|p| Some(p.rest_accuracy),
        full.map(|f| f.cross_validated),
    );
    figure(page, &rest);
    let has_test = report.test > 0;
    if has_test {
        let test = chart(
            report,
            "Right labels on the test split",
            &|p| p.test_accuracy,
            full.and_then(|f| f.test),
        );
        figure(page, &test);
    }
    page.push_str("</div>\n");
    folded(page, "Numbers of the curves", |page| {
        curve_table(page, report, "Images the expert did not label", &|p| {
            Some(p.rest_accuracy)
        });
        if has_test {
            curve_table(page, report, "Test split", &|p| p.test_accuracy);
        }
    });
    grades(page, report);
    levels(page, report);
}

/// How far off the same predictions are, where labels are grades.
fn grades(page: &mut String, report: &SimulationReport) {
    let points = report.arms.iter().flat_map(|arm| &arm.curve);
    if points.clone().all(|point| point.rest_grades.is_none()) {
        return;
    }
    page.push_str(
        "<h3>How far off</h3>\n<p>Grades have an order, so that a near miss counts less than a far one.</p>\n\
         <div class=\"charts\">\n",
    );
    let measures: [(&str, Numbers, MeasureOfGrades); 3] = [
        ("Mean number of grades off", Numbers::Plain, |g| {
            g.mean_absolute_error
        }),
        ("Within one grade", Numbers::Percent, |g| g.within_one),
        ("Quadratically weighted kappa", Numbers::Plain, |g| {
            g.quadratic_kappa
        }),
    ];
    for (title, numbers, value) in measures {
        let mut chart = chart(report, title, &|p| p.rest_grades.as_ref().map(value), None);
        chart.y.numbers = numbers;
        figure(page, &chart);
    }
    page.push_str("</div>\n");
    folded(page, "Numbers of how far off", |page| {
        for (title, _, value) in measures {
            let Some(main) = report.arms.first() else {
                return;
            };
            let mut head = vec!["Labels".to_owned()];
            head.extend(report.arms.iter().map(|arm| arm.strategy.clone()));
            let rows: Vec<Vec<String>> = rows_of(main.curve.len())
                .into_iter()
                .map(|i| {
                    let mut row = vec![main.curve[i].labels.to_string()];
                    row.extend(report.arms.iter().map(|arm| {
                        let grades = arm.curve.get(i).and_then(|p| p.rest_grades.as_ref());
                        grades.map_or_else(String::new, |g| number_spread(&value(g), 3))
                    }));
                    row
                })
                .collect();
            let caption =
                format!("{title}, images the expert did not label, mean and 95 % interval");
            table(page, &caption, &head, &rows);
        }
    });
}

/// One chart with a line for each arm.
fn chart(
    report: &SimulationReport,
    title: &str,
    value: Value<'_>,
    all_labels: Option<f64>,
) -> LineChart {
    let share = |labels: f64| labels / report.pool as f64;
    LineChart {
        title: title.to_owned(),
        x: Axis {
            label: "share of the images labeled by the expert".to_owned(),
            numbers: Numbers::Percent,
        },
        y: Axis {
            label: title.to_owned(),
            numbers: Numbers::Percent,
        },
        lines: report
            .arms
            .iter()
            .map(|arm| line(report, arm, value))
            .collect(),
        marks: if report.runs.is_empty() {
            Vec::new()
        } else {
            vec![(share(report.stop.labels), "stop".to_owned())]
        },
        level: all_labels.map(|level| (level, "all labels".to_owned())),
    }
}

fn line(report: &SimulationReport, arm: &Arm, value: Value<'_>) -> Line {
    let points = arm.curve.iter().filter_map(|point| {
        let spread = value(point)?;
        Some(ChartPoint {
            x: point.labels as f64 / report.pool as f64,
            y: spread.mean,
            low: spread.low,
            high: spread.high,
        })
    });
    Line {
        name: arm.strategy.clone(),
        points: points.collect(),
    }
}

/// A chart with its title.
pub(super) fn figure(page: &mut String, chart: &LineChart) {
    push(
        page,
        format_args!(
            "<figure><figcaption>{}</figcaption>\n{}</figure>\n",
            escaped(&chart.title),
            line_chart(chart)
        ),
    );
}

fn curve_table(page: &mut String, report: &SimulationReport, caption: &str, value: Value<'_>) {
    let Some(main) = report.arms.first() else {
        return;
    };
    let mut head = vec!["Labels".to_owned(), "Share".to_owned()];
    head.extend(report.arms.iter().map(|arm| arm.strategy.clone()));
    let rows: Vec<Vec<String>> = rows_of(main.curve.len())
        .into_iter()
        .map(|i| {
            let labels = main.curve[i].labels;
            let mut row = vec![
                labels.to_string(),
                percent(labels as f64 / report.pool as f64),
            ];
            row.extend(report.arms.iter().map(|arm| {
                let spread = arm.curve.get(i).and_then(value);
                known_percent(spread.as_ref())
            }));
            row
        })
        .collect();
    table(
        page,
        &format!("{caption}: share of right labels, mean and 95 % interval"),
        &head,
        &rows,
    );
}

/// Areas and labels to levels, an arm a column.
fn levels(page: &mut String, report: &SimulationReport) {
    page.push_str("<h3>Labels needed</h3>\n");
    let mut head = vec!["To reach".to_owned()];
    head.extend(report.arms.iter().map(|arm| arm.strategy.clone()));
    let mut rows = Vec::new();
    let Some(main) = report.arms.first() else {
        return;
    };
    for level in main.labels_to.keys() {
        let mut row = vec![format!("{level} of the images not labeled, on average")];
        row.extend(report.arms.iter().map(|arm| {
            arm.labels_to.get(level).copied().flatten().map_or_else(
                || "not within the budget".to_owned(),
                |labels| labels.to_string(),
            )
        }));
        rows.push(row);
    }
    for (name, is_test) in [("images not labeled", false), ("test split", true)] {
        let levels = |arm: &Arm| match is_test {
            true => arm.test_labels_to_full.clone(),
            false => arm.labels_to_full.clone(),
        };
        for (share, level) in levels(main) {
            let share_text = share.trim_start_matches("0.");
            let mut row = vec![format!(
                "{share_text} % of what all labels reach, {name} ({})",
                percent(level.accuracy)
            )];
            row.extend(report.arms.iter().map(|arm| {
                levels(arm)
                    .get(share)
                    .map_or_else(String::new, labels_to_full)
            }));
            rows.push(row);
        }
    }
    let mut row = vec!["Area below the curve".to_owned()];
    row.extend(report.arms.iter().map(|arm| percent_spread(&arm.aubc)));
    rows.push(row);
    if main.test_aubc.is_some() {
        let mut row = vec!["Area below the curve, test split".to_owned()];
        row.extend(
            report
                .arms
                .iter()
                .map(|arm| known_percent(arm.test_aubc.as_ref())),
        );
        rows.push(row);
    }
    table(page, "", &head, &rows);
}

fn labels_to_full(to: &crate::simulate::LabelsToFull) -> String {
    match &to.labels {
        None => "not within the budget".to_owned(),
        Some(labels) => {
            let number = number_spread(labels, 0);
            if to.reached_share < 1.0 {
                format!(
                    "{number}, in {:.0} % of the seeds",
                    to.reached_share * 100.0
                )
            } else {
                number
            }
        }
    }
}

/// How many images of each class are found.
pub(super) fn sensitivity(page: &mut String, report: &SimulationReport) {
    page.push_str(
        "<h2>Each class</h2>\n<p>Sensitivity: of the images of a class that the expert did not label, \
         the share that gets the right label. The band of a rare class is wide because few are left. The \
         tables have the same of all its images, those labeled by the expert included: what the labeled \
         collection holds.</p>\n\
         <div class=\"charts\">\n",
    );
    for (class, name) in report.classes.iter().enumerate().take(MOST_CHARTS) {
        let chart = chart(
            report,
            &format!("Found of {name}"),
            &|p| p.sensitivity.get(class).copied().flatten(),
            None,
        );
        figure(page, &chart);
    }
    page.push_str("</div>\n");
    if report.classes.len() > MOST_CHARTS {
        push(
            page,
            format_args!(
                "<p class=\"note\">Charts of the first {MOST_CHARTS} classes; the table has all.</p>\n"
            ),
        );
    }
    folded(page, "Numbers of each class", |page| {
        class_table(page, report, "Images the expert did not label", &|p| {
            &p.sensitivity
        });
        class_table(
            page,
            report,
            "All images, labels of the expert included",
            &|p| &p.dataset_sensitivity,
        );
        if report.test > 0 {
            class_table(page, report, "Test split", &|p| &p.test_sensitivity);
        }
    });
}

fn class_table(
    page: &mut String,
    report: &SimulationReport,
    caption: &str,
    of_classes: &dyn Fn(&ArmPoint) -> &Vec<Option<Spread>>,
) {
    let Some(main) = report.arms.first() else {
        return;
    };
    let mut head = vec!["Class".to_owned(), "Labels".to_owned(), "Share".to_owned()];
    head.extend(report.arms.iter().map(|arm| arm.strategy.clone()));
    let mut rows = Vec::new();
    for (class, name) in report.classes.iter().enumerate() {
        for position in positions_of_shares(report, main) {
            let labels = main.curve[position].labels;
            let mut row = vec![
                name.clone(),
                labels.to_string(),
                percent(labels as f64 / report.pool as f64),
            ];
            row.extend(report.arms.iter().map(|arm| {
                let found = arm.curve.get(position).map(of_classes);
                known_percent(found.and_then(|f| f.get(class)?.as_ref()))
            }));
            rows.push(row);
        }
    }
    table(
        page,
        &format!("{caption}: share of each class that is found, mean and 95 % interval"),
        &head,
        &rows,
    );
}

/// What the finished collection holds of each class, at the stop of the main arm.
pub(super) fn found_in_the_end(page: &mut String, report: &SimulationReport) {
    if report.stop.found.is_empty() {
        return;
    }
    let rows: Vec<Vec<String>> = report
        .classes
        .iter()
        .zip(&report.stop.found)
        .map(|(name, found)| vec![name.clone(), known_percent(found.as_ref())])
        .collect();
    let head = ["Class", "Right in the end"].map(str::to_owned);
    table(
        page,
        "Of all images of a class, the share with the right label in the end: by experts, by the program, \
         or by people to whom it was left",
        &head,
        &rows,
    );
}

/// Positions of the curve nearest to the usual shares, each once.
fn positions_of_shares(report: &SimulationReport, arm: &Arm) -> Vec<usize> {
    let last = arm.curve.last().map_or(0, |p| p.labels) as f64;
    let mut positions: Vec<usize> = SHARES
        .iter()
        .map(|share| share * report.pool as f64)
        .filter(|labels| *labels <= last + 1.0)
        .filter_map(|labels| {
            let distance = |i: &usize| (arm.curve[*i].labels as f64 - labels).abs();
            (0..arm.curve.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)))
        })
        .collect();
    positions.dedup();
    positions
}

/// Accuracy by source and population.
pub(super) fn columns(page: &mut String, report: &SimulationReport) {
    let Some(main) = report.arms.first().filter(|arm| !arm.by_column.is_empty()) else {
        return;
    };
    page.push_str(
        "<h2>Where the images come from</h2>\n<p>Share of right labels among the images the expert did \
         not label, by the columns of the table of labels.</p>\n",
    );
    let mut head = ["Column", "Value", "Images"].map(str::to_owned).to_vec();
    for arm in &report.arms {
        head.push(format!("{}, at 6 %", arm.strategy));
        head.push(format!("{}, at the stop", arm.strategy));
    }
    let rows: Vec<Vec<String>> = main
        .by_column
        .iter()
        .enumerate()
        .map(|(i, group)| {
            let mut row = vec![
                group.column.clone(),
                group.value.clone(),
                group.images.to_string(),
            ];
            for arm in &report.arms {
                let group = arm.by_column.get(i);
                row.push(known_percent(group.and_then(|g| g.at_6_percent.as_ref())));
                row.push(known_percent(group.and_then(|g| g.at_stop.as_ref())));
            }
            row
        })
        .collect();
    table(page, "", &head, &rows);
}
