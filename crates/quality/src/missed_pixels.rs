//! How wide a margin around automatic shapes has to be so that few true pixels lie outside.
//!
//! The share of an image's true pixels that lie farther than a margin from the automatic shape falls with the
//! margin, which makes it a risk that can be controlled (conformal risk control: Angelopoulos, Bates, Fisch,
//! Lei and Schuster, ICLR 2024). Their bound holds for a sample of fixed size; an audit stops when it has seen
//! enough, so the margin is the least one at which the mean share over all automatic labels is shown to be
//! below the target by evidence that is valid at every look. Smaller margins only miss more, so that trying
//! them one after the other costs nothing (fixed sequence testing).

use crate::bounded_mean::mean_is_below;
use crate::distance_transform::distances;
use crate::error::{QualityError, in_range};
use autolabel_annotation::Mask;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Widest margin that is looked at, pixels.
pub const MOST_MARGIN: usize = 64;

/// What automatic shapes miss of one image.
#[derive(Debug, Clone, PartialEq)]
pub struct MissedPixels {
    /// Pixels of the expert's shapes.
    pixels: u64,
    /// Of them, those farther from the automatic ones than each margin from 0 on.
    beyond: Vec<u64>,
}

impl MissedPixels {
    /// From pairs of the expert's and the automatic mask, one a class.
    ///
    /// # Errors
    /// Masks of different size.
    pub fn of<'a>(
        pairs: impl IntoIterator<Item = (&'a Mask, &'a Mask)>,
    ) -> Result<Self, QualityError> {
        let mut found = Self {
            pixels: 0,
            beyond: vec![0; MOST_MARGIN + 1],
        };
        for (truth, automatic) in pairs {
            found.pixels += u64::from(truth.area());
            let missed = truth.difference(automatic)?;
            for distance in distances(&missed, automatic, [1.0, 1.0]) {
                let margins = found.beyond.iter_mut().enumerate();
                for (_, count) in margins.take_while(|(margin, _)| distance > *margin as f64) {
                    *count += 1;
                }
            }
        }
        Ok(found)
    }

    /// An image of which nothing can be told: it counts as missed.
    #[must_use]
    pub fn all() -> Self {
        Self {
            pixels: 1,
            beyond: vec![1; MOST_MARGIN + 1],
        }
    }

    /// The share of the true pixels that lies farther than `margin` pixels from the automatic shape of its
    /// class, 0 to 1; 0 where there are none.
    #[must_use]
    pub fn share(&self, margin: usize) -> f64 {
        let beyond = self.beyond.get(margin).or(self.beyond.last());
        let beyond = beyond.copied().unwrap_or(0);
        beyond as f64 / self.pixels.max(1) as f64
    }
}

/// Margins of a certificate: how wide, so that at most a share of the true pixels is missed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CertificateMargin {
    /// Mean share over the automatically labeled images of the true pixels that lie outside.
    pub missed_share: f64,
    /// Pixels by which the automatic shapes have to be widened; `null` where the audit does not show it for
    /// any margin up to 64.
    pub margin: Option<u32>,
}

/// The least margin with which the mean share of missed pixels over all `population` images is shown to be
/// below each of these shares, with a chance of at most `alpha` to be wrong for each; from a uniform sample
/// in the order in which it was drawn, which may have ended at any time.
///
/// # Errors
/// A share or a level outside 0 to 1.
pub fn margins(
    sample: &[MissedPixels],
    population: u32,
    alpha: f64,
    shares: &[f64],
) -> Result<Vec<CertificateMargin>, QualityError> {
    in_range("the error level of the margins", alpha, 1e-12, 0.5)?;
    let of = |&share: &f64| {
        in_range("the share of missed pixels", share, 0.0, 1.0)?;
        let shown = |margin: &usize| {
            let missed = sample.iter().map(|image| image.share(*margin));
            mean_is_below(population, share, alpha, missed)
        };
        let shown_in_a_row = (0..=MOST_MARGIN).rev().take_while(shown);
        Ok(CertificateMargin {
            missed_share: share,
            margin: shown_in_a_row.last().map(|margin| margin as u32),
        })
    };
    shares.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use autolabel_annotation::{BoundingBox, ImageSize};

    fn square(left: f32, side: f32) -> Mask {
        let area = BoundingBox::new(left, 2.0, side, 8.0).unwrap();
        Mask::of_box(ImageSize::new(40, 20).unwrap(), &area)
    }

    #[test]
    fn what_is_missed_falls_with_the_margin() {
        // Columns 10 to 13 of ten are missed.
        let (truth, automatic) = (square(4.0, 10.0), square(4.0, 6.0));
        let missed = MissedPixels::of([(&truth, &automatic)]).unwrap();
        let shares = [0, 1, 2, 3, 4, 99].map(|margin| missed.share(margin));
        assert_eq!(shares, [0.4, 0.3, 0.2, 0.1, 0.0, 0.0]);
        let none = Mask::empty(truth.size());
        let nothing = MissedPixels::of([(&truth, &none)]).unwrap();
        assert_eq!([0, MOST_MARGIN].map(|m| nothing.share(m)), [1.0, 1.0]);
        let too_much = MissedPixels::of([(&none, &truth)]).unwrap();
        assert_eq!(too_much.share(0), 0.0, "what is too much misses nothing");
        // Of the wrong class is missed.
        let swapped = MissedPixels::of([(&truth, &none), (&none, &truth)]).unwrap();
        assert_eq!(swapped.share(5), 1.0);
    }

    #[test]
    fn the_least_margin_is_found() {
        let (truth, automatic) = (square(4.0, 10.0), square(4.0, 6.0));
        let same = MissedPixels::of([(&truth, &automatic)]).unwrap();
        let sample = vec![same; 120];
        let found = margins(&sample, 5_000, 0.05, &[0.5, 0.15, 0.05, 0.001]).unwrap();
        let found: Vec<Option<u32>> = found.iter().map(|row| row.margin).collect();
        // Four columns of ten at no margin, one less with each. That it is below 0.1 % takes more images.
        assert_eq!(found, [Some(0), Some(3), Some(4), None]);
        let unreadable = vec![MissedPixels::all(); 10];
        let found = margins(&unreadable, 5_000, 0.05, &[0.5]).unwrap();
        assert_eq!(found[0].margin, None);
        assert!(margins(&sample, 5_000, 0.05, &[1.5]).is_err());
    }
}
