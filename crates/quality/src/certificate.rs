//! The certificate of a labeled data set: what was labeled by whom, what the audit proved, what it
//! cost. Plain data; [`crate::sign_certificate`] signs it and [`crate::certificate_page`] prints it.

use crate::audit::{
    Audit, AuditOutcome, accuracy_lower_bound, attempt_alpha, clopper_pearson_accuracy, wrong_bound,
};
use crate::error::{QualityError, in_range};
use crate::grades::GradeAgreement;
use crate::intervals::{Proportion, clopper_pearson_upper};
use crate::missed_pixels::CertificateMargin;
use crate::shape_audit::{CertificateShapeRow, ShapeAudit};
use autolabel_annotation::{Label, Task};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Version of the certificate's form.
const FORM_VERSION: u32 = 1;

/// How the numbers came about, printed on every certificate.
const METHOD: &str = "The list of automatic labels was frozen and its hash recorded. Labels were then \
drawn uniformly at random without replacement, in an order that follows from the audit seed, and an \
expert checked each. After every check a betting martingale for sampling without replacement weighed \
the hypothesis that more than the target share of the frozen list is wrong; it may be looked at after \
every check without losing its validity. The target is certified when that hypothesis is refuted at \
the error level of this audit. Audit number j of a project has the level 0.8 alpha 0.2^(j-1), so \
the stated confidence covers all audits of the project together. The Clopper-Pearson figures, overall and by \
class, are those of a sample whose size was fixed beforehand; they are given for comparison. Expert \
labels are taken to be right.";

/// What the caller knows; [`issue_certificate`] derives the rest.
#[derive(Debug, Clone)]
pub struct CertificateFacts<'a> {
    /// Name of the project.
    pub project: String,
    /// When it is issued, RFC 3339 in UTC.
    pub issued_at: String,
    /// Version of the program.
    pub program_version: String,
    /// What experts were asked to do.
    pub task: Task,
    /// Class names in schema order.
    pub classes: Vec<String>,
    /// Counts of images.
    pub counts: CertificateCounts,
    /// The audit, running or finished.
    pub audit: &'a Audit,
    /// Chance that any certificate of the project is false, for example 0.05.
    pub alpha: f64,
    /// Number of this audit in the project; the first is 1.
    pub attempt: u32,
    /// Audit counts of each class, in schema order.
    pub class_audits: Vec<ClassAudit>,
    /// How far the checked labels lie from the expert's, where labels are grades.
    pub grades: Option<GradeAgreement>,
    /// What the audit says of shapes, where labels are drawn.
    pub shapes: Option<Vec<ShapeAudit>>,
    /// How wide margins around automatic masks have to be, where labels are masks.
    pub margins: Option<Vec<CertificateMargin>>,
    /// Seeds that the results follow from.
    pub seeds: Vec<NamedSeed>,
    /// From [`auto_label_list_hash`].
    pub auto_label_hash: String,
    /// Hash of the model: backbone, settings and training labels.
    pub model_hash: String,
    /// Identifier of the backbone.
    pub backbone: String,
    /// Three-letter currency code.
    pub currency: String,
    /// Effort spent on labels and audit.
    pub spent: CertificateEffort,
    /// Effort of labeling every image by hand.
    pub by_hand: CertificateEffort,
}

/// Audit counts of one class or finding, by the automatic label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClassAudit {
    /// Automatic labels that name it.
    pub auto_labels: u64,
    /// Of them, checked.
    pub audited: u64,
    /// Of the checked, those where the expert did not see it.
    pub wrong: u64,
    /// Checked labels that do not name it, where the expert saw it.
    pub missed: u64,
}

