//! What can be typed about the people in a simulation.

use anyhow::{Context, bail, ensure};
use autolabel_workflow::simulate::{
    Mistakes, PeopleConfig, ReaderConfig, ReadersPerImage, SimulateConfig,
};
use clap::ValueEnum;

/// Probability of the consensus from which nobody else is asked.
const CONFIDENCE: f64 = 0.95;

/// Who answers, and what their time costs.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "People")]
pub struct PeopleArguments {
    /// How many readers there are, 1 to 6; without it one, or one for each value of --skill.
    #[arg(long, value_name = "N")]
    readers: Option<usize>,

    /// Share of right answers, one value for all readers or one each: 0.95,0.9,0.9.
    #[arg(long, value_name = "SHARE", value_delimiter = ',', default_values_t = [1.0])]
    skill: Vec<f64>,

    /// Which class a wrong answer names.
    #[arg(long, value_enum, default_value_t = MistakesArgument::Uniform)]
    mistakes: MistakesArgument,

    /// How many readers answer for an image: a number, or adaptive to ask another one only while the
    /// consensus is not sure enough; without it all.
    #[arg(long, value_name = "N|adaptive")]
    readers_per_image: Option<String>,

    /// With adaptive: probability of the consensus from which nobody else is asked [default: 0.95].
    #[arg(long, value_name = "SHARE")]
    consensus_confidence: Option<f64>,

    /// With adaptive: readers that are asked in any case [default: 1].
    #[arg(long, value_name = "N")]
    first_readers: Option<usize>,

    /// Seconds an answer takes, one value for all readers or one each.
    #[arg(long, value_name = "SECONDS", value_delimiter = ',', default_values_t = [8.0])]
    seconds_per_label: Vec<f64>,

    /// How much the seconds of an answer vary, as a share of their mean (standard deviation).
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    seconds_spread: f64,

    /// Seconds an audit check takes.
    #[arg(long, value_name = "SECONDS", default_value_t = 4.0)]
    seconds_per_audit: f64,

    /// Money that an hour of a reader costs.
    #[arg(long, value_name = "MONEY", default_value_t = 120.0)]
    cost_per_hour: f64,
}

/// Where mistakes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MistakesArgument {
    /// Any other class, each as likely.
    Uniform,
    /// The class of the most similar image of another class, so that readers make the same mistakes.
    LookAlike,
}

impl PeopleArguments {
    /// Sets people and costs.
    pub fn apply(&self, config: &mut SimulateConfig) -> anyhow::Result<()> {
        let named = self.skill.len().max(self.seconds_per_label.len());
        let readers = self.readers.unwrap_or(named);
        let skills = one_each("--skill", &self.skill, readers)?;
        let seconds = one_each("--seconds-per-label", &self.seconds_per_label, readers)?;
        config.people = PeopleConfig {
            readers: skills
                .into_iter()
                .zip(seconds)
                .map(|(skill, seconds)| ReaderConfig {
                    skill,
                    seconds_per_label: Some(seconds),
                })
                .collect(),
            mistakes: match self.mistakes {
                MistakesArgument::Uniform => Mistakes::Uniform,
                MistakesArgument::LookAlike => Mistakes::LookAlike,
            },
            per_image: self.per_image(readers)?,
            seconds_spread: self.seconds_spread,
        };
        config.cost.seconds_per_audit = self.seconds_per_audit;
        config.cost.money_per_hour = self.cost_per_hour;
        Ok(())
    }

    fn per_image(&self, readers: usize) -> anyhow::Result<ReadersPerImage> {
        if self.readers_per_image.as_deref() == Some("adaptive") {
            return Ok(ReadersPerImage::Adaptive {
                first: self.first_readers.unwrap_or(1),
                confidence: self.consensus_confidence.unwrap_or(CONFIDENCE),
            });
        }
        if self.first_readers.is_some() || self.consensus_confidence.is_some() {
            bail!(
                "--first-readers and --consensus-confidence belong to --readers-per-image adaptive; add it or leave them out"
            );
        }
        let readers = match &self.readers_per_image {
            None => readers,
            Some(number) => number.parse().with_context(|| {
                format!("--readers-per-image takes a number or adaptive, not {number:?}")
            })?,
        };
        Ok(ReadersPerImage::Fixed { readers })
    }
}

/// One value for each reader.
fn one_each(option: &str, values: &[f64], readers: usize) -> anyhow::Result<Vec<f64>> {
    if let [value] = values {
        return Ok(vec![*value; readers]);
    }
    ensure!(
        values.len() == readers,
        "{option} names {} readers and there are {readers}; give one value for all or one for each",
        values.len()
    );
    Ok(values.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        people: PeopleArguments,
    }

    fn config(words: &[&str]) -> anyhow::Result<SimulateConfig> {
        let line = Line::try_parse_from(std::iter::once(&"simulate").chain(words))?;
        let mut config = SimulateConfig::default();
        line.people.apply(&mut config)?;
        Ok(config)
    }

    #[test]
    fn nothing_typed_is_one_reader_who_is_right_at_the_usual_cost() {
        let (typed, usual) = (config(&[]).unwrap(), SimulateConfig::default());
        assert_eq!(typed.cost, usual.cost);
        assert_eq!(typed.people.readers.len(), 1);
        assert_eq!(typed.people.readers[0].skill, 1.0);
        assert_eq!(typed.people.readers[0].seconds_per_label, Some(8.0));
        assert_eq!(typed.people.per_image, usual.people.per_image);
    }

    #[test]
    fn each_reader_may_have_a_skill_and_a_pace() {
        let people = config(&["--skill", "0.9,0.8", "--seconds-per-label", "6"])
            .unwrap()
            .people;
        let skills: Vec<f64> = people.readers.iter().map(|r| r.skill).collect();
        assert_eq!(skills, [0.9, 0.8]);
        assert_eq!(people.readers[1].seconds_per_label, Some(6.0));
        assert_eq!(people.per_image, ReadersPerImage::Fixed { readers: 2 });
    }

    #[test]
    fn adaptive_reading_has_its_own_options() {
        let people = config(&["--readers", "3", "--readers-per-image", "adaptive"])
            .unwrap()
            .people;
        let adaptive = ReadersPerImage::Adaptive {
            first: 1,
            confidence: CONFIDENCE,
        };
        assert_eq!(people.per_image, adaptive);
        for words in [
            ["--first-readers", "2"],
            ["--consensus-confidence", "0.9"],
            ["--readers-per-image", "many"],
        ] {
            assert!(config(&words).is_err(), "{words:?}");
        }
        let uneven = config(&["--readers", "3", "--skill", "0.9,0.8"]).unwrap_err();
        assert!(uneven.to_string().contains("one for each"), "{uneven}");
    }
}
