//! Whatever happens, the kept state is what the journal says.

use crate::project::{by_local, with_images};
use autolabel_annotation::{Answer, ClassId, FindingSet, ImageId, Label, LabelOrigin};
use autolabel_store::Event;
use proptest::prelude::*;
use sqlx::{Connection, SqliteConnection};

const IMAGES: u32 = 5;

/// A step of a random history. Undo takes back one of the answers so far, which may be undone
/// already: the store must refuse that.
#[derive(Debug, Clone)]
enum Step {
    Event(Event),
    UndoOneOf(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let image = || (0..IMAGES).prop_map(ImageId);
    let label = || {
        prop_oneof![
            (0_u16..3).prop_map(|class| Label::Class(ClassId(class))),
            (0_u64..8).prop_map(|bits| Label::Findings(FindingSet::from_bits(bits).unwrap()))
        ]
    };
    let answer = || prop_oneof![Just(Answer::Unreadable), label().prop_map(Answer::from)];
    prop_oneof![
        4 => (image(), answer()).prop_map(|(image, answer)| Step::Event(Event::Answer {
            image,
            answer,
            origin: LabelOrigin::Chosen,
            seconds: 1.0,
        })),
        2 => any::<usize>().prop_map(Step::UndoOneOf),
        1 => (image(), any::<bool>()).prop_map(|(image, on)| Step::Event(Event::Flag { image, on })),
        1 => (image(), label(), 1_u32..4, 0.0_f32..1.0).prop_map(|(image, label, run, confidence)| {
            Step::Event(Event::AutoLabel { image, run, label, confidence })
        }),
        1 => (image(), 1_u32..4)
            .prop_map(|(image, run)| Step::Event(Event::ReturnToPool { image, run })),
        1 => image().prop_map(|image| Step::Event(Event::ContentChanged { image })),
        1 => (image(), answer(), label()).prop_map(|(image, answer, checked)| {
            Step::Event(Event::AuditAnswer { image, attempt: 1, checked, confidence: 0.9, answer, seconds: 1.0 })
        }),
    ]
}

async fn run(steps: Vec<Vec<Step>>) -> Result<(), TestCaseError> {
    let folder = tempfile::tempdir().unwrap();
    let store = with_images(folder.path(), IMAGES).await;
    let mut answers: Vec<(u64, ImageId)> = Vec::new();
    for together in steps {
        let mut events = Vec::new();
        for step in together {
            match step {
                Step::Event(event) => events.push(by_local(event)),
                Step::UndoOneOf(any) if !answers.is_empty() => {
                    let (of, image) = answers[any % answers.len()];
                    events.push(by_local(Event::Undo { image, of }));
                }
                Step::UndoOneOf(_) => {}
            }
        }
        let Ok(appended) = store.append(&events).await else {
            continue;
        };
        for (receipt, new) in appended.receipts.iter().zip(&events) {
            if let Event::Answer { image, .. } = new.event {
                answers.push((receipt.sequence, image));
            }
        }
        let index = store.image_index(ImageId(0)).await.unwrap();
        for (image, state) in appended.states {
            prop_assert_eq!(index.labels[image.row()], state);
        }
    }
    prop_assert_eq!(store.state_differences().await.unwrap(), vec![]);
    let before = store.image_index(ImageId(0)).await.unwrap();
    store.rebuild_states().await.unwrap();
    prop_assert_eq!(store.image_index(ImageId(0)).await.unwrap(), before);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_history_replays_to_the_kept_state(
        steps in prop::collection::vec(prop::collection::vec(step(), 1..4), 1..30)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(steps))?;
    }
}

#[tokio::test]
async fn a_state_that_was_tampered_with_is_found_and_mended() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_images(folder.path(), IMAGES).await;
    let flag = Event::Flag {
        image: ImageId(2),
        on: true,
    };
    store.append(&[by_local(flag)]).await.unwrap();
    let url = format!("sqlite://{}/project.sqlite", folder.path().display());
    let mut visitor = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("UPDATE image_state SET flagged = 0")
        .execute(&mut visitor)
        .await
        .unwrap();

    let differences = store.state_differences().await.unwrap();
    assert_eq!(differences.len(), 1);
    assert!(differences[0].journal.flagged && !differences[0].kept.flagged);

    store.rebuild_states().await.unwrap();
    assert_eq!(store.state_differences().await.unwrap(), vec![]);
    assert_eq!(
        store.integrity_problems().await.unwrap(),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn the_past_can_be_replayed_up_to_an_event() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_images(folder.path(), IMAGES).await;
    let flag = |on| {
        by_local(Event::Flag {
            image: ImageId(2),
            on,
        })
    };
    store.append(&[flag(true), flag(false)]).await.unwrap();
    assert!(store.replay(Some(0)).await.unwrap().is_empty());
    assert!(store.replay(Some(1)).await.unwrap()[&ImageId(2)].flagged);
    assert!(!store.replay(Some(2)).await.unwrap()[&ImageId(2)].flagged);
}
