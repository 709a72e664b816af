//! The certificate as a page to print and file: one self-contained A4 document, no script.

use crate::certificate::{
    Certificate, CertificateEffort, CertificateVerdict, grouped, percent, percent_down,
};
use crate::missed_pixels::CertificateMargin;
use crate::shape_audit::{CertificateShapeRow, ShapeSize};
use crate::signature::{SignedCertificate, key_fingerprint};
use autolabel_annotation::Task;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::fmt::Write;

const STYLE: &str = "@page{size:A4;margin:18mm 16mm}\
*{box-sizing:border-box}\
body{margin:0 auto;padding:12mm 0;max-width:178mm;background:#fff;color:#1b1f24;\
font:10.5pt/1.45 'Source Serif 4',Georgia,'Times New Roman',serif}\
@media print{body{padding:0}}\
@media screen and (max-width:186mm){body{padding:6mm 4mm}}\
@media screen and (max-width:110mm){body{font-size:9.5pt}th,td{padding:1.3mm .8mm}thead th{font-size:8pt;overflow-wrap:anywhere}}\
header{border-bottom:2pt solid #1b1f24;padding-bottom:5mm;margin-bottom:6mm}\
header p{margin:0;color:#4a525c}\
h1{font-size:21pt;line-height:1.2;font-weight:600;margin:0 0 2mm}\
h2{font-size:12pt;font-weight:600;margin:7mm 0 2mm;break-after:avoid}\
.statement{border-left:4pt solid #1d6b45;background:#f2f7f4;padding:4mm 5mm;margin:0;font-size:12.5pt}\
.statement strong{display:block;font-size:10pt;letter-spacing:.06em;text-transform:uppercase;color:#1d6b45;margin-bottom:1mm}\
.refuted{border-color:#9c2f25;background:#fbf3f2}.refuted strong{color:#9c2f25}\
.unfinished{border-color:#8a6100;background:#fbf7ee}.unfinished strong{color:#8a6100}\
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;break-inside:avoid}\
th,td{padding:1.3mm 2mm;border-bottom:.4pt solid #c9ced4;text-align:right;vertical-align:top}\
th:first-child,td:first-child{text-align:left;padding-left:0}\
thead th{font-weight:600;border-bottom:.8pt solid #1b1f24}\
tbody th{font-weight:400;overflow-wrap:anywhere}\
tbody td{white-space:nowrap}tbody td.hash{white-space:normal}\
.hash{font-family:ui-monospace,'DejaVu Sans Mono',Menlo,monospace;font-size:8pt;overflow-wrap:anywhere}\
.method{font-size:9pt;color:#333a42;text-align:justify;hyphens:auto}\
.note{font-size:9pt;color:#4a525c;margin:1.5mm 0 0}";

/// The printable page of a signed certificate. Everything that comes from outside is escaped.
#[must_use]
pub fn certificate_page(signed: &SignedCertificate) -> String {
    let certificate = &signed.certificate;
    let mut page = String::with_capacity(12_000);
    page.push_str("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    push(
        &mut page,
        format_args!(
            "<title>Certificate of automatic labels: {}</title>\n",
            escaped(&certificate.project)
        ),
    );
    push(
        &mut page,
        format_args!("<style>{STYLE}</style>\n</head>\n<body>\n"),
    );
    push(
        &mut page,
        format_args!(
            "<header>\n<h1>Certificate of automatic labels</h1>\n<p>{} · issued {} · AutoLabel {}</p>\n</header>\n<main>\n",
            escaped(&certificate.project),
            escaped(&certificate.issued_at),
            escaped(&certificate.program_version)
        ),
    );
    push_statement(&mut page, certificate);
    push_counts(&mut page, certificate);
    push_audit(&mut page, certificate);
    push_grades(&mut page, certificate);
    match &certificate.shapes {
        Some(rows) => {
            push_shapes(&mut page, rows);
            push_margins(&mut page, certificate.margins.as_deref().unwrap_or(&[]));
        }
        None => push_classes(&mut page, certificate),
    }
    push_cost(&mut page, certificate);
    push_provenance(&mut page, signed);
    push(
        &mut page,
        format_args!(
            "<h2>Method</h2>\n<p class=\"method\">{}</p>\n</main>\n</body>\n</html>\n",
            escaped(&certificate.method)
        ),
    );
    page
}

