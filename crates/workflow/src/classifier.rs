//! The classifier of a project, whatever its task: one head over all classes, or one of two classes,
//! absent and present, for each finding. Grades have a head over all classes too, but the probabilities
//! come from ordinal regression beside it (see `grade_head`).
//!
//! What it says about an image is one row of numbers, a *column* for each class or finding: class
//! probabilities that sum to 1, or the probability of each finding by itself.

use crate::WorkflowError;
use crate::grade_head::GradeHead;
use autolabel_annotation::{ClassId, FindingSet, ImageTask, Label};
use autolabel_heads::{
    DirichletGp, FINDING_STATES, FeatureRows, GpConfig, KernelScale, Matrix, PredictOptions,
    Predictions, ScaleChoice, fit_findings, states_of,
};
use rayon::prelude::*;

/// Images that one task calibrates at a time.
const ROWS_A_TASK: usize = 4_096;

/// Label sets that count as classes of their own where something needs classes; rarer ones are one class.
const MOST_SETS: usize = 12;

/// A fitted classifier.
#[derive(Debug, Clone)]
pub struct Classifier {
    task: ImageTask,
    heads: Vec<DirichletGp>,
    /// What says the grade; grades only.
    grades: Option<GradeHead>,
}

impl Classifier {
    /// Learns from labels: image `rows[i]` of `features` has the label `labels[i]`, of this task.
    ///
    /// # Errors
    /// As [`autolabel_heads::fit`].
    pub fn fit(
        task: ImageTask,
        features: &Matrix,
        rows: &[u32],
        labels: &[Label],
        class_count: usize,
        config: &GpConfig,
    ) -> Result<Self, WorkflowError> {
        let heads = match task {
            ImageTask::Classification | ImageTask::Grades => {
                let classes = classes_of(labels);
                vec![autolabel_heads::fit(
                    features,
                    rows,
                    &classes,
                    class_count,
                    config,
                )?]
            }
            ImageTask::Findings => {
                fit_findings(features, rows, &sets_of(labels), class_count, config)?
            }
        };
        let grades = grade_head(task, features, rows, labels, class_count, config)?;
        Ok(Self {
            task,
            heads,
            grades,
        })
    }

    /// The classifier of these labels, row by row of `labeled`, where this one is that of the round
    /// before. One head goes on from what it has learnt where it can ([`autolabel_heads::fit_after`]);
    /// the heads of findings share a scale, which is searched anew from theirs; grades are fitted anew.
    ///
    /// # Errors
    /// As [`Self::fit`].
    pub fn fit_after(
        &self,
        labeled: &Matrix,
        labels: &[Label],
        class_count: usize,
        config: &GpConfig,
    ) -> Result<Self, WorkflowError> {
        let task = self.task;
        let numbers: Vec<u32> = (0_u32..).take(labels.len()).collect();
        match task {
            ImageTask::Classification | ImageTask::Grades => {
                let classes = classes_of(labels);
                let before = self.first();
                let head =
                    autolabel_heads::fit_after(before, labeled, &classes, class_count, config)?;
                let grades = grade_head(task, labeled, &numbers, labels, class_count, config)?;
                Ok(Self {
                    task,
                    heads: vec![head],
                    grades,
                })
            }
            ImageTask::Findings => {
                let config = GpConfig {
                    scale: ScaleChoice::WarmStart(self.scale()),
                    searched: None,
                    ..config.clone()
                };
                Self::fit(task, labeled, &numbers, labels, class_count, &config)
            }
        }
    }

    /// What its columns mean.
    #[must_use]
    pub fn task(&self) -> ImageTask {
        self.task
    }

    /// The heads: one, or one for each finding in the order of the schema. Never empty.
    #[must_use]
    pub fn heads(&self) -> &[DirichletGp] {
        &self.heads
    }

    /// The first head, for what all of them share.
    #[must_use]
    pub fn first(&self) -> &DirichletGp {
        // `fit` refuses a schema without classes, so there is a head.
        &self.heads[0]
    }

    /// Scale of the kernel, the same for all heads.
    #[must_use]
    pub fn scale(&self) -> KernelScale {
        self.first().scale()
    }

    /// Columns of a row: classes, or findings.
    #[must_use]
    pub fn column_count(&self) -> usize {
        match self.task {
            ImageTask::Classification | ImageTask::Grades => self.first().class_count(),
            ImageTask::Findings => self.heads.len(),
        }
    }

