//! What several readers say together, weighing each by the skill their answers show: Dawid and
//! Skene's model (1979), fitted by expectation maximisation.
//!
//! Reader `a` says `l` for an image of class `c` with probability `skill_a[c][l]`. In turn, class
//! probabilities of the images follow from the skills, and skills from the class probabilities,
//! starting at the vote shares, until the evidence lower bound grows by less than a tolerance.

use crate::error::{QualityError, known_class};

/// Floor of every estimated probability, so that one answer never rules a class out for good.
const FLOOR: f64 = 1e-10;

/// One answer of one reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReaderLabel {
    /// Zero-based image, dense.
    pub image: u32,
    /// Zero-based reader, dense.
    pub reader: u32,
    /// Zero-based class.
    pub class: u16,
}

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DawidSkeneConfig {
    /// Most rounds.
    pub rounds: usize,
    /// Growth of the evidence lower bound per answer below which the fit is done.
    pub tolerance: f64,
}

impl Default for DawidSkeneConfig {
    fn default() -> Self {
        Self {
            rounds: 100,
            tolerance: 1e-5,
        }
    }
}

/// The fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct DawidSkene {
    /// Classes.
    pub class_count: usize,
    /// Probability of each class for each image, images x classes, row-major. All equal for an image
    /// without answers.
    pub classes: Vec<f64>,
    /// Share of each class.
    pub shares: Vec<f64>,
    /// For each reader, the probability to say the column's class for an image of the row's class:
    /// readers x classes x classes.
    pub skills: Vec<f64>,
    /// Rounds it took.
    pub rounds: usize,
}

/// Fits the model. Time and memory grow with answers x classes + readers x classes².
///
/// # Errors
/// A class beyond `class_count`.
pub fn dawid_skene(
    labels: &[ReaderLabel],
    class_count: usize,
    config: &DawidSkeneConfig,
) -> Result<DawidSkene, QualityError> {
    for label in labels {
        known_class(usize::from(label.class), class_count)?;
    }
    let images = labels
        .iter()
        .map(|label| label.image as usize + 1)
        .max()
        .unwrap_or(0);
    let readers = labels
        .iter()
        .map(|label| label.reader as usize + 1)
        .max()
        .unwrap_or(0);
    let mut model = DawidSkene {
        class_count,
        classes: vote_shares(labels, images, class_count),
        shares: Vec::new(),
        skills: vec![0.0; readers * class_count * class_count],
        rounds: 0,
    };
    let answered = answered_images(labels, images);
    maximise(&mut model, labels, &answered);
    let mut before = f64::NEG_INFINITY;
    while model.rounds < config.rounds && !labels.is_empty() {
        expect(&mut model, labels);
        maximise(&mut model, labels, &answered);
        model.rounds += 1;
        let bound = evidence_lower_bound(&model, labels, &answered) / labels.len() as f64;
        if bound - before < config.tolerance {
            break;
        }
        before = bound;
    }
    Ok(model)
}

fn answered_images(labels: &[ReaderLabel], images: usize) -> Vec<bool> {
    let mut answered = vec![false; images];
    for label in labels {
        answered[label.image as usize] = true;
    }
    answered
}

fn vote_shares(labels: &[ReaderLabel], images: usize, class_count: usize) -> Vec<f64> {
    let mut votes = vec![0.0; images * class_count];
    for label in labels {
        votes[label.image as usize * class_count + usize::from(label.class)] += 1.0;
    }
    for row in votes.chunks_mut(class_count.max(1)) {
        normalise(row);
    }
    votes
}

/// Class probabilities from the skills.
fn expect(model: &mut DawidSkene, labels: &[ReaderLabel]) {
    let class_count = model.class_count;
    let ln_skills: Vec<f64> = model.skills.iter().map(|skill| skill.ln()).collect();
    let ln_shares: Vec<f64> = model
        .shares
        .iter()
        .map(|share| share.max(FLOOR).ln())
        .collect();
    for row in model.classes.chunks_mut(class_count.max(1)) {
        row.copy_from_slice(&ln_shares);
    }
    for label in labels {
        for truth in 0..class_count {
            model.classes[label.image as usize * class_count + truth] +=
                ln_skills[skill_index(*label, truth, class_count)];
        }
    }
    for row in model.classes.chunks_mut(class_count.max(1)) {
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for value in row.iter_mut() {
            *value = (*value - largest).exp();
        }
        normalise(row);
    }
}