fn push_statement(page: &mut String, certificate: &Certificate) {
    let (class, word) = match certificate.audit.verdict {
        CertificateVerdict::Certified => ("certified", "Certified"),
        CertificateVerdict::Refuted => ("refuted", "Not certified"),
        CertificateVerdict::Unfinished => ("unfinished", "Audit not finished"),
    };
    push(
        page,
        format_args!(
            "<p class=\"statement {class}\"><strong>{word}</strong>{}</p>\n",
            escaped(&certificate.statement)
        ),
    );
}

fn push_counts(page: &mut String, certificate: &Certificate) {
    let counts = certificate.counts;
    page.push_str("<h2>Images</h2>\n<table>\n<tbody>\n");
    for (name, value) in [
        ("Images in the project", grouped(counts.images)),
        ("Labeled by experts", grouped(counts.expert_labels)),
        (
            "Labeled by the program, not checked",
            grouped(counts.auto_labels),
        ),
        ("Left to people, not labeled", grouped(counts.returned)),
        ("Unreadable", grouped(counts.unreadable)),
        (
            "Share of images that the program labeled, the checked ones included",
            format!("{} %", percent_down(certificate.automation_share)),
        ),
    ] {
        push_row(page, name, &value);
    }
    page.push_str("</tbody>\n</table>\n");
}

fn push_audit(page: &mut String, certificate: &Certificate) {
    let audit = &certificate.audit;
    let share = |value: Option<f64>| match value {
        Some(value) => format!("{} %", percent_down(value)),
        None => "–".to_owned(),
    };
    page.push_str("<h2>Audit</h2>\n<table>\n<tbody>\n");
    for (name, value) in [
        (
            "Automatic labels in the frozen list",
            grouped(u64::from(audit.population)),
        ),
        (
            "Largest share of wrong labels allowed",
            format!("{} %", percent(audit.target_error)),
        ),
        (
            "Checked by an expert, drawn at random",
            grouped(u64::from(audit.audited)),
        ),
        ("Of them wrong", grouped(u64::from(audit.wrong))),
        ("Right among the checked", share(audit.accuracy)),
        (
            "Lower bound of the share of right labels",
            share(Some(audit.accuracy_lower_bound)),
        ),
        (
            "The same for a sample size fixed beforehand (Clopper-Pearson)",
            share(Some(audit.clopper_pearson_lower_bound)),
        ),
        (
            "Confidence, over all audits of the project",
            format!("{} %", percent(audit.confidence)),
        ),
        (
            "Number of this audit, and its error level",
            format!("{}, {} %", audit.attempt, percent(audit.attempt_alpha)),
        ),
        (
            "Right labels in the released set, estimated",
            share(certificate.dataset_accuracy),
        ),
        (
            "Right labels in the released set, at least",
            share(Some(certificate.dataset_accuracy_lower_bound)),
        ),
    ] {
        push_row(page, name, &value);
    }
    page.push_str("</tbody>\n</table>\n");
}

/// How far off the checked grades were, where labels are grades.
fn push_grades(page: &mut String, certificate: &Certificate) {
    let Some(grades) = &certificate.grades else {
        return;
    };
    let none = || "–".to_owned();
    let share = &grades.within_one_share;
    page.push_str("<h2>How far off</h2>\n<table>\n<tbody>\n");
    for (name, value) in [
        (
            "Checked labels within one grade",
            format!(
                "{} % ({} to {} %)",
                percent_down(share.value),
                percent_down(share.low),
                percent(share.high)
            ),
        ),
        (
            "Mean number of grades off",
            grades
                .mean_absolute_error
                .map_or_else(none, |error| format!("{error:.3}")),
        ),
        (
            "Quadratically weighted kappa",
            grades.quadratic_kappa.map_or_else(none, |kappa| {
                let low = (kappa.low * 1e3).floor() / 1e3;
                format!("{:.3} ({low:.3} to {:.3})", kappa.value, kappa.high)
            }),
        ),
    ] {
        push_row(page, name, &value);
    }
    page.push_str(
        "</tbody>\n</table>\n<p class=\"note\">95 % intervals of a sample whose size was fixed beforehand: \
         Clopper and Pearson’s of the share; of kappa that of Fleiss, Cohen and Everitt’s variance on \
         Fisher’s scale, with one observation spread over all pairs of grades. The target is about exact \
         grades.</p>\n",
    );
}

