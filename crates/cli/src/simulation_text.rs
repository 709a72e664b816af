//! The report of a simulation for people.

use crate::output::{columns, percent};
use autolabel_annotation::ImageTask;
use autolabel_workflow::simulate::{
    Arm, ArmPoint, Comparison, Difference, GradeSpread, LabelsToFull, PeopleOutcome, PeopleReport,
    ReadersPerImage, SimulationReport, Spread,
};

/// Takes one measure out of those of grades.
type MeasureOfGrades = fn(&GradeSpread) -> Spread;

/// Up to so many classes the text lists each.
const MOST_CLASSES: usize = 12;

/// The curve of every arm side by side, the stop, the audit and the cost.
pub fn report_text(report: &SimulationReport) -> String {
    let mut text = format!(
        "{}: {} images, {} {}, {} seeds, batches of {}, {}\n",
        report.dataset,
        report.pool,
        report.classes.len(),
        match report.task {
            ImageTask::Classification => "classes",
            ImageTask::Findings => "findings",
            ImageTask::Grades => "grades",
        },
        report.seeds.len(),
        report.batch_size,
        report.backbone
    );
    if !report.refused.is_empty() {
        text.push_str(&format!(
            "{} files could not be used (--json lists them)\n",
            report.refused.len()
        ));
    }
    text.push_str(
        "\nAccuracy of the images that were not labeled by the expert, mean and 95 % interval\n",
    );
    text.push_str(&curve_table(report));
    text.push_str(&grades_table(report));
    text.push_str("\nLabels needed\n");
    text.push_str(&levels_table(report));
    if report.classes.len() <= MOST_CLASSES {
        text.push_str(&class_table(report));
    }
    text.push_str(&differences(report));
    text.push('\n');
    text.push_str(&ending(report));
    text
}

fn curve_table(report: &SimulationReport) -> String {
    let mut header = vec!["labels".to_owned(), "share".to_owned()];
    header.extend(report.arms.iter().map(|arm| arm.strategy.clone()));
    let Some(main) = report.arms.first() else {
        return String::new();
    };
    let mut rows = vec![header];
    for (index, point) in main.curve.iter().enumerate() {
        let mut row = vec![
            point.labels.to_string(),
            percent(point.labels as f64 / report.pool as f64),
        ];
        row.extend(report.arms.iter().map(|arm| {
            arm.curve
                .get(index)
                .map_or_else(String::new, |p| spread(&p.rest_accuracy))
        }));
        rows.push(row);
    }
    columns(&rows, &[0, 1])
}

/// How far off the same predictions are, where labels are grades, at the shares that curves are read at.
fn grades_table(report: &SimulationReport) -> String {
    let measures: [(&str, MeasureOfGrades); 3] = [
        ("Mean number of grades off", |grades| {
            grades.mean_absolute_error
        }),
        ("Share within one grade", |grades| grades.within_one),
        ("Quadratically weighted kappa", |grades| {
            grades.quadratic_kappa
        }),
    ];
    let Some(main) = report.arms.first() else {
        return String::new();
    };
    if main.curve.iter().all(|point| point.rest_grades.is_none()) {
        return String::new();
    }
    let mut text = String::new();
    for (name, value) in measures {
        let mut rows = vec![row_of_arms("labels", &report.arms, |arm| {
            arm.strategy.clone()
        })];
        for (index, point) in main.curve.iter().enumerate() {
            rows.push(row_of_arms(
                &point.labels.to_string(),
                &report.arms,
                |arm| {
                    let grades = arm.curve.get(index).and_then(|p| p.rest_grades.as_ref());
                    grades.map_or_else(String::new, |grades| spread(&value(grades)))
                },
            ));
        }
        text.push_str(&format!("\n{name}\n{}", columns(&rows, &[0])));
    }
    text
}

fn levels_table(report: &SimulationReport) -> String {
    let arms = &report.arms;
    let mut rows = vec![row_of_arms("to reach", arms, |arm| arm.strategy.clone())];
    let Some(main) = arms.first() else {
        return String::new();
    };
    for level in main.labels_to.keys() {
        rows.push(row_of_arms(level, arms, |arm| {
            match arm.labels_to.get(level) {
                Some(Some(labels)) => labels.to_string(),
                _ => "not within the budget".to_owned(),
            }
        }));
    }
    for (share, level) in &main.labels_to_full {
        let name = format!(
            "{} % of all labels ({:.4})",
            share.trim_start_matches("0."),
            level.accuracy
        );
        rows.push(row_of_arms(&name, arms, |arm| {
            arm.labels_to_full
                .get(share)
                .map_or_else(String::new, labels_to_full)
        }));
    }
    rows.push(row_of_arms("area below the curve", arms, |arm| {
        spread(&arm.aubc)
    }));
    columns(&rows, &[])
}

