//! The audit: auto-labels in a random order, one at a time, until the target is certified or refuted.
//!
//! The list is frozen when labels are given; what is in the journal is enough to go on after a restart.
//! A refuted audit tightens the threshold by what it has seen, gives the images below it back to
//! people and begins the next audit on the rest, at a fifth of the chance of a false
//! certificate.

use crate::WorkflowError;
use crate::auto_label::{Proposal, accepted, by_program, new_audit, return_events, run_event};
use crate::error::conflict;
use crate::project::live::{AutoRun, Live};
use crate::project::{
    ALPHA, LOCAL_READER, Project, ProjectEvent, aside, now, threshold_config, to_the_end,
};
use crate::queue::{check_answer, put_next_batch};
use crate::view::{AuditAnswerRequest, AuditItem, AuditVerdict, AuditView};
use autolabel_annotation::{Answer, ClassId, ImageId, Label, LabelSchema, Task};
use autolabel_quality::{
    Audit, AuditOutcome, AuditTarget, CertificateGrades, GradeAgreement, ThresholdConfig,
    ThresholdLimit, ValidationItem, grade_agreement,
};
use autolabel_store::{Event, NewEvent};
use std::sync::Arc;

/// Audits before the program gives up and leaves everything to people: the error rate that is left
/// makes the fourth two and a half times as long as the first.
pub(crate) const MOST_ATTEMPTS: u32 = 4;

/// An audit that runs or has ended.
#[derive(Debug, Clone)]
pub(crate) struct AuditState {
    pub attempt: u32,
    pub run: u32,
    pub seed: u64,
    /// Version of the model whose labels these are.
    pub after_model: u32,
    /// It follows a refuted one.
    pub tightened: bool,
    pub expected_error: f64,
    /// The frozen labels, by row.
    pub frozen: Arc<Vec<Proposal>>,
    /// Hash of the frozen labels.
    pub list_hash: String,
    /// Rows in the order in which they are checked.
    pub order: Arc<Vec<u32>>,
    pub checks: Vec<Check>,
    pub audit: Audit,
    /// `None` while it runs.
    pub certified: Option<bool>,
}

/// One checked label.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Check {
    pub proposal: Proposal,
    /// What the auditor said; `None` = cannot be read.
    pub said: Option<Label>,
}

impl Check {
    /// A label that the auditor cannot judge counts as wrong.
    pub(crate) fn wrong(&self) -> bool {
        self.said != Some(self.proposal.label)
    }
}

impl AuditState {
    /// An audit before its first check.
    pub(crate) fn begin(
        attempt: u32,
        run: &AutoRun,
        seed: u64,
        target: AuditTarget,
        frozen: Vec<Proposal>,
        list_hash: String,
    ) -> Result<Self, WorkflowError> {
        let rows: Vec<u32> = frozen.iter().map(|p| p.row).collect();
        Ok(Self {
            attempt,
            run: run.run,
            seed,
            after_model: run.model,
            tightened: !run.evidence.is_empty(),
            expected_error: run.expected_error,
            order: Arc::new(autolabel_quality::audit_plan(&rows, seed).order),
            frozen: Arc::new(frozen),
            list_hash,
            checks: Vec::new(),
            audit: Audit::new(target)?,
            certified: None,
        })
    }

    pub(crate) fn is_running(&self) -> bool {
        self.certified.is_none()
    }

    /// The label to check now.
    pub(crate) fn next(&self) -> Option<Proposal> {
        if !self.is_running() {
            return None;
        }
        let row = *self.order.get(self.checks.len())?;
        self.label_of(row)
    }

    /// About how many more checks are needed; `None` where no certificate is in sight.
    pub(crate) fn expected_remaining(&self) -> Option<u64> {
        let checks = autolabel_quality::expected_remaining(&self.audit, self.expected_error)?;
        Some(checks.ceil() as u64)
    }

