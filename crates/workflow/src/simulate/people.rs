//! Who answers in a simulation, and how many of them are asked about an image.

use super::plan::setting;
use crate::WorkflowError;
use serde::Serialize;

/// Most readers.
const MOST_READERS: usize = 6;

/// Who answers.
#[derive(Debug, Clone, PartialEq)]
pub struct PeopleConfig {
    /// One to six readers.
    pub readers: Vec<ReaderConfig>,
    /// Which class a wrong answer names.
    pub mistakes: Mistakes,
    /// How many readers are asked about an image.
    pub per_image: ReadersPerImage,
    /// Spread of the seconds of one answer as a share of their mean; 0 = always the mean.
    pub seconds_spread: f64,
}

impl Default for PeopleConfig {
    /// One reader who is never wrong.
    fn default() -> Self {
        Self {
            readers: vec![ReaderConfig::default()],
            mistakes: Mistakes::Uniform,
            per_image: ReadersPerImage::Fixed { readers: 1 },
            seconds_spread: 0.0,
        }
    }
}

/// One reader.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReaderConfig {
    /// Probability of a right answer.
    pub skill: f64,
    /// Mean seconds an answer; `None` = those of the cost model.
    pub seconds_per_label: Option<f64>,
}

impl Default for ReaderConfig {
    fn default() -> Self {
        Self {
            skill: 1.0,
            seconds_per_label: None,
        }
    }
}

/// Which class a wrong answer names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mistakes {
    /// Any other class, each as likely.
    Uniform,
    /// The class of the most similar image of another class, so that readers who are wrong about an
    /// image agree with each other.
    LookAlike,
}

/// How many readers are asked about an image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum ReadersPerImage {
    /// Always so many.
    Fixed {
        /// Readers asked.
        readers: usize,
    },
    /// `first` at once, then one after another while the consensus is less sure than `confidence`.
    Adaptive {
        /// Readers asked at once.
        first: usize,
        /// Probability of the consensus from which nobody else is asked.
        confidence: f64,
    },
}

impl PeopleConfig {
    /// Mean seconds an answer over the readers.
    pub(super) fn mean_seconds(&self, otherwise: f64) -> f64 {
        let all: f64 = self
            .readers
            .iter()
            .map(|r| r.seconds_per_label.unwrap_or(otherwise))
            .sum();
        all / self.readers.len().max(1) as f64
    }

    pub(super) fn check(&self) -> Result<(), WorkflowError> {
        let readers = self.readers.len();
        if !(1..=MOST_READERS).contains(&readers) {
            return setting(
                "the readers",
                format!("{readers} is not a number from 1 to {MOST_READERS}"),
            );
        }
        for reader in &self.readers {
            if !(reader.skill > 0.0 && reader.skill <= 1.0) {
                return setting(
                    "the skill",
                    format!("{} is not a share above 0 and at most 1", reader.skill),
                );
            }
            if let Some(seconds) = reader.seconds_per_label
                && !(seconds > 0.0 && seconds.is_finite())
            {
                return setting(
                    "the seconds per label",
                    format!("{seconds} is not a number above 0"),
                );
            }
        }
        if !(0.0..=2.0).contains(&self.seconds_spread) {
            return setting(
                "the spread of the seconds",
                format!("{} is not a share from 0 to 2", self.seconds_spread),
            );
        }
        self.check_per_image(readers)
    }

    fn check_per_image(&self, most: usize) -> Result<(), WorkflowError> {
        let asked = match self.per_image {
            ReadersPerImage::Fixed { readers } => readers,
            ReadersPerImage::Adaptive { first, confidence } => {
                if !(confidence > 0.0 && confidence < 1.0) {
                    return setting(
                        "the confidence of the consensus",
                        format!("{confidence} is not a share between 0 and 1"),
                    );
                }
                first
            }
        };
        if (1..=most).contains(&asked) {
            return Ok(());
        }
        setting(
            "the readers per image",
            format!("{asked} is not a number from 1 to {most}, the number of readers"),
        )
    }
}
