//! From the answers of the network to instances on the image, by votes (as Hough forests do, Gall et al.
//! 2011): every cell of the foreground votes for the place that it points at, the places with most votes
//! are centres, and every pixel goes to the centre nearest to where it points.

use autolabel_annotation::{
    ClassId, Connectivity, DrawnShape, Geometry, ImageSize, LabelMap, Mask,
};
use autolabel_image_io::Augmentation;

use crate::TrainingError;
use crate::dense::class_loss::softmax;
use crate::dense::found_shape::{FoundShape, sort_by_confidence};
use crate::dense::grid_sampling::GridSampler;
use crate::dense::instance_loss::WAY_UNIT_PX;
use crate::dense::maps::DENSE_STRIDE;
use crate::dense::prediction::DenseGrid;
use crate::dense::vote_map::{NearestCentre, VoteMap};

/// Which instances are kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InstanceDecoding {
    /// Instances with fewer pixels are left out; of the others the largest connected part is kept.
    pub least_area_px: u32,
    /// Instances with less confidence are left out, 0 to 1.
    pub least_confidence: f32,
    /// Instances that an image can have at most.
    pub most_instances: usize,
}

impl Default for InstanceDecoding {
    fn default() -> Self {
        Self {
            least_area_px: 12,
            least_confidence: 0.3,
            most_instances: 5_000,
        }
    }
}

/// The instances on an image of `size` of which the network saw `view`: masks of pixels of the image
/// that share none, the surest first. A pixel is foreground where the background is less likely than
/// all classes together, by logits interpolated between cells; an instance has the class that is
/// likeliest over all of its pixels. Its confidence is the mean probability of the foreground on its
/// pixels, times that of its class among the classes, times the share of its pixels that point into the
/// inner half of it.
///
/// # Errors
/// [`TrainingError::View`] for a view of other sides than those of the grid, or one that cannot be used.
pub fn instance_shapes(
    grid: &DenseGrid,
    size: ImageSize,
    view: &Augmentation,
    decoding: &InstanceDecoding,
) -> Result<Vec<FoundShape>, TrainingError> {
    let sampler = GridSampler::new(grid, size, view)?;
    let Some(classes) = grid.channels.checked_sub(3).filter(|classes| *classes > 0) else {
        return Ok(Vec::new());
    };
    let votes = votes_of_cells(grid, classes);
    // The bitmap below has 16 bits a pixel.
    let most = decoding.most_instances.min(usize::from(LabelMap::IGNORED));
    let centres = NearestCentre::new(&votes, most);
    if centres.is_empty() {
        return Ok(Vec::new());
    }
    let mut owners = vec![LabelMap::IGNORED; size.pixels() as usize];
    let mut tallies = vec![Tally::new(classes); centres.len()];
    // Where the background has more than all classes could have together.
    let lead = (classes as f32).ln();
    let is_background = |cell: &[f32]| {
        cell[1..=classes]
            .iter()
            .all(|logit| logit + lead <= cell[0])
    };
    sampler.each_pixel(is_background, |[x, y], [view_x, view_y], answers| {
        let (probabilities, way) = answers.split_at_mut(classes + 1);
        softmax(probabilities, classes + 1);
        if probabilities[0].is_nan() || probabilities[0] >= 0.5 {
            return;
        }
        let to_cells = |at: f64, way: f32| (at as f32 + way * WAY_UNIT_PX) / DENSE_STRIDE as f32;
        let place = [to_cells(view_y, way[0]), to_cells(view_x, way[1])];
        let (centre, distance) = centres.nearest(place);
        owners[(y * size.width() + x) as usize] = centre as u16;
        tallies[centre].add(
            &probabilities[1..],
            distance <= 0.5 * centres.radius(centre),
        );
    });
    let masks = LabelMap::from_bitmap(size, &owners)?.masks();
    let mut found: Vec<FoundShape> = masks
        .iter()
        .filter_map(|(centre, mask)| found_shape(mask, &tallies[centre.index()], decoding))
        .collect();
    sort_by_confidence(&mut found);
    Ok(found)
}

/// A vote of each foreground cell for where it points.
fn votes_of_cells(grid: &DenseGrid, classes: usize) -> VoteMap {
    let mut votes = VoteMap::new(grid.rows, grid.columns);
    let mut cell = vec![0.0; classes + 1];
    for (index, answers) in grid.values.chunks_exact(grid.channels).enumerate() {
        cell.copy_from_slice(&answers[..classes + 1]);
        softmax(&mut cell, classes + 1);
        if cell[0] < 0.5 {
            let middle = |at: usize| at as f32 + 0.5;
            let way = |axis: usize| answers[classes + 1 + axis] * WAY_UNIT_PX / DENSE_STRIDE as f32;
            let row = middle(index / grid.columns) + way(0);
            votes.add([row, middle(index % grid.columns) + way(1)]);
        }
    }
    votes.smooth();
    votes
}