    pub(crate) fn started_event(&self) -> Event {
        let target = self.audit.target();
        Event::AuditStarted {
            attempt: self.attempt,
            run: self.run,
            seed: self.seed,
            population: u64::from(target.population),
            target_error: target.target_error,
            alpha: target.alpha,
            list_hash: self.list_hash.clone(),
        }
    }

    fn label_of(&self, row: u32) -> Option<Proposal> {
        let position = self.frozen.binary_search_by_key(&row, |p| p.row).ok()?;
        self.frozen.get(position).copied()
    }

    /// How far the checked labels lie from the auditor's; `None` before the first check, and where labels
    /// are no grades.
    pub(crate) fn grades(
        &self,
        schema: &LabelSchema,
    ) -> Result<Option<GradeAgreement>, WorkflowError> {
        if schema.task != Task::Grades {
            return Ok(None);
        }
        let checks: Vec<(ClassId, Option<ClassId>)> = self
            .checks
            .iter()
            .filter_map(|check| {
                Some((
                    check.proposal.label.class()?,
                    check.said.and_then(Label::class),
                ))
            })
            .collect();
        Ok(grade_agreement(&checks, schema.classes.len())?)
    }

    /// Takes a check into account.
    pub(crate) fn check(
        &mut self,
        proposal: Proposal,
        answer: Answer,
    ) -> Result<AuditOutcome, WorkflowError> {
        let check = Check {
            proposal,
            said: answer.label(),
        };
        let outcome = self.audit.record(check.wrong())?;
        self.checks.push(check);
        Ok(outcome)
    }
}

impl Project {
    /// Where the audit stands, with the label to check now.
    ///
    /// # Errors
    /// Nothing was auto-labeled yet.
    pub async fn audit(&self) -> Result<AuditView, WorkflowError> {
        let (mut view, next) = {
            let live = self.live();
            let audit = live.audit.as_ref().ok_or_else(no_audit)?;
            (audit_view(&live, audit)?, audit.next())
        };
        if let Some(proposal) = next {
            let mut images = self.image_views(&[ImageId(proposal.row)], true).await?;
            view.next = images.pop().map(|image| AuditItem {
                image,
                label: proposal.label,
            });
        }
        Ok(view)
    }

    /// Saves an auditor's answer about the label to check now. When this returns it is on disk.
    ///
    /// # Errors
    /// No audit is under way, another label is to be checked now, an unknown class, a full disk.
    pub async fn audit_answer(
        &self,
        request: AuditAnswerRequest,
    ) -> Result<AuditView, WorkflowError> {
        self.check_drawing(request.image, request.answer).await?;
        let project = self.clone();
        to_the_end(async move { audit_answer(&project, request).await }).await?;
        self.tell(ProjectEvent::Audit);
        self.tell_project();
        self.audit().await
    }
}

async fn audit_answer(project: &Project, request: AuditAnswerRequest) -> Result<(), WorkflowError> {
    let _writing = project.inner().writing.lock().await;
    let store = &project.inner().store;
    if store
        .sequence_of_key(&request.idempotency_key)
        .await?
        .is_some()
    {
        return Ok(());
    }
    let (proposal, audit) = checked(&project.live(), &request)?;
    let files = match audit.certified {
        Some(false) => store.file_names().await?,
        _ => Vec::new(),
    };
    let (beside, seconds) = (project.clone(), request.seconds);
    let step = aside(move || step(&beside, &request, proposal, audit, &files)).await?;
    project.append(&step.events).await?;
    let certified = step.audit.certified == Some(true);
    let refuted = step.audit.certified == Some(false);
    {
        let mut live = project.live_mut();
        live.audit_seconds.push(seconds);
        live.audit = Some(step.audit);
        if let Some(InForce { run, audit }) = step.in_force {
            live.runs = run.run;
            live.attempts = audit.attempt;
            live.run = Some(run);
            live.audit = Some(audit);
        } else if refuted {
            live.run = None;
        }
    }
    if refuted {
        put_next_batch(project).await?;
        project.tell(ProjectEvent::Queue);
    }
    if certified {
        crate::certificate::issue(project).await?;
    }
    Ok(())
}