/// Audit counts of each class or finding: from the frozen labels, and from the checks, each a label
/// with what the expert said, `None` where the image could not be read.
#[must_use]
pub fn class_audits(
    class_count: usize,
    frozen: impl IntoIterator<Item = Label>,
    checks: impl IntoIterator<Item = (Label, Option<Label>)>,
) -> Vec<ClassAudit> {
    let mut rows = vec![ClassAudit::default(); class_count];
    for label in frozen {
        for class in label.named() {
            if let Some(row) = rows.get_mut(class.index()) {
                row.auto_labels += 1;
            }
        }
    }
    for (label, said) in checks {
        let sees = |class| said.is_some_and(|said: Label| said.names(class));
        for class in label.named() {
            if let Some(row) = rows.get_mut(class.index()) {
                row.audited += 1;
                row.wrong += u64::from(!sees(class));
            }
        }
        for class in said.into_iter().flat_map(Label::named) {
            if let Some(row) = rows.get_mut(class.index())
                && !label.names(class)
            {
                row.missed += 1;
            }
        }
    }
    rows
}

/// A certificate. Shares are rounded to six decimals, bounds always to the careful side; hours to
/// three decimals and money to two.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Certificate {
    /// Version of this form, now 1.
    pub version: u32,
    /// Name of the project.
    pub project: String,
    /// When it was issued, RFC 3339 in UTC.
    pub issued_at: String,
    /// Version of the program.
    pub program_version: String,
    /// What experts were asked to do.
    pub task: Task,
    /// Class names in schema order.
    pub classes: Vec<String>,
    /// The result in words.
    pub statement: String,
    /// Counts of images.
    pub counts: CertificateCounts,
    /// Share of all images that the program labeled: the frozen list of the audit. The expert looked at
    /// a sample of them ([`CertificateAudit::audited`]), which counts as automated here as it does in
    /// the field.
    pub automation_share: f64,
    /// The audit.
    pub audit: CertificateAudit,
    /// Estimated share of right labels in the released set, expert labels taken as right and wrong
    /// labels that the audit found as corrected; `null` before the first check.
    pub dataset_accuracy: Option<f64>,
    /// Lower bound of it at the stated confidence.
    pub dataset_accuracy_lower_bound: f64,
    /// One row for each class.
    pub per_class: Vec<CertificateClassRow>,
    /// How far the checked labels lie from the expert's; grades only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grades: Option<CertificateGrades>,
    /// Checked shapes by class and size; drawn labels only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shapes: Option<Vec<CertificateShapeRow>>,
    /// How wide margins around automatic masks have to be so that few true pixels lie outside; masks and
    /// instances only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margins: Option<Vec<CertificateMargin>>,
    /// What it cost.
    pub cost: CertificateCost,
    /// Seeds that the results follow from.
    pub seeds: Vec<NamedSeed>,
    /// BLAKE3 hash of the frozen list of automatic labels, hexadecimal.
    pub auto_label_hash: String,
    /// Hash of the model.
    pub model_hash: String,
    /// Identifier of the backbone.
    pub backbone: String,
    /// How the numbers came about.
    pub method: String,
}

/// Counts of images on a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CertificateCounts {
    /// Images of the project.
    pub images: u64,
    /// Labeled by experts, in labeling or in the audit.
    pub expert_labels: u64,
    /// Labeled by the program only.
    pub auto_labels: u64,
    /// Left to people, not labeled yet.
    pub returned: u64,
    /// Said to be unreadable by an expert.
    pub unreadable: u64,
}

/// The audit on a certificate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CertificateAudit {
    /// Automatic labels in the frozen list.
    pub population: u32,
    /// Largest acceptable share of wrong automatic labels.
    pub target_error: f64,
    /// Confidence of the statement over all audits of the project, `1 - alpha`.
    pub confidence: f64,
    /// Number of this audit in the project.
    pub attempt: u32,
    /// Error level of this audit, [`attempt_alpha`] of it.
    pub attempt_alpha: f64,
    /// Labels checked.
    pub audited: u32,
    /// Of them, wrong.
    pub wrong: u32,
    /// Share of right labels among the checked; `null` before the first check.
    pub accuracy: Option<f64>,
    /// Anytime-valid lower bound of the share of right labels in the frozen list.
    pub accuracy_lower_bound: f64,
    /// Clopper and Pearson's lower bound for a sample of this size fixed beforehand.
    pub clopper_pearson_lower_bound: f64,
    /// The verdict.
    pub verdict: CertificateVerdict,
    /// `true` where the count itself decides and no confidence is needed.
    pub certain: bool,
}

