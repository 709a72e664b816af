//! How long people will take for an image: learnt from the images drawn so far, each with what the network
//! had proposed for it and the seconds that it took.
//!
//! An image takes the longer the more there is to draw, and the less of it the network got right. Both can
//! be told before anyone looks: by how much it proposes, and by how far it contradicts itself. The logarithm
//! of the seconds is taken as linear in the logarithms of both; before the first image that was drawn over a
//! proposal, twice as much of either is taken to last half as long again.

use autolabel_annotation::{Drawing, DrawnShape};

use super::bayes_line::{BayesLine, Prior};
use super::fit::mask_of;
use super::trust::{Claim, Tested};

/// Beside a drawing there is a look at the image, worth so many boxes, or outlines as long as its sides.
const LOOK: f64 = 0.25;
/// How far a proposal on which the network agrees with itself perfectly still is from perfect.
const LEAST_MISS: f64 = 0.02;
/// What is believed of the slopes before the first image, and how many images that is worth. A tracer who
/// did all that is wrong and nothing else would have slopes of 1; one who only looks would have 0.
const SLOPE: f64 = 0.5;
const SLOPE_WORTH: f64 = 2.0;
/// What is believed of the mean before the first image is worth next to nothing.
const LEVEL_WORTH: f64 = 0.01;
/// Standard deviation of the logarithm of seconds, before the first image, worth so many images.
const SPREAD: f64 = 0.5;
const SPREAD_WORTH: f64 = 2.0;

/// What is known of the time that people take.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    /// Where the columns of the images lie, which the slopes turn about.
    centre: [f64; 2],
    line: BayesLine<3>,
}

impl Pace {
    /// Learnt from the images of which the seconds are known.
    pub(crate) fn learn(tested: &[Tested]) -> Self {
        let timed = tested.iter().filter_map(|image| {
            let seconds = image.seconds.filter(|seconds| *seconds > 0.0)?;
            Some((columns(image.claim), seconds.ln()))
        });
        let known: Vec<([f64; 2], f64)> = timed.collect();
        let n = known.len().max(1) as f64;
        let mut centre = [0.0; 2];
        for (columns, _) in &known {
            for (sum, value) in centre.iter_mut().zip(columns) {
                *sum += value / n;
            }
        }
        let prior = Prior {
            mean: [0.0, SLOPE, SLOPE],
            worth: [LEVEL_WORTH, SLOPE_WORTH, SLOPE_WORTH],
            noise: SPREAD,
            noise_worth: SPREAD_WORTH,
        };
        let rows = known.iter().map(|(columns, y)| (row(*columns, centre), *y));
        Self {
            centre,
            line: BayesLine::learn(&prior, rows),
        }
    }

    /// Seconds in the middle of what an image may take.
    pub(crate) fn seconds(&self, claim: Claim) -> f64 {
        let row = row(columns(claim), self.centre);
        self.line.predict(&row).middle.exp()
    }
}

fn columns(claim: Claim) -> [f64; 2] {
    let miss = 1.0 - f64::from(claim.agreement);
    [
        (LOOK + f64::from(claim.amount)).ln(),
        (LEAST_MISS + miss).ln(),
    ]
}

fn row([amount, miss]: [f64; 2], centre: [f64; 2]) -> [f64; 3] {
    [1.0, amount - centre[0], miss - centre[1]]
}

/// How much there is to draw: boxes, or the length of outlines in roots of the image's area.
pub(crate) fn amount(drawing: &Drawing) -> f32 {
    let of = |shape: &DrawnShape| match mask_of(&shape.geometry) {
        Some(mask) => f64::from(mask.border().area()) / f64::from(mask.size().pixels()).sqrt(),
        None => 1.0,
    };
    drawing.shapes.iter().map(of).sum::<f64>() as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use autolabel_annotation::{BoundingBox, ClassId, Geometry, ImageSize, Mask};

    fn claim(amount: f32, agreement: f32) -> Claim {
        Claim {
            agreement,
            is_empty: false,
            amount,
        }
    }

    #[test]
    fn before_any_image_more_to_draw_and_more_doubt_are_taken_to_last_longer() {
        let seconds = |amount, agreement| Pace::learn(&[]).seconds(claim(amount, agreement));
        assert!(seconds(4.0, 0.9) > 1.5 * seconds(1.0, 0.9));
        assert!(seconds(4.0, 0.5) > 1.5 * seconds(4.0, 0.9));
        // Beside a look, next to nothing and nothing to draw are the same.
        assert!(seconds(0.01, 0.9) < 1.1 * seconds(0.0, 0.9));
    }

    #[test]
    fn images_that_all_last_alike_are_believed() {
        let known: Vec<Tested> = (0_u8..30)
            .map(|number| Tested {
                claim: claim(f32::from(number % 7), 0.3 + 0.02 * f32::from(number)),
                fit: 0.5,
                nothing_there: false,
                seconds: Some(40.0),
            })
            .collect();
        let pace = Pace::learn(&known);
        let ratio = pace.seconds(claim(6.0, 0.5)) / pace.seconds(claim(1.0, 0.9));
        assert!((0.8..1.25).contains(&ratio), "{ratio}");
    }

    #[test]
    fn more_to_draw_and_more_to_put_right_take_longer() {
        // 7 seconds a box, of which the missed share has to be drawn, and 10 to look.
        let truth = |claim: Claim| 10.0 + 7.0 * f64::from(claim.amount * (1.0 - claim.agreement));
        let known: Vec<Tested> = (1_u8..40)
            .map(|number| {
                let amount = f32::from(number % 13 + 1);
                let claim = claim(amount, 0.3 + 0.05 * f32::from(number % 11));
                Tested {
                    claim,
                    fit: 0.5,
                    nothing_there: false,
                    seconds: Some(truth(claim)),
                }
            })
            .collect();
        let pace = Pace::learn(&known);
        for image in &known {
            let off = pace.seconds(image.claim) / truth(image.claim);
            assert!((0.7..1.4).contains(&off), "{off} of {image:?}");
        }
        let seconds = |amount, agreement| pace.seconds(claim(amount, agreement));
        assert!(seconds(10.0, 0.5) > 1.3 * seconds(3.0, 0.5));
        assert!(seconds(10.0, 0.4) > 1.3 * seconds(10.0, 0.8));
    }

    #[test]
    fn outlines_count_by_their_length_and_boxes_by_their_number() {
        let size = ImageSize::new(100, 100).unwrap();
        let area = BoundingBox::new(10.0, 10.0, 50.0, 50.0).unwrap();
        let drawing = |geometry: Geometry| Drawing {
            shapes: vec![DrawnShape {
                class: ClassId(0),
                geometry,
            }],
            ignored: None,
        };
        assert!((amount(&drawing(Geometry::Box(area))) - 1.0).abs() < 1e-6);
        let mask = drawing(Geometry::Mask(Mask::of_box(size, &area)));
        assert!((amount(&mask) - 1.96).abs() < 1e-6);
    }
}