/// What one answer leads to.
struct Step {
    events: Vec<NewEvent>,
    /// The audit after it.
    audit: AuditState,
    /// What is in force after a refuted audit, if anything.
    in_force: Option<InForce>,
}

/// Auto-labels with the audit that checks them.
struct InForce {
    run: AutoRun,
    audit: AuditState,
}

/// The label that was checked, and the audit after the check.
fn checked(
    live: &Live,
    request: &AuditAnswerRequest,
) -> Result<(Proposal, AuditState), WorkflowError> {
    check_answer(live, request.image, request.answer)?;
    let mut audit = live.audit.clone().ok_or_else(no_audit)?;
    let proposal = audit
        .next()
        .ok_or_else(|| conflict("The audit has ended; nothing is left to check."))?;
    if proposal.row != request.image.0 {
        return Err(conflict(
            "Another image is to be checked now; reload the audit. Checks must keep their order.",
        ));
    }
    audit.certified = match audit.check(proposal, request.answer)? {
        AuditOutcome::Running => None,
        AuditOutcome::Certified => Some(true),
        AuditOutcome::Refuted => Some(false),
    };
    Ok((proposal, audit))
}

fn step(
    project: &Project,
    request: &AuditAnswerRequest,
    proposal: Proposal,
    audit: AuditState,
    files: &[String],
) -> Result<Step, WorkflowError> {
    let answer = Event::AuditAnswer {
        image: request.image,
        attempt: audit.attempt,
        checked: proposal.label,
        confidence: proposal.confidence,
        answer: request.answer,
        seconds: request.seconds,
    };
    let reader = request.reader.as_deref().unwrap_or(LOCAL_READER);
    let key = Some(request.idempotency_key.clone());
    let mut events = vec![now(reader, answer, key)];
    let mut in_force = None;
    if let Some(certified) = audit.certified {
        let ended = Event::AuditEnded {
            attempt: audit.attempt,
            certified,
        };
        events.extend(by_program(vec![ended]));
        if !certified {
            let (more, kept) = tighten(project, &project.live(), &audit, files)?;
            events.extend(by_program(more));
            in_force = kept;
        }
    }
    Ok(Step {
        events,
        audit,
        in_force,
    })
}

/// After a refuted audit: a stricter threshold for the labels nobody has checked, or none at all.
fn tighten(
    project: &Project,
    live: &Live,
    audit: &AuditState,
    files: &[String],
) -> Result<(Vec<Event>, Option<InForce>), WorkflowError> {
    let run = live.run.as_ref().ok_or_else(no_audit)?;
    let rest = unchecked(live, audit);
    let confidences: Vec<f32> = rest.iter().map(|p| p.confidence).collect();
    let mut evidence = run.evidence.clone();
    evidence.extend(audit.checks.iter().map(evidence_of));
    let config = ThresholdConfig {
        target_error: run.target_error,
        alpha: autolabel_quality::attempt_alpha(ALPHA, audit.attempt + 1),
        ..threshold_config(live)
    };
    let choice = autolabel_quality::tighten(
        &confidences,
        &run.random_part,
        &evidence,
        run.threshold,
        &config,
    )?;
    let hopeless = audit.attempt >= MOST_ATTEMPTS
        || matches!(
            choice.limit,
            ThresholdLimit::NothingKeepsTarget | ThresholdLimit::AuditNotWorthwhile
        );
    let kept = if hopeless {
        Vec::new()
    } else {
        accepted(&rest, &choice)
    };
    let Some(threshold) = choice.threshold.filter(|_| !kept.is_empty()) else {
        let rows: Vec<u32> = rest.iter().map(|p| p.row).collect();
        return Ok((return_events(&rows, run.run).collect(), None));
    };
    let tightened = AutoRun {
        run: run.run + 1,
        threshold,
        expected_error: choice.expected_error,
        evidence,
        ..run.clone()
    };
    let returned: Vec<u32> = rest
        .iter()
        .filter(|p| f64::from(p.confidence) < threshold)
        .map(|p| p.row)
        .collect();
    let next = new_audit(project, live, &tightened, audit.attempt + 1, &kept, files)?;
    let mut events = vec![run_event(
        &tightened,
        kept.len(),
        returned.len(),
        Some(run.threshold),
    )];
    events.extend(return_events(&returned, tightened.run));
    events.push(next.started_event());
    let in_force = InForce {
        run: tightened,
        audit: next,
    };
    Ok((events, Some(in_force)))
}

