//! What was run, so that anyone can run it again.

use super::table::words;
use crate::simulate::SimulationReport;

pub(super) fn what_was_run(page: &mut String, report: &SimulationReport) {
    page.push_str("<h2>What was run</h2>\n");
    let seeds = match (report.seeds.first(), report.seeds.last()) {
        (Some(first), Some(last)) if first < last => format!("{first} to {last}"),
        (Some(only), _) => only.to_string(),
        _ => String::new(),
    };
    let mut rows = Vec::new();
    if let Some(command) = &report.command {
        rows.push(("Command", command.clone()));
    }
    rows.extend([
        ("Program", format!("AutoLabel {}", report.program_version)),
        ("Features", report.backbone.clone()),
        ("Classes", report.classes.join(", ")),
        (
            "Images",
            format!(
                "{} in the pool, {} in the test split",
                report.pool, report.test
            ),
        ),
        ("Images a batch", report.batch_size.to_string()),
        ("Seeds", seeds),
        (
            "Files that could not be used",
            report.refused.len().to_string(),
        ),
        (
            "Time",
            format!(
                "{:.0} s, {} replays side by side with {} threads each",
                report.seconds, report.runs_at_once, report.threads_per_run
            ),
        ),
    ]);
    words(page, &rows);
    page.push_str(
        "<p class=\"note\">The known labels played the expert and, after the stop, the auditor. Nothing \
         of the images counted as not labeled was shown to the program. A simulation says what people \
         would get who answer like the labels of this set.</p>\n",
    );
}
