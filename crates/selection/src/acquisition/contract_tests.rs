//! What every acquisition function must keep to.

use super::*;
use crate::{BatchConfig, HeadView, rank};
use autolabel_annotation::{ClassId, LabelOrigin};
use autolabel_heads::{DirichletGp, GpConfig, Matrix, Predictions, fit};
use rand::SeedableRng;
use std::collections::BTreeSet;

const ROWS: usize = 60;

fn features() -> Matrix {
    let data = (0..ROWS)
        .flat_map(|i| {
            let angle = i as f32 * 0.37;
            [angle.cos(), angle.sin()]
        })
        .collect();
    Matrix {
        rows: ROWS,
        cols: 2,
        data,
    }
}

fn predictions(count: usize) -> Predictions {
    let probabilities = (0..count)
        .flat_map(|i| {
            let p = (i as f32 + 1.0) / (count as f32 + 2.0);
            [p * 0.9, (1.0 - p) * 0.9, 0.1]
        })
        .collect();
    Predictions {
        class_count: 3,
        mean: vec![0.0; count * 3],
        variance: vec![1.0; count * 3],
        probabilities,
        mutual_information: Some((0..count).map(|i| i as f32 / count as f32).collect()),
        spread: Some(vec![0.01; count * 3]),
    }
}

fn model(features: &Matrix) -> DirichletGp {
    let classes = [ClassId(0), ClassId(2)];
    fit(features, &[1, 2], &classes, 3, &GpConfig::default()).unwrap()
}

fn batch(
    name: &str,
    candidates: &[u32],
    size: usize,
    seed: u64,
    cap: Option<usize>,
) -> Vec<crate::Pick> {
    let features = features();
    let predictions = predictions(candidates.len());
    let model = model(&features);
    let groups: Vec<u32> = (0..ROWS as u32).map(|i| i / 10).collect();
    let pool = PoolView {
        features: &features,
        candidates,
        labeled: &[1, 2],
        heads: &[HeadView {
            predictions: &predictions,
            model: Some(&model),
        }],
        groups: Some(&groups),
        duplicate_of: None,
        set_aside: &[],
        costs: None,
    };
    let config = BatchConfig {
        strategy: name.to_owned(),
        size,
        random_share: 0.1,
        max_per_group: cap,
    };
    rank(&pool, &config, &mut ChaCha8Rng::seed_from_u64(seed)).unwrap()
}

#[test]
fn every_function_gives_distinct_candidates_and_fills_the_batch() {
    let candidates: Vec<u32> = (3..ROWS as u32).step_by(2).collect();
    for name in acquisition_names() {
        for size in [1, 5, 20, 200] {
            let picks = batch(name, &candidates, size, 5, None);
            let rows: BTreeSet<u32> = picks.iter().map(|p| p.row).collect();
            assert_eq!(rows.len(), picks.len(), "{name} repeats");
            assert_eq!(picks.len(), size.min(candidates.len()), "{name} at {size}");
            assert!(
                rows.iter().all(|row| candidates.contains(row)),
                "{name} leaves the candidates"
            );
        }
    }
}

#[test]
fn every_function_repeats_itself_with_the_same_seed() {
    let candidates: Vec<u32> = (3..ROWS as u32).collect();
    for name in acquisition_names() {
        let rows = |seed| batch(name, &candidates, 12, seed, Some(3));
        assert_eq!(rows(9), rows(9), "{name}");
    }
}

#[test]
fn every_function_keeps_to_the_cap_of_a_group_while_others_are_left() {
    let candidates: Vec<u32> = (3..ROWS as u32).collect();
    for name in acquisition_names().into_iter().filter(|n| *n != "random") {
        let picks = batch(name, &candidates, 10, 2, Some(2));
        for group in 0..6 {
            let chosen = picks
                .iter()
                .filter(|p| p.origin == LabelOrigin::Chosen && p.row / 10 == group)
                .count();
            assert!(chosen <= 2, "{name}: {chosen} of group {group}");
        }
        // 60 rows in 6 groups of which at most 2 each: the cap gives way rather than the batch.
        assert_eq!(batch(name, &candidates, 40, 2, Some(2)).len(), 40, "{name}");
    }
}

