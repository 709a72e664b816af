//! Which image to show to a reader next where several readers answer: a new one, or one that is labeled
//! already but perhaps wrongly, in one list. It lives here and not in `selection` because it compares
//! people: its weights are measures of readers.
//!
//! `ActiveLab` (Goh and Mueller, 2023, "ActiveLab: active learning with re-labeling by multiple
//! annotators") on the consensus of CROWDLAB (Goh, Tkachenko and Mueller, 2022). With the model's
//! probabilities `p` over `K` classes, readers `a` with answers `l_a`, and the images that two or more
//! readers answered as the base of all rates:
//!
//! ```text
//! P       mean share of an image's answers that agree with its consensus
//! e       share of images whose consensus is not the most frequent one
//! w_a     max(1 - (1 - agreement of a with the others) / e, 1e-6)
//! w_M     max(1 - (error of the model against the consensus) / e, 1e-6) sqrt(mean answers an image)
//! q_c     (w_M p_c + Σ_a w_a [P where l_a = c, else (1 - P) / (K - 1)]) / (w_M + Σ_a w_a)
//! score   ((w_M + Σ_a w_a) q_consensus + w̄ / K) / (w_M + Σ_a w_a + w̄)
//! ```
//!
//! with `w̄` the mean of `w_a` over readers, and for an image without answers `q_consensus = max p` and no
//! `w_a`. The lowest score is asked next. The consensus is the majority at first, then the class with the
//! highest `q_c` that follows from it, and everything is computed once more. Where no image has two
//! answers, all weights are 1 and `q_consensus` is the probability of the answer. Ties of the majority go
//! to the higher probability, then to the rarer class, then to the earlier; the authors' code asks for the
//! better readers before it draws.
//!
//! The authors fit a temperature to the answers first; here probabilities come calibrated.

use crate::dawid_skene::ReaderLabel;
use crate::error::{QualityError, known_class};

/// Floor of the weights and of `e`.
const FLOOR: f64 = 1e-6;

/// The scores and what they rest on.
#[derive(Debug, Clone, PartialEq)]
pub struct ActiveLab {
    /// Score of every image, 0 to 1; the lowest is asked next.
    pub scores: Vec<f64>,
    /// Consensus of every image's answers; `None` without answers.
    pub consensus: Vec<Option<u16>>,
    /// Probability that the consensus is right; of the first class without answers.
    pub consensus_quality: Vec<f64>,
    /// `w_a` of every reader.
    pub reader_weights: Vec<f64>,
    /// `w_M`.
    pub model_weight: f64,
}

/// Scores `probabilities.len() / class_count` images with their readers' answers, of which an image has
/// none, one or several, at most one a reader. `probabilities` are calibrated, images x classes,
/// row-major. `O(answers x readers of an image + images x classes)`.
///
/// # Errors
/// Probabilities that are no rows of `class_count`, an answer beyond the images or the classes.
pub fn active_lab(
    labels: &[ReaderLabel],
    probabilities: &[f32],
    class_count: usize,
) -> Result<ActiveLab, QualityError> {
    let answers = Answers::of(labels, probabilities, class_count)?;
    let majority = answers.majority();
    let consensus = answers.most_likely(&majority, &answers.weights(&majority));
    let weights = answers.weights(&consensus);
    let mean_weight = mean(weights.readers.iter().copied()).unwrap_or(1.0);
    let equal = 1.0 / class_count as f64;
    let mut quality = Vec::with_capacity(consensus.len());
    let mut scores = Vec::with_capacity(consensus.len());
    for (image, consensus) in consensus.iter().enumerate() {
        let readers = answers.of_image(image).iter();
        let sum: f64 = readers.map(|l| weights.readers[l.reader as usize]).sum();
        let weight = weights.model + sum;
        let right = match *consensus {
            Some(class) => answers.quality(image, class, &weights),
            None => answers
                .row(image)
                .iter()
                .copied()
                .fold(0.0, f32::max)
                .into(),
        };
        quality.push(right);
        scores.push((weight * right + mean_weight * equal) / (weight + mean_weight));
    }
    Ok(ActiveLab {
        scores,
        consensus,
        consensus_quality: quality,
        reader_weights: weights.readers,
        model_weight: weights.model,
    })
}

/// The answers by image, beside the model's probabilities.
struct Answers<'a> {
    /// Sorted by image, then reader.
    labels: Vec<ReaderLabel>,
    /// Where the answers of each image start; one more at the end.
    starts: Vec<usize>,
    readers: usize,
    probabilities: &'a [f32],
    class_count: usize,
}

