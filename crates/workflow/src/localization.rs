//! Where on an image the evidence for its class lies, learnt from classes alone: a heat map, and the
//! box around the hottest part.
//!
//! ```text
//! file --feature_maps--> FeatureMaps --integrated_gradients--> Attribution --heat_of--> Heat --hottest_region--> PixelBox
//! ```
//!
//! It shows what the *classifier* looked at. Where the classes differ by something else than the
//! finding (a tube, a side marker, the age of the patient), that is what it shows.

mod heat;
mod region;

use crate::WorkflowError;
use autolabel_annotation::ClassId;
use autolabel_heads::{Attribution, ClassFunction, RawFeatures};
use autolabel_models::FeatureMaps;

pub use heat::{Heat, heat_of};
pub use region::{PixelBox, hottest_region, region_above};

/// Points of the line between reference and image that gradients are averaged over.
const POINTS: usize = 16;

/// Images that a reference is averaged over at most.
const REFERENCE_IMAGES: usize = 2_000;

/// Where the evidence for a class lies on an image.
#[derive(Debug, Clone, PartialEq)]
pub struct Localization {
    /// The class in question.
    pub class: ClassId,
    /// Evidence for it, position by position.
    pub heat: Heat,
    /// The box around the hottest part; `None` where nothing speaks for the class.
    pub region: Option<PixelBox>,
    /// Log-odds of the class at the image, in nats, not calibrated.
    pub log_odds: f64,
    /// The same at the reference.
    pub reference_log_odds: f64,
}

/// Computes the heat and the box for an image of this size in pixels, by what sets it apart from the
/// row `reference`: what an image of the other classes looks like, see [`reference_row`].
///
/// # Errors
/// Parts that do not belong together.
pub fn localize(
    function: &ClassFunction<'_>,
    maps: &FeatureMaps,
    reference: &[f32],
    class: ClassId,
    size_px: (u32, u32),
) -> Result<Localization, WorkflowError> {
    let attribution = function.integrated_gradients(&maps.row, reference, class, POINTS)?;
    let Attribution {
        gradient,
        log_odds,
        reference_log_odds,
    } = attribution;
    let heat = heat_of(maps, &gradient, reference, size_px);
    Ok(Localization {
        class,
        region: hottest_region(&heat, size_px),
        heat,
        log_odds,
        reference_log_odds,
    })
}

/// The average raw row of these images, of 2,000 evenly spaced ones where there are more; `None` for
/// none.
#[must_use]
pub fn reference_row(raw: &RawFeatures<'_>, images: &[u32]) -> Option<Vec<f32>> {
    let step = images.len().div_ceil(REFERENCE_IMAGES).max(1);
    let rows: Vec<&[half::f16]> = images
        .iter()
        .step_by(step)
        .filter_map(|&row| raw.values.get(row as usize * raw.dim..)?.get(..raw.dim))
        .collect();
    if rows.is_empty() {
        return None;
    }
    let mut sums = vec![0.0_f64; raw.dim];
    for row in &rows {
        for (sum, value) in sums.iter_mut().zip(*row) {
            *sum += f64::from(value.to_f32());
        }
    }
    let count = rows.len() as f64;
    Some(sums.into_iter().map(|sum| (sum / count) as f32).collect())
}
