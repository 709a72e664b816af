//! A round that goes on from the model before must say what a round from nothing says.

use crate::large_pool::{Pool, little, pool, rows, whole};
use autolabel_annotation::{Answer, ClassId};
use autolabel_heads::ScaleChoice;
use autolabel_workflow::Screening;
use autolabel_workflow::round::{RoundModel, RoundOutcome};
use std::collections::BTreeSet;

/// A pool, and the model of its labels without one in ten.
fn with_model_before(screening: &Screening) -> (Pool, RoundModel) {
    let mut pool = pool(3_000, 32);
    pool.config.batch.random_share = 0.1;
    let labels = pool.labels.clone();
    let answered = pool.labels.iter_mut().filter(|label| label.is_some());
    for label in answered.skip(4).step_by(10) {
        *label = None;
    }
    let before = after(&pool, None, screening).model.unwrap();
    pool.labels = labels;
    (pool, before)
}

fn after(pool: &Pool, previous: Option<&RoundModel>, screening: &Screening) -> RoundOutcome {
    pool.round_after(previous, (&pool.halved()).into(), screening)
}

/// Largest difference of the probabilities of all images that both looked at.
fn difference(a: &RoundModel, b: &RoundModel) -> f32 {
    assert_eq!(a.pool.rows, b.pool.rows);
    let pairs = a.pool.columns.iter().zip(&b.pool.columns);
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn added_answers_give_the_round_of_a_new_fit() {
    for screening in [whole(), little()] {
        let (pool, before) = with_model_before(&screening);
        let went_on = after(&pool, Some(&before), &screening);
        let from_nothing = after(&pool, None, &screening);
        let models = [&went_on, &from_nothing].map(|outcome| outcome.model.as_ref().unwrap());
        // The labels of the model before come first: it was extended.
        assert!(models[0].learnt.starts_with(&before.learnt));
        assert_eq!(
            models[0].classifier.first().last_search(),
            before.classifier.first().last_search()
        );
        assert_eq!(models[0].learnt.len(), models[1].learnt.len());
        assert!((models[0].temperature - models[1].temperature).abs() < 1e-3);
        let difference = difference(models[0], models[1]);
        assert!(difference < 5e-4, "{difference}");
        let [a, b]: [BTreeSet<u32>; 2] =
            [&went_on, &from_nothing].map(|outcome| rows(outcome).into_iter().collect());
        let common = a.intersection(&b).count();
        assert!(common >= 98, "{common} of {} picks in common", a.len());
        assert_eq!(
            went_on.auto_share.unwrap().accepted,
            from_nothing.auto_share.unwrap().accepted
        );
    }
}

#[test]
fn a_corrected_or_a_withdrawn_answer_starts_again() {
    let (mut pool, before) = with_model_before(&whole());
    let first = before.learnt[0] as usize;
    let label = pool.labels[first];
    let class = label.and_then(|label| label.answer.class()).unwrap();
    let other = Answer::Class {
        class: ClassId((class.0 + 1) % 4),
    };
    for changed in [
        label.map(|label| autolabel_workflow::round::Labeled {
            answer: other,
            ..label
        }),
        None,
    ] {
        pool.labels[first] = changed;
        let went_on = after(&pool, Some(&before), &whole()).model.unwrap();
        let labels = pool.labels.iter().flatten().count();
        assert_eq!(went_on.classifier.first().last_search().labels, labels);
        pool.config.gp.scale = ScaleChoice::Fixed(went_on.classifier.scale());
        let from_nothing = after(&pool, None, &whole()).model.unwrap();
        let difference = difference(&went_on, &from_nothing);
        assert!(difference < 5e-4, "{difference}");
    }
}