/// Verdict of the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CertificateVerdict {
    /// The target holds.
    Certified,
    /// The target does not hold.
    Refuted,
    /// Not enough checks yet to say.
    Unfinished,
}

/// One class or finding on a certificate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CertificateClassRow {
    /// Name of the class or finding.
    pub class: String,
    /// Automatic labels that name it.
    pub auto_labels: u64,
    /// Of them, checked.
    pub audited: u64,
    /// Of the checked, those where the expert did not see it.
    pub wrong: u64,
    /// Checked labels that do not name it, where the expert saw it; absent on certificates from before
    /// this was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<u64>,
    /// Clopper and Pearson's upper 95 % bound of the share of wrong labels; `null` if none was
    /// checked.
    pub error_bound: Option<f64>,
}

/// How far checked grades lie from the expert's. The intervals are those of a sample whose size was fixed
/// beforehand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CertificateGrades {
    /// Checked labels at most one grade off; a label of an image that could not be read is not.
    pub within_one: u64,
    /// Their share of the checked, 0 to 1, with Clopper and Pearson's 95 % interval.
    pub within_one_share: CertificateInterval,
    /// Mean number of grades off, over what could be read; `null` where nothing could.
    pub mean_absolute_error: Option<f64>,
    /// Cohen's kappa with quadratic weights, -1 to 1, with a 95 % interval; `null` as above.
    pub quadratic_kappa: Option<CertificateInterval>,
}

/// A measure with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CertificateInterval {
    /// The measure.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Hours and money.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CertificateEffort {
    /// Hours of experts.
    pub hours: f64,
    /// Money in the certificate's currency.
    pub money: f64,
}

/// What labeling cost, and would have cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CertificateCost {
    /// Three-letter currency code.
    pub currency: String,
    /// Spent on labels and audit.
    pub spent: CertificateEffort,
    /// Labeling every image by hand.
    pub by_hand: CertificateEffort,
    /// The difference.
    pub saved: CertificateEffort,
    /// Hours by hand over hours spent; `null` where none were spent.
    pub factor: Option<f64>,
}

/// A seed with its purpose. The number is text, because JSON readers lose digits beyond 2^53.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NamedSeed {
    /// What it was used for: `audit`, `selection`.
    pub purpose: String,
    /// The seed, decimal.
    pub seed: String,
}

/// Makes the certificate of an audit as it stands; also for a refuted or unfinished one, which it
/// then says in plain words.
///
/// # Errors
/// A share or cost that is not a finite number, or class rows that do not match the classes.
pub fn issue_certificate(facts: &CertificateFacts) -> Result<Certificate, QualityError> {
    in_range("the error level", facts.alpha, 1e-12, 0.5)?;
    crate::error::same_length(
        "the classes",
        facts.classes.len(),
        "the audit counts of the classes",
        facts.class_audits.len(),
    )?;
    let audit = certificate_audit(facts);
    let released = facts.counts.expert_labels + facts.counts.auto_labels;
    let wrong_left = f64::from(wrong_bound(facts.audit) - audit.wrong);
    let expected_left = audit
        .accuracy
        .map(|accuracy| (1.0 - accuracy) * f64::from(audit.population - audit.audited));
    let right_share = |left: f64| {
        if released == 0 {
            0.0
        } else {
            (1.0 - left / released as f64).max(0.0)
        }
    };
    Ok(Certificate {
        version: FORM_VERSION,
        project: facts.project.clone(),
        issued_at: facts.issued_at.clone(),
        program_version: facts.program_version.clone(),
        task: facts.task,
        classes: facts.classes.clone(),
        statement: statement(&audit, facts),
        counts: facts.counts,
        automation_share: if facts.counts.images == 0 {
            0.0
        } else {
            rounded(f64::from(facts.audit.target().population) / facts.counts.images as f64)
        },
        dataset_accuracy: expected_left.map(|left| rounded(right_share(left))),
        dataset_accuracy_lower_bound: rounded_down(right_share(wrong_left)),
        audit,
        per_class: class_rows(facts),
        grades: facts.grades.as_ref().map(CertificateGrades::from),
        shapes: facts.shapes.as_ref().map(|rows| {
            let row = |row: &ShapeAudit| CertificateShapeRow::of(row, &facts.classes);
            rows.iter().map(row).collect()
        }),
        margins: facts.margins.clone(),
        cost: cost(facts)?,
        seeds: facts.seeds.clone(),
        auto_label_hash: facts.auto_label_hash.clone(),
        model_hash: facts.model_hash.clone(),
        backbone: facts.backbone.clone(),
        method: METHOD.to_owned(),
    })
}