fn row_of_arms(name: &str, arms: &[Arm], cell: impl Fn(&Arm) -> String) -> Vec<String> {
    std::iter::once(name.to_owned())
        .chain(arms.iter().map(cell))
        .collect()
}

fn labels_to_full(to: &LabelsToFull) -> String {
    match &to.labels {
        None => "not within the budget".to_owned(),
        Some(labels) => format!(
            "{:.0} ({:.0} to {:.0}), {:.0} % of the seeds",
            labels.mean,
            labels.low,
            labels.high,
            to.reached_share * 100.0
        ),
    }
}

/// What is found of each class at about 6 % labeled, or at the end of a smaller budget: of the rest, and
/// of all its images.
fn class_table(report: &SimulationReport) -> String {
    let kind = match report.task {
        ImageTask::Classification => "class",
        ImageTask::Findings => "finding",
        ImageTask::Grades => "grade",
    };
    let Some(main) = report.arms.first() else {
        return String::new();
    };
    let at_6 = 0.06 * report.pool as f64;
    let at = main.curve.iter().position(|p| p.labels as f64 >= at_6);
    let at = at.unwrap_or(main.curve.len().saturating_sub(1));
    let Some(point) = main.curve.get(at) else {
        return String::new();
    };
    let table = |of_classes: &dyn Fn(&ArmPoint) -> &[Option<Spread>], none: &str| {
        let mut rows = vec![row_of_arms(kind, &report.arms, |arm| arm.strategy.clone())];
        for (class, name) in report.classes.iter().enumerate() {
            rows.push(row_of_arms(name, &report.arms, |arm| {
                let found = arm.curve.get(at).and_then(|p| of_classes(p)[class]);
                found.map_or_else(|| none.to_owned(), |found| spread(&found))
            }));
        }
        columns(&rows, &[])
    };
    format!(
        "\nFound of each {kind} at {} labels ({}), among the images that were not labeled\n{}\
         \nFound of each {kind} in all, labeled ones included\n{}",
        point.labels,
        percent(point.labels as f64 / report.pool as f64),
        table(&|p| &p.sensitivity, "none left"),
        table(&|p| &p.dataset_sensitivity, "none there")
    )
}

