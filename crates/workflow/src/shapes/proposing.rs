//! What the network would draw on images, and how far it contradicts itself.
//!
//! The network answers for an image and for its mirror image. How well the two fit each other says how well
//! the proposal will fit what an expert draws. On polyps and blood cells that told more (rank correlation
//! with the true Dice) than the entropy of the answer, at the cost of one pass more. Of masks the mean of
//! both answers is proposed.

use autolabel_annotation::{Drawing, DrawnShape, ImageSize, Task};
use autolabel_training::{DenseGrid, DenseMaps, DenseState, DenseTask, FoundShape, dense_logits};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::doubt_map::DoubtMap;
use super::fit::{fit_of, partner_ious};
use super::pace::amount;
use super::pictures::{Maps, Pictures, View};
use super::trust::{Claim, Tested};
use crate::WorkflowError;

/// Images that are answered for together.
const AT_A_TIME: usize = 32;
/// Boxes and instances are proposed from a confidence on at which there are as many as on the drawn images:
/// a young network finds things long before it is sure of them. The confidence lies between these.
const LEAST_CONFIDENCE: (f32, f32) = (0.1, 0.6);
/// Most pixels of a side on which answers for masks are compared.
const COMPARED_SIDE: u32 = 256;
/// Fainter ones than this are noise; of those above, so many are expected to be there as their confidences
/// add up to.
const LEAST_FAINT: f32 = 0.05;
/// Shapes that an image without any is taken to have, so that a faint one there is no certain miss.
const NOTHING_WORTH: f64 = 0.2;

/// A proposal for an image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Proposal {
    /// The image.
    pub(crate) row: u32,
    /// What is proposed, in the form of the task.
    pub(crate) drawing: Drawing,
    /// How sure each shape is, 0 to 1.
    pub(crate) confidences: Vec<f32>,
    /// How well the answers for the image and its mirror image fit each other, 0 to 1: of masks as
    /// [`fit_of`] says; of boxes and instances the mean IoU of partners, where a shape counts by its
    /// confidence and shapes that are too faint to be proposed count as missed by theirs.
    pub(crate) agreement: f32,
    /// How much it is to draw; see [`amount`].
    #[serde(default)]
    pub(crate) amount: f32,
    /// Shapes that are too unsure to be proposed, for measures that ask for them.
    #[serde(skip)]
    pub(crate) faint: Vec<(DrawnShape, f32)>,
}

impl Proposal {
    /// What it says of itself.
    pub(crate) fn claim(&self) -> Claim {
        Claim {
            agreement: self.agreement,
            is_empty: self.drawing.shapes.is_empty(),
            amount: self.amount,
        }
    }

    /// It beside what a person drew afterwards, in so many seconds.
    ///
    /// # Errors
    /// Drawings of images of different size.
    pub(crate) fn tested(
        &self,
        task: Task,
        truth: &Drawing,
        seconds: Option<f64>,
    ) -> Result<Tested, WorkflowError> {
        Ok(Tested {
            claim: self.claim(),
            fit: fit_of(task, truth, &self.drawing)?,
            nothing_there: truth.shapes.is_empty(),
            seconds,
        })
    }
}

/// What a network is asked to propose.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) task: Task,
    pub(crate) bar: Bar<'a>,
}

/// The confidence from which on a box or an instance is proposed, a class at a time.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bar<'a> {
    /// The one at which there are as many shapes an image as on the drawn images on average.
    AsManyAs(&'a [f64]),
    /// The one that was found on other images of the pool.
    Confidence(&'a [f32]),
}

impl Bar<'_> {
    fn least_confidences(&self, dense: DenseTask, answered: &[Answered]) -> Vec<f32> {
        match *self {
            Self::AsManyAs(usual) => least_confidences(dense, answered, usual),
            Self::Confidence(least) => least.to_vec(),
        }
    }
}

/// What a network proposes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Proposed {
    /// In the order of the images that were asked for.
    pub(crate) proposals: Vec<Proposal>,
    /// The confidence from which on shapes of each class were proposed.
    pub(crate) least: Vec<f32>,
}

