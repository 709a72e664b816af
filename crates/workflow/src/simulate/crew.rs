//! The readers of a plan at work on one replay.
//!
//! A reader is right with a stated probability, independently of the other readers, and a reader's
//! answer to an image follows from seed, image and reader alone: every arm, and every rule for the
//! number of readers, hears the same answers. Consensus is [`autolabel_quality::ReaderModel`]'s, from
//! all answers so far and from what the model said of the image before anyone was asked; it only ever
//! names a class that some reader named.

use super::people::{Mistakes, PeopleConfig, ReadersPerImage};
use super::plan::Plan;
use crate::WorkflowError;
use crate::dataset::Dataset;
use crate::round::Labeled;
use autolabel_annotation::{Answer, ClassId, FindingSet, Label, LabelOrigin};
use autolabel_quality::{ReaderLabel, ReaderModel, ReaderModelConfig};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Streams of one seed that belong to one image: one a reader, and the last for who is asked first.
const STREAMS_AN_IMAGE: u64 = 8;

/// Keeps the readers' luck apart from the loop's, which starts from the same seed.
const READERS_SEED: u64 = 0x5eed_0f00_4ead_e425;

/// An image that people have answered.
struct ReadImage {
    row: u32,
    origin: LabelOrigin,
    /// What the model said before anyone was asked.
    classifier: Vec<f64>,
    /// Reader and label, in the order asked.
    answers: Vec<(u32, Label)>,
    consensus: Label,
    confidence: f64,
}

impl ReadImage {
    /// Reader and class of each answer.
    fn classes(&self) -> impl Iterator<Item = (u32, u16)> {
        let answers = self.answers.iter();
        answers.filter_map(|(reader, label)| Some((*reader, label.class()?.0)))
    }
}

/// What the readers have done so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort {
    /// Images with a label.
    pub(super) images: usize,
    /// Answers, all readers together.
    pub(super) answers: usize,
    /// Seconds of people.
    pub(super) seconds: f64,
    /// Share of the images whose label is right.
    pub(super) consensus_accuracy: f64,
    /// Mean probability of the labels by the readers' model; `None` with one reader an image.
    pub(super) stated_confidence: Option<f64>,
}

/// One reader after a run.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ReaderTally {
    pub(super) answers: usize,
    pub(super) right: usize,
    /// Skill as the readers' model sees it.
    pub(super) estimated_skill: f64,
}

/// The readers at work on one replay.
pub(super) struct Crew<'a> {
    dataset: &'a Dataset,
    people: &'a PeopleConfig,
    per_image: ReadersPerImage,
    mean_seconds: f64,
    seed: u64,
    images: Vec<ReadImage>,
    model: ReaderModel,
    seconds: f64,
}

impl<'a> Crew<'a> {
    pub(super) fn new(
        dataset: &'a Dataset,
        plan: &'a Plan,
        per_image: ReadersPerImage,
        seed: u64,
    ) -> Self {
        let people = &plan.people;
        let classes = dataset.class_names.len();
        let config = ReaderModelConfig::default();
        Self {
            dataset,
            people,
            per_image,
            mean_seconds: plan.cost.seconds_per_label,
            seed,
            images: Vec::new(),
            model: ReaderModel::unknown(people.readers.len(), classes, &config),
            seconds: 0.0,
        }
    }

    /// Asks as many readers about an image as the rule wants. `predicted` is what the model said of it.
    pub(super) fn read(&mut self, row: u32, origin: LabelOrigin, predicted: Option<&[f32]>) {
        let classes = self.dataset.class_names.len();
        let mut image = ReadImage {
            row,
            origin,
            classifier: predicted.map_or_else(
                || vec![1.0 / classes as f64; classes],
                |p| p.iter().map(|p| f64::from(*p)).collect(),
            ),
            answers: Vec::new(),
            consensus: Label::Class(ClassId(0)),
            confidence: 0.0,
        };
        let (at_once, enough) = match self.per_image {
            ReadersPerImage::Fixed { readers } => (readers, 0.0),
            ReadersPerImage::Adaptive { first, confidence } => (first, confidence),
        };
        for reader in self.order(row) {
            if image.answers.len() >= at_once && image.confidence >= enough {
                break;
            }
            let (label, seconds) = self.answer(row, reader);
            image.answers.push((reader, label));
            self.seconds += seconds;
            (image.consensus, image.confidence) = agree(&self.model, &image);
        }
        self.images.push(image);
    }

    /// Learns from all answers who can be trusted, and settles every label anew.
    pub(super) fn settle(&mut self) -> Result<(), WorkflowError> {
        if self.one_reader() {
            return Ok(());
        }
        let mut answers = Vec::new();
        let mut classifier = Vec::new();
        for (number, image) in (0_u32..).zip(&self.images) {
            classifier.extend(&image.classifier);
            answers.extend(image.classes().map(|(reader, class)| ReaderLabel {
                image: number,
                reader,
                class,
            }));
        }
        self.model = autolabel_quality::fit_readers(
            &answers,
            &classifier,
            self.people.readers.len(),
            self.dataset.class_names.len(),
            &ReaderModelConfig::default(),
        )?;
        for image in &mut self.images {
            (image.consensus, image.confidence) = agree(&self.model, image);
        }
        Ok(())
    }

