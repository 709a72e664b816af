//! Adam (Kingma and Ba 2015) on a plain vector of numbers, so that its state can be kept on disk.

use std::ops::Range;

use rayon::prelude::*;

use crate::vectors::vectorised;

const FIRST_DECAY: f32 = 0.9;
const SECOND_DECAY: f32 = 0.999;
const TINY: f32 = 1e-8;
/// Numbers that one thread moves at a time.
const SOME_NUMBERS: usize = 1 << 17;

/// Numbers being trained, with the moments of their gradients.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Adam {
    pub values: Vec<f32>,
    pub first: Vec<f32>,
    pub second: Vec<f32>,
}

impl Adam {
    pub fn new(values: Vec<f32>) -> Self {
        let zeros = vec![0.0; values.len()];
        Self {
            values,
            first: zeros.clone(),
            second: zeros,
        }
    }

    /// One step against the gradient; `taken` counts the steps before this one.
    pub fn step(&mut self, gradient: &[f32], rate: f32, taken: usize) {
        let steps = i32::try_from(taken + 1).unwrap_or(i32::MAX);
        let first_share = 1.0 - FIRST_DECAY.powi(steps);
        let second_share = 1.0 - SECOND_DECAY.powi(steps);
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((value, (first, second)), gradient) in
            self.values.iter_mut().zip(moments).zip(gradient)
        {
            *first = FIRST_DECAY * *first + (1.0 - FIRST_DECAY) * gradient;
            *second = SECOND_DECAY * *second + (1.0 - SECOND_DECAY) * gradient * gradient;
            let size = (*second / second_share).sqrt() + TINY;
            *value -= rate * (*first / first_share) / size;
        }
    }
}

/// How [`AdamW::step`] moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct AdamW {
    /// Share of the first moments that is kept.
    pub first_decay: f32,
    /// Share of the second moments that is kept.
    pub second_decay: f32,
    /// Share of a number that a step of rate 1 takes away.
    pub weight_decay: f32,
}

impl AdamW {
    /// One step of some of the numbers of `adam` against their gradient, with weights that decay by
    /// themselves (Loshchilov and Hutter 2019); `taken` counts the steps before this one.
    pub fn step(
        self,
        adam: &mut Adam,
        numbers: Range<usize>,
        gradient: &[f32],
        rate: f32,
        taken: usize,
    ) {
        let steps = i32::try_from(taken + 1).unwrap_or(i32::MAX);
        let first_share = 1.0 - self.first_decay.powi(steps);
        let root_share = (1.0 - self.second_decay.powi(steps)).sqrt();
        let (rate, kept) = (rate / first_share, 1.0 - rate * self.weight_decay);
        let parts = adam.values[numbers.clone()]
            .par_chunks_mut(SOME_NUMBERS)
            .zip(adam.first[numbers.clone()].par_chunks_mut(SOME_NUMBERS))
            .zip(adam.second[numbers.clone()].par_chunks_mut(SOME_NUMBERS))
            .zip(gradient[numbers].par_chunks(SOME_NUMBERS));
        parts.for_each(|(((values, first), second), gradient)| {
            vectorised(
                #[inline(always)]
                || {
                    let moments = first.iter_mut().zip(second.iter_mut());
                    for ((value, (first, second)), gradient) in
                        values.iter_mut().zip(moments).zip(gradient)
                    {
                        *first += (1.0 - self.first_decay) * (gradient - *first);
                        *second = self.second_decay * *second
                            + (1.0 - self.second_decay) * gradient * gradient;
                        let size = second.sqrt() / root_share + TINY;
                        *value = kept * *value - rate * *first / size;
                    }
                },
            );
        });
    }
}

/// Shrinks a gradient longer than `most` to that length.
pub(crate) fn clip(gradient: &mut [f32], most: f32) {
    let square: f64 = gradient.iter().map(|g| f64::from(*g).powi(2)).sum();
    let length = square.sqrt() as f32;
    if length > most {
        let share = most / length;
        for value in gradient {
            *value *= share;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_step_is_the_rate_whatever_the_size_of_the_gradient() {
        let mut adam = Adam::new(vec![1.0, 1.0]);
        adam.step(&[1e-3, -50.0], 0.1, 0);
        assert!((adam.values[0] - 0.9).abs() < 1e-4 && (adam.values[1] - 1.1).abs() < 1e-4);
    }

    #[test]
    fn long_gradients_are_shortened_and_short_ones_kept() {
        let mut long = [3.0, 4.0];
        clip(&mut long, 1.0);
        assert!((long[0] - 0.6).abs() < 1e-6 && (long[1] - 0.8).abs() < 1e-6);
        let mut short = [0.3, 0.4];
        clip(&mut short, 1.0);
        assert_eq!(short, [0.3, 0.4]);
    }
}
