//! What wrong boxes cost: the penalty-reduced focal loss of CornerNet (Law and Deng 2018) for centres,
//! generalised IoU (Rezatofighi et al. 2019) for sides.

use crate::dense::maps::{DENSE_STRIDE, DenseTarget};
use crate::dense::objective::SIDES;

/// What a centre is held for before anything is learnt: a probability of 0.02, since nearly all cells are
/// none, and their sum would drown the few that are.
pub(crate) const RARE_CENTRE_LOGIT: f32 = -3.9;
/// The distance of a side whose answer is 0, in pixels of the input.
pub(crate) const SIDE_UNIT_PX: f32 = (4 * DENSE_STRIDE) as f32;
/// Answers above stand for this one: 16 pixels times its exponential are more than any input has.
const MOST_SIDE: f32 = 8.0;
/// What the sides count for beside the centres.
const SIDES_SHARE: f32 = 2.0;

/// The distance of a side in pixels of the input from an answer.
pub(crate) fn side_px(answer: f32) -> f32 {
    SIDE_UNIT_PX * answer.min(MOST_SIDE).exp()
}

/// The loss of centres over the number of centres, plus that of sides over the number of boxes.
pub(crate) fn box_loss(
    classes: usize,
    answer: &[f32],
    target: &DenseTarget,
    share: f32,
    gradient: &mut [f32],
) -> f32 {
    let cells = || {
        target
            .values
            .chunks_exact(target.channels)
            .zip(&target.weights)
    };
    let (mut centres, mut boxes) = (0.0_f32, 0.0_f32);
    for (wanted, weight) in cells() {
        let (heats, sides) = wanted.split_at(classes);
        centres += heats.iter().filter(|heat| **heat >= 1.0).count() as f32 * weight;
        boxes += sides[SIDES];
    }
    let centre_share = 1.0 / centres.max(1.0);
    let sides_share = SIDES_SHARE / boxes.max(1.0);
    let mut loss = 0.0;
    let outputs = classes + SIDES;
    let answers = answer
        .chunks_exact(outputs)
        .zip(gradient.chunks_exact_mut(outputs));
    for ((wanted, &weight), (answer, gradient)) in cells().zip(answers) {
        gradient.fill(0.0);
        for class in 0..classes {
            let (cost, slope) = focal(answer[class], wanted[class]);
            loss += weight * centre_share * cost;
            gradient[class] = share * weight * centre_share * slope;
        }
        let (sides, counts) = wanted[classes..].split_at(SIDES);
        let counts = counts[0] * sides_share;
        if counts > 0.0 {
            let (cost, slopes) = sides_cost(&answer[classes..], sides);
            loss += counts * cost;
            for (gradient, slope) in gradient[classes..].iter_mut().zip(slopes) {
                *gradient = share * counts * slope;
            }
        }
    }
    loss
}

/// The focal loss of a logit where the heat is `heat`, 0 to 1, and its slope: a centre costs
/// `-(1 - p)^2 ln p`, anything else `-(1 - heat)^4 p^2 ln (1 - p)`, so that a claim beside a centre costs
/// little.
fn focal(logit: f32, heat: f32) -> (f32, f32) {
    let p = 1.0 / (1.0 + (-logit).exp());
    // ln (1 + e^x) without overflow.
    let softplus = |x: f32| x.max(0.0) + (-x.abs()).exp().ln_1p();
    if heat >= 1.0 {
        let (rest, ln_p) = (1.0 - p, -softplus(-logit));
        (-rest * rest * ln_p, rest * rest * (2.0 * p * ln_p - rest))
    } else {
        let (penalty, ln_rest) = ((1.0 - heat).powi(4), -softplus(logit));
        (
            -penalty * p * p * ln_rest,
            penalty * p * p * (p - 2.0 * (1.0 - p) * ln_rest),
        )
    }
}