/// Proposals for these images; those that cannot be read are left out. `go_on` hears how many are done and
/// may end it early.
///
/// # Errors
/// The network fails.
pub(crate) fn propose(
    pictures: &Pictures,
    asked: Asked<'_>,
    state: &DenseState,
    rows: &[u32],
    go_on: &mut dyn FnMut(usize) -> bool,
) -> Result<Proposed, WorkflowError> {
    let mut answered = Vec::with_capacity(rows.len());
    for (part, rows) in rows.chunks(AT_A_TIME).enumerate() {
        let whole = answers(pictures, state, rows, View::Whole)?;
        let mirrored = answers(pictures, state, rows, View::Mirrored)?;
        let found: Vec<Option<Answered>> = rows
            .par_iter()
            .zip(whole)
            .zip(mirrored)
            .map(|((&row, whole), mirrored)| match (whole, mirrored) {
                (Some(whole), Some(mirrored)) => {
                    Answered::of(pictures, state.task(), row, whole, &mirrored).map(Some)
                }
                _ => Ok(None),
            })
            .collect::<Result<_, _>>()?;
        answered.extend(found.into_iter().flatten());
        if !go_on(part * AT_A_TIME + rows.len()) {
            break;
        }
    }
    let least = asked.bar.least_confidences(state.task(), &answered);
    let proposals = answered
        .into_par_iter()
        .map(|image| image.proposal(pictures, asked.task, &least))
        .collect::<Result<_, _>>()?;
    Ok(Proposed { proposals, least })
}

/// Where the network is least sure on an image, by the mean of its answers for the image and its mirror
/// image; `None` where it cannot be read.
///
/// # Errors
/// The network fails.
pub(crate) fn doubt_map(
    pictures: &Pictures,
    state: &DenseState,
    row: u32,
) -> Result<Option<DoubtMap>, WorkflowError> {
    let whole = answers(pictures, state, &[row], View::Whole)?
        .pop()
        .flatten();
    let mirrored = answers(pictures, state, &[row], View::Mirrored)?
        .pop()
        .flatten();
    let both = whole.zip(mirrored);
    Ok(both.map(|(whole, mirrored)| DoubtMap::of(state.task(), &mean_of(whole, &mirrored))))
}

/// Shapes of each class on a drawn image, on average.
pub(crate) fn usual_counts<'a>(
    drawings: impl ExactSizeIterator<Item = &'a Drawing>,
    class_count: usize,
) -> Vec<f64> {
    let images = drawings.len().max(1) as f64;
    let mut counts = vec![0.0; class_count];
    for shape in drawings.flat_map(|drawing| &drawing.shapes) {
        if let Some(count) = counts.get_mut(shape.class.index()) {
            *count += 1.0 / images;
        }
    }
    counts
}

/// The confidence of each class from which on there are as many shapes an image as usual. A mask of a class
/// is proposed whatever its confidence is: its pixels are likelier that than anything else.
fn least_confidences(dense: DenseTask, answered: &[Answered], usual: &[f64]) -> Vec<f32> {
    if matches!(dense, DenseTask::Classes { .. }) {
        return vec![0.0; usual.len()];
    }
    let of_class = |class: usize| {
        let shapes = answered.iter().flat_map(|image| &image.found);
        let mut confidences: Vec<f32> = shapes
            .filter(|found| found.shape.class.index() == class)
            .map(|found| found.confidence)
            .collect();
        confidences.sort_unstable_by(|a, b| b.total_cmp(a));
        confidences
    };
    usual
        .iter()
        .enumerate()
        .map(|(class, usual)| {
            let wanted = (usual * answered.len() as f64).round() as usize;
            let at = wanted
                .checked_sub(1)
                .and_then(|last| of_class(class).get(last).copied());
            at.unwrap_or(if wanted == 0 { 1.0 } else { 0.0 })
                .clamp(LEAST_CONFIDENCE.0, LEAST_CONFIDENCE.1)
        })
        .collect()
}

/// The logits for one view of each image; none for an image that cannot be read.
fn answers(
    pictures: &Pictures,
    state: &DenseState,
    rows: &[u32],
    view: View,
) -> Result<Vec<Option<DenseGrid>>, WorkflowError> {
    let wanted: Vec<(u32, View)> = rows.iter().map(|&row| (row, view)).collect();
    let maps = pictures.maps(&wanted)?;
    let known: Vec<(usize, &Maps)> = maps
        .iter()
        .enumerate()
        .filter_map(|(place, maps)| Some((place, maps.as_ref()?)))
        .collect();
    let inputs: Vec<DenseMaps<'_>> = known
        .iter()
        .map(|&(place, maps)| {
            let (height, width) = pictures.input(rows[place], view);
            DenseMaps::new(height, width, maps)
        })
        .collect::<Result<_, _>>()?;
    let mut found: Vec<Option<DenseGrid>> = vec![None; rows.len()];
    for ((place, _), grid) in known.into_iter().zip(dense_logits(state, &inputs)) {
        found[place] = Some(grid);
    }
    Ok(found)
}

