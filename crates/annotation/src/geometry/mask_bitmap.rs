//! Bitmaps, row by row as screens and files have them, to runs and back.

use super::mask::Toggles;
use super::{GeometryError, ImageSize, Mask};
use std::ops::BitXorAssign;

/// Columns that are read side by side: a cache line of bytes.
const BLOCK: usize = 64;

impl Mask {
    /// The pixels whose sample is not 0; `samples` goes row by row.
    ///
    /// # Errors
    /// Not one sample a pixel.
    pub fn from_bitmap(size: ImageSize, samples: &[u8]) -> Result<Self, GeometryError> {
        let mut toggles = Toggles::default();
        let mut inside = false;
        for_each_change(size, samples, |position, sample| {
            if (sample != 0) != inside {
                inside = !inside;
                toggles.push(position);
            }
        })?;
        if inside {
            toggles.push(size.pixels());
        }
        Ok(Self::of_toggles(size, toggles))
    }

    /// One byte a pixel, row by row: 1 inside, 0 outside.
    #[must_use]
    pub fn to_bitmap(&self) -> Vec<u8> {
        let size = self.size();
        let mut samples = vec![0; size.pixels() as usize];
        let width = size.width() as usize;
        for run in self.column_runs() {
            samples[run.top as usize * width + run.x as usize] ^= 1;
            if run.bottom < size.height() {
                samples[run.bottom as usize * width + run.x as usize] ^= 1;
            }
        }
        spread_down(&mut samples, width);
        samples
    }
}

/// Calls `change` down the columns with every position whose sample may differ from that of the
/// position before, the first of each column included.
pub(super) fn for_each_change<T: Copy + PartialEq>(
    size: ImageSize,
    samples: &[T],
    mut change: impl FnMut(u32, T),
) -> Result<(), GeometryError> {
    if samples.len() != size.pixels() as usize {
        return Err(GeometryError::BitmapLength {
            found: samples.len(),
            expected: size.pixels(),
        });
    }
    let width = size.width() as usize;
    let mut columns: Vec<Vec<(u32, T)>> = vec![Vec::new(); BLOCK.min(width)];
    for left in (0..width).step_by(BLOCK) {
        let block = left..(left + BLOCK).min(width);
        let mut above: &[T] = &[];
        for (y, row) in samples.chunks_exact(width).enumerate() {
            let row = &row[block.clone()];
            // Most rows of a block repeat the one above, which this comparison finds at full speed.
            if row != above {
                for (column, (index, sample)) in columns.iter_mut().zip(row.iter().enumerate()) {
                    if above.get(index) != Some(sample) {
                        column.push((y as u32, *sample));
                    }
                }
            }
            above = row;
        }
        for (x, column) in block.zip(&mut columns) {
            let start = x as u32 * size.height();
            for (y, sample) in column.drain(..) {
                change(start + y, sample);
            }
        }
    }
    Ok(())
}

/// Makes every row the exclusive or of all rows down to it: marks where a column changes become the
/// column. Touching the pixels row by row is much faster than filling runs down the columns.
pub(super) fn spread_down<T: Copy + BitXorAssign>(samples: &mut [T], width: usize) {
    let mut rows = samples.chunks_exact_mut(width);
    let Some(mut above) = rows.next() else {
        return;
    };
    for row in rows {
        for (sample, above) in row.iter_mut().zip(above.iter()) {
            *sample ^= *above;
        }
        above = row;
    }
}

#[cfg(test)]
mod tests {
    use super::super::mask::tests::bitmap;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn any_sample_but_0_is_inside() {
        let size = ImageSize::new(2, 2).unwrap();
        let mask = Mask::from_bitmap(size, &[255, 7, 0, 1]).unwrap();
        assert_eq!(mask.to_bitmap(), [1, 1, 0, 1]);
        let refused = Mask::from_bitmap(size, &[0; 3]).unwrap_err();
        assert!(refused.to_string().contains("3 samples"), "{refused}");
    }

    proptest! {
        #[test]
        fn bitmaps_come_back((size, values) in bitmap()) {
            let mask = Mask::from_bitmap(size, &values).unwrap();
            prop_assert_eq!(mask.to_bitmap(), values);
        }

        #[test]
        fn wide_bitmaps_come_back(width in 60u32..200, seeds in proptest::collection::vec(0u8..2, 1..9)) {
            let size = ImageSize::new(width, seeds.len() as u32).unwrap();
            let values: Vec<u8> = (0..size.pixels())
                .map(|i| u8::from((i * 7 + u32::from(seeds[(i / width) as usize])) % 5 > 2))
                .collect();
            prop_assert_eq!(Mask::from_bitmap(size, &values).unwrap().to_bitmap(), values);
        }
    }
}
