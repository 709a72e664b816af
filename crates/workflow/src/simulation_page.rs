//! The report of a simulation as a page to read, print and hand on: one file, no script, nothing
//! loaded from elsewhere. Every picture has its numbers in a table beside it.

mod curves;
mod effort;
mod outcome;
mod pairs;
mod run;
mod table;

use crate::markup::{escaped, push};
use crate::simulate::SimulationReport;

const STYLE: &str = include_str!("simulation_page/page.css");

/// The page of a report. Everything that comes from outside is escaped.
#[must_use]
pub fn simulation_page(report: &SimulationReport) -> String {
    let mut page = String::with_capacity(60_000);
    let name = escaped(&report.dataset);
    push(
        &mut page,
        format_args!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
             <title>Simulation: {name}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
             <header>\n<h1>Simulation: {name}</h1>\n<p>{} images in {} classes, {} seeds, AutoLabel {}</p>\n\
             </header>\n<main>\n",
            report.pool,
            report.classes.len(),
            report.seeds.len(),
            report.program_version
        ),
    );
    outcome::cards(&mut page, report);
    curves::accuracy(&mut page, report);
    curves::sensitivity(&mut page, report);
    curves::columns(&mut page, report);
    pairs::comparisons(&mut page, report);
    outcome::stop(&mut page, report);
    curves::found_in_the_end(&mut page, report);
    outcome::audit_and_cost(&mut page, report);
    effort::people(&mut page, report);
    run::what_was_run(&mut page, report);
    page.push_str("</main>\n</body>\n</html>\n");
    page
}
