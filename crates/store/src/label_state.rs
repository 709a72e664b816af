//! What the journal amounts to for one image: a fold over its events, without IO.

use crate::{Event, EventRecord};
use autolabel_annotation::{Answer, ImageId, Label, LabelOrigin};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of one image's label.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LabelState {
    /// The expert's answer.
    pub answer: Option<Answer>,
    /// How the answer came about.
    pub origin: Option<LabelOrigin>,
    /// Journal entry of the answer.
    pub answer_sequence: Option<u64>,
    /// The program's label; kept when an expert answers, so that the two can be compared.
    pub auto_label: Option<Label>,
    /// The calibrated probability of the program's label.
    pub auto_confidence: Option<f32>,
    /// The run that gave the program's label.
    pub auto_run: Option<u32>,
    /// Marked for a second look.
    pub flagged: bool,
    /// Auto-labeling left it for people.
    pub returned: bool,
}

impl LabelState {
    /// Labeled by the program and by nobody else.
    #[must_use]
    pub fn is_auto_labeled(&self) -> bool {
        self.answer.is_none() && self.auto_label.is_some()
    }

    /// The label that holds: the expert's, else the program's.
    #[must_use]
    pub fn label(&self) -> Option<Label> {
        match self.answer {
            Some(answer) => answer.label(),
            None => self.auto_label,
        }
    }
}

/// The state after one more event of the same image. [`Event::Undo`] looks back, so it is not
/// for this function: use [`fold`] where there is one.
pub(crate) fn apply(state: &mut LabelState, sequence: u64, event: &Event) {
    match *event {
        Event::Answer { answer, origin, .. } => {
            state.answer = Some(answer);
            state.origin = Some(origin);
            state.answer_sequence = Some(sequence);
        }
        Event::AuditAnswer { answer, .. } => {
            state.answer = Some(answer);
            state.origin = Some(LabelOrigin::Audit);
            state.answer_sequence = Some(sequence);
        }
        Event::Flag { on, .. } => state.flagged = on,
        Event::AutoLabel {
            run,
            label,
            confidence,
            ..
        } => {
            state.auto_label = Some(label);
            state.auto_confidence = Some(confidence);
            state.auto_run = Some(run);
            state.returned = false;
        }
        Event::ReturnToPool { .. } => {
            state.auto_label = None;
            state.auto_confidence = None;
            state.auto_run = None;
            state.returned = true;
        }
        Event::ContentChanged { .. } => {
            *state = LabelState {
                flagged: state.flagged,
                ..LabelState::default()
            };
        }
        Event::Undo { .. }
        | Event::AutoLabelRun { .. }
        | Event::AuditStarted { .. }
        | Event::AuditEnded { .. }
        | Event::Certificate { .. }
        | Event::SettingsChanged { .. } => {}
    }
}

/// The states that follow from a journal: every image that it names, each undone answer left
/// out as if it had never been given.
pub(crate) fn fold(journal: &[EventRecord]) -> BTreeMap<ImageId, LabelState> {
    let undone = journal
        .iter()
        .filter_map(|record| match record.event {
            Event::Undo { of, .. } => Some(of),
            _ => None,
        })
        .collect();
    let mut states = BTreeMap::new();
    fold_into(&mut states, journal, &undone);
    states
}

/// Goes on with a fold by the next part of the journal; `undone` are the answers that the whole
/// journal takes back.
pub(crate) fn fold_into(
    states: &mut BTreeMap<ImageId, LabelState>,
    part: &[EventRecord],
    undone: &BTreeSet<u64>,
) {
    for record in part {
        let Some(image) = record.event.image() else {
            continue;
        };
        let state = states.entry(image).or_default();
        if !undone.contains(&record.sequence) {
            apply(state, record.sequence, &record.event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autolabel_annotation::ClassId;

    const IMAGE: ImageId = ImageId(0);

    fn states(events: Vec<Event>) -> LabelState {
        let journal: Vec<EventRecord> = events
            .into_iter()
            .zip(1..)
            .map(|(event, sequence)| EventRecord {
                sequence,
                at_ms: 0,
                reader: "local".into(),
                event,
            })
            .collect();
        fold(&journal)[&IMAGE]
    }

    fn answer(class: u16) -> Event {
        Event::Answer {
            image: IMAGE,
            answer: Answer::Class {
                class: ClassId(class),
            },
            origin: LabelOrigin::Chosen,
            seconds: 1.0,
        }
    }

    #[test]
    fn undo_brings_the_answer_before_back() {
        let undo = |of| Event::Undo { image: IMAGE, of };
        let state = states(vec![answer(0), answer(1), undo(2)]);
        assert_eq!(state.label(), Some(Label::Class(ClassId(0))));
        assert_eq!(state.answer_sequence, Some(1));
        let state = states(vec![answer(0), answer(1), undo(2), undo(1)]);
        assert_eq!(state, LabelState::default());
    }

    #[test]
    fn an_expert_outranks_the_program() {
        let auto = Event::AutoLabel {
            image: IMAGE,
            run: 1,
            label: Label::Class(ClassId(1)),
            confidence: 0.9,
        };
        let state = states(vec![auto.clone()]);
        assert!(state.is_auto_labeled());
        let state = states(vec![auto, answer(0)]);
        assert!(!state.is_auto_labeled());
        assert_eq!(state.label(), Some(Label::Class(ClassId(0))));
        assert_eq!(state.auto_label, Some(Label::Class(ClassId(1))));
    }

    #[test]
    fn a_replaced_file_loses_its_labels_but_not_its_mark() {
        let flag = Event::Flag {
            image: IMAGE,
            on: true,
        };
        let state = states(vec![
            flag,
            answer(0),
            Event::ContentChanged { image: IMAGE },
        ]);
        assert_eq!(
            state,
            LabelState {
                flagged: true,
                ..LabelState::default()
            }
        );
    }
}