/// What the network answers for an image.
struct Answered {
    dense: DenseTask,
    row: u32,
    /// The size of the image on which both answers are compared.
    compared: ImageSize,
    /// On the image.
    found: Vec<FoundShape>,
    /// On its mirror image, in places of the image.
    again: Vec<FoundShape>,
    /// Of masks the mean of both.
    mean: Option<Vec<FoundShape>>,
}

impl Answered {
    fn of(
        pictures: &Pictures,
        dense: DenseTask,
        row: u32,
        whole: DenseGrid,
        mirrored: &DenseGrid,
    ) -> Result<Self, WorkflowError> {
        let shapes = |grid: &DenseGrid, view: View, size: ImageSize| {
            dense.shapes(grid, size, &pictures.look_at(row, view, size))
        };
        let full = pictures.size(row);
        // Of masks only the mean is proposed; whether both agree shows on fewer pixels as well.
        let compared = match dense {
            DenseTask::Classes { .. } => at_most(full, COMPARED_SIDE)?,
            DenseTask::Boxes { .. } | DenseTask::Instances { .. } => full,
        };
        Ok(Self {
            dense,
            row,
            compared,
            found: shapes(&whole, View::Whole, compared)?,
            again: shapes(mirrored, View::Mirrored, compared)?,
            mean: match dense {
                DenseTask::Classes { .. } => {
                    Some(shapes(&mean_of(whole, mirrored), View::Whole, full)?)
                }
                DenseTask::Boxes { .. } | DenseTask::Instances { .. } => None,
            },
        })
    }

    fn proposal(
        self,
        pictures: &Pictures,
        task: Task,
        least: &[f32],
    ) -> Result<Proposal, WorkflowError> {
        // In the form that the task keeps, so that a proposal that is left as it is equals what was
        // proposed.
        let drawing = |found: &[FoundShape], size: ImageSize| -> Result<Drawing, WorkflowError> {
            let drawing = Drawing {
                shapes: found.iter().map(|found| found.shape.clone()).collect(),
                ignored: None,
            };
            Ok(drawing.settled(task, least.len(), size)?)
        };
        let parted = |found: Vec<FoundShape>| -> (Vec<FoundShape>, Vec<FoundShape>) {
            found.into_iter().partition(|found| {
                let least = least.get(found.shape.class.index());
                least.is_some_and(|least| found.confidence >= *least)
            })
        };
        let (mut sure, faint) = parted(self.found);
        let (sure_again, _) = parted(self.again);
        let mut proposed = drawing(&sure, self.compared)?;
        let again = drawing(&sure_again, self.compared)?;
        let agreement = match self.dense {
            DenseTask::Classes { .. } => fit_of(task, &proposed, &again)?,
            DenseTask::Boxes { .. } | DenseTask::Instances { .. } => {
                let ious = partner_ious(&proposed, &again)?;
                counted_agreement(&ious, &confidences(&proposed, &sure), &faint)
            }
        };
        if let Some(mean) = self.mean {
            proposed = drawing(&mean, pictures.size(self.row))?;
            sure = mean;
        }
        Ok(Proposal {
            row: self.row,
            confidences: confidences(&proposed, &sure),
            amount: amount(&proposed),
            drawing: proposed,
            agreement: agreement as f32,
            faint: faint.into_iter().map(|f| (f.shape, f.confidence)).collect(),
        })
    }
}

/// A size with sides of at most so many pixels, in about the same proportions.
fn at_most(size: ImageSize, side: u32) -> Result<ImageSize, WorkflowError> {
    let longest = size.width().max(size.height());
    if longest <= side {
        return Ok(size);
    }
    let scaled =
        |pixels: u32| (u64::from(pixels) * u64::from(side) / u64::from(longest)).max(1) as u32;
    Ok(ImageSize::new(scaled(size.width()), scaled(size.height()))?)
}