/// What an answer and the model count for.
struct Weights {
    readers: Vec<f64>,
    model: f64,
    /// `P`; `None` where no image has two answers, and the model alone judges.
    agreement: Option<f64>,
}

impl<'a> Answers<'a> {
    fn of(
        labels: &[ReaderLabel],
        probabilities: &'a [f32],
        class_count: usize,
    ) -> Result<Self, QualityError> {
        if class_count == 0 || !probabilities.len().is_multiple_of(class_count) {
            return Err(QualityError::LengthsDiffer {
                left: "probabilities",
                left_len: probabilities.len(),
                right: "classes",
                right_len: class_count,
            });
        }
        let images = probabilities.len() / class_count;
        let mut labels = labels.to_vec();
        labels.sort_unstable_by_key(|label| (label.image, label.reader));
        for label in &labels {
            known_class(usize::from(label.class), class_count)?;
            if label.image as usize >= images {
                return Err(QualityError::LengthsDiffer {
                    left: "answers",
                    left_len: label.image as usize + 1,
                    right: "probabilities",
                    right_len: images,
                });
            }
        }
        let starts = (0..=images)
            .map(|image| labels.partition_point(|label| (label.image as usize) < image))
            .collect();
        let readers = labels.iter().map(|label| label.reader as usize + 1).max();
        Ok(Self {
            labels,
            starts,
            readers: readers.unwrap_or(0),
            probabilities,
            class_count,
        })
    }

    fn images(&self) -> usize {
        self.starts.len() - 1
    }

    fn of_image(&self, image: usize) -> &[ReaderLabel] {
        &self.labels[self.starts[image]..self.starts[image + 1]]
    }

    fn row(&self, image: usize) -> &[f32] {
        &self.probabilities[image * self.class_count..(image + 1) * self.class_count]
    }

    /// The class of the highest `q_c` of each image that has answers; the majority where two are equal, or
    /// where no image has two answers.
    fn most_likely(&self, majority: &[Option<u16>], weights: &Weights) -> Vec<Option<u16>> {
        let best = |(image, majority): (usize, &Option<u16>)| -> Option<u16> {
            let mut best = (*majority)?;
            if weights.agreement.is_none() {
                return Some(best);
            }
            let mut highest = self.quality(image, best, weights);
            for class in 0..self.class_count as u16 {
                let quality = self.quality(image, class, weights);
                if quality > highest {
                    (best, highest) = (class, quality);
                }
            }
            Some(best)
        };
        majority.iter().enumerate().map(best).collect()
    }

    /// The majority of each image's answers.
    fn majority(&self) -> Vec<Option<u16>> {
        let mut frequency = vec![0_usize; self.class_count];
        for label in &self.labels {
            frequency[usize::from(label.class)] += 1;
        }
        (0..self.images())
            .map(|image| {
                let answers = self.of_image(image);
                let votes = |class: u16| answers.iter().filter(|l| l.class == class).count();
                let p = |class: u16| self.row(image)[usize::from(class)];
                answers.iter().map(|label| label.class).max_by(|&a, &b| {
                    let rarer = frequency[usize::from(b)].cmp(&frequency[usize::from(a)]);
                    let ordered = votes(a).cmp(&votes(b)).then(p(a).total_cmp(&p(b)));
                    ordered.then(rarer).then(b.cmp(&a))
                })
            })
            .collect()
    }

    fn weights(&self, consensus: &[Option<u16>]) -> Weights {
        let shared: Vec<(usize, u16)> = (0..self.images())
            .filter(|&image| self.of_image(image).len() > 1)
            .filter_map(|image| Some((image, consensus[image]?)))
            .collect();
        let agreement = mean(shared.iter().map(|&(image, class)| {
            let answers = self.of_image(image);
            let agreeing = answers.iter().filter(|label| label.class == class).count();
            agreeing as f64 / answers.len() as f64
        }));
        if agreement.is_none() {
            return Weights {
                readers: vec![1.0; self.readers],
                model: 1.0,
                agreement,
            };
        }
        let mut frequency = vec![0_usize; self.class_count];
        for (_, class) in &shared {
            frequency[usize::from(*class)] += 1;
        }
        let most = frequency.iter().copied().max().unwrap_or(0);
        let chance_error = ((shared.len() - most) as f64 / shared.len() as f64).max(FLOOR);
        let relative = |error: f64| (1.0 - error / chance_error).max(FLOOR);
        let wrong = shared
            .iter()
            .filter(|(image, class)| first(self.row(*image)) != usize::from(*class))
            .count();
        let answered = (0..self.images()).filter(|&i| !self.of_image(i).is_empty());
        let mean_answers = self.labels.len() as f64 / answered.count() as f64;
        let readers = self.reader_agreements();
        Weights {
            readers: readers.iter().map(|a| relative(1.0 - a)).collect(),
            model: relative(wrong as f64 / shared.len() as f64) * mean_answers.sqrt(),
            agreement,
        }
    }