/// The main arm against the others.
fn differences(report: &SimulationReport) -> String {
    let main = report.arms.first().map(|arm| arm.strategy.as_str());
    let pairs: Vec<&Comparison> = report
        .comparisons
        .iter()
        .filter(|c| c.measure == "rest" && Some(c.a.as_str()) == main)
        .collect();
    if pairs.is_empty() {
        return String::new();
    }
    let mut rows = vec![
        ["difference", "area below the curve", "at 6 % labeled"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for pair in pairs {
        // The shares are written as they are in the report.
        let at_6 = pair.at.iter().find(|at| (at.share - 0.06).abs() < 1e-9);
        rows.push(vec![
            format!("{} - {}", pair.a, pair.b),
            difference(&pair.aubc),
            at_6.map_or_else(
                || "not measured".to_owned(),
                |at| difference(&at.difference),
            ),
        ]);
    }
    let mut text = format!("\n{}", columns(&rows, &[]));
    for arm in &report.arms {
        if let Some(never) = arm.never_significantly_worse_than_random {
            let answer = match (never, arm.never_significantly_worse_than_random_holm) {
                (true, _) => "never",
                (false, Some(true)) => "only without Holm's correction",
                (false, _) => "yes",
            };
            text.push_str(&format!(
                "{} significantly worse than random: {answer}\n",
                arm.strategy
            ));
        }
    }
    text
}

fn difference(difference: &Difference) -> String {
    let interval = match (difference.low, difference.high) {
        (Some(low), Some(high)) => format!(" ({low:+.4} to {high:+.4})"),
        _ => String::new(),
    };
    format!("{:+.4}{interval}, p {:.3}", difference.mean, difference.p)
}

fn ending(report: &SimulationReport) -> String {
    let stop = &report.stop;
    let mut rows = vec![
        (
            "Stopped at",
            format!(
                "{:.0} labels ({})",
                stop.labels,
                percent(stop.labels / report.pool as f64)
            ),
        ),
        ("Auto-labeled", percent(stop.automation)),
        (
            "Auto-label accuracy",
            stop.auto_label_accuracy
                .map_or_else(|| "nothing was auto-labeled".to_owned(), percent),
        ),
        ("Returned to people", format!("{:.0} images", stop.returned)),
    ];
    rows.extend(least_found(report).map(|text| ("Least found in the end", text)));
    rows.extend(audit_and_cost(report));
    rows.extend(people(&report.people));
    rows.push((
        "Time",
        format!(
            "{:.0} s, of which {:.0} s to read the images",
            report.seconds, report.embed_seconds
        ),
    ));
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect();
    columns(&rows, &[])
}

/// The class of which the finished collection has the smallest share right.
fn least_found(report: &SimulationReport) -> Option<String> {
    let found = report.classes.iter().zip(&report.stop.found);
    let (name, least) = found
        .filter_map(|(name, found)| Some((name, (*found)?)))
        .min_by(|(_, a), (_, b)| a.mean.total_cmp(&b.mean))?;
    Some(format!("{name}, {} of its images right", spread(&least)))
}

fn audit_and_cost(report: &SimulationReport) -> Vec<(&'static str, String)> {
    let (audit, cost) = (&report.audit, &report.cost);
    let mut rows = vec![
        (
            "Audited",
            format!(
                "{:.0} auto-labels, {:.1} wrong",
                audit.audited, audit.errors
            ),
        ),
        (
            "Accuracy at least",
            audit
                .accuracy_lower_bound_95
                .map_or_else(|| "not known".to_owned(), percent),
        ),
        (
            "Certified",
            format!(
                "{} of the seeds, {} of them falsely",
                percent(audit.certified_share),
                audit.false_certificates
            ),
        ),
        (
            "Expert hours",
            format!(
                "{:.1} instead of {:.1} by hand, {:.1} times less",
                cost.hours, cost.by_hand_hours, cost.factor
            ),
        ),
    ];
    if let Some(regret) = &report.stop_regret {
        rows.push((
            "With hindsight",
            format!(
                "{} more hours than the best stop of each seed (median; {} to {}), {:+.0} labels, accuracy lost {:.4}; {} more than {} labels for all seeds",
                percent(regret.relative.median),
                percent(regret.relative.min),
                percent(regret.relative.max),
                regret.labels_beyond_best.median,
                regret.accuracy_lost.median,
                percent(regret.common.relative),
                regret.common.labels
            ),
        ));
    }
    rows
}

/// Lines about the readers, where there is anything to say of them.
fn people(people: &PeopleReport) -> Vec<(&'static str, String)> {
    if people.readers.len() == 1 && people.readers.iter().all(|r| r.skill >= 1.0) {
        return Vec::new();
    }
    let rule = match people.readers_per_image {
        ReadersPerImage::Fixed { readers } => format!("{readers} an image"),
        ReadersPerImage::Adaptive { .. } => "as many as needed".to_owned(),
    };
    let line = |outcome: &PeopleOutcome| {
        format!(
            "{:.0} images, {:.2} answers each, {:.1} hours; labels right {}, whole set {}",
            outcome.images.mean,
            outcome.answers_per_image.mean,
            outcome.seconds.mean / 3600.0,
            percent(outcome.consensus_accuracy.mean),
            percent(outcome.dataset_accuracy.mean)
        )
    };
    let mut rows = vec![(
        "Readers",
        format!(
            "{} of {}: {}",
            rule,
            people.readers.len(),
            line(&people.outcome)
        ),
    )];
    rows.extend(people.same_seconds.iter().map(|other| {
        (
            "Same hours with",
            format!(
                "{} an image: {}; {}",
                other.readers_per_image,
                line(&other.outcome),
                difference(&other.advantage)
            ),
        )
    }));
    rows
}

fn spread(spread: &Spread) -> String {
    format!(
        "{:.4} ({:.4} to {:.4})",
        spread.mean, spread.low, spread.high
    )
}
