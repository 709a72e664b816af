//! The exponential function of many numbers at once.
//!
//! Kernels, similarities and softmax take tens of millions of exponentials a round; one call of the
//! system library each would cost more time than all matrix products together. This one has no
//! branches, so the compiler makes vector instructions of it, and `pulp` picks at run time those
//! that the processor has.

/// Below this the result is the smallest normal number (about 1.2e-38), above the largest argument
/// the largest power that fits.
const SMALLEST: f32 = -87.336_54;
const LARGEST: f32 = 88.0;

/// Adding this rounds a number below 2²² to an integer, which is then in the low bits.
const ROUNDER: f32 = 12_582_912.0;

/// `ln 2`, split so that `n * LN_2_HIGH` is exact.
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;

/// Replaces every value by its exponential, to a relative error below 2e-7 for arguments from -87 to
/// 88; beyond, the result stays at the end of that range.
pub fn exponentials(values: &mut [f32]) {
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            for value in values.iter_mut() {
                *value = exponential(*value);
            }
        },
    );
}

/// One exponential; see [`exponentials`].
#[inline(always)]
pub(crate) fn exponential(x: f32) -> f32 {
    let x = x.clamp(SMALLEST, LARGEST);
    // exp(x) = 2^n exp(r) with |r| <= ln(2) / 2.
    let rounded = x * std::f32::consts::LOG2_E + ROUNDER;
    let n = rounded - ROUNDER;
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    // Polynomial of the Cephes library (Moshier, 1992).
    let mut p = 1.987_569_1e-4f32;
    p = p * r + 1.398_199_9e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 0.166_666_65;
    p = p * r + 0.5;
    let exp_r = p * r * r + r + 1.0;
    let exponent = rounded.to_bits().wrapping_sub(ROUNDER.to_bits());
    exp_r * f32::from_bits(exponent.wrapping_add(127) << 23)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_the_system_library(arguments in prop::collection::vec(-87.0f32..88.0, 1..70)) {
            let mut found = arguments.clone();
            exponentials(&mut found);
            for (x, y) in arguments.iter().zip(&found) {
                let exact = f64::from(*x).exp();
                prop_assert!((f64::from(*y) / exact - 1.0).abs() < 2e-7, "exp({x}) = {y}");
            }
        }
    }

    #[test]
    fn stays_finite_and_normal_beyond_its_range() {
        let mut values = [0.0, -1e9, f32::NEG_INFINITY, 1e9];
        exponentials(&mut values);
        assert_eq!(values[0], 1.0);
        assert!(values[1].is_normal() && values[1] < 1.3e-38);
        assert_eq!(values[1], values[2]);
        assert!(values[3].is_finite());
    }
}
