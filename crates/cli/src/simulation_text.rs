//! The report of a simulation for people.

use crate::output::{columns, percent};
use autolabel_workflow::simulate::{Arm, SimulationReport, Spread};

/// The curve of every arm side by side, the stop, the audit and the cost.
pub fn report_text(report: &SimulationReport) -> String {
    let mut text = format!(
        "{}: {} images, {} classes, {} seeds, batches of {}, {}\n",
        report.dataset,
        report.pool,
        report.classes.len(),
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
    text.push_str("\nLabels needed\n");
    text.push_str(&levels_table(&report.arms));
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

fn levels_table(arms: &[Arm]) -> String {
    let mut header = vec!["to reach".to_owned()];
    header.extend(arms.iter().map(|arm| arm.strategy.clone()));
    let mut rows = vec![header];
    let levels = arms.first().map(|arm| arm.labels_to.keys());
    for level in levels.into_iter().flatten() {
        let mut row = vec![(*level).to_owned()];
        row.extend(arms.iter().map(|arm| match arm.labels_to.get(level) {
            Some(Some(labels)) => labels.to_string(),
            _ => "not within the budget".to_owned(),
        }));
        rows.push(row);
    }
    columns(&rows, &[])
}

fn ending(report: &SimulationReport) -> String {
    let (stop, audit, cost) = (&report.stop, &report.audit, &report.cost);
    let rows = [
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
        (
            "Time",
            format!(
                "{:.0} s, of which {:.0} s to read the images",
                report.seconds, report.embed_seconds
            ),
        ),
    ];
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect();
    columns(&rows, &[])
}

fn spread(spread: &Spread) -> String {
    format!(
        "{:.4} ({:.4} to {:.4})",
        spread.mean, spread.low, spread.high
    )
}