    /// The head that speaks of a class or finding, and the class of that head that says so.
    #[must_use]
    pub fn head_of(&self, class: ClassId) -> Option<(&DirichletGp, ClassId)> {
        match self.task {
            ImageTask::Classification | ImageTask::Grades => Some((self.first(), class)),
            ImageTask::Findings => Some((self.heads.get(class.index())?, PRESENT)),
        }
    }

    /// What each head says of these rows; the probabilities of grades are those of ordinal regression.
    ///
    /// # Errors
    /// Features of another width, rows out of range.
    pub fn predict_rows(
        &self,
        features: FeatureRows<'_>,
        rows: &[u32],
        options: &PredictOptions,
    ) -> Result<Vec<Predictions>, WorkflowError> {
        let heads = self.heads.iter();
        let mut said: Vec<Predictions> = heads
            .map(|head| autolabel_heads::predict_rows(head, features, rows, options))
            .collect::<Result<_, _>>()?;
        if let (Some(grades), [only]) = (&self.grades, said.as_mut_slice()) {
            only.probabilities = grades.probabilities(features, rows)?;
        }
        Ok(said)
    }

    /// What each head would say of each label had it not learnt from it, in the order of the labels.
    #[must_use]
    pub fn leave_one_out(&self) -> Vec<Predictions> {
        let heads = self.heads.iter();
        let mut said: Vec<Predictions> = heads.map(autolabel_heads::leave_one_out).collect();
        if let (Some(grades), [only]) = (&self.grades, said.as_mut_slice()) {
            only.probabilities = grades.left_out().to_vec();
        }
        said
    }

    /// What the heads say, as rows of columns, not calibrated.
    #[must_use]
    pub fn columns(&self, said: &[Predictions]) -> Vec<f32> {
        let probabilities: Vec<&[f32]> = said.iter().map(|p| p.probabilities.as_slice()).collect();
        self.columns_of(&probabilities)
    }

    /// [`Self::columns`] of the class probabilities of each head.
    #[must_use]
    pub fn columns_of(&self, probabilities: &[&[f32]]) -> Vec<f32> {
        match (self.task, probabilities) {
            (ImageTask::Classification | ImageTask::Grades, [only]) => only.to_vec(),
            _ => {
                let rows = probabilities
                    .first()
                    .map_or(0, |p| p.len() / FINDING_STATES);
                let present = |row: usize| {
                    let at = row * FINDING_STATES + PRESENT.index();
                    probabilities.iter().map(move |p| p[at])
                };
                (0..rows).flat_map(present).collect()
            }
        }
    }
}

/// What says the grade; `None` where labels are no grades.
fn grade_head(
    task: ImageTask,
    features: &Matrix,
    rows: &[u32],
    labels: &[Label],
    class_count: usize,
    config: &GpConfig,
) -> Result<Option<GradeHead>, WorkflowError> {
    if task != ImageTask::Grades {
        return Ok(None);
    }
    GradeHead::fit(features, rows, &classes_of(labels), class_count, config).map(Some)
}

/// The class of a finding's head that says that it is present.
const PRESENT: ClassId = ClassId(1);

/// Applies the temperature of the calibration to rows of columns; 1 changes nothing.
pub fn calibrate_columns(
    task: ImageTask,
    columns: &mut [f32],
    column_count: usize,
    temperature: f64,
) {
    columns
        .par_chunks_mut(ROWS_A_TASK * column_count)
        .for_each(|part| match task {
            ImageTask::Classification | ImageTask::Grades => {
                autolabel_heads::apply_temperature(part, column_count, temperature);
            }
            ImageTask::Findings => {
                for p in part {
                    let mut both = [1.0 - *p, *p];
                    autolabel_heads::apply_temperature(&mut both, FINDING_STATES, temperature);
                    *p = both[PRESENT.index()];
                }
            }
        });
}

