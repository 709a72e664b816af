//! Memory that is used again: a training step needs the same dozens of megabytes as the one before,
//! and fresh pages of the system cost more than filling them.

/// Vectors to be used again.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    free: Vec<Vec<f32>>,
}

impl Buffers {
    /// Numbers of any value.
    pub fn take(&mut self, count: usize) -> Vec<f32> {
        // The smallest that holds them.
        let fitting = (0..self.free.len())
            .filter(|&index| self.free[index].capacity() >= count)
            .min_by_key(|&index| self.free[index].capacity());
        let mut buffer = match fitting {
            Some(index) => self.free.swap_remove(index),
            None => Vec::with_capacity(count),
        };
        buffer.resize(count, 0.0);
        buffer
    }

    /// A copy of the values.
    pub fn copy(&mut self, values: &[f32]) -> Vec<f32> {
        let mut buffer = self.take(values.len());
        buffer.copy_from_slice(values);
        buffer
    }

    /// Takes a vector back.
    pub fn give(&mut self, buffer: Vec<f32>) {
        if buffer.capacity() > 0 {
            self.free.push(buffer);
        }
    }

    /// Takes several vectors back.
    pub fn give_all<const N: usize>(&mut self, buffers: [Vec<f32>; N]) {
        for buffer in buffers {
            self.give(buffer);
        }
    }
}