/// One less the generalised IoU of the box that the answers claim and the one that `wanted` gives in
/// pixels, both around the middle of the cell, 0 to 2; and its slopes by the answers.
fn sides_cost(answers: &[f32], wanted: &[f32]) -> (f32, [f32; SIDES]) {
    let claimed: [f32; SIDES] = std::array::from_fn(|side| side_px(answers[side]));
    // Left and right, upper and lower are one axis each.
    let extent = |of: &[f32], axis: usize| of[axis] + of[axis + 2];
    let sides = [0, 1].map(|axis| extent(&claimed, axis));
    let shared = [0, 1].map(|axis| {
        let least = |side: usize| claimed[side].min(wanted[side]);
        (least(axis) + least(axis + 2)).max(0.0)
    });
    let around = [0, 1].map(|axis| {
        let most = |side: usize| claimed[side].max(wanted[side]);
        most(axis) + most(axis + 2)
    });
    let both = shared[0] * shared[1];
    let union = sides[0] * sides[1] + extent(wanted, 0) * extent(wanted, 1) - both;
    let hull = around[0] * around[1];
    let cost = 2.0 - both / union - union / hull;
    let slopes = std::array::from_fn(|side| {
        let other = 1 - side % 2;
        let by_both = match claimed[side] < wanted[side] && both > 0.0 {
            true => shared[other],
            false => 0.0,
        };
        let by_hull = match claimed[side] > wanted[side] {
            true => around[other],
            false => 0.0,
        };
        let by_union = sides[other] - by_both;
        let slope = -(by_both * union - both * by_union) / (union * union)
            - (by_union * hull - union * by_hull) / (hull * hull);
        let is_limited = answers[side] > MOST_SIDE;
        if is_limited {
            0.0
        } else {
            slope * claimed[side]
        }
    });
    (cost, slopes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dense::check_slopes;

    #[test]
    fn known_losses_come_out() {
        // -(1/2)^2 ln (1/2) at a centre; beside it a sixteenth of that with half the heat.
        let (centre, _) = focal(0.0, 1.0);
        assert!((centre - 0.25 * std::f32::consts::LN_2).abs() < 1e-7);
        let (beside, _) = focal(0.0, 0.5);
        assert!((beside - centre / 16.0).abs() < 1e-7);
        for logit in [-80.0, 80.0] {
            let (first, second) = (focal(logit, 1.0), focal(logit, 0.0));
            assert!(
                [first.0, first.1, second.0, second.1]
                    .iter()
                    .all(|v| v.is_finite())
            );
        }
        // 16 pixels each way: the same box costs nothing; half of it 1/2; one beside it, as large as
        // it and with as much room between, 1 + 1/3.
        let (cost, _) = sides_cost(&[0.0; 4], &[16.0; 4]);
        assert!(cost.abs() < 1e-6);
        let (cost, _) = sides_cost(&[0.0; 4], &[16.0, 16.0, 0.0, 16.0]);
        assert!((cost - 0.5).abs() < 1e-6);
        let (cost, _) = sides_cost(&[0.0; 4], &[-48.0, 16.0, 80.0, 16.0]);
        assert!((cost - 4.0 / 3.0).abs() < 1e-6);
    }

    #[test]
    fn slopes_are_those_of_the_loss() {
        let channels = 2 + SIDES + 1;
        let mut values = vec![0.0; 6 * channels];
        values[..7].copy_from_slice(&[1.0, 0.3, 20.0, 9.0, 31.0, 13.0, 0.75]);
        values[7..14].copy_from_slice(&[0.6, 0.0, 14.0, 10.0, 38.0, 11.5, 0.25]);
        // Outside of its own box, and overlapping with nothing.
        values[14..21].copy_from_slice(&[0.2, 1.0, -40.0, 8.0, 60.0, 8.0, 1.0]);
        let target = DenseTarget {
            rows: 2,
            columns: 3,
            channels,
            values,
            weights: vec![1.0, 1.0, 0.5, 1.0, 0.0, 1.0],
        };
        // Nowhere within a step of the kinks, where claimed and wanted sides are the same.
        let answer: Vec<f32> = (0..6 * 6)
            .map(|v| ((v * 37 % 23) as f32 - 11.0) / 9.0 + 0.05)
            .collect();
        check_slopes(&answer, |answer, gradient| {
            box_loss(2, answer, &target, 1.0, gradient)
        });
        let mut gradient = vec![f32::NAN; answer.len()];
        box_loss(2, &answer, &target, 0.5, &mut gradient);
        assert!(gradient[4 * 6..5 * 6].iter().all(|slope| *slope == 0.0));
    }
}