/// The temperature that fits these uncalibrated columns of labels best, a finding's by itself; see
/// [`autolabel_heads::fit_temperature`]. `weights` has one entry a label.
///
/// # Errors
/// Parts that do not belong together.
pub fn fit_temperature(
    task: ImageTask,
    columns: &[f32],
    labels: &[Label],
    class_count: usize,
    weights: &[f64],
    median: f64,
) -> Result<f64, WorkflowError> {
    Ok(match task {
        ImageTask::Classification | ImageTask::Grades => {
            let classes = classes_of(labels);
            autolabel_heads::fit_temperature(columns, class_count, &classes, weights, median)?
        }
        ImageTask::Findings => {
            let pairs: Vec<f32> = columns.iter().flat_map(|p| [1.0 - p, *p]).collect();
            let sets = sets_of(labels);
            let by_finding: Vec<Vec<ClassId>> = (0..class_count)
                .map(|finding| states_of(&sets, finding))
                .collect();
            let states: Vec<ClassId> = (0..labels.len())
                .flat_map(|label| by_finding.iter().map(move |states| states[label]))
                .collect();
            let weights: Vec<f64> = weights
                .iter()
                .flat_map(|weight| std::iter::repeat_n(*weight, class_count))
                .collect();
            autolabel_heads::fit_temperature(&pairs, FINDING_STATES, &states, &weights, median)?
        }
    })
}

/// The label that a calibrated row speaks for, and its probability: the first class, the earlier one where
/// two tie; the median grade; or the findings that are likelier present than not, with the product of all
/// certainties, as if findings went wrong independently of each other (they go wrong together, so that
/// this is careful).
#[must_use]
pub fn most_likely(task: ImageTask, row: &[f32]) -> (Label, f32) {
    match task {
        ImageTask::Classification => {
            let (class, p) = first_class(row);
            (Label::Class(class), p)
        }
        ImageTask::Grades => {
            let (grade, p) = median_grade(row);
            (Label::Class(grade), p)
        }
        ImageTask::Findings => {
            let present = (0_u16..).zip(row).filter(|(_, p)| **p > 0.5);
            let set = FindingSet::of(present.map(|(finding, _)| ClassId(finding)));
            let certainty = row.iter().map(|p| p.max(1.0 - p)).product();
            // No schema has more findings than a set holds.
            (Label::Findings(set.unwrap_or_default()), certainty)
        }
    }
}

/// The median of the row, the lowest grade with at least half of the probability up to it, and the
/// probability of that grade. It has the smallest expected number of grades off: where a row hesitates
/// between two ends it lies between them.
fn median_grade(probabilities: &[f32]) -> (ClassId, f32) {
    let half = probabilities.iter().sum::<f32>() / 2.0;
    let mut below = 0.0;
    let mut last = (ClassId(0), 0.0);
    for (grade, &p) in (0_u16..).zip(probabilities) {
        below += p;
        last = (ClassId(grade), p);
        if below >= half {
            break;
        }
    }
    last
}

/// The first class and its probability; the earlier class wins a tie.
fn first_class(probabilities: &[f32]) -> (ClassId, f32) {
    let mut best = (0_u16, f32::NEG_INFINITY);
    for (class, &p) in (0_u16..).zip(probabilities) {
        if p > best.1 {
            best = (class, p);
        }
    }
    (ClassId(best.0), best.1)
}

/// How far a row is from another label, 0 to 1, small = doubtful: the lead of the first over the second
/// class, or of present over absent (or the reverse) of the finding where it is smallest.
#[must_use]
pub fn lead(task: ImageTask, row: &[f32]) -> f32 {
    match task {
        ImageTask::Classification | ImageTask::Grades => autolabel_selection::lead(row),
        ImageTask::Findings => {
            let leads = row.iter().map(|p| (2.0 * p - 1.0).abs());
            leads.fold(1.0, f32::min)
        }
    }
}

/// Labels as classes, for what needs classes and nothing finer: a class as it is, findings by their set,
/// of which the rarest ones count as one class. Also how many there are.
#[must_use]
pub fn as_classes(labels: &[Label], class_count: usize) -> (Vec<ClassId>, usize) {
    if labels.iter().all(|label| label.class().is_some()) {
        return (classes_of(labels), class_count);
    }
    let mut counts: std::collections::BTreeMap<Label, usize> = std::collections::BTreeMap::new();
    for label in labels {
        *counts.entry(*label).or_insert(0) += 1;
    }
    let mut sets: Vec<(Label, usize)> = counts.into_iter().collect();
    sets.sort_by_key(|(label, count)| (std::cmp::Reverse(*count), *label));
    let number = |label: &Label| {
        let place = sets.iter().position(|(set, _)| set == label).unwrap_or(0);
        ClassId(place.min(MOST_SETS - 1) as u16)
    };
    let classes = labels.iter().map(number).collect();
    (classes, sets.len().clamp(2, MOST_SETS))
}

