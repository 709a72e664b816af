//! What is asked next: the batch of a training round as it arrives, or one made from what is known
//! while no round has made one.

use crate::project::live::{Live, class_names, is_open, lead, pick_of, prediction, version};
use crate::round::doubt_in_words;
use crate::shape_model;
use crate::shapes::choosing::grown_batch;
use crate::training::class_labels;
use autolabel_annotation::{ImageId, LabelOrigin};
use autolabel_store::{BatchRecord, PickRecord};
use rand::SeedableRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// Share of a batch that is drawn at random, as in training rounds.
const RANDOM_SHARE: f64 = 0.1;

/// Most images of one group in a batch, as in training rounds.
const MOST_OF_A_GROUP: usize = 2;

/// Random streams below this belong to training rounds, those above to batches made here.
const FIRST_STREAM: u64 = 1 << 32;

/// A batch from a training round: the images on screens stay in front, those that were answered
/// meanwhile go. `None` where nothing is left to ask.
pub(crate) fn installed_batch(
    live: &Live,
    picks: Vec<PickRecord>,
    round: u32,
    at: Instant,
) -> Option<BatchRecord> {
    let on_screen: Vec<PickRecord> = live
        .leases
        .values()
        .filter(|lease| lease.until > at && is_open(live, lease.image.0))
        .filter_map(|lease| pick_of(live, lease.image).cloned())
        .collect();
    let mut taken: BTreeSet<ImageId> = BTreeSet::new();
    // The batch keeps its size. Its order is shuffled, so that whichever picks give way say nothing.
    let size = picks.len().max(on_screen.len());
    let picks: Vec<PickRecord> = on_screen
        .into_iter()
        .chain(picks)
        .filter(|pick| is_open(live, pick.image.0) && taken.insert(pick.image))
        .take(size)
        .collect();
    (!picks.is_empty()).then(|| BatchRecord {
        number: live.batch.as_ref().map_or(1, |batch| batch.number + 1),
        round,
        picks,
    })
}

/// The batch that follows when no training round has made one: returned images while auto-labels
/// are in force, else the next in the present model's ranking with one in ten drawn at random, else
/// random ones.
pub(crate) fn next_batch(live: &Live, seed: u64) -> Option<BatchRecord> {
    let number = live.batch.as_ref().map_or(1, |batch| batch.number + 1);
    let mut size = live.settings.batch_size as usize;
    if live.run.is_none() && live.settings.schema.task.is_drawn() {
        size = grown_batch(size, class_labels(live));
    }
    let picks = if live.run.is_some() {
        returned_picks(live, size)
    } else {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(FIRST_STREAM + u64::from(number));
        ranked_picks(live, size, &mut rng)
    };
    installed_batch(live, picks, version(live), Instant::now())
}

fn returned_picks(live: &Live, size: usize) -> Vec<PickRecord> {
    let names = class_names(live);
    let task = live.settings.schema.task.of_image();
    let count = u32::try_from(live.index.len()).unwrap_or(u32::MAX);
    (0..count)
        .filter(|row| is_open(live, *row))
        .take(size)
        .map(|row| PickRecord {
            image: ImageId(row),
            origin: LabelOrigin::Returned,
            strategy: "returned".to_owned(),
            score: None,
            text: match task.zip(prediction(live, row)) {
                None if live.shapes.is_some() => {
                    "Not sure enough to label by itself; put right what it proposes.".to_owned()
                }
                Some((task, p)) => format!(
                    "Not sure enough to label by itself. {}",
                    doubt_in_words(task, p, &names)
                ),
                None => "The model has not seen this image yet.".to_owned(),
            },
        })
        .collect()
}

fn ranked_picks(live: &Live, size: usize, rng: &mut ChaCha8Rng) -> Vec<PickRecord> {
    let count = u32::try_from(live.index.len()).unwrap_or(u32::MAX);
    let open: Vec<u32> = (0..count).filter(|row| is_open(live, *row)).collect();
    let has_ranking = !live.ranking.is_empty();
    let random_count = if has_ranking {
        ((RANDOM_SHARE * size as f64).round() as usize).max(usize::from(size >= 5))
    } else {
        size
    };
    let random: BTreeSet<u32> = open.sample(rng, random_count).copied().collect();
    let mut picks: Vec<PickRecord> = random.iter().map(|&row| random_pick(row)).collect();
    let mut in_group: BTreeMap<u32, usize> = BTreeMap::new();
    let names = class_names(live);
    let task = live.settings.schema.task.of_image();
    for &row in live.ranking.iter() {
        if picks.len() >= size {
            break;
        }
        let is_copy = live.index.duplicate_of[row as usize].is_some();
        if !is_open(live, row) || random.contains(&row) || is_copy {
            continue;
        }
        if let Some(group) = live.index.group[row as usize] {
            let taken = in_group.entry(group).or_insert(0);
            if *taken >= MOST_OF_A_GROUP {
                continue;
            }
            *taken += 1;
        }
        let fit = live
            .shapes
            .as_ref()
            .and_then(|model| model.expected_fit(row));
        let (score, text) = match (task.zip(prediction(live, row)), fit) {
            (Some((task, p)), _) => (
                lead(live, row).map(|lead| 1.0 - lead),
                doubt_in_words(task, p, &names),
            ),
            (None, Some(fit)) => (Some(1.0 - fit as f32), shape_model::doubt_in_words(fit)),
            (None, None) => continue,
        };
        picks.push(PickRecord {
            image: ImageId(row),
            origin: LabelOrigin::Chosen,
            strategy: "margin".to_owned(),
            score,
            text,
        });
    }
    fill_up(&mut picks, &open, size);
    picks.shuffle(rng);
    picks
}

fn random_pick(row: u32) -> PickRecord {
    PickRecord {
        image: ImageId(row),
        origin: LabelOrigin::Random,
        strategy: "random".to_owned(),
        score: None,
        text: "Drawn at random, to measure honestly how good the model is.".to_owned(),
    }
}

/// Where caps and copies leave room, whatever is open.
fn fill_up(picks: &mut Vec<PickRecord>, open: &[u32], size: usize) {
    let taken: BTreeSet<u32> = picks.iter().map(|pick| pick.image.0).collect();
    let room = size.saturating_sub(picks.len());
    let rest = open.iter().filter(|row| !taken.contains(row)).take(room);
    picks.extend(rest.map(|&row| PickRecord {
        image: ImageId(row),
        origin: LabelOrigin::Chosen,
        strategy: "rest".to_owned(),
        score: None,
        text: "One of the last images nobody has labeled yet.".to_owned(),
    }));
}