/// BLAKE3 hash, hexadecimal, of a list of automatic labels given as file and class names. Every label
/// becomes the JSON array `["file","class"]` on a line of its own; the lines are sorted by their bytes
/// and each ends with a line feed. The order of the list does not matter.
pub fn auto_label_list_hash<'a>(labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut lines: Vec<String> = labels
        .into_iter()
        .map(|(file, class)| serde_json::json!([file, class]).to_string())
        .collect();
    lines.sort_unstable();
    let mut hasher = blake3::Hasher::new();
    for line in lines {
        hasher.update(line.as_bytes());
        hasher.update(b"\n");
    }
    hasher.finalize().to_hex().to_string()
}

fn certificate_audit(facts: &CertificateFacts) -> CertificateAudit {
    let audit = facts.audit;
    let target = audit.target();
    CertificateAudit {
        population: target.population,
        target_error: rounded(target.target_error),
        confidence: rounded(1.0 - facts.alpha),
        attempt: facts.attempt,
        attempt_alpha: rounded(attempt_alpha(facts.alpha, facts.attempt)),
        audited: audit.checked(),
        wrong: audit.wrong(),
        accuracy: (audit.checked() > 0)
            .then(|| rounded(1.0 - f64::from(audit.wrong()) / f64::from(audit.checked()))),
        accuracy_lower_bound: rounded_down(accuracy_lower_bound(audit)),
        clopper_pearson_lower_bound: rounded_down(clopper_pearson_accuracy(audit)),
        verdict: match audit.outcome() {
            AuditOutcome::Certified => CertificateVerdict::Certified,
            AuditOutcome::Refuted => CertificateVerdict::Refuted,
            AuditOutcome::Running => CertificateVerdict::Unfinished,
        },
        certain: audit.is_certain(),
    }
}

impl From<&GradeAgreement> for CertificateGrades {
    fn from(found: &GradeAgreement) -> Self {
        let interval = |p: Proportion| CertificateInterval {
            value: rounded(p.value),
            low: rounded_down(p.low),
            high: rounded_up(p.high),
        };
        Self {
            within_one: found.within_one,
            within_one_share: interval(found.within_one_share),
            mean_absolute_error: found.mean_absolute_error.map(rounded),
            quadratic_kappa: found.quadratic_kappa.map(interval),
        }
    }
}

fn class_rows(facts: &CertificateFacts) -> Vec<CertificateClassRow> {
    facts
        .classes
        .iter()
        .zip(&facts.class_audits)
        .map(|(class, counts)| CertificateClassRow {
            class: class.clone(),
            auto_labels: counts.auto_labels,
            audited: counts.audited,
            wrong: counts.wrong,
            missed: Some(counts.missed),
            error_bound: (counts.audited > 0)
                .then(|| rounded_up(clopper_pearson_upper(counts.wrong, counts.audited, 0.05))),
        })
        .collect()
}

