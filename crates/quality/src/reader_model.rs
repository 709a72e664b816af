//! What a few readers' answers about one image are worth, so that a further reader is asked only
//! where that pays.
//!
//! Dawid and Skene's model needs many answers a reader to learn a full table of mistakes. Here a
//! reader `a` has one number, the probability `s_a` of being right, and all readers share one table
//! `m[c][l]` of the classes that mistakes go to. For the answers `l_a` to one image
//!
//! ```text
//! P(c | answers) ~ prior(c) * prod_a (s_a if l_a = c, else (1 - s_a) m[c][l_a])
//! ```
//!
//! where the prior is what a classifier said before anyone answered (Raykar et al. 2010, "Learning
//! from crowds"). Skills and table are fitted by expectation maximisation to all answers so far, with a
//! Beta and a Dirichlet prior, so that a new reader is neither trusted blindly nor distrusted. Asking
//! until the posterior is sure enough is Welinder and Perona's rule (2010). Readers are taken to err
//! independently of each other.

use crate::dawid_skene::ReaderLabel;
use crate::error::{QualityError, known_class};

/// Share of the classifier's word in the prior; the rest is spread over all classes, so that its
/// certainty alone outweighs one reader but never two.
const CLASSIFIER_TRUST: f64 = 0.9;

/// What is assumed before answers are in, and when the fit is done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReaderModelConfig {
    /// Expected probability of a reader being right.
    pub skill: f64,
    /// How many answers that expectation is worth.
    pub skill_weight: f64,
    /// Most rounds.
    pub rounds: usize,
    /// Change of every skill below which the fit is done.
    pub tolerance: f64,
}

impl Default for ReaderModelConfig {
    fn default() -> Self {
        Self {
            skill: 0.9,
            skill_weight: 10.0,
            rounds: 50,
            tolerance: 1e-6,
        }
    }
}

/// What is known about the readers.
#[derive(Debug, Clone, PartialEq)]
pub struct ReaderModel {
    /// Classes.
    pub class_count: usize,
    /// Each reader's probability of being right.
    pub skills: Vec<f64>,
    /// Where mistakes go, classes x classes, row = truth; each row adds up to 1, the diagonal is 0.
    pub mistakes: Vec<f64>,
}

impl ReaderModel {
    /// What is assumed of `readers` readers before any answer.
    #[must_use]
    pub fn unknown(readers: usize, class_count: usize, config: &ReaderModelConfig) -> Self {
        let other = 1.0 / class_count.saturating_sub(1).max(1) as f64;
        let mistakes = (0..class_count * class_count)
            .map(|cell| {
                if cell / class_count == cell % class_count {
                    0.0
                } else {
                    other
                }
            })
            .collect();
        Self {
            class_count,
            skills: vec![config.skill; readers],
            mistakes,
        }
    }

    /// Probability of each class given what the classifier said beforehand and what readers answered,
    /// as pairs of reader and class. Without a classifier give equal probabilities.
    #[must_use]
    pub fn posterior(&self, classifier: &[f64], answers: &[(u32, u16)]) -> Vec<f64> {
        let equal = 1.0 / self.class_count as f64;
        let mut posterior: Vec<f64> = classifier
            .iter()
            .map(|p| CLASSIFIER_TRUST * p + (1.0 - CLASSIFIER_TRUST) * equal)
            .collect();
        for &(reader, said) in answers {
            for (class, p) in posterior.iter_mut().enumerate() {
                *p *= self.says(reader, class, usize::from(said));
            }
            normalise(&mut posterior);
        }
        posterior
    }

    fn says(&self, reader: u32, truth: usize, said: usize) -> f64 {
        let skill = self.skills[reader as usize];
        if truth == said {
            skill
        } else {
            (1.0 - skill) * self.mistakes[truth * self.class_count + said]
        }
    }
}

/// Fits skills and the table of mistakes to all answers. `classifier` has one row of `class_count`
/// probabilities an image; images are numbered from 0 as in `answers`.
///
/// # Errors
/// A class beyond `class_count`, or a classifier's row missing for an image.
pub fn fit_readers(
    answers: &[ReaderLabel],
    classifier: &[f64],
    readers: usize,
    class_count: usize,
    config: &ReaderModelConfig,
) -> Result<ReaderModel, QualityError> {
    check(answers, classifier, class_count)?;
    let mut images: Vec<Vec<(u32, u16)>> = vec![Vec::new(); classifier.len() / class_count.max(1)];
    for answer in answers {
        images[answer.image as usize].push((answer.reader, answer.class));
    }
    let mut model = ReaderModel::unknown(readers, class_count, config);
    for _ in 0..config.rounds {
        let next = improved(&model, &images, classifier, config);
        let moved = model
            .skills
            .iter()
            .zip(&next.skills)
            .any(|(before, now)| (before - now).abs() > config.tolerance);
        model = next;
        if !moved {
            break;
        }
    }
    Ok(model)
}

fn check(
    answers: &[ReaderLabel],
    classifier: &[f64],
    class_count: usize,
) -> Result<(), QualityError> {
    for answer in answers {
        known_class(usize::from(answer.class), class_count)?;
        let needed = (answer.image as usize + 1) * class_count;
        if classifier.len() < needed {
            return Err(QualityError::LengthsDiffer {
                left: "the classifier",
                left_len: classifier.len(),
                right: "the images times the classes",
                right_len: needed,
            });
        }
    }
    Ok(())
}