/// What the pixels of an instance say together.
#[derive(Clone)]
struct Tally {
    pixels: u32,
    agreeing: u32,
    /// Sums of probabilities by class.
    classes: Vec<f64>,
}

impl Tally {
    fn new(classes: usize) -> Self {
        Self {
            pixels: 0,
            agreeing: 0,
            classes: vec![0.0; classes],
        }
    }

    fn add(&mut self, probabilities: &[f32], is_agreeing: bool) {
        self.pixels += 1;
        self.agreeing += u32::from(is_agreeing);
        for (sum, probability) in self.classes.iter_mut().zip(probabilities) {
            *sum += f64::from(*probability);
        }
    }
}

/// The largest connected part of an instance; `None` where it is too small or too unsure.
fn found_shape(mask: &Mask, tally: &Tally, decoding: &InstanceDecoding) -> Option<FoundShape> {
    let parts = mask.connected_components(Connectivity::Four);
    let largest = parts.into_iter().max_by_key(Mask::area)?;
    let mut class = 0;
    for (other, sum) in tally.classes.iter().enumerate() {
        if *sum > tally.classes[class] {
            class = other;
        }
    }
    // Of the mean foreground that part which is of this class: their product.
    let of_class = tally.classes[class] / f64::from(tally.pixels.max(1));
    let agreement = f64::from(tally.agreeing) / f64::from(tally.pixels.max(1));
    let confidence = (of_class * agreement) as f32;
    let is_kept =
        largest.area() >= decoding.least_area_px && confidence >= decoding.least_confidence;
    is_kept.then_some(FoundShape {
        shape: DrawnShape {
            class: ClassId(class as u16),
            geometry: Geometry::Mask(largest),
        },
        confidence,
    })
}

#[cfg(test)]
mod tests {
    use autolabel_annotation::{BoundingBox, Drawing};

    use super::*;
    use crate::dense::instance_target;

    /// What a network that has learnt a target by heart answers.
    fn answers_of(target: &crate::DenseTarget, classes: usize) -> DenseGrid {
        let cells = target.values.chunks_exact(target.channels);
        let values = cells.flat_map(|cell| {
            let (shares, way) = cell.split_at(classes + 1);
            let logits = shares.iter().map(|share| 8.0 * share);
            logits.chain(way[..2].iter().map(|px| px / WAY_UNIT_PX))
        });
        DenseGrid {
            rows: target.rows,
            columns: target.columns,
            channels: classes + 3,
            values: values.collect(),
        }
    }

    #[test]
    fn touching_instances_come_back_apart() {
        let size = ImageSize::new(64, 48).unwrap();
        let boxes = [
            [4.0, 8.0, 16.0, 24.0],
            [20.0, 8.0, 12.0, 24.0],
            [44.0, 28.0, 12.0, 12.0],
        ];
        let shapes = (0..).zip(boxes).map(|(number, [x, y, width, height])| {
            let area = BoundingBox::new(x, y, width, height).unwrap();
            DrawnShape {
                class: ClassId(u16::from(number == 2)),
                geometry: Geometry::Mask(Mask::of_box(size, &area)),
            }
        });
        let drawing = Drawing {
            shapes: shapes.collect(),
            ignored: None,
        };
        // Twice the size, as small instances ask for.
        let view = Augmentation::plain((48, 64), 96, 128);
        let target = instance_target(&drawing, size, 2, &view).unwrap();
        let grid = answers_of(&target, 2);
        let decoding = InstanceDecoding::default();
        let found = instance_shapes(&grid, size, &view, &decoding).unwrap();
        assert_eq!(found.len(), 3);
        for found in &found {
            let mask = found.shape.geometry.mask(size).unwrap();
            let iou = |drawn: &DrawnShape| {
                let drawn = drawn.geometry.mask(size).unwrap();
                let both = drawn.intersection_area(&mask).unwrap();
                f64::from(both) / f64::from(drawn.area() + mask.area() - both)
            };
            let same = drawing.shapes.iter().find(|drawn| iou(drawn) > 0.85);
            assert_eq!(same.expect("one of those drawn").class, found.shape.class);
            assert!(
                (0.7..=1.0).contains(&found.confidence),
                "{}",
                found.confidence
            );
        }
        let large = InstanceDecoding {
            least_area_px: 200,
            ..decoding
        };
        assert_eq!(
            instance_shapes(&grid, size, &view, &large).unwrap().len(),
            2
        );
    }

    #[test]
    fn an_empty_image_has_none() {
        let size = ImageSize::new(64, 48).unwrap();
        let view = Augmentation::plain((48, 64), 96, 128);
        let target = instance_target(&Drawing::default(), size, 1, &view).unwrap();
        let grid = answers_of(&target, 1);
        let found = instance_shapes(&grid, size, &view, &InstanceDecoding::default());
        assert!(found.unwrap().is_empty());
    }
}
