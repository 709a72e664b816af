//! A trained model → what people see of it: per-class table, reliability, hash.

use crate::WorkflowError;
use crate::project::live::BackboneFacts;
use crate::representation;
use crate::round::{Labeled, RoundModel, Validation};
use crate::view::{ClassRow, CurvePoint, Estimate, ModelView, ReliabilityBin};
use autolabel_annotation::{ClassId, ImageTask, Label, LabelOrigin};
use autolabel_heads::GpConfig;
use autolabel_quality::{Proportion, ValidationItem, wilson_95};

/// Bars of the reliability diagram.
const BINS: usize = 10;

/// What a model is described from.
pub(crate) struct Described<'a> {
    pub version: u32,
    pub model: &'a RoundModel,
    pub point: CurvePoint,
    /// Labels it was trained on, one entry an image.
    pub labels: &'a [Option<Labeled>],
    pub class_count: usize,
    pub backbone: Option<&'a BackboneFacts>,
    pub gp: &'a GpConfig,
}

/// Describes a model that was trained just now.
pub(crate) fn model_view(described: &Described<'_>) -> Result<ModelView, WorkflowError> {
    let model = described.model;
    let items: Vec<ValidationItem> = model.validation.iter().map(Validation::item).collect();
    let (reliability, calibration_error) = reliability(&items)?;
    Ok(ModelView {
        version: described.version,
        trained_at_ms: crate::project::now_ms(),
        labels: described.point.labels,
        head: head(model, described.backbone),
        hash: hash(described)?,
        point: described.point,
        temperature: model.temperature,
        classes: class_rows(described),
        calibration_error,
        reliability,
    })
}

/// The bars of the reliability diagram on the random part, and the expected calibration error.
pub(crate) fn reliability(
    random: &[ValidationItem],
) -> Result<(Vec<ReliabilityBin>, Option<f64>), WorkflowError> {
    let bins = autolabel_quality::reliability(random, BINS)?;
    let error = autolabel_quality::expected_calibration_error(&bins);
    let bars = bins.into_iter().map(|bin| ReliabilityBin {
        confidence: bin.confidence,
        accuracy: bin.accuracy,
        count: bin.count,
    });
    Ok((bars.collect(), error))
}

/// The classifier and what it reads, in words.
fn head(model: &RoundModel, backbone: Option<&BackboneFacts>) -> String {
    let gp = model.classifier.first();
    let scale = gp.scale();
    let kind = match gp.inducing_count() {
        Some(points) => format!("sparse, {points} inducing points"),
        None => "exact".to_owned(),
    };
    let beside = match model.classifier.task() {
        ImageTask::Grades => {
            "Ordinal Gaussian process regression (cumulative probit) says the grade. Beside it for choosing and for heat: "
        }
        ImageTask::Classification | ImageTask::Findings => "",
    };
    let each = match model.classifier.task() {
        ImageTask::Classification | ImageTask::Grades => String::new(),
        ImageTask::Findings => format!(" for each of {} findings", model.classifier.column_count()),
    };
    let classifier = format!(
        "{beside}Dirichlet Gaussian process ({kind}){each}, kernel {}, variance {:.2}, length scale {:.2}",
        gp.kernel(),
        scale.variance,
        scale.lengthscale
    );
    match (&model.representation, backbone) {
        (Some(chosen), Some(facts)) => {
            let crops = facts.views().crops;
            let features = representation::in_words(chosen, &crops, &facts.outputs);
            format!("{classifier}. {features}")
        }
        _ => classifier,
    }
}

/// BLAKE3 of the backbone's id, the classifier's settings and every training label: the same hash is
/// the same model.
fn hash(described: &Described<'_>) -> Result<String, WorkflowError> {
    let mut hasher = blake3::Hasher::new();
    let backbone = described.backbone.map_or("", |facts| facts.id.as_str());
    hasher.update(backbone.as_bytes());
    let chosen = &described.model.representation;
    hasher.update(&serde_json::to_vec(chosen).map_err(WorkflowError::Json)?);
    hasher.update(&serde_json::to_vec(described.gp).map_err(WorkflowError::Json)?);
    hasher.update(&described.model.temperature.to_le_bytes());
    for (row, label) in (0_u32..).zip(described.labels) {
        match label.and_then(|l| l.answer.label()) {
            Some(Label::Class(class)) => {
                hasher.update(&row.to_le_bytes());
                hasher.update(&class.0.to_le_bytes());
            }
            Some(Label::Findings(present)) => {
                hasher.update(&row.to_le_bytes());
                hasher.update(&present.bits().to_le_bytes());
            }
            Some(Label::Drawn { drawing }) => {
                hasher.update(&row.to_le_bytes());
                hasher.update(&drawing.0.to_le_bytes());
            }
            None => {}
        }
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// Sensitivity and precision come from the random part alone. An unreadable image counts against the
/// precision of the class it was predicted as.
fn class_rows(described: &Described<'_>) -> Vec<ClassRow> {
    let model = described.model;
    let mut rows: Vec<ClassRow> = (0..described.class_count)
        .filter_map(|class| u16::try_from(class).ok())
        .map(|class| class_row(model, ClassId(class)))
        .collect();
    for label in described.labels.iter().flatten() {
        for class in label.answer.label().into_iter().flat_map(Label::named) {
            if let Some(row) = rows.get_mut(class.index()) {
                row.labels += 1;
                row.random_labels += u64::from(label.origin == LabelOrigin::Random);
            }
        }
    }
    for (position, &row) in model.pool.rows.iter().enumerate() {
        let is_labeled = described
            .labels
            .get(row as usize)
            .is_some_and(Option::is_some);
        if is_labeled {
            continue;
        }
        for class in model.pool.first(position).0.named() {
            if let Some(row) = rows.get_mut(class.index()) {
                row.predicted += 1;
            }
        }
    }
    rows
}

fn class_row(model: &RoundModel, class: ClassId) -> ClassRow {
    let count = |wanted: &dyn Fn(&Validation) -> bool| {
        model.validation.iter().filter(|v| wanted(v)).count() as u64
    };
    let is_there = |v: &Validation| v.truth.is_some_and(|truth| truth.names(class));
    let of_class = count(&is_there);
    let predicted = count(&|v| v.predicted.names(class));
    let right = count(&|v| is_there(v) && v.predicted.names(class));
    ClassRow {
        class,
        labels: 0,
        random_labels: 0,
        sensitivity: wilson_95(right, of_class).map(estimate),
        precision: wilson_95(right, predicted).map(estimate),
        predicted: 0,
    }
}

fn estimate(proportion: Proportion) -> Estimate {
    Estimate {
        value: proportion.value,
        low: proportion.low,
        high: proportion.high,
    }
}
