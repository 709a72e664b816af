//! Settings that people may change at any time.

use super::Project;
use super::live::Live;
use crate::WorkflowError;
use crate::auto_label::next_attempt;
use crate::project::{LOCAL_READER, now, to_the_end};
use crate::view::{CostModel, ProjectView, Settings};
use autolabel_annotation::{Answer, Label, LabelSchema, Task};
use autolabel_quality::ThresholdConfig;
use autolabel_selection::{BatchConfig, StopConfig};
use autolabel_store::Event;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Chance of a false certificate over all audits of a project.
pub(crate) const ALPHA: f64 = 0.05;

/// Images a batch where nobody chose.
const USUAL_BATCH: u32 = 50;

/// Settings to change; what is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SettingsPatch {
    /// Shown in the title bar.
    pub name: Option<String>,
    /// Task and classes. Classes may be renamed and added; one that was used cannot be removed, and the
    /// task cannot change once something is labeled.
    pub schema: Option<LabelSchema>,
    /// Largest share of wrong auto-labels that is acceptable.
    pub target_error: Option<f64>,
    /// Share of the images that people are willing to label.
    pub budget_share: Option<f64>,
    /// Images a batch.
    pub batch_size: Option<u32>,
    /// Name of the acquisition function.
    pub strategy: Option<String>,
    /// Three-letter currency code.
    pub currency: Option<String>,
    /// What work costs.
    pub cost: Option<CostModel>,
}

impl Project {
    /// Changes settings. They hold from the next batch, training and audit on.
    ///
    /// # Errors
    /// A value outside its range, an unknown acquisition function, a class that was used and is
    /// missing now.
    pub async fn settings(&self, patch: SettingsPatch) -> Result<ProjectView, WorkflowError> {
        let project = self.clone();
        to_the_end(async move {
            let _writing = project.inner().writing.lock().await;
            let settings = patched(&project.live(), patch)?;
            project.save_settings(settings).await?;
            Ok(project.project_view())
        })
        .await
    }

    /// Writes settings down; the caller holds `writing`.
    pub(crate) async fn save_settings(&self, settings: Settings) -> Result<(), WorkflowError> {
        let value = serde_json::to_value(&settings).map_err(WorkflowError::Json)?;
        let event = Event::SettingsChanged { settings: value };
        self.append(&[now(LOCAL_READER, event, None)]).await?;
        self.live_mut().settings = settings;
        self.tell_project();
        Ok(())
    }
}

/// Settings of a new project.
pub(crate) fn usual_settings(name: String, schema: LabelSchema) -> Settings {
    Settings {
        name,
        cost: usual_cost(schema.task),
        schema,
        target_error: 0.05,
        budget_share: 0.15,
        batch_size: USUAL_BATCH,
        strategy: "auto".to_owned(),
        currency: "EUR".to_owned(),
    }
}

/// What people's time costs until it is measured. A box takes 7.4 s (Open Images V4), an outline in a
/// medical image 2 to 5 minutes; a drawing is checked by a look at it.
fn usual_cost(task: Task) -> CostModel {
    let (seconds_per_label, seconds_per_audit) = match task {
        Task::Classification | Task::Findings | Task::Grades => (8.0, 4.0),
        Task::Detection => (60.0, 8.0),
        Task::SemanticSegmentation => (150.0, 8.0),
        Task::InstanceSegmentation => (300.0, 12.0),
    };
    CostModel {
        money_per_hour: 120.0,
        seconds_per_label,
        seconds_per_audit,
    }
}

/// Times that nobody chose, for another task.
pub(crate) fn cost_for(old: &Settings, task: Task) -> CostModel {
    if old.cost == usual_cost(old.schema.task) {
        usual_cost(task)
    } else {
        old.cost
    }
}

/// A schema without classes: people are asked for them.
pub(crate) fn no_classes() -> LabelSchema {
    LabelSchema {
        task: Task::Classification,
        classes: Vec::new(),
    }
}

/// The batch that suits a pool, where nobody chose another one: one image in 150, at least 10 and
/// at most 50.
pub(crate) fn suited_batch(settings: &Settings, images: usize) -> u32 {
    if settings.batch_size == USUAL_BATCH {
        u32::try_from(images / 150)
            .unwrap_or(USUAL_BATCH)
            .clamp(10, USUAL_BATCH)
    } else {
        settings.batch_size
    }
}

/// How batches are made up.
pub(crate) fn batch_config(settings: &Settings) -> BatchConfig {
    BatchConfig {
        strategy: settings.strategy.clone(),
        size: settings.batch_size as usize,
        ..BatchConfig::default()
    }
}

/// Most labels that people are willing to give, of this many images.
pub(crate) fn budget_labels(settings: &Settings, images: usize) -> usize {
    (settings.budget_share * images as f64).round() as usize
}

/// When to stop, given the images of the project and the seconds of a label.
pub(crate) fn stop_config(
    settings: &Settings,
    images: usize,
    seconds_per_label: f64,
) -> StopConfig {
    StopConfig {
        batch_size: settings.batch_size as usize,
        budget_labels: budget_labels(settings, images),
        seconds_per_label,
        money_per_hour: settings.cost.money_per_hour,
        ..StopConfig::default()
    }
}

/// What auto-labels have to reach, at the level of the audit that would follow.
pub(crate) fn threshold_config(live: &Live) -> ThresholdConfig {
    ThresholdConfig {
        target_error: live.settings.target_error,
        alpha: autolabel_quality::attempt_alpha(ALPHA, next_attempt(live)),
        label_cost: super::label_seconds(live),
        audit_cost: super::audit_seconds(live),
        ..ThresholdConfig::default()
    }
}