fn push_classes(page: &mut String, certificate: &Certificate) {
    let (title, kind) = match certificate.task {
        Task::Classification
        | Task::Detection
        | Task::SemanticSegmentation
        | Task::InstanceSegmentation => ("By class", "Class"),
        Task::Findings => ("By finding", "Finding"),
        Task::Grades => ("By grade, from the lowest to the highest", "Grade"),
    };
    push(
        page,
        format_args!(
            "<h2>{title}</h2>\n<table>\n<thead><tr><th scope=\"col\">{kind}</th>\
         <th scope=\"col\">Automatic labels</th><th scope=\"col\">Checked</th>\
         <th scope=\"col\">Wrong</th><th scope=\"col\">Wrong at most</th>\
         <th scope=\"col\">Missed</th></tr></thead>\n<tbody>\n"
        ),
    );
    for row in &certificate.per_class {
        let bound = match row.error_bound {
            Some(bound) => format!("{:.1} %", (bound * 1000.0 - 1e-6).ceil() / 10.0),
            None => "–".to_owned(),
        };
        let missed = row.missed.map_or_else(|| "–".to_owned(), grouped);
        push(
            page,
            format_args!(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{bound}</td><td>{missed}</td></tr>\n",
                escaped(&row.class),
                grouped(row.auto_labels),
                grouped(row.audited),
                grouped(row.wrong)
            ),
        );
    }
    page.push_str(
        "</tbody>\n</table>\n<p class=\"note\">“Wrong at most” is the Clopper-Pearson upper bound at \
         95 % for each row by itself. The certificate covers all of them together. “Missed” are checked \
         labels that do not name it, where the expert saw it.</p>\n",
    );
}

/// Checked shapes, where labels are drawn.
fn push_shapes(page: &mut String, rows: &[CertificateShapeRow]) {
    page.push_str(
        "<h2>By class and size</h2>\n<table>\n<thead><tr><th scope=\"col\">Class</th>\
         <th scope=\"col\">Checked images</th><th scope=\"col\">Edited</th>\
         <th scope=\"col\">Edited at most</th><th scope=\"col\">Shapes</th>\
         <th scope=\"col\">Left as they were</th><th scope=\"col\">Mean fit</th>\
         <th scope=\"col\">Missed</th></tr></thead>\n<tbody>\n",
    );
    for row in rows {
        let name = match row.size {
            None => escaped(&row.class),
            Some(ShapeSize::Small) => "– small".to_owned(),
            Some(ShapeSize::Medium) => "– medium".to_owned(),
            Some(ShapeSize::Large) => "– large".to_owned(),
        };
        let none = || "–".to_owned();
        let bound = row.edited_bound.map_or_else(none, |bound| {
            format!("{:.1} %", (bound * 1000.0 - 1e-6).ceil() / 10.0)
        });
        let fit = row.mean_fit.map_or_else(none, |fit| format!("{fit:.3}"));
        push(
            page,
            format_args!(
                "<tr><th scope=\"row\">{name}</th><td>{}</td><td>{}</td><td>{bound}</td><td>{}</td><td>{}</td><td>{fit}</td><td>{}</td></tr>\n",
                grouped(row.images),
                grouped(row.edited_images),
                grouped(row.shapes),
                grouped(row.kept),
                grouped(row.missed)
            ),
        );
    }
    page.push_str(
        "</tbody>\n</table>\n<p class=\"note\">Of the checked images, those on which the program or the \
         expert has such a shape. “Edited at most” is the Clopper-Pearson upper bound of the share of \
         edited images at 95 % for each row by itself. Fit is Dice for masks and IoU for boxes, 0 for a \
         shape that was removed. “Missed” are shapes of the expert without an automatic one that shares \
         half of their union. Small is below 32 × 32 pixels, large from 96 × 96.</p>\n",
    );
}

/// How wide margins around automatic masks have to be.
fn push_margins(page: &mut String, rows: &[CertificateMargin]) {
    if rows.is_empty() {
        return;
    }
    page.push_str(
        "<h2>Missed pixels</h2>\n<table>\n<thead><tr><th scope=\"col\">Of the true pixels are missed</th>\
         <th scope=\"col\">With a margin of</th></tr></thead>\n<tbody>\n",
    );
    for row in rows {
        let margin = match row.margin {
            Some(0) => "none".to_owned(),
            Some(1) => "1 pixel".to_owned(),
            Some(pixels) => format!("{pixels} pixels"),
            None => "not shown by this audit".to_owned(),
        };
        push(
            page,
            format_args!(
                "<tr><th scope=\"row\">at most {} %</th><td>{margin}</td></tr>\n",
                (row.missed_share * 1000.0).round() / 10.0
            ),
        );
    }
    page.push_str(
        "</tbody>\n</table>\n<p class=\"note\">Widened by so many pixels, the automatic shapes cover all \
         but this share of the expert’s pixels of their class, in the mean over the automatically \
         labeled images, at the confidence of the certificate for each row by itself.</p>\n",
    );
}

