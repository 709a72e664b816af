//! The report of a simulation on shapes for people.

use crate::output::{columns, percent};
use autolabel_annotation::Task;
use autolabel_workflow::simulate::{Difference, Spread};
use autolabel_workflow::simulate_shapes::{ShapeArm, ShapeReport, ShapesFinished};

/// The curve of every arm side by side, what a level takes, the auto-labels and their audit, hours.
pub fn report_text(report: &ShapeReport) -> String {
    let what = match report.task {
        Task::Detection => "boxes",
        Task::InstanceSegmentation => "instances",
        _ => "masks",
    };
    let mut text = format!(
        "{}: {} images with {} {what}, {} tested on, {} seeds, batches of {}, seen at {} x {} pixels\n",
        report.dataset,
        report.pool,
        report.pool_shapes,
        report.test,
        report.seeds.len(),
        report.batch_size,
        report.input.1,
        report.input.0,
    );
    if !report.refused.is_empty() {
        text.push_str(&format!(
            "{} files could not be used (--json lists them)\n",
            report.refused.len()
        ));
    }
    text.push_str(&format!(
        "\n{} on {}, and minutes of people, mean and 95 % interval\n",
        match report.measure {
            "dice" => "Dice",
            _ => "Average precision at an IoU of 0.5",
        },
        match report.test {
            0 => "the images that were not drawn",
            _ => "the test images",
        }
    ));
    text.push_str(&curve_table(report));
    text.push_str(&levels_table(report));
    text.push_str(&differences(report));
    text.push_str(&ending(report));
    text
}

fn spread(of: &Spread) -> String {
    format!("{:.3} ({:.3}-{:.3})", of.mean, of.low, of.high)
}

fn curve_table(report: &ShapeReport) -> String {
    let Some(main) = report.arms.first() else {
        return String::new();
    };
    let mut header = vec!["images".to_owned(), "share".to_owned()];
    for arm in &report.arms {
        header.extend([arm.strategy.clone(), "minutes".to_owned()]);
    }
    let mut rows = vec![header];
    for (index, point) in main.curve.iter().enumerate() {
        let share = point.labels as f64 / report.pool as f64;
        let mut row = vec![point.labels.to_string(), percent(share)];
        for arm in &report.arms {
            let Some(point) = arm.curve.get(index) else {
                continue;
            };
            let value = point.test.as_ref().or(point.rest.as_ref());
            row.push(value.map_or_else(String::new, spread));
            row.push(format!("{:.1}", point.expert_seconds.mean / 60.0));
        }
        rows.push(row);
    }
    columns(&rows, &[0, 1])
}

fn levels_table(report: &ShapeReport) -> String {
    if report.full_label.is_empty() {
        return String::new();
    }
    let full: Vec<f64> = report.full_label.iter().map(|of| of.main).collect();
    let mean = full.iter().sum::<f64>() / full.len() as f64;
    let mut text = format!(
        "\nAll labels reach {mean:.3}. Images and minutes to a share of that, where reached: mean of the seeds that do\n"
    );
    let mut rows = vec![
        std::iter::once("share".to_owned())
            .chain(report.arms.iter().map(|arm| arm.strategy.clone()))
            .collect::<Vec<_>>(),
    ];
    for level in ["0.90", "0.95", "0.97"] {
        let mut row = vec![level.to_owned()];
        row.extend(report.arms.iter().map(|arm| level_cell(arm, level)));
        rows.push(row);
    }
    text.push_str(&columns(&rows, &[0]));
    text
}

fn level_cell(arm: &ShapeArm, level: &str) -> String {
    let Some(found) = arm.to_full.get(level) else {
        return String::new();
    };
    let mean = |values: &[Option<f64>]| {
        let known: Vec<f64> = values.iter().flatten().copied().collect();
        known.iter().sum::<f64>() / known.len().max(1) as f64
    };
    if found.reached_share == 0.0 {
        return "not reached".to_owned();
    }
    format!(
        "{:.0} images, {:.1} min ({} of seeds)",
        mean(&found.labels),
        mean(&found.seconds) / 60.0,
        percent(found.reached_share)
    )
}

fn differences(report: &ShapeReport) -> String {
    let mut text = String::new();
    let line = |of: &Difference| match (of.low, of.high) {
        (Some(low), Some(high)) => {
            format!("{:+.4} ({low:+.4} to {high:+.4}), p = {:.3}", of.mean, of.p)
        }
        _ => format!("{:+.4}", of.mean),
    };
    for arm in &report.arms {
        if let (Some(images), Some(seconds)) =
            (&arm.aubc_over_random, &arm.aubc_by_seconds_over_random)
        {
            text.push_str(&format!(
                "\n{} beside random, mean over the curve: {} by images, {} by seconds",
                arm.strategy,
                line(images),
                line(seconds)
            ));
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn ending(report: &ShapeReport) -> String {
    let runs = &report.runs;
    if runs.is_empty() {
        return String::new();
    }
    let mean =
        |of: &dyn Fn(&ShapesFinished) -> f64| runs.iter().map(of).sum::<f64>() / runs.len() as f64;
    let certified = runs.iter().filter(|run| run.certified).count();
    let wrong = runs.iter().filter(|run| run.false_certificate).count();
    format!(
        "\nAt the end {} of the other proposals need no edit (a fit of {} or more), {} were expected.\n\
         {} of the pool is auto-labeled and certified in {certified} of {} runs (false certificates: {wrong}), {} checks on average.\n\
         {:.1} hours of people in all, {:.1} by hand.\n",
        percent(mean(&|run| run.rest_accepted)),
        report.least_fit,
        percent(mean(&|run| run.expected_accepted)),
        percent(mean(&|run| run.automation)),
        runs.len(),
        mean(&|run| f64::from(run.audited_in_all)).round(),
        mean(&|run| run.expert_hours),
        mean(&|run| run.by_hand_hours),
    )
}
