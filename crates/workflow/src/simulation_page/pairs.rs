//! Strategies beside each other: differences, win matrix, and whether any is worse than random order.

use super::table::{folded, p_value, percent, points, table};
use crate::markup::{escaped, push};
use crate::simulate::{SimulationReport, WinMatrix};

/// Everything that compares arms; nothing for a single arm.
pub(super) fn comparisons(page: &mut String, report: &SimulationReport) {
    if report.arms.len() < 2 {
        return;
    }
    page.push_str(
        "<h2>Strategies compared</h2>\n<p>Differences are taken seed by seed, first minus second, in \
         percentage points with 95 % interval (Student's t). p is exact: the share of sign patterns of \
         the seeds' differences that would be as far from zero.</p>\n",
    );
    differences(page, report);
    against_random(page, report);
    for matrix in &report.win_matrices {
        win_matrix(page, matrix);
    }
}

fn measure_name(measure: &str) -> &'static str {
    match measure {
        "test" => "test split",
        _ => "images not labeled",
    }
}

fn differences(page: &mut String, report: &SimulationReport) {
    let head = ["Compared", "On", "At", "Difference", "p"].map(str::to_owned);
    let mut areas = Vec::new();
    let mut rows = Vec::new();
    for comparison in &report.comparisons {
        let pair = format!("{} − {}", comparison.a, comparison.b);
        let on = measure_name(comparison.measure).to_owned();
        areas.push(vec![
            pair.clone(),
            on.clone(),
            "area below the curve".to_owned(),
            points(&comparison.aubc),
            p_value(comparison.aubc.p),
        ]);
        rows.extend(comparison.at.iter().map(|at| {
            vec![
                pair.clone(),
                on.clone(),
                format!("{:.0} % ({} labels)", at.share * 100.0, at.labels),
                points(&at.difference),
                p_value(at.difference.p),
            ]
        }));
    }
    table(page, "", &head, &areas);
    folded(page, "At fixed shares of labels", |page| {
        table(page, "", &head, &rows);
    });
}

fn against_random(page: &mut String, report: &SimulationReport) {
    for arm in &report.arms {
        let Some(never) = arm.never_significantly_worse_than_random else {
            continue;
        };
        let after_holm = arm.never_significantly_worse_than_random_holm == Some(true);
        let verdict = match (never, after_holm) {
            (true, _) => "is at no point of the budget significantly worse than random order",
            (false, true) => {
                "is at some points worse than random order, but at none after Holm's correction"
            }
            (false, false) => "is significantly worse than random order at some points",
        };
        push(
            page,
            format_args!(
                "<p class=\"verdict{}\"><strong>{}</strong> {verdict} (images not labeled).</p>\n",
                if never || after_holm { "" } else { " bad" },
                escaped(&arm.strategy)
            ),
        );
        if arm.significantly_worse_than_random.is_empty() {
            continue;
        }
        let head = ["Labels", "On", "Difference", "p", "p after Holm"].map(str::to_owned);
        let rows: Vec<Vec<String>> = arm
            .significantly_worse_than_random
            .iter()
            .map(|worse| {
                vec![
                    worse.labels.to_string(),
                    measure_name(worse.measure).to_owned(),
                    points(&worse.difference),
                    p_value(worse.difference.p),
                    p_value(worse.p_holm),
                ]
            })
            .collect();
        let caption = format!("Where {} is worse than random order", arm.strategy);
        table(page, &caption, &head, &rows);
    }
}

fn win_matrix(page: &mut String, matrix: &WinMatrix) {
    push(
        page,
        format_args!(
            "<h3>Win matrix, {}</h3>\n<p class=\"note\">How often the strategy of the row is significantly \
             better than that of the column (p &lt; {}), over {} points of the budget. The last row is the \
             mean of its column: how often that strategy is beaten.</p>\n",
            measure_name(matrix.measure),
            matrix.level,
            matrix.points
        ),
    );
    if matrix.beaten.iter().all(Option::is_none) {
        page.push_str("<p class=\"note\">Fewer than six seeds cannot show significance.</p>\n");
        return;
    }
    page.push_str("<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">Better</th>");
    for arm in &matrix.arms {
        push(
            page,
            format_args!("<th scope=\"col\">{}</th>", escaped(arm)),
        );
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for (arm, row) in matrix.arms.iter().zip(&matrix.better) {
        matrix_row(page, arm, row);
    }
    matrix_row(page, "beaten", &matrix.beaten);
    page.push_str("</tbody>\n</table></div>\n");
}

fn matrix_row(page: &mut String, name: &str, cells: &[Option<f64>]) {
    push(
        page,
        format_args!("<tr><th scope=\"row\">{}</th>", escaped(name)),
    );
    for cell in cells {
        match cell {
            Some(share) => push(
                page,
                format_args!(
                    "<td style=\"background:rgba(var(--win),{:.2})\">{}</td>",
                    0.45 * share,
                    percent(*share)
                ),
            ),
            None => page.push_str("<td>–</td>"),
        }
    }
    page.push_str("</tr>\n");
}
