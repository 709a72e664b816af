//! Exact Euclidean distances from some pixels to the nearest pixel of a mask.
//!
//! The transform is separable: in the row of a pixel, column `x` offers the squared distance
//! `(step_y * gap)² + (step_x * (x - own))²`, where `gap` leads to the nearest pixel of that column,
//! and the smallest of these parabolas wins (Felzenszwalb and Huttenlocher 2012, Meijster, Roerdink
//! and Hesselink 2000). Distances between outlines are short and are asked for at few pixels, so the
//! columns around a pixel are tried first, outwards until none can be nearer. A row in which that
//! takes more steps than it has columns gets the lower envelope of all its parabolas instead, so the
//! time never exceeds that of a transform of the whole image by more than a factor.

use autolabel_annotation::{ColumnRun, Mask};

/// Distances from each pixel of `from` to the nearest pixel of `to`, pixels `spacing` (x, y) apart, in
/// no particular order; infinite where `to` is empty. The masks are of one size.
pub(crate) fn distances(from: &Mask, to: &Mask, spacing: [f64; 2]) -> Vec<f64> {
    distances_within(from, to, spacing, from.size().width() as usize)
}

/// The same with a number of steps after which a row gets the lower envelope.
fn distances_within(from: &Mask, to: &Mask, spacing: [f64; 2], budget: usize) -> Vec<f64> {
    let mut places: Vec<(u32, u32)> = from
        .column_runs()
        .flat_map(|run| (run.top..run.bottom).map(move |y| (y, run.x)))
        .collect();
    if to.is_empty() {
        return vec![f64::INFINITY; places.len()];
    }
    // Stable, so columns stay in order within a row.
    places.sort_by_key(|(y, _)| *y);
    let columns = Columns::of(to, spacing);
    let mut envelope = Envelope::default();
    let mut squares: Vec<f64> = Vec::with_capacity(places.len());
    for row in places.chunk_by(|first, second| first.0 == second.0) {
        let done = squares.len();
        let mut steps = budget;
        for (y, x) in row {
            let Some(square) = columns.search(*x, *y, &mut steps) else {
                break;
            };
            squares.push(square);
        }
        if squares.len() - done < row.len() {
            squares.truncate(done);
            envelope.build(&columns, row[0].0);
            squares.extend(envelope.lowest(row.iter().map(|(_, x)| f64::from(*x) * spacing[0])));
        }
    }
    squares.into_iter().map(f64::sqrt).collect()
}

/// The pixels of a mask, column by column.
struct Columns {
    runs: Vec<ColumnRun>,
    /// Where the runs of each column start; one more at the end.
    starts: Vec<usize>,
    spacing: [f64; 2],
}

impl Columns {
    fn of(mask: &Mask, spacing: [f64; 2]) -> Self {
        let runs: Vec<ColumnRun> = mask.column_runs().collect();
        let mut starts = Vec::with_capacity(mask.size().width() as usize + 1);
        for (index, run) in runs.iter().enumerate() {
            starts.resize(starts.len().max(run.x as usize + 1), index);
        }
        starts.resize(mask.size().width() as usize + 1, runs.len());
        Self {
            runs,
            starts,
            spacing,
        }
    }

    fn count(&self) -> usize {
        self.starts.len() - 1
    }

    /// Squared distance from row `y` to the nearest pixel of a column; `None` where it has none.
    fn gap(&self, column: usize, y: u32) -> Option<f64> {
        let runs = &self.runs[self.starts[column]..self.starts[column + 1]];
        let next = runs.partition_point(|run| run.bottom <= y);
        let below = runs.get(next).map(|run| run.top.saturating_sub(y));
        let above = next.checked_sub(1).map(|last| y + 1 - runs[last].bottom);
        let rows = below.into_iter().chain(above).min()?;
        Some((f64::from(rows) * self.spacing[1]).powi(2))
    }