fn cost(facts: &CertificateFacts) -> Result<CertificateCost, QualityError> {
    let (spent, by_hand) = (facts.spent, facts.by_hand);
    for value in [spent.hours, spent.money, by_hand.hours, by_hand.money] {
        if !value.is_finite() {
            return Err(QualityError::NotFinite { name: "the cost" });
        }
    }
    let tidy = |effort: CertificateEffort| CertificateEffort {
        hours: (effort.hours * 1e3).round() / 1e3,
        money: (effort.money * 1e2).round() / 1e2,
    };
    Ok(CertificateCost {
        currency: facts.currency.clone(),
        spent: tidy(spent),
        by_hand: tidy(by_hand),
        saved: tidy(CertificateEffort {
            hours: by_hand.hours - spent.hours,
            money: by_hand.money - spent.money,
        }),
        factor: (spent.hours > 0.0).then(|| rounded(by_hand.hours / spent.hours)),
    })
}

/// The result in words.
fn statement(audit: &CertificateAudit, facts: &CertificateFacts) -> String {
    let population = grouped(u64::from(audit.population));
    let checked = if audit.audited == audit.population {
        format!(
            "An expert checked all {population} automatic labels; {} were wrong.",
            audit.wrong
        )
    } else {
        format!(
            "An expert checked {} of the {population} automatic labels, drawn at random; {} were wrong.",
            grouped(u64::from(audit.audited)),
            grouped(u64::from(audit.wrong)),
        )
    };
    let checked = checked.replace("; 1 were wrong", "; 1 was wrong");
    let checked = match (facts.task, &facts.grades) {
        (Task::Grades, Some(found)) => format!("{checked} {}", grades_in_words(found)),
        (Task::Classification | Task::Grades, _) => checked,
        (Task::Findings, _) => {
            format!("{checked} A label is right where every finding, present or absent, is right.")
        }
        (Task::Detection | Task::SemanticSegmentation | Task::InstanceSegmentation, _) => {
            format!("{checked} A label is right where the expert accepted it without an edit.")
        }
    };
    let target = percent(audit.target_error);
    let least = percent_down(audit.accuracy_lower_bound);
    let bound = if audit.certain && audit.audited == audit.population {
        format!(
            "{least} % of the {population} automatic labels are right. This is a count, not an estimate."
        )
    } else {
        format!(
            "With {} % confidence at least {least} % of the {population} automatic labels are right.",
            percent(audit.confidence),
        )
    };
    match audit.verdict {
        CertificateVerdict::Certified => format!(
            "{bound} The target of at most {target} % wrong automatic labels is met. {checked}"
        ),
        CertificateVerdict::Refuted => format!(
            "The target of at most {target} % wrong automatic labels is not met. {checked} {bound} \
             These labels are not certified."
        ),
        CertificateVerdict::Unfinished => format!(
            "The audit is not finished: the target of at most {target} % wrong automatic labels is \
             neither certified nor refuted. {checked} {bound} These labels are not certified yet."
        ),
    }
}

/// What right means for grades, and how far from right the checked ones were.
fn grades_in_words(found: &GradeAgreement) -> String {
    let share = &found.within_one_share;
    let kappa = found
        .quadratic_kappa
        .as_ref()
        .map_or_else(String::new, |kappa| {
            format!(
                ", and their quadratically weighted kappa is {:.3} ({:.3} to {:.3})",
                kappa.value,
                // To the careful side.
                (kappa.low * 1e3).floor() / 1e3,
                kappa.high
            )
        });
    format!(
        "A label is right where the grade is exactly right. Of the checked, {} % were within one grade \
         (95 % interval {} to {} %){kappa}.",
        percent_down(share.value),
        percent_down(share.low),
        percent(share.high)
    )
}

/// To six decimals: enough for a share of a million, few enough that every JSON reader keeps it.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

fn rounded_down(value: f64) -> f64 {
    (value * 1e6 + 1e-6).floor() / 1e6
}

pub(crate) fn rounded_up(value: f64) -> f64 {
    (value * 1e6 - 1e-6).ceil() / 1e6
}

