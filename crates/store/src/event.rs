//! What can happen to a project. The journal is the list of these; everything else follows.

use autolabel_annotation::{Answer, ImageId, Label, LabelOrigin};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// An expert answered; replaces an earlier answer.
    Answer {
        /// The image.
        image: ImageId,
        /// What the expert said.
        answer: Answer,
        /// Why the image had been asked for.
        origin: LabelOrigin,
        /// Seconds from seeing the image to answering, as measured.
        seconds: f64,
    },
    /// An answer was taken back: the image is as if it had never been given.
    Undo {
        /// The image.
        image: ImageId,
        /// Sequence number of the answer.
        of: u64,
    },
    /// The mark for a second look was set or removed.
    Flag {
        /// The image.
        image: ImageId,
        /// Set or removed.
        on: bool,
    },
    /// Auto-labeling was applied; the labels follow as [`Event::AutoLabel`].
    AutoLabelRun {
        /// Number of the run, from 1.
        run: u32,
        /// Version of the model that labeled.
        model: u32,
        /// Calibrated probability from which an image was accepted.
        threshold: f64,
        /// Largest acceptable share of wrong labels.
        target_error: f64,
        /// Images accepted.
        accepted: u64,
        /// Images left for people.
        returned: u64,
        /// Share of wrong labels expected among the accepted.
        expected_error: f64,
        /// The evidence for the threshold: for each answer of the random part the model's
        /// calibrated probability and whether it was right.
        random_part: Vec<(f32, bool)>,
        /// The threshold that an audit refuted, where this run tightens it.
        tightens: Option<f64>,
    },
    /// The program labeled an image.
    AutoLabel {
        /// The image.
        image: ImageId,
        /// Which run.
        run: u32,
        /// The label.
        #[serde(rename = "class")]
        label: Label,
        /// Its calibrated probability.
        confidence: f32,
    },
    /// The program left an image for people, or took its label back.
    ReturnToPool {
        /// The image.
        image: ImageId,
        /// Which run.
        run: u32,
    },
    /// The file was replaced by another with the same name: what was said of the old one is void.
    ContentChanged {
        /// The image.
        image: ImageId,
    },
    /// An audit began: from here on the list of labels is frozen.
    AuditStarted {
        /// Number of the attempt, from 1.
        attempt: u32,
        /// The run under audit.
        run: u32,
        /// Seed of the order in which labels are checked.
        seed: u64,
        /// Labels under audit.
        population: u64,
        /// Largest acceptable share of wrong labels.
        target_error: f64,
        /// Risk of a false certificate that this attempt may spend.
        alpha: f64,
        /// Hash of the frozen list of labels.
        list_hash: String,
    },
    /// An auditor checked a label; the answer holds from then on.
    AuditAnswer {
        /// The image.
        image: ImageId,
        /// Number of the attempt.
        attempt: u32,
        /// The label that was checked.
        checked: Label,
        /// Its calibrated probability.
        confidence: f32,
        /// What the auditor said.
        answer: Answer,
        /// Seconds it took, as measured.
        seconds: f64,
    },
    /// An audit ended.
    AuditEnded {
        /// Number of the attempt.
        attempt: u32,
        /// The target was certified (`true`) or refuted.
        certified: bool,
    },
    /// A certificate was signed.
    Certificate {
        /// The certificate.
        certificate: Value,
    },
    /// Settings were changed.
    SettingsChanged {
        /// All settings as they are now.
        settings: Value,
    },
}

impl Event {
    /// The image that the event is about.
    #[must_use]
    pub fn image(&self) -> Option<ImageId> {
        match *self {
            Self::Answer { image, .. }
            | Self::Undo { image, .. }
            | Self::Flag { image, .. }
            | Self::AutoLabel { image, .. }
            | Self::ReturnToPool { image, .. }
            | Self::ContentChanged { image }
            | Self::AuditAnswer { image, .. } => Some(image),
            Self::AutoLabelRun { .. }
            | Self::AuditStarted { .. }
            | Self::AuditEnded { .. }
            | Self::Certificate { .. }
            | Self::SettingsChanged { .. } => None,
        }
    }

    /// Seconds of a person's work that it took.
    #[must_use]
    pub fn seconds(&self) -> Option<f64> {
        match *self {
            Self::Answer { seconds, .. } | Self::AuditAnswer { seconds, .. } => Some(seconds),
            _ => None,
        }
    }

    /// The name of the kind, as in the journal's column.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Answer { .. } => "answer",
            Self::Undo { .. } => "undo",
            Self::Flag { .. } => "flag",
            Self::AutoLabelRun { .. } => "auto_label_run",
            Self::AutoLabel { .. } => "auto_label",
            Self::ReturnToPool { .. } => "return_to_pool",
            Self::ContentChanged { .. } => "content_changed",
            Self::AuditStarted { .. } => "audit_started",
            Self::AuditAnswer { .. } => "audit_answer",
            Self::AuditEnded { .. } => "audit_ended",
            Self::Certificate { .. } => "certificate",
            Self::SettingsChanged { .. } => "settings_changed",
        }
    }
}

/// An event to write down.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// Milliseconds since 1970 (UTC).
    pub at_ms: i64,
    /// Who did it.
    pub reader: String,
    /// What happened.
    pub event: Event,
    /// Chosen by the client; the same key twice is the same event.
    pub idempotency_key: Option<String>,
}

/// An event of the journal.
#[derive(Debug, Clone, PartialEq)]
pub struct EventRecord {
    /// Place in the journal, from 1, without gaps.
    pub sequence: u64,
    /// Milliseconds since 1970 (UTC).
    pub at_ms: i64,
    /// Who did it.
    pub reader: String,
    /// What happened.
    pub event: Event,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_column_is_the_tag_of_the_payload() {
        let events = [
            Event::Undo {
                image: ImageId(3),
                of: 1,
            },
            Event::AuditEnded {
                attempt: 1,
                certified: true,
            },
            Event::ReturnToPool {
                image: ImageId(3),
                run: 1,
            },
        ];
        for event in events {
            let payload = serde_json::to_value(&event).unwrap();
            assert_eq!(payload["kind"], event.kind());
        }
    }

    #[test]
    fn journals_from_before_there_were_findings_still_open() {
        let old = r#"{"kind":"auto_label","image":3,"run":1,"class":2,"confidence":0.5}"#;
        let event: Event = serde_json::from_str(old).unwrap();
        let Event::AutoLabel { label, .. } = event else {
            panic!("another kind");
        };
        assert_eq!(label, Label::Class(autolabel_annotation::ClassId(2)));
        assert_eq!(serde_json::to_string(&event).unwrap(), old);
    }
}
