//! What came of it: key figures, the stop with hindsight, audit and cost.

use super::curves::figure;
use super::table::{folded, number_spread, percent, rows_of, table, words};
use crate::line_chart::{Axis, ChartPoint, Line, LineChart, Numbers};
use crate::markup::{escaped, push};
use crate::simulate::{Quartiles, SimulationReport};

/// Key figures at the top.
pub(super) fn cards(page: &mut String, report: &SimulationReport) {
    let (stop, audit, cost) = (&report.stop, &report.audit, &report.cost);
    let strategy = report.arms.first().map_or("", |arm| arm.strategy.as_str());
    let automatic = stop.auto_label_accuracy.map_or_else(
        || "nothing was auto-labeled".to_owned(),
        |accuracy| format!("{} of them right", percent(accuracy)),
    );
    let cards = [
        (
            "Stopped at",
            format!("{:.0} labels", stop.labels),
            format!(
                "{} of the images, by {strategy}",
                percent(stop.labels / report.pool as f64)
            ),
        ),
        (
            "Labeled by the program",
            percent(stop.automation),
            automatic,
        ),
        (
            "Certified",
            percent(audit.certified_share),
            format!(
                "of the seeds at a target of {} wrong, {} falsely",
                percent(audit.target_error),
                audit.false_certificates
            ),
        ),
        (
            "Hours of experts",
            format!("{:.1}", cost.hours),
            format!(
                "instead of {:.1} by hand: {:.1} times less",
                cost.by_hand_hours, cost.factor
            ),
        ),
    ];
    page.push_str("<dl class=\"cards\">\n");
    for (name, value, note) in cards {
        push(
            page,
            format_args!(
                "<div><dt>{name}</dt><dd>{}</dd><dd>{}</dd></div>\n",
                escaped(&value),
                escaped(&note)
            ),
        );
    }
    page.push_str("</dl>\n");
}

/// Where it stopped, and what the best stop would have been.
pub(super) fn stop(page: &mut String, report: &SimulationReport) {
    let Some(main) = report.arms.first() else {
        return;
    };
    page.push_str("<h2>When to stop</h2>\n");
    let reasons: Vec<String> = report
        .stop
        .reasons
        .iter()
        .map(|(reason, seeds)| format!("{reason} {seeds}"))
        .collect();
    push(
        page,
        format_args!(
            "<p>The advisor stopped at {:.0} labels on average. Reasons over the seeds: {}.</p>\n",
            report.stop.labels,
            escaped(&reasons.join(", "))
        ),
    );
    let priced: Vec<ChartPoint> = main
        .curve
        .iter()
        .filter_map(|point| {
            let hours = point.hours_if_stopped?;
            Some(ChartPoint {
                x: point.labels as f64 / report.pool as f64,
                y: hours.mean,
                low: hours.low,
                high: hours.high,
            })
        })
        .collect();
    if priced.is_empty() {
        return;
    }
    page.push_str("<div class=\"charts\">\n");
    figure(page, &hours_chart(report, main.strategy.clone(), priced));
    page.push_str("</div>\n");
    let rows: Vec<Vec<String>> = rows_of(main.curve.len())
        .into_iter()
        .filter_map(|i| {
            let point = &main.curve[i];
            Some(vec![
                point.labels.to_string(),
                percent(point.labels as f64 / report.pool as f64),
                number_spread(point.hours_if_stopped.as_ref()?, 2),
            ])
        })
        .collect();
    let head = ["Labels", "Share", "Hours"].map(str::to_owned);
    folded(page, "Numbers of the hours", |page| {
        table(
            page,
            "Hours of people in all, had it stopped there: labels, returned images, expected audits",
            &head,
            &rows,
        );
    });
    regret(page, report);
}

fn hours_chart(report: &SimulationReport, name: String, points: Vec<ChartPoint>) -> LineChart {
    LineChart {
        title: "Hours of people in all, had it stopped here".to_owned(),
        x: Axis {
            label: "share of the images labeled by the expert".to_owned(),
            numbers: Numbers::Percent,
        },
        y: Axis {
            label: "hours".to_owned(),
            numbers: Numbers::Plain,
        },
        lines: vec![Line { name, points }],
        marks: vec![(report.stop.labels / report.pool as f64, "stop".to_owned())],
        level: None,
    }
}

fn regret(page: &mut String, report: &SimulationReport) {
    let Some(regret) = &report.stop_regret else {
        return;
    };
    page.push_str("<h3>With hindsight</h3>\n");
    push(
        page,
        format_args!(
            "<p>The best stop is the round of the budget with the fewest hours in all. In {} of the seeds \
             it is the end of the budget, so a larger one might do better still. Had every seed stopped at the same \
             number of labels, {} would have been best; the advisor's stops cost {} more hours than that.</p>\n",
            percent(regret.best_at_the_end_share),
            regret.common.labels,
            percent(regret.common.relative)
        ),
    );
    let head = [
        "Against the best stop",
        "Median",
        "Middle half",
        "All seeds",
    ]
    .map(str::to_owned);
    let row = |name: &str, q: &Quartiles, text: &dyn Fn(f64) -> String| {
        vec![
            name.to_owned(),
            text(q.median),
            format!("{} to {}", text(q.lower), text(q.upper)),
            format!("{} to {}", text(q.min), text(q.max)),
        ]
    };
    let rows = [
        row("Extra hours, as a share", &regret.relative, &percent),
        row("Extra hours", &regret.hours, &|v| format!("{v:.2}")),
        row(
            "Labels asked beyond it (below 0: stopped before it)",
            &regret.labels_beyond_best,
            &|v| format!("{v:.0}"),
        ),
        row("Accuracy lost, in points", &regret.accuracy_lost, &|v| {
            format!("{:.2}", v * 100.0)
        }),
    ];
    table(page, "", &head, &rows);
}

/// The audits and what everything costs.
pub(super) fn audit_and_cost(page: &mut String, report: &SimulationReport) {
    let (stop, audit, cost) = (&report.stop, &report.audit, &report.cost);
    page.push_str("<h2>Audit</h2>\n");
    words(
        page,
        &[
            ("Auto-labels checked", format!("{:.0}", audit.audited)),
            ("Of them wrong", format!("{:.1}", audit.errors)),
            ("Audits until the verdict", format!("{:.1}", audit.attempts)),
            (
                "Right labels at least, in the worst seed",
                audit
                    .accuracy_lower_bound_95
                    .map_or_else(|| "nothing was audited".to_owned(), percent),
            ),
            ("Images returned to people", format!("{:.0}", stop.returned)),
        ],
    );
    page.push_str("<h2>Cost</h2>\n");
    let head = ["", "Hours", "Money"].map(str::to_owned);
    let row = |name: &str, hours: f64, money: f64| {
        vec![
            name.to_owned(),
            format!("{hours:.2}"),
            format!("{money:.2}"),
        ]
    };
    let rows = [
        row(
            "Every image by hand",
            cost.by_hand_hours,
            cost.by_hand_money,
        ),
        row("With AutoLabel", cost.hours, cost.money),
        row(
            "Saved",
            cost.by_hand_hours - cost.hours,
            cost.by_hand_money - cost.money,
        ),
    ];
    table(page, "", &head, &rows);
    push(
        page,
        format_args!(
            "<p class=\"note\">Assumed: {} s a label, {} s an audit check, {} an hour. By hand counts the \
             readers an image that are always asked.</p>\n",
            cost.seconds_per_label, cost.seconds_per_audit, cost.money_per_hour
        ),
    );
}