/// A share in percent with at most two decimals, without trailing zeros.
pub(crate) fn percent(share: f64) -> String {
    let text = format!("{:.2}", share * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A lower bound in percent with one decimal, never rounded up.
pub(crate) fn percent_down(share: f64) -> String {
    format!("{:.1}", (share * 1000.0 + 1e-6).floor() / 10.0)
}

/// A count with thousands set apart by commas.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::audit::AuditTarget;

    pub(crate) fn audit(population: u32, wrong: &[bool]) -> Audit {
        let target = AuditTarget {
            population,
            target_error: 0.05,
            alpha: attempt_alpha(0.05, 1),
        };
        Audit::replay(target, wrong.iter().copied()).unwrap()
    }

    pub(crate) fn facts(audit: &Audit) -> CertificateFacts<'_> {
        CertificateFacts {
            project: "Chest <X-rays> & more".into(),
            issued_at: "2026-11-23T12:00:00Z".into(),
            program_version: "0.1.0".into(),
            task: Task::Classification,
            classes: vec!["normal".into(), "pneumonia".into()],
            counts: CertificateCounts {
                images: 7_000,
                expert_labels: 540,
                auto_labels: 6_213,
                returned: 240,
                unreadable: 7,
            },
            audit,
            alpha: 0.05,
            attempt: 1,
            class_audits: vec![
                ClassAudit {
                    auto_labels: 6_000,
                    audited: u64::from(audit.checked()),
                    wrong: u64::from(audit.wrong()),
                    missed: 0,
                },
                ClassAudit::default(),
            ],
            grades: None,
            shapes: None,
            margins: None,
            seeds: vec![NamedSeed {
                purpose: "audit".into(),
                seed: u64::MAX.to_string(),
            }],
            auto_label_hash: auto_label_list_hash([("a.png", "normal")]),
            model_hash: "00".into(),
            backbone: "efficientnet-lite0".into(),
            currency: "EUR".into(),
            spent: CertificateEffort {
                hours: 1.5,
                money: 90.0,
            },
            by_hand: CertificateEffort {
                hours: 12.0,
                money: 720.0,
            },
        }
    }

    #[test]
    fn a_certified_audit_says_so_in_words() {
        let audit = audit(6_213, &[false; 110]);
        let certificate = issue_certificate(&facts(&audit)).unwrap();
        assert_eq!(certificate.audit.verdict, CertificateVerdict::Certified);
        assert_eq!(
            certificate.statement,
            "With 95 % confidence at least 95.9 % of the 6,213 automatic labels are right. \
             The target of at most 5 % wrong automatic labels is met. \
             An expert checked 110 of the 6,213 automatic labels, drawn at random; 0 were wrong."
        );
        assert!((certificate.automation_share - 6_213.0 / 7_000.0).abs() < 1e-6);
        assert_eq!(certificate.cost.factor, Some(8.0));
        assert_eq!(certificate.per_class[1].error_bound, None);
        assert!(certificate.dataset_accuracy_lower_bound > certificate.audit.accuracy_lower_bound);
    }

    #[test]
    fn a_refused_audit_says_so_in_words() {
        let answers: Vec<bool> = (0..100).map(|number| number % 4 == 0).collect();
        let audit = audit(6_213, &answers);
        let certificate = issue_certificate(&facts(&audit)).unwrap();
        assert_eq!(certificate.audit.verdict, CertificateVerdict::Refuted);
        assert!(
            certificate.statement.contains("is not met"),
            "{}",
            certificate.statement
        );
        assert!(
            certificate
                .statement
                .ends_with("These labels are not certified.")
        );
    }

    #[test]
    fn one_check_does_not_finish_an_audit() {
        let audit = audit(6_213, &[true]);
        let certificate = issue_certificate(&facts(&audit)).unwrap();
        assert_eq!(certificate.audit.verdict, CertificateVerdict::Unfinished);
        assert!(
            certificate.statement.contains("; 1 was wrong."),
            "{}",
            certificate.statement
        );
    }

    #[test]
    fn a_full_count_needs_no_confidence() {
        let mut answers = vec![false; 40];
        answers[3] = true;
        let audit = audit(40, &answers);
        let certificate = issue_certificate(&facts(&audit)).unwrap();
        assert!(
            certificate.statement.starts_with(
                "97.5 % of the 40 automatic labels are right. This is a count, not an estimate."
            ),
            "{}",
            certificate.statement
        );
    }

    #[test]
    fn bounds_are_never_rounded_to_the_bold_side() {
        assert_eq!(percent_down(0.952_99), "95.2");
        assert_eq!(percent_down(0.95), "95.0");
        assert_eq!(percent_down(1.0), "100.0");
        assert_eq!(percent(0.05), "5");
        assert_eq!(percent(0.025), "2.5");
        assert!(rounded_down(0.123_456_78) <= 0.123_456_78);
        assert!(rounded_up(0.123_456_18) >= 0.123_456_18);
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(12), "12");
    }

    #[test]
    fn the_list_hash_ignores_order_and_sees_every_change() {
        let hash = auto_label_list_hash([("a.png", "x"), ("b.png", "y")]);
        assert_eq!(hash, auto_label_list_hash([("b.png", "y"), ("a.png", "x")]));
        assert_ne!(hash, auto_label_list_hash([("a.png", "y"), ("b.png", "x")]));
        assert_ne!(
            auto_label_list_hash([("a\tb", "c")]),
            auto_label_list_hash([("a", "b\tc")])
        );
    }

    #[test]
    fn costs_must_be_numbers() {
        let audit = audit(6_213, &[false]);
        let mut facts = facts(&audit);
        facts.spent.hours = f64::NAN;
        assert_eq!(
            issue_certificate(&facts),
            Err(QualityError::NotFinite { name: "the cost" })
        );
    }

    #[test]
    fn findings_are_counted_one_by_one() {
        use autolabel_annotation::{ClassId, FindingSet};
        let set = |bits| Label::Findings(FindingSet::from_bits(bits).unwrap());
        let frozen = [set(0), set(1), set(3), set(2)];
        let checks = [
            (set(0), Some(set(2))), // missed the second
            (set(3), Some(set(1))), // saw a second that was not there
            (set(1), None),         // unreadable: what it names is wrong
        ];
        let rows = class_audits(2, frozen, checks);
        assert_eq!((rows[0].auto_labels, rows[1].auto_labels), (2, 2));
        assert_eq!((rows[0].audited, rows[0].wrong, rows[0].missed), (2, 1, 0));
        assert_eq!((rows[1].audited, rows[1].wrong, rows[1].missed), (1, 1, 1));
        let class = |number| Label::Class(ClassId(number));
        let rows = class_audits(2, [class(0)], [(class(0), Some(class(1)))]);
        assert_eq!((rows[0].wrong, rows[1].missed), (1, 1));
    }

    #[test]
    fn a_certificate_of_grades_says_how_far_off_labels_are() {
        use autolabel_annotation::ClassId;
        let audit = audit(6_213, &[false; 110]);
        let mut facts = facts(&audit);
        facts.task = Task::Grades;
        let checks: Vec<_> = (0..110)
            .map(|i| (ClassId(i % 2), Some(ClassId(i % 2))))
            .collect();
        facts.grades = crate::grades::grade_agreement(&checks, 2).unwrap();
        let certificate = issue_certificate(&facts).unwrap();
        let text = &certificate.statement;
        assert!(text.contains("the grade is exactly right. Of the checked, 100.0 % were within one grade (95 % interval 96.7 to 100 %), and their quadratically weighted kappa is 1.000 (0."), "{text}");
        assert_eq!(certificate.grades.unwrap().within_one, 110);
    }

    #[test]
    fn a_certificate_of_findings_says_what_right_means() {
        let audit = audit(6_213, &[false; 110]);
        let mut facts = facts(&audit);
        facts.task = Task::Findings;
        let statement = issue_certificate(&facts).unwrap().statement;
        assert!(
            statement.ends_with("where every finding, present or absent, is right."),
            "{statement}"
        );
    }
}