fn patched(live: &Live, patch: SettingsPatch) -> Result<Settings, WorkflowError> {
    let old = &live.settings;
    let schema = patch.schema.unwrap_or_else(|| old.schema.clone());
    let settings = Settings {
        name: patch.name.unwrap_or_else(|| old.name.clone()),
        cost: patch.cost.unwrap_or_else(|| cost_for(old, schema.task)),
        schema,
        target_error: patch.target_error.unwrap_or(old.target_error),
        budget_share: patch.budget_share.unwrap_or(old.budget_share),
        batch_size: patch.batch_size.unwrap_or(old.batch_size),
        strategy: patch.strategy.unwrap_or_else(|| old.strategy.clone()),
        currency: patch.currency.unwrap_or_else(|| old.currency.clone()),
    };
    validate(&settings)?;
    if settings.schema.task != old.schema.task && has_labels(live) {
        return Err(WorkflowError::Setting {
            name: "the kind of labels",
            problem: format!(
                "images were labeled with {}, so it stays; start a new project for the other kind",
                old.schema.task.in_words()
            ),
        });
    }
    let used = used_classes(live);
    if settings.schema.classes.len() < used {
        let last = old.schema.classes.get(used - 1);
        return Err(WorkflowError::Setting {
            name: "the class list",
            problem: format!(
                "images were labeled '{}', so it cannot be removed; rename it, or add classes behind it",
                last.map_or("?", |class| class.name.as_str())
            ),
        });
    }
    Ok(settings)
}

/// How many classes, from the first on, must stay because labels or models use them. What drawings name
/// is not in memory, so that with drawings all must stay.
fn used_classes(live: &Live) -> usize {
    let schema = &live.settings.schema;
    if schema.task.is_drawn() && has_labels(live) {
        return schema.classes.len();
    }
    let labels = live.index.labels.iter();
    let said = labels.flat_map(|l| [l.answer.and_then(Answer::label), l.auto_label]);
    said.flatten()
        .flat_map(Label::named)
        .map(|class| class.index() + 1)
        .max()
        .unwrap_or(0)
}

fn has_labels(live: &Live) -> bool {
    let mut labels = live.index.labels.iter();
    labels.any(|l| l.auto_label.is_some() || l.answer.is_some_and(|a| a.label().is_some()))
}

fn validate(settings: &Settings) -> Result<(), WorkflowError> {
    settings.schema.validate()?;
    let setting = |name, problem: String| Err(WorkflowError::Setting { name, problem });
    let share = |value: f64| value > 0.0 && value < 1.0;
    if settings.name.trim().is_empty() {
        return setting("the name", "it is empty".to_owned());
    }
    if !share(settings.target_error) {
        let problem = format!("{} is not between 0 and 1", settings.target_error);
        return setting("the target error", problem);
    }
    if !(settings.budget_share > 0.0 && settings.budget_share <= 1.0) {
        let problem = format!("{} is not above 0 and at most 1", settings.budget_share);
        return setting("the budget", problem);
    }
    if !(1..=1000).contains(&settings.batch_size) {
        let problem = format!("{} is not between 1 and 1000", settings.batch_size);
        return setting("the batch size", problem);
    }
    match autolabel_selection::acquisition(&settings.strategy) {
        None => {
            return Err(autolabel_selection::SelectionError::UnknownStrategy {
                name: settings.strategy.clone(),
                known: autolabel_selection::acquisition_names().join(", "),
            }
            .into());
        }
        Some(chosen) if settings.schema.task == Task::Findings && !chosen.suits_findings() => {
            let name = chosen.name();
            return Err(autolabel_selection::SelectionError::OneClassOnly { name }.into());
        }
        Some(_) => {}
    }
    let cost = &settings.cost;
    let costs = [
        cost.money_per_hour,
        cost.seconds_per_label,
        cost.seconds_per_audit,
    ];
    if costs.iter().any(|c| !c.is_finite() || *c < 0.0) {
        return setting("the cost", "every number must be 0 or more".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        let schema = LabelSchema::classification(["a", "b"]).unwrap();
        usual_settings("x".into(), schema)
    }

    #[test]
    fn usual_settings_are_valid() {
        validate(&settings()).unwrap();
    }

    #[test]
    fn values_outside_their_range_are_refused_in_a_sentence() {
        let sentence = |change: &dyn Fn(&mut Settings)| {
            let mut wrong = settings();
            change(&mut wrong);
            validate(&wrong).unwrap_err().to_string()
        };
        let named = |sentence: String, what: &str| assert!(sentence.contains(what), "{sentence}");
        named(sentence(&|s| s.target_error = 0.0), "target error");
        named(sentence(&|s| s.budget_share = 1.5), "budget");
        named(sentence(&|s| s.batch_size = 0), "batch size");
        named(sentence(&|s| s.strategy = "magic".into()), "'magic'");
        named(sentence(&|s| s.cost.money_per_hour = f64::NAN), "cost");
        named(
            sentence(&|s| {
                s.schema.task = Task::Findings;
                s.strategy = "batch_bald".into();
            }),
            "one class an image",
        );
        named(
            sentence(&|s| s.schema.classes[1].name = "a".into()),
            "used twice",
        );
    }

    #[test]
    fn the_batch_suits_the_pool_unless_somebody_chose_it() {
        let mut settings = settings();
        assert_eq!(suited_batch(&settings, 600), 10);
        assert_eq!(suited_batch(&settings, 3_000), 20);
        assert_eq!(suited_batch(&settings, 1_000_000), 50);
        settings.batch_size = 7;
        assert_eq!(suited_batch(&settings, 600), 7);
    }
}
