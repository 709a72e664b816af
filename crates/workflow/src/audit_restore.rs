//! Auto-labels and audit after a restart: what the journal tells of them.

use crate::WorkflowError;
use crate::audit::{AuditState, Check, evidence_of, no_audit};
use crate::auto_label::Proposal;
use crate::project::live::AutoRun;
use autolabel_annotation::ImageId;
use autolabel_quality::{AuditTarget, ValidationItem};
use autolabel_store::{Event, EventRecord, LabelState};
use std::collections::BTreeMap;

/// Auto-labels and audit.
#[derive(Default)]
pub(crate) struct Restored {
    pub run: Option<AutoRun>,
    pub audit: Option<AuditState>,
    pub runs: u32,
    pub attempts: u32,
    pub audit_seconds: Vec<f64>,
}

/// Restores what is kept in memory of runs and audits from their events, in order. `frozen` are the
/// states when the latest audit began.
pub(crate) fn restore(
    events: &[EventRecord],
    frozen: &BTreeMap<ImageId, LabelState>,
) -> Result<Restored, WorkflowError> {
    let latest = events
        .iter()
        .rev()
        .find(|e| matches!(e.event, Event::AuditStarted { .. }))
        .map(|e| e.sequence);
    let mut restored = Restored::default();
    let mut checks: Vec<ValidationItem> = Vec::new();
    for record in events {
        match &record.event {
            Event::AutoLabelRun { run, tightens, .. } => {
                let evidence = match (&restored.run, tightens) {
                    (Some(before), Some(_)) => [&before.evidence[..], &checks[..]].concat(),
                    _ => Vec::new(),
                };
                restored.runs = *run;
                restored.run = restored_run(&record.event, evidence);
            }
            Event::AuditStarted { attempt, .. } => {
                restored.attempts = *attempt;
                checks.clear();
                if let (Some(run), true) = (&restored.run, Some(record.sequence) == latest) {
                    restored.audit = Some(restored_audit(&record.event, run, frozen)?);
                }
            }
            Event::AuditAnswer {
                image,
                checked,
                confidence,
                answer,
                seconds,
                ..
            } => {
                restored.audit_seconds.push(*seconds);
                let proposal = Proposal {
                    row: image.0,
                    label: *checked,
                    confidence: *confidence,
                };
                checks.push(evidence_of(&Check {
                    proposal,
                    said: answer.label(),
                }));
                if let Some(audit) = &mut restored.audit {
                    audit.check(proposal, *answer)?;
                }
            }
            Event::AuditEnded { certified, .. } => {
                if let Some(audit) = &mut restored.audit {
                    audit.certified = Some(*certified);
                    // Labels that were kept are in force by a run of their own, which precedes the
                    // latest audit; this one had none.
                    if !certified {
                        restored.run = None;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(restored)
}

fn restored_run(event: &Event, evidence: Vec<ValidationItem>) -> Option<AutoRun> {
    let Event::AutoLabelRun {
        run,
        model,
        threshold,
        target_error,
        expected_error,
        random_part,
        ..
    } = event
    else {
        return None;
    };
    let item = |&(confidence, correct): &(f32, bool)| ValidationItem {
        confidence,
        correct,
    };
    Some(AutoRun {
        run: *run,
        model: *model,
        threshold: *threshold,
        target_error: *target_error,
        expected_error: *expected_error,
        random_part: random_part.iter().map(item).collect(),
        evidence,
    })
}

fn restored_audit(
    event: &Event,
    run: &AutoRun,
    frozen: &BTreeMap<ImageId, LabelState>,
) -> Result<AuditState, WorkflowError> {
    let Event::AuditStarted {
        attempt,
        seed,
        population,
        target_error,
        alpha,
        list_hash,
        ..
    } = event
    else {
        return Err(no_audit());
    };
    let target = AuditTarget {
        population: u32::try_from(*population).unwrap_or(u32::MAX),
        target_error: *target_error,
        alpha: *alpha,
    };
    let labels = frozen
        .iter()
        .filter(|(_, label)| label.is_auto_labeled())
        .filter_map(|(image, label)| {
            Some(Proposal {
                row: image.0,
                label: label.auto_label?,
                confidence: label.auto_confidence?,
            })
        })
        .collect();
    AuditState::begin(*attempt, run, *seed, target, labels, list_hash.clone())
}
