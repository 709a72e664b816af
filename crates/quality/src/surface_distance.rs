//! Distances between the outlines of two masks: Hausdorff distance, its 95th percentile, average
//! distance, and normalised surface Dice (Nikolov et al. 2018).
//!
//! The outline of a mask are its pixels with one of four neighbours outside the mask or outside the
//! image, and distances lead from centre to centre, as in MONAI and MedPy. Definitions follow Metrics
//! Reloaded (Maier-Hein et al. 2024); where packages differ, the function says which it follows.

use crate::distance_transform::distances;
use crate::error::{QualityError, in_range};
use autolabel_annotation::Mask;

/// Distances from every outline pixel of each mask to the nearest outline pixel of the other. They are
/// infinite where the other mask is empty, and there are none where the mask itself is.
#[derive(Debug, Clone, PartialEq)]
pub struct SurfaceDistances {
    /// From the first mask to the second, rising, in the unit of the spacing.
    pub first_to_second: Vec<f64>,
    /// From the second mask to the first, rising.
    pub second_to_first: Vec<f64>,
}

/// Distances between the outlines of two masks of one image whose pixels are `spacing` apart: across
/// and down, each greater than 0. With millimetres, all results are in millimetres.
///
/// # Errors
/// Masks of images of different size, or a spacing that is not a positive number.
pub fn surface_distances(
    first: &Mask,
    second: &Mask,
    spacing: [f64; 2],
) -> Result<SurfaceDistances, QualityError> {
    for step in spacing {
        in_range("the spacing of pixels", step, f64::MIN_POSITIVE, 1e12)?;
    }
    // Also finds masks of different size.
    first.intersection_area(second)?;
    let (first, second) = (first.border(), second.border());
    let rising = |from: &Mask, to: &Mask| {
        let mut found = distances(from, to, spacing);
        found.sort_unstable_by(f64::total_cmp);
        found
    };
    Ok(SurfaceDistances {
        first_to_second: rising(&first, &second),
        second_to_first: rising(&second, &first),
    })
}

impl SurfaceDistances {
    /// The largest distance (Hausdorff 1914); 0 where both masks are empty, `None` where one is.
    #[must_use]
    pub fn hausdorff(&self) -> Option<f64> {
        self.percentile(1.0)
    }

    /// The larger of the 95th percentiles of both directions, interpolated linearly, as in MONAI; 0
    /// where both masks are empty, `None` where one is. MedPy pools both directions first.
    #[must_use]
    pub fn hausdorff_95(&self) -> Option<f64> {
        self.percentile(0.95)
    }

    fn percentile(&self, share: f64) -> Option<f64> {
        let directions = self.both()?;
        let of = |distances: &Vec<f64>| quantile(distances, share);
        Some(directions.map(of).into_iter().fold(0.0, f64::max))
    }

    /// Mean over the outline pixels of both masks (average symmetric surface distance, as in MedPy); 0
    /// where both masks are empty, `None` where one is.
    #[must_use]
    pub fn average(&self) -> Option<f64> {
        let [first, second] = self.both()?;
        let sum: f64 = first.iter().chain(second).sum();
        Some(sum / (first.len() + second.len()).max(1) as f64)
    }

    /// Both directions, where neither mask is empty, or both are.
    fn both(&self) -> Option<[&Vec<f64>; 2]> {
        (self.first_to_second.is_empty() == self.second_to_first.is_empty())
            .then_some([&self.first_to_second, &self.second_to_first])
    }

    /// Normalised surface Dice: the share of both outlines that lies within `tolerance` of the other,
    /// 0 to 1, every outline pixel with the same weight as in MONAI; 1 where both masks are empty, 0
    /// where one is.
    ///
    /// # Errors
    /// A tolerance that is not a number of at least 0.
    pub fn normalized_surface_dice(&self, tolerance: f64) -> Result<f64, QualityError> {
        in_range("the tolerance", tolerance, 0.0, f64::MAX)?;
        let close = |all: &[f64]| all.partition_point(|distance| *distance <= tolerance);
        let all = self.first_to_second.len() + self.second_to_first.len();
        if all == 0 {
            return Ok(1.0);
        }
        let within = close(&self.first_to_second) + close(&self.second_to_first);
        Ok(within as f64 / all as f64)
    }
}

/// The value below which a share of rising values lies, interpolated linearly between its neighbours
/// (type 7 of Hyndman and Fan 1996); 0 of nothing.
fn quantile(rising: &[f64], share: f64) -> f64 {
    let place = rising.len().saturating_sub(1) as f64 * share;
    let at = |index: f64| rising.get(index as usize).copied().unwrap_or(0.0);
    let (below, above) = (at(place.floor()), at(place.ceil()));
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;
    use autolabel_annotation::{BoundingBox, ImageSize};

    fn square(x: f32, side: f32) -> Mask {
        let area = BoundingBox::new(x, 2.0, side, side).unwrap();
        Mask::of_box(ImageSize::new(20, 20).unwrap(), &area)
    }

    #[test]
    fn a_shift_is_the_distance() {
        let found = surface_distances(&square(2.0, 8.0), &square(5.0, 8.0), [0.5, 1.0]).unwrap();
        assert_eq!(found.hausdorff(), Some(1.5));
        assert_eq!(found.normalized_surface_dice(1.5).unwrap(), 1.0);
        let strict = found.normalized_surface_dice(0.0).unwrap();
        assert!(strict > 0.0 && strict < 1.0);
        assert!(found.average().unwrap() < 1.5);
    }

    #[test]
    fn an_empty_mask_has_no_distance() {
        let (some, none) = (
            square(2.0, 8.0),
            Mask::empty(ImageSize::new(20, 20).unwrap()),
        );
        let one = surface_distances(&some, &none, [1.0, 1.0]).unwrap();
        assert_eq!((one.hausdorff_95(), one.average()), (None, None));
        assert_eq!(one.normalized_surface_dice(1e9).unwrap(), 0.0);
        let both = surface_distances(&none, &none, [1.0, 1.0]).unwrap();
        assert_eq!(
            (both.hausdorff_95(), both.average()),
            (Some(0.0), Some(0.0))
        );
        assert_eq!(both.normalized_surface_dice(0.0).unwrap(), 1.0);
    }

    #[test]
    fn nonsense_is_refused() {
        let mask = square(2.0, 8.0);
        let far = surface_distances(&mask, &mask, [0.0, 1.0]).unwrap_err();
        assert!(far.to_string().starts_with("the spacing of pixels is 0;"));
        assert!(surface_distances(&mask, &mask, [1.0, f64::NAN]).is_err());
        let found = surface_distances(&mask, &mask, [1.0, 1.0]).unwrap();
        assert!(found.normalized_surface_dice(-0.1).is_err());
        let other = Mask::empty(ImageSize::new(2, 2).unwrap());
        assert!(surface_distances(&mask, &other, [1.0, 1.0]).is_err());
    }
}