/// One round: class probabilities from the skills, then skills and mistakes from those.
fn improved(
    model: &ReaderModel,
    images: &[Vec<(u32, u16)>],
    classifier: &[f64],
    config: &ReaderModelConfig,
) -> ReaderModel {
    let classes = model.class_count;
    let mut right = vec![config.skill * config.skill_weight; model.skills.len()];
    let mut all = vec![config.skill_weight; model.skills.len()];
    // One mistake of each kind is assumed, so that none is ever impossible.
    let mut mistakes: Vec<f64> = model
        .mistakes
        .iter()
        .map(|share| f64::from(u8::from(*share > 0.0)))
        .collect();
    for (answers, prior) in images.iter().zip(classifier.chunks(classes)) {
        let posterior = model.posterior(prior, answers);
        for &(reader, said) in answers {
            all[reader as usize] += 1.0;
            right[reader as usize] += posterior[usize::from(said)];
            for (truth, p) in posterior.iter().enumerate() {
                if truth != usize::from(said) {
                    mistakes[truth * classes + usize::from(said)] += p;
                }
            }
        }
    }
    for row in mistakes.chunks_mut(classes) {
        normalise(row);
    }
    ReaderModel {
        class_count: classes,
        skills: right.iter().zip(&all).map(|(r, n)| r / n).collect(),
        mistakes,
    }
}

fn normalise(row: &mut [f64]) {
    let sum: f64 = row.iter().sum();
    if sum > 0.0 {
        for value in row {
            *value /= sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Answers of readers who err to the next class twice as often as to the one after.
    fn answers(skills: &[f64], images: u32) -> (Vec<u16>, Vec<ReaderLabel>) {
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let mut truths = Vec::new();
        let mut labels = Vec::new();
        for image in 0..images {
            let truth = rng.random_range(0..3_u16);
            truths.push(truth);
            for (reader, &skill) in (0_u32..).zip(skills) {
                let class = if rng.random_bool(skill) {
                    truth
                } else {
                    (truth + 1 + u16::from(rng.random_bool(1.0 / 3.0))) % 3
                };
                labels.push(ReaderLabel {
                    image,
                    reader,
                    class,
                });
            }
        }
        (truths, labels)
    }

    #[test]
    fn finds_skills_and_where_mistakes_go() {
        let skills = [0.95, 0.85, 0.7];
        let (_, labels) = answers(&skills, 2_000);
        let equal = vec![1.0 / 3.0; 6_000];
        let model = fit_readers(&labels, &equal, 3, 3, &ReaderModelConfig::default()).unwrap();
        for (found, skill) in model.skills.iter().zip(skills) {
            assert!((found - skill).abs() < 0.03, "{found} for {skill}");
        }
        assert!((model.mistakes[1] - 2.0 / 3.0).abs() < 0.08, "{model:?}");
    }

    /// Of the images whose consensus is stated at about 0.9, about 0.9 must be right.
    #[test]
    fn stated_confidence_is_honest() {
        let (truths, labels) = answers(&[0.9, 0.8, 0.75], 4_000);
        let equal = vec![1.0 / 3.0; 12_000];
        let model = fit_readers(&labels, &equal, 3, 3, &ReaderModelConfig::default()).unwrap();
        let (mut stated, mut right, mut all) = (0.0, 0, 0);
        for (image, truth) in truths.iter().enumerate() {
            let said: Vec<(u32, u16)> = labels[image * 3..][..3]
                .iter()
                .map(|l| (l.reader, l.class))
                .collect();
            let posterior = model.posterior(&[1.0 / 3.0; 3], &said);
            let (class, p) = posterior
                .iter()
                .copied()
                .enumerate()
                .max_by(|a, b| a.1.total_cmp(&b.1))
                .unwrap();
            if (0.6..0.97).contains(&p) {
                stated += p;
                right += u32::from(class == usize::from(*truth));
                all += 1;
            }
        }
        let (stated, right) = (stated / f64::from(all), f64::from(right) / f64::from(all));
        assert!(
            all > 500 && (stated - right).abs() < 0.03,
            "{stated} {right}"
        );
    }

    #[test]
    fn a_sure_classifier_outweighs_one_reader_but_not_two() {
        let model = ReaderModel::unknown(2, 2, &ReaderModelConfig::default());
        let sure = [1.0, 0.0];
        assert!(model.posterior(&sure, &[(0, 1)])[0] > 0.5);
        assert!(model.posterior(&sure, &[(0, 1), (1, 1)])[1] > 0.5);
    }

    #[test]
    fn one_answer_an_image_leaves_the_skill_where_it_was() {
        let (_, labels) = answers(&[0.6], 300);
        let equal = vec![1.0 / 3.0; 900];
        let model = fit_readers(&labels, &equal, 1, 3, &ReaderModelConfig::default()).unwrap();
        assert!((model.skills[0] - 0.9).abs() < 0.01, "{:?}", model.skills);
    }

    #[test]
    fn refuses_what_does_not_belong_together() {
        let label = ReaderLabel {
            image: 1,
            reader: 0,
            class: 1,
        };
        let config = ReaderModelConfig::default();
        assert!(fit_readers(&[label], &[0.5; 2], 1, 2, &config).is_err());
        assert!(fit_readers(&[label], &[1.0; 2], 1, 1, &config).is_err());
    }
}