/// Skills and class shares from the class probabilities.
fn maximise(model: &mut DawidSkene, labels: &[ReaderLabel], answered: &[bool]) {
    let class_count = model.class_count;
    model.skills.fill(0.0);
    for label in labels {
        for truth in 0..class_count {
            model.skills[skill_index(*label, truth, class_count)] +=
                model.classes[label.image as usize * class_count + truth];
        }
    }
    for row in model.skills.chunks_mut(class_count.max(1)) {
        for value in row.iter_mut() {
            *value = value.max(FLOOR);
        }
        normalise(row);
    }
    let mut shares = vec![0.0; class_count];
    for row in answered_rows(model, answered) {
        for (share, p) in shares.iter_mut().zip(row) {
            *share += p;
        }
    }
    normalise(&mut shares);
    model.shares = shares;
}

/// What the fit maximises: expected log-likelihood plus the entropy of the class probabilities.
fn evidence_lower_bound(model: &DawidSkene, labels: &[ReaderLabel], answered: &[bool]) -> f64 {
    let class_count = model.class_count;
    let answers: f64 = labels
        .iter()
        .map(|label| {
            (0..class_count)
                .map(|truth| {
                    model.classes[label.image as usize * class_count + truth]
                        * model.skills[skill_index(*label, truth, class_count)].ln()
                })
                .sum::<f64>()
        })
        .sum();
    let images: f64 = answered_rows(model, answered)
        .flat_map(|row| row.iter().zip(&model.shares))
        .map(|(&p, &share)| p * (share.max(FLOOR).ln() - p.max(FLOOR).ln()))
        .sum();
    answers + images
}

/// The class probabilities of the images that have answers.
fn answered_rows<'a>(
    model: &'a DawidSkene,
    answered: &'a [bool],
) -> impl Iterator<Item = &'a [f64]> {
    model
        .classes
        .chunks(model.class_count.max(1))
        .zip(answered)
        .filter(|&(_, &answered)| answered)
        .map(|(row, _)| row)
}

fn skill_index(label: ReaderLabel, truth: usize, class_count: usize) -> usize {
    (label.reader as usize * class_count + truth) * class_count + usize::from(label.class)
}

/// Scales to sum 1; a row of zeros becomes equal parts.
fn normalise(row: &mut [f64]) {
    let sum: f64 = row.iter().sum();
    let equal = 1.0 / row.len() as f64;
    for value in row.iter_mut() {
        *value = if sum > 0.0 { *value / sum } else { equal };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Two good readers are outvoted by three who guess; the model must see who is good.
    #[test]
    fn skill_beats_numbers() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let skills = [0.95, 0.93, 0.4, 0.38, 0.36];
        let mut truths = Vec::new();
        let mut labels = Vec::new();
        for image in 0..600_u32 {
            let truth = rng.random_range(0..3_u16);
            truths.push(truth);
            for (reader, &skill) in (0_u32..).zip(&skills) {
                let class = if rng.random_bool(skill) {
                    truth
                } else {
                    (truth + rng.random_range(1..3_u16)) % 3
                };
                labels.push(ReaderLabel {
                    image,
                    reader,
                    class,
                });
            }
        }
        let right = |classes: &[f64]| {
            classes
                .chunks(3)
                .zip(&truths)
                .filter(|(row, truth)| {
                    let best = (0..3).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap();
                    best == usize::from(**truth)
                })
                .count()
        };
        let votes = right(&vote_shares(&labels, 600, 3));
        let model = dawid_skene(&labels, 3, &DawidSkeneConfig::default()).unwrap();
        let fitted = right(&model.classes);
        assert!(fitted > votes + 40, "{fitted} against {votes}");
        assert!(model.skills[0] > 0.85, "{}", model.skills[0]);
    }

    #[test]
    fn no_answers_is_an_empty_model() {
        let model = dawid_skene(&[], 3, &DawidSkeneConfig::default()).unwrap();
        assert!(model.classes.is_empty() && model.rounds == 0);
        let label = ReaderLabel {
            image: 0,
            reader: 0,
            class: 3,
        };
        assert!(dawid_skene(&[label], 3, &DawidSkeneConfig::default()).is_err());
    }
}