/// The agreement on shapes that are counted: `ious` with their partners and confidences of those proposed,
/// and the faint ones.
fn counted_agreement(ious: &[f64], confidences: &[f32], faint: &[FoundShape]) -> f64 {
    let agreed: f64 = ious
        .iter()
        .zip(confidences)
        .map(|(iou, confidence)| iou * f64::from(*confidence))
        .sum();
    let missed: f64 = faint
        .iter()
        .filter(|found| found.confidence >= LEAST_FAINT)
        .map(|found| f64::from(found.confidence))
        .sum();
    (agreed + NOTHING_WORTH) / (ious.len() as f64 + missed + NOTHING_WORTH)
}

/// The confidences of the shapes of a settled drawing.
fn confidences(drawing: &Drawing, found: &[FoundShape]) -> Vec<f32> {
    let of = |shape: &DrawnShape| {
        let same = found.iter().find(|found| found.shape == *shape);
        // Settling has changed it a little: whatever is said of its class.
        let alike = || found.iter().find(|found| found.shape.class == shape.class);
        same.or_else(alike).map_or(0.0, |found| found.confidence)
    };
    drawing.shapes.iter().map(of).collect()
}

/// The mean of the answers for an image and its mirror image.
fn mean_of(mut whole: DenseGrid, mirrored: &DenseGrid) -> DenseGrid {
    let channels = whole.channels;
    let width = whole.columns * channels;
    let rows = whole.values.chunks_exact_mut(width.max(1));
    for (row, other) in rows.zip(mirrored.values.chunks_exact(width.max(1))) {
        let cells = row.chunks_exact_mut(channels);
        for (cell, other) in cells.zip(other.chunks_exact(channels).rev()) {
            for (value, other) in cell.iter_mut().zip(other) {
                *value = 0.5 * (*value + other);
            }
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use autolabel_annotation::{BoundingBox, ClassId, Geometry};

    #[test]
    fn what_is_missed_and_what_is_unsure_lowers_the_agreement() {
        let faint = |confidence| FoundShape {
            shape: DrawnShape {
                class: ClassId(0),
                geometry: Geometry::Box(BoundingBox::new(0.0, 0.0, 1.0, 1.0).unwrap()),
            },
            confidence,
        };
        let nothing = counted_agreement(&[], &[], &[]);
        assert!((nothing - 1.0).abs() < 1e-9);
        assert!(counted_agreement(&[], &[], &[faint(0.3)]) < 0.5);
        assert!((counted_agreement(&[], &[], &[faint(0.04)]) - 1.0).abs() < 1e-9);
        let sure = counted_agreement(&[0.9, 0.9], &[0.95, 0.95], &[]);
        let unsure = counted_agreement(&[0.9, 0.9], &[0.95, 0.4], &[]);
        let missing = counted_agreement(&[0.9, 0.9], &[0.95, 0.95], &[faint(0.3), faint(0.3)]);
        assert!(sure > 0.85 && unsure < sure && missing < sure);
    }

    #[test]
    fn as_many_are_proposed_as_people_draw() {
        let found = |confidence: f32| FoundShape {
            shape: DrawnShape {
                class: ClassId(0),
                geometry: Geometry::Box(BoundingBox::new(0.0, 0.0, 1.0, 1.0).unwrap()),
            },
            confidence,
        };
        let dense = DenseTask::Boxes { classes: 1 };
        let image = |confidences: &[f32]| Answered {
            dense,
            row: 0,
            compared: ImageSize::new(1, 1).unwrap(),
            found: confidences.iter().map(|c| found(*c)).collect(),
            again: Vec::new(),
            mean: None,
        };
        let images = [image(&[0.3, 0.2, 0.06]), image(&[0.25, 0.15])];
        assert_eq!(least_confidences(dense, &images, &[1.0]), [0.25]);
        assert_eq!(least_confidences(dense, &images, &[2.0]), [0.15]);
        // Within bounds, and where nothing is ever drawn only what is sure.
        assert_eq!(least_confidences(dense, &images, &[9.0]), [0.1]);
        assert_eq!(least_confidences(dense, &images, &[0.0]), [0.6]);
    }

    #[test]
    fn a_mirrored_answer_is_turned_back_cell_by_cell() {
        let grid = |values: &[f32]| DenseGrid {
            rows: 1,
            columns: 2,
            channels: 2,
            values: values.to_vec(),
        };
        let mean = mean_of(grid(&[1.0, 2.0, 3.0, 4.0]), &grid(&[5.0, 6.0, 7.0, 8.0]));
        assert_eq!(mean.values, [4.0, 5.0, 4.0, 5.0]);
    }
}