#[test]
fn one_tenth_is_random_and_says_so() {
    let candidates: Vec<u32> = (3..ROWS as u32).collect();
    let picks = batch("margin", &candidates, 20, 1, None);
    let random = picks
        .iter()
        .filter(|p| p.origin == LabelOrigin::Random)
        .count();
    assert_eq!(random, 2);
    assert!(
        batch("random", &candidates, 20, 1, Some(1))
            .iter()
            .all(|p| p.origin == LabelOrigin::Random)
    );
}

#[test]
fn without_a_model_the_cold_start_stands_in() {
    let features = features();
    let candidates: Vec<u32> = (0..ROWS as u32).collect();
    for name in acquisition_names() {
        let config = BatchConfig {
            strategy: name.to_owned(),
            size: 10,
            ..BatchConfig::default()
        };
        let pool = PoolView::cold(&features, &candidates);
        let picks = rank(&pool, &config, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
        assert_eq!(picks.len(), 10, "{name}");
        assert!(
            picks.iter().all(|p| p.origin != LabelOrigin::Chosen),
            "{name}"
        );
    }
}

/// Predictions alone are not enough for a rule that reads more.
#[test]
fn where_a_need_is_not_met_the_cold_start_stands_in() {
    let features = features();
    let candidates: Vec<u32> = (3..ROWS as u32).collect();
    let predictions = Predictions {
        mutual_information: None,
        spread: None,
        ..predictions(candidates.len())
    };
    let pool = PoolView {
        heads: &[HeadView {
            predictions: &predictions,
            model: None,
        }],
        ..PoolView::cold(&features, &candidates)
    };
    for name in acquisition_names().into_iter().filter(|n| *n != "random") {
        let needs = acquisition(name).unwrap().needs();
        let config = BatchConfig {
            strategy: name.to_owned(),
            size: 10,
            random_share: 0.0,
            max_per_group: None,
        };
        let picks = rank(&pool, &config, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
        assert_eq!(picks.len(), 10, "{name}");
        let expected = if needs == Needs::default() {
            LabelOrigin::Chosen
        } else {
            LabelOrigin::ColdStart
        };
        assert!(picks.iter().all(|p| p.origin == expected), "{name}");
    }
}

#[test]
fn copies_wait_until_nothing_else_is_left() {
    let features = features();
    let candidates: Vec<u32> = (1..6).collect();
    let predictions = predictions(5);
    let mut copies = vec![None; ROWS];
    copies[4] = Some(0);
    copies[5] = Some(4);
    let pool = PoolView {
        features: &features,
        candidates: &candidates,
        labeled: &[0],
        heads: &[HeadView {
            predictions: &predictions,
            model: None,
        }],
        groups: None,
        duplicate_of: Some(&copies),
        set_aside: &[],
        costs: None,
    };
    let rows = |size| -> BTreeSet<u32> {
        let config = BatchConfig {
            strategy: "margin".to_owned(),
            size,
            random_share: 0.0,
            max_per_group: None,
        };
        let picks = rank(&pool, &config, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
        picks.iter().map(|p| p.row).collect()
    };
    assert_eq!(rows(3), BTreeSet::from([1, 2, 3]));
    assert_eq!(rows(5).len(), 5);
}

#[test]
fn scores_order_the_doubtful_first() {
    let candidates: Vec<u32> = (3..ROWS as u32).collect();
    let config = |name: &str| BatchConfig {
        strategy: name.to_owned(),
        size: 1,
        random_share: 0.0,
        max_per_group: None,
    };
    let features = features();
    let mut predictions = predictions(candidates.len());
    predictions.probabilities = [0.98, 0.01, 0.01].repeat(candidates.len());
    predictions.probabilities[3 * 17..3 * 18].copy_from_slice(&[0.4, 0.35, 0.25]);
    let pool = PoolView {
        features: &features,
        candidates: &candidates,
        labeled: &[],
        heads: &[HeadView {
            predictions: &predictions,
            model: None,
        }],
        groups: None,
        duplicate_of: None,
        set_aside: &[],
        costs: None,
    };
    for name in ["least_confidence", "margin", "entropy"] {
        let picks = rank(&pool, &config(name), &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
        assert_eq!(picks[0].row, candidates[17], "{name}");
    }
}

#[test]
fn an_unknown_name_is_refused_with_the_known_ones() {
    let features = features();
    let config = BatchConfig {
        strategy: "best".to_owned(),
        ..BatchConfig::default()
    };
    let error = rank(
        &PoolView::cold(&features, &[0, 1]),
        &config,
        &mut ChaCha8Rng::seed_from_u64(1),
    )
    .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("'best'; choose one of auto, random")
    );
}

/// Two findings that only their own head doubts: each image of the batch must be one that some head
/// doubts, and both heads must be heard.
#[test]
fn doubt_is_summed_over_findings() {
    let features = features();
    let candidates: Vec<u32> = (3..ROWS as u32).collect();
    let of = |doubtful: &[usize]| {
        let mut probabilities = [0.99_f32, 0.01].repeat(candidates.len());
        for position in doubtful {
            probabilities[2 * position..][..2].copy_from_slice(&[0.55, 0.45]);
        }
        Predictions {
            class_count: 2,
            mean: [2.0, -2.0].repeat(candidates.len()),
            variance: vec![1.0; 2 * candidates.len()],
            probabilities,
            mutual_information: Some(
                (0..candidates.len())
                    .map(|i| if doubtful.contains(&i) { 0.5 } else { 0.01 })
                    .collect(),
            ),
            spread: None,
        }
    };
    let (first, second) = (of(&[4, 20]), of(&[9, 20]));
    let heads = [&first, &second].map(|predictions| HeadView {
        predictions,
        model: None,
    });
    let pool = PoolView {
        heads: &heads,
        ..PoolView::cold(&features, &candidates)
    };
    let open: Vec<usize> = (0..candidates.len()).collect();
    for name in ["margin", "entropy", "least_confidence", "bald"] {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let picks = acquisition(name).unwrap().choose(&pool, &open, 3, &mut rng);
        let mut positions: Vec<usize> = picks.iter().map(|p| p.position).collect();
        assert_eq!(positions.remove(0), 20, "{name}: both doubt it");
        positions.sort_unstable();
        assert_eq!(positions, [4, 9], "{name}");
    }
}

#[test]
fn functions_for_one_class_refuse_findings_in_a_sentence() {
    let features = features();
    let candidates: Vec<u32> = (3..ROWS as u32).collect();
    let predictions = predictions(candidates.len());
    let model = model(&features);
    let heads = [HeadView {
        predictions: &predictions,
        model: Some(&model),
    }; 2];
    let pool = PoolView {
        labeled: &[1, 2],
        heads: &heads,
        ..PoolView::cold(&features, &candidates)
    };
    for name in acquisition_names() {
        let config = BatchConfig {
            strategy: name.to_owned(),
            size: 8,
            ..BatchConfig::default()
        };
        let picks = rank(&pool, &config, &mut ChaCha8Rng::seed_from_u64(3));
        if acquisition(name).unwrap().suits_findings() {
            assert_eq!(picks.unwrap().len(), 8, "{name}");
        } else {
            let refused = picks.unwrap_err().to_string();
            assert!(refused.contains("for findings choose"), "{refused}");
        }
    }
}

#[test]
fn images_set_aside_are_chosen_last() {
    let features = features();
    let candidates: Vec<u32> = (3..23).collect();
    let set_aside: Vec<u32> = (3..13).collect();
    let predictions = predictions(candidates.len());
    let model = model(&features);
    let pool = PoolView {
        labeled: &[1, 2],
        heads: &[HeadView {
            predictions: &predictions,
            model: Some(&model),
        }],
        set_aside: &set_aside,
        ..PoolView::cold(&features, &candidates)
    };
    for name in acquisition_names().into_iter().filter(|n| *n != "random") {
        let chosen = |size: usize| {
            let config = BatchConfig {
                strategy: name.to_owned(),
                size,
                random_share: 0.0,
                max_per_group: None,
            };
            let picks = rank(&pool, &config, &mut ChaCha8Rng::seed_from_u64(3)).unwrap();
            let aside = picks.iter().filter(|pick| set_aside.contains(&pick.row));
            (picks.len(), aside.count())
        };
        assert_eq!(chosen(8), (8, 0), "{name}");
        assert_eq!(chosen(14), (14, 4), "{name}: nothing else is left");
    }
}