/// Frozen labels that neither the audit nor anybody else has touched.
fn unchecked(live: &Live, audit: &AuditState) -> Vec<Proposal> {
    let last = audit.checks.last().map(|check| check.proposal.row);
    let untouched = |p: &&Proposal| {
        let label = &live.index.labels[p.row as usize];
        label.answer.is_none() && label.auto_label == Some(p.label) && Some(p.row) != last
    };
    audit.frozen.iter().filter(untouched).copied().collect()
}

/// A check as evidence for a stricter threshold.
pub(crate) fn evidence_of(check: &Check) -> ValidationItem {
    ValidationItem {
        confidence: check.proposal.confidence,
        correct: !check.wrong(),
    }
}

fn audit_view(live: &Live, audit: &AuditState) -> Result<AuditView, WorkflowError> {
    let verdict = match audit.certified {
        None => AuditVerdict::Running,
        Some(true) => AuditVerdict::Certified,
        Some(false) => AuditVerdict::Refuted,
    };
    let grades = audit.grades(&live.settings.schema)?;
    Ok(AuditView {
        population: u64::from(audit.audit.target().population),
        checked: u64::from(audit.audit.checked()),
        wrong: u64::from(audit.audit.wrong()),
        target_error: audit.audit.target().target_error,
        accuracy_lower_bound: autolabel_quality::accuracy_lower_bound(&audit.audit),
        clopper_pearson_lower_bound: autolabel_quality::clopper_pearson_accuracy(&audit.audit),
        verdict,
        expected_remaining: audit
            .is_running()
            .then(|| audit.expected_remaining())
            .flatten(),
        attempt: audit.attempt,
        grades: grades.as_ref().map(CertificateGrades::from),
        next: None,
        text: in_words(live, audit),
    })
}

fn in_words(live: &Live, audit: &AuditState) -> String {
    let target = audit.audit.target().target_error * 100.0;
    let bound = autolabel_quality::accuracy_lower_bound(&audit.audit) * 100.0;
    let (checked, wrong) = (audit.audit.checked(), audit.audit.wrong());
    let population = audit.frozen.len();
    match audit.certified {
        Some(true) => format!(
            "Certified: with 95 % confidence at least {bound:.1} % of the {population} auto-labels are right ({checked} checked, {wrong} wrong)."
        ),
        Some(false) => format!(
            "Refuted: more than {target:.1} % of the auto-labels are wrong ({checked} checked, {wrong} wrong). No stricter threshold is worth another audit; the images went back to people."
        ),
        None if checked == 0 && audit.tightened => format!(
            "The audit before this one refuted the target. The threshold was tightened to {:.3}: {population} auto-labels are left to check anew; images below it went back to people.",
            live.run.as_ref().map_or(1.0, |run| run.threshold)
        ),
        None => match audit.expected_remaining() {
            Some(remaining) => format!(
                "{checked} of {population} checked, {wrong} wrong; about {remaining} more checks will show whether at most {target:.1} % are wrong."
            ),
            None => format!(
                "{checked} of {population} checked, {wrong} wrong; so far the target of {target:.1} % is not in sight."
            ),
        },
    }
}

/// Nothing was auto-labeled yet.
pub(crate) fn no_audit() -> WorkflowError {
    conflict("There are no auto-labels to audit yet; auto-label first.")
}