    /// Share of the other answers to the same images that each reader agrees with; the mean of the others
    /// for one who shares no image.
    fn reader_agreements(&self) -> Vec<f64> {
        let mut agreeing = vec![0_usize; self.readers];
        let mut others = vec![0_usize; self.readers];
        for image in 0..self.images() {
            let answers = self.of_image(image);
            for label in answers {
                let same = answers.iter().filter(|l| l.class == label.class).count();
                agreeing[label.reader as usize] += same - 1;
                others[label.reader as usize] += answers.len() - 1;
            }
        }
        let share = |(&agreeing, &others): (&usize, &usize)| {
            (others > 0).then(|| agreeing as f64 / others as f64)
        };
        let known: Vec<Option<f64>> = agreeing.iter().zip(&others).map(share).collect();
        let all = mean(known.iter().flatten().copied()).unwrap_or(1.0);
        known.into_iter().map(|k| k.unwrap_or(all)).collect()
    }

    /// `q_c` of an image that has answers.
    fn quality(&self, image: usize, class: u16, weights: &Weights) -> f64 {
        let p = f64::from(self.row(image)[usize::from(class)]);
        let Some(agreement) = weights.agreement else {
            return p;
        };
        let other = (1.0 - agreement) / (self.class_count.max(2) - 1) as f64;
        let mut sum = weights.model * p;
        let mut total = weights.model;
        for label in self.of_image(image) {
            let weight = weights.readers[label.reader as usize];
            sum += weight
                * if label.class == class {
                    agreement
                } else {
                    other
                };
            total += weight;
        }
        sum / total
    }
}

/// Position of the largest number; the first of equal ones.
fn first(row: &[f32]) -> usize {
    (0..row.len())
        .max_by(|&a, &b| row[a].total_cmp(&row[b]).then(b.cmp(&a)))
        .unwrap_or(0)
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0_usize);
    for value in values {
        sum += value;
        count += 1;
    }
    (count > 0).then(|| sum / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(image: u32, reader: u32, class: u16) -> ReaderLabel {
        ReaderLabel {
            image,
            reader,
            class,
        }
    }

    /// Two readers agree on the first three images and disagree on the fourth, the model is sure of all;
    /// the fifth has no answer.
    #[test]
    fn a_disputed_image_comes_before_settled_ones() {
        let labels: Vec<ReaderLabel> = (0..4)
            .flat_map(|image| {
                let class = (image % 2) as u16;
                let other = if image == 3 { 1 - class } else { class };
                [label(image, 0, class), label(image, 1, other)]
            })
            .collect();
        let p = [0.95, 0.05, 0.05, 0.95, 0.95, 0.05, 0.4, 0.6, 0.55, 0.45];
        let found = active_lab(&labels, &p, 2).unwrap();
        assert_eq!(found.consensus, [Some(0), Some(1), Some(0), Some(1), None]);
        for settled in 0..3 {
            assert!(found.scores[3] < found.scores[settled]);
            assert!(found.scores[4] < found.scores[settled]);
        }
    }

    #[test]
    fn single_answers_and_none_are_judged_by_the_model() {
        let found = active_lab(&[label(0, 0, 1)], &[0.7, 0.3, 0.2, 0.8], 2).unwrap();
        assert!((found.scores[0] - (2.0 * 0.3 + 0.5) / 3.0).abs() < 1e-6);
        assert!((found.scores[1] - (0.8 + 0.5) / 2.0).abs() < 1e-6);
        let none = active_lab(&[], &[0.7, 0.3], 2).unwrap();
        assert!((none.scores[0] - 0.6).abs() < 1e-6);
    }

    #[test]
    fn what_does_not_belong_together_is_refused() {
        assert!(active_lab(&[], &[0.7, 0.3], 0).is_err());
        assert!(active_lab(&[], &[0.7, 0.3, 0.1], 2).is_err());
        assert!(active_lab(&[label(0, 0, 2)], &[0.7, 0.3], 2).is_err());
        assert!(active_lab(&[label(1, 0, 0)], &[0.7, 0.3], 2).is_err());
    }
}