    /// The labels as they now stand.
    pub(super) fn labels(&self) -> impl Iterator<Item = (usize, Labeled)> {
        self.images.iter().map(|image| {
            let label = Labeled {
                answer: Answer::from(image.consensus),
                origin: image.origin,
            };
            (image.row as usize, label)
        })
    }

    pub(super) fn effort(&self) -> Effort {
        let images = self.images.len();
        let share = |sum: f64| sum / images.max(1) as f64;
        let right = |image: &&ReadImage| image.consensus == self.dataset.truth[image.row as usize];
        Effort {
            images,
            answers: self.images.iter().map(|image| image.answers.len()).sum(),
            seconds: self.seconds,
            consensus_accuracy: share(self.images.iter().filter(right).count() as f64),
            stated_confidence: (!self.one_reader())
                .then(|| share(self.images.iter().map(|image| image.confidence).sum())),
        }
    }

    pub(super) fn tallies(&self) -> Vec<ReaderTally> {
        let mut tallies = vec![ReaderTally::default(); self.people.readers.len()];
        for (tally, skill) in tallies.iter_mut().zip(&self.model.skills) {
            tally.estimated_skill = *skill;
        }
        for image in &self.images {
            for &(reader, label) in &image.answers {
                let tally = &mut tallies[reader as usize];
                tally.answers += 1;
                tally.right += usize::from(label == self.dataset.truth[image.row as usize]);
            }
        }
        tallies
    }

    fn one_reader(&self) -> bool {
        self.per_image == ReadersPerImage::Fixed { readers: 1 }
    }

    /// Whom to ask about an image, in which order.
    fn order(&self, row: u32) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.people.readers.len() as u32).collect();
        order.shuffle(&mut self.luck(row, STREAMS_AN_IMAGE - 1));
        order
    }

    fn luck(&self, row: u32, stream: u64) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed ^ READERS_SEED);
        rng.set_stream(u64::from(row) * STREAMS_AN_IMAGE + stream);
        rng
    }

    /// A reader's answer to an image, and the seconds it took.
    fn answer(&self, row: u32, reader: u32) -> (Label, f64) {
        let mut rng = self.luck(row, u64::from(reader));
        let config = &self.people.readers[reader as usize];
        let truth = self.dataset.truth[row as usize];
        let is_right = rng.random::<f64>() < config.skill;
        let count = self.dataset.class_names.len() as u16;
        // Drawn whether it is needed or not, so that the seconds do not depend on the answer.
        let another = match truth {
            Label::Class(class) => {
                let other = rng.random_range(1..count);
                Label::Class(ClassId((class.0 + other) % count))
            }
            // One finding too many, or one too few.
            Label::Findings(present) => {
                let other = 1 << rng.random_range(0..count);
                let set = FindingSet::from_bits(present.bits() ^ other);
                Label::Findings(set.unwrap_or(present))
            }
            // Data sets of this simulation have none.
            Label::Drawn { .. } => truth,
        };
        let label = match self.people.mistakes {
            _ if is_right => truth,
            Mistakes::Uniform => another,
            Mistakes::LookAlike => look_alike(self.dataset, row),
        };
        let mean = config.seconds_per_label.unwrap_or(self.mean_seconds);
        (label, mean * slowness(self.people.seconds_spread, &mut rng))
    }
}

/// The answered class that is most probable, and its probability; of findings the only answer, which
/// holds as it is.
fn agree(model: &ReaderModel, image: &ReadImage) -> (Label, f64) {
    if let Some(&(_, label @ Label::Findings(_))) = image.answers.last() {
        return (label, 1.0);
    }
    let answers: Vec<(u32, u16)> = image.classes().collect();
    let posterior = model.posterior(&image.classifier, &answers);
    let mut answered: Vec<u16> = answers.iter().map(|(_, class)| *class).collect();
    answered.sort_unstable();
    let mut best = (ClassId(0), f64::NEG_INFINITY);
    for class in answered {
        let p = posterior[usize::from(class)];
        if p > best.1 {
            best = (ClassId(class), p);
        }
    }
    (Label::Class(best.0), best.1)
}

/// Log-normal with mean 1 and the given standard deviation.
fn slowness(spread: f64, rng: &mut ChaCha8Rng) -> f64 {
    if spread == 0.0 {
        return 1.0;
    }
    let variance = spread.mul_add(spread, 1.0).ln();
    // Box and Muller: one normal number from two uniform ones.
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    let normal = radius * (std::f64::consts::TAU * rng.random::<f64>()).cos();
    variance.sqrt().mul_add(normal, -variance / 2.0).exp()
}

/// The label of the most similar image with another label.
fn look_alike(dataset: &Dataset, row: u32) -> Label {
    let truth = dataset.truth[row as usize];
    let own = dataset.features.row(row as usize);
    let mut best = (f32::INFINITY, truth);
    for (other, &class) in dataset.truth.iter().enumerate() {
        if class == truth {
            continue;
        }
        let distance: f32 = own
            .iter()
            .zip(dataset.features.row(other))
            .map(|(a, b)| (a - b) * (a - b))
            .sum();
        if distance < best.0 {
            best = (distance, class);
        }
    }
    best.1
}