fn classes_of(labels: &[Label]) -> Vec<ClassId> {
    labels.iter().filter_map(|label| label.class()).collect()
}

fn sets_of(labels: &[Label]) -> Vec<FindingSet> {
    let set = |label: &Label| match label {
        Label::Findings(present) => Some(*present),
        Label::Class(_) | Label::Drawn { .. } => None,
    };
    labels.iter().filter_map(set).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(bits: u64) -> Label {
        Label::Findings(FindingSet::from_bits(bits).unwrap())
    }

    #[test]
    fn the_lead_is_that_of_the_first_class_or_of_the_most_doubtful_finding() {
        assert!((lead(ImageTask::Classification, &[0.2, 0.5, 0.3]) - 0.2).abs() < 1e-6);
        assert!((lead(ImageTask::Classification, &[0.5, 0.5]) - 0.0).abs() < 1e-6);
        assert!((lead(ImageTask::Findings, &[0.01, 0.6, 0.9]) - 0.2).abs() < 1e-6);
    }

    #[test]
    fn the_most_likely_label_is_a_class_or_a_set() {
        let class = most_likely(ImageTask::Classification, &[0.4, 0.4, 0.2]);
        assert_eq!(class, (Label::Class(ClassId(0)), 0.4));
        let (label, p) = most_likely(ImageTask::Findings, &[0.1, 0.9, 0.8]);
        assert_eq!(label, set(0b110));
        assert!((p - 0.9 * 0.9 * 0.8).abs() < 1e-6);
        assert_eq!(most_likely(ImageTask::Findings, &[0.5, 0.2]).0, set(0));
    }

    #[test]
    fn the_median_grade_lies_between_two_ends() {
        let said = |row: &[f32]| most_likely(ImageTask::Grades, row);
        assert_eq!(said(&[0.4, 0.2, 0.4]), (Label::Class(ClassId(1)), 0.2));
        assert_eq!(said(&[0.7, 0.2, 0.1]), (Label::Class(ClassId(0)), 0.7));
        assert_eq!(said(&[0.1, 0.2, 0.7]), (Label::Class(ClassId(2)), 0.7));
        assert_eq!(said(&[0.5, 0.0, 0.5]).0, Label::Class(ClassId(0)));
    }

    #[test]
    fn a_temperature_sharpens_each_finding_by_itself() {
        let mut row = [0.2, 0.5, 0.9];
        calibrate_columns(ImageTask::Findings, &mut row, 3, 0.5);
        let squared = |p: f32| p * p / (p * p + (1.0 - p) * (1.0 - p));
        for (found, p) in row.iter().zip([0.2, 0.5, 0.9]) {
            assert!((found - squared(p)).abs() < 1e-5, "{found} {p}");
        }
    }

    #[test]
    fn a_temperature_is_found_from_all_findings_together() {
        // Right with 0.9 where it says 0.7: sharper than it says.
        let columns = [0.7, 0.3].repeat(100);
        let labels: Vec<Label> = (0..100)
            .map(|i| if i % 10 == 0 { set(2) } else { set(1) })
            .collect();
        let weights = vec![1.0; 100];
        let found =
            fit_temperature(ImageTask::Findings, &columns, &labels, 2, &weights, 1.0).unwrap();
        assert!(found < 0.6, "{found}");
    }

    #[test]
    fn sets_become_classes_by_how_often_they_occur() {
        let labels = [set(1), set(0), set(0), set(3)];
        let (classes, count) = as_classes(&labels, 2);
        assert_eq!(classes, [1, 0, 0, 2].map(ClassId));
        assert_eq!(count, 3);
        let many: Vec<Label> = (0..40).map(set).collect();
        let (classes, count) = as_classes(&many, 6);
        assert_eq!(count, MOST_SETS);
        assert!(classes.iter().all(|class| class.index() < count));
        let (classes, count) = as_classes(&[Label::Class(ClassId(4))], 9);
        assert_eq!((classes, count), (vec![ClassId(4)], 9));
    }
}