    /// The smallest squared distance from a pixel, by trying columns outwards; `None` where the steps
    /// run out.
    fn search(&self, x: u32, y: u32, steps: &mut usize) -> Option<f64> {
        let (own, count) = (x as usize, self.count());
        let mut best = f64::INFINITY;
        for offset in 0..count {
            let across = (offset as f64 * self.spacing[0]).powi(2);
            if across >= best {
                break;
            }
            *steps = steps.checked_sub(1)?;
            let right = (own + offset < count).then_some(own + offset);
            for column in own.checked_sub(offset).into_iter().chain(right) {
                if let Some(gap) = self.gap(column, y) {
                    best = best.min(across + gap);
                }
            }
        }
        Some(best)
    }
}

/// The lower envelope of the parabolas of a row.
#[derive(Default)]
struct Envelope {
    /// Centre and height of the parabolas that are lowest somewhere, from left to right.
    parabolas: Vec<(f64, f64)>,
    /// From where on each is.
    from: Vec<f64>,
}

impl Envelope {
    fn build(&mut self, columns: &Columns, y: u32) {
        self.parabolas.clear();
        self.from.clear();
        for column in 0..columns.count() {
            let Some(height) = columns.gap(column, y) else {
                continue;
            };
            let centre = column as f64 * columns.spacing[0];
            // The new one is lowest from where it meets the last; what starts behind that is nowhere.
            let mut meet = f64::NEG_INFINITY;
            while let (Some((other, low)), Some(from)) = (self.parabolas.last(), self.from.last()) {
                let rise = height - low;
                meet = f64::midpoint(centre, *other) + rise / (2.0 * (centre - other));
                if meet > *from {
                    break;
                }
                self.parabolas.pop();
                self.from.pop();
                meet = f64::NEG_INFINITY;
            }
            self.parabolas.push((centre, height));
            self.from.push(meet);
        }
    }

    /// The envelope at rising places.
    fn lowest(&self, places: impl Iterator<Item = f64>) -> impl Iterator<Item = f64> {
        let mut index = 0;
        places.map(move |place| {
            while self.from.get(index + 1).is_some_and(|from| *from <= place) {
                index += 1;
            }
            let (centre, height) = self.parabolas[index];
            (place - centre).powi(2) + height
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autolabel_annotation::ImageSize;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn pixels(mask: &Mask) -> Vec<(u32, u32)> {
        let runs = mask.column_runs();
        runs.flat_map(|run| (run.top..run.bottom).map(move |y| (run.x, y)))
            .collect()
    }

    fn brute_force(from: &Mask, to: &Mask, spacing: [f64; 2]) -> Vec<f64> {
        let nearest = |(x, y): (u32, u32)| {
            let of = |(u, v): (u32, u32)| {
                let across = f64::from(x.abs_diff(u)) * spacing[0];
                let down = f64::from(y.abs_diff(v)) * spacing[1];
                across.hypot(down)
            };
            pixels(to).into_iter().map(of).fold(f64::INFINITY, f64::min)
        };
        pixels(from).into_iter().map(nearest).collect()
    }

    proptest! {
        #[test]
        fn distances_are_those_of_all_pairs(
            (width, height, first, second) in (1u32..16, 1u32..12).prop_flat_map(|(width, height)| {
                let bits = vec(0u8..10, (width * height) as usize);
                (Just(width), Just(height), bits.clone(), bits)
            }),
            sparse in 1u8..10,
            across in 0.1f64..4.0,
            budget in 0usize..20,
        ) {
            let size = ImageSize::new(width, height).unwrap();
            let mask = |values: &[u8], least: u8| {
                let bits: Vec<u8> = values.iter().map(|v| u8::from(*v >= least)).collect();
                Mask::from_bitmap(size, &bits).unwrap()
            };
            let (from, to) = (mask(&first, 5), mask(&second, sparse));
            let mut expected = brute_force(&from, &to, [across, 1.0]);
            expected.sort_by(f64::total_cmp);
            // With the search alone, the envelope alone, and both.
            for budget in [usize::MAX, 0, budget] {
                let mut found = distances_within(&from, &to, [across, 1.0], budget);
                found.sort_by(f64::total_cmp);
                prop_assert_eq!(found.len(), expected.len());
                for (ours, theirs) in found.iter().zip(&expected) {
                    prop_assert!(ours == theirs || (ours - theirs).abs() < 1e-12);
                }
            }
        }
    }
}