fn push_cost(page: &mut String, certificate: &Certificate) {
    let cost = &certificate.cost;
    push(
        page,
        format_args!(
            "<h2>Effort of experts</h2>\n<table>\n<thead><tr><th scope=\"col\">Work</th>\
         <th scope=\"col\">Hours</th><th scope=\"col\">{}</th></tr></thead>\n<tbody>\n",
            escaped(&cost.currency)
        ),
    );
    for (name, effort) in [
        ("Spent on labels and audit", cost.spent),
        ("Labeling every image by hand", cost.by_hand),
        ("Saved", cost.saved),
    ] {
        let CertificateEffort { hours, money } = effort;
        push(
            page,
            format_args!(
                "<tr><th scope=\"row\">{name}</th><td>{hours:.1}</td><td>{money:.2}</td></tr>\n"
            ),
        );
    }
    page.push_str("</tbody>\n</table>\n");
    if let Some(factor) = cost.factor {
        push(
            page,
            format_args!(
                "<p class=\"note\">By hand it would have taken {factor:.1} times the hours.</p>\n"
            ),
        );
    }
}

fn push_provenance(page: &mut String, signed: &SignedCertificate) {
    let certificate = &signed.certificate;
    page.push_str("<h2>Provenance</h2>\n<table>\n<tbody>\n");
    let mut hash_row = |name: &str, value: &str| {
        push(
            page,
            format_args!(
                "<tr><th scope=\"row\">{}</th><td class=\"hash\">{}</td></tr>\n",
                escaped(name),
                escaped(value)
            ),
        );
    };
    hash_row(
        "List of automatic labels (BLAKE3)",
        &certificate.auto_label_hash,
    );
    hash_row("Model", &certificate.model_hash);
    hash_row("Backbone", &certificate.backbone);
    for seed in &certificate.seeds {
        hash_row(&format!("Seed: {}", seed.purpose), &seed.seed);
    }
    let fingerprint = BASE64
        .decode(&signed.signature.public_key)
        .ok()
        .and_then(|key| key.try_into().ok())
        .map_or_else(|| "unreadable key".to_owned(), |key| key_fingerprint(&key));
    hash_row("Key fingerprint", &fingerprint);
    hash_row("Public key (Ed25519)", &signed.signature.public_key);
    hash_row("Signature", &signed.signature.value);
    page.push_str(
        "</tbody>\n</table>\n<p class=\"note\">The signature covers the JSON form of this \
        certificate, which is the binding one.</p>\n",
    );
}

fn push_row(page: &mut String, name: &str, value: &str) {
    push(
        page,
        format_args!(
            "<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n",
            escaped(name),
            escaped(value)
        ),
    );
}

fn push(page: &mut String, text: std::fmt::Arguments) {
    // Writing to a string cannot fail.
    if page.write_fmt(text).is_err() {
        debug_assert!(false, "a string accepts every write");
    }
}

/// Text for HTML contents and quoted attributes.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::issue_certificate;
    use crate::certificate::tests::{audit, facts};
    use crate::signature::sign_certificate;

    fn page(wrong: &[bool]) -> String {
        let audit = audit(6_213, wrong);
        let mut facts = facts(&audit);
        facts.classes[0] = "<script>alert('x')</script>".into();
        let certificate = issue_certificate(&facts).unwrap();
        certificate_page(&sign_certificate(&certificate, &[7; 32]).unwrap())
    }

    #[test]
    fn states_the_result_and_escapes_what_comes_from_outside() {
        let page = page(&[false; 110]);
        assert!(page.contains("With 95 % confidence at least"));
        assert!(page.contains("Chest &lt;X-rays&gt; &amp; more"));
        assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
        assert!(!page.contains("<script"));
        for outside in ["http:", "https:", "src=", "href=", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
    }

    #[test]
    fn a_refusal_does_not_look_like_a_certificate() {
        let refused: Vec<bool> = (0..100).map(|number| number % 4 == 0).collect();
        assert!(page(&refused).contains("<strong>Not certified</strong>"));
        assert!(page(&[]).contains("<strong>Audit not finished</strong>"));
    }

    #[test]
    fn every_opened_element_is_closed() {
        let page = page(&[false; 110]);
        for tag in [
            "table", "tbody", "thead", "tr", "th", "td", "p", "h1", "h2", "header", "main", "html",
        ] {
            let opened = page.matches(&format!("<{tag}>")).count()
                + page.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
        }
    }
}
