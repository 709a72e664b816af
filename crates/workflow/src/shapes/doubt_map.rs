//! Where on an image the network is least sure: a map for the eye, and the places to look at first.

use autolabel_annotation::ImageSize;
use autolabel_training::{DenseGrid, DenseTask};

/// Cells that a place of doubt reaches to each side: single cells along every border are unsure anyway.
const REACH: usize = 2;
/// Places that are told at most.
const MOST_SPOTS: usize = 6;
/// A place counts as long as it has this share of the doubt of the first.
const LEAST_SHARE: f32 = 0.4;

/// Doubt cell by cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DoubtMap {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// `[rows, columns]`, 0 to 1; see [`DenseTask::doubts`].
    pub(crate) values: Vec<f32>,
}

/// A place to look at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spot {
    /// In pixels of the image.
    pub(crate) at: [f32; 2],
    /// Mean doubt around it, 0 to 1.
    pub(crate) doubt: f32,
}

impl DoubtMap {
    /// From the answers of the network.
    pub(crate) fn of(task: DenseTask, logits: &DenseGrid) -> Self {
        Self {
            rows: logits.rows,
            columns: logits.columns,
            values: task.doubts(logits),
        }
    }

    /// The most doubtful places of an image that the map covers, the most doubtful first, no two of them
    /// near each other.
    pub(crate) fn spots(&self, size: ImageSize) -> Vec<Spot> {
        let mut around = self.means_around();
        let mut spots: Vec<Spot> = Vec::new();
        while spots.len() < MOST_SPOTS {
            let best =
                (0..around.len()).max_by(|&a, &b| around[a].total_cmp(&around[b]).then(b.cmp(&a)));
            let Some(best) = best.filter(|best| around[*best] > 0.0) else {
                break;
            };
            let doubt = around[best];
            if spots
                .first()
                .is_some_and(|first| doubt < LEAST_SHARE * first.doubt)
            {
                break;
            }
            let (row, column) = (best / self.columns, best % self.columns);
            let place = |cell: usize, cells: usize, pixels: u32| {
                ((cell as f64 + 0.5) / cells as f64 * f64::from(pixels)) as f32
            };
            spots.push(Spot {
                at: [
                    place(column, self.columns, size.width()),
                    place(row, self.rows, size.height()),
                ],
                doubt,
            });
            self.around(row, column, 2 * REACH, |cell| around[cell] = 0.0);
        }
        spots
    }

    /// The mean doubt of the cells around each, nearer ones counting more.
    fn means_around(&self) -> Vec<f32> {
        (0..self.values.len())
            .map(|cell| {
                let (row, column) = (cell / self.columns, cell % self.columns);
                let (mut sum, mut weights) = (0.0, 0.0);
                self.around(row, column, REACH, |near| {
                    let off = [
                        (near / self.columns).abs_diff(row),
                        (near % self.columns).abs_diff(column),
                    ];
                    let weight = off.map(|off| (REACH + 1 - off) as f32);
                    sum += weight[0] * weight[1] * self.values[near];
                    weights += weight[0] * weight[1];
                });
                sum / weights
            })
            .collect()
    }

    /// Calls with every cell that is no farther than `reach` rows and columns away.
    fn around(&self, row: usize, column: usize, reach: usize, mut each: impl FnMut(usize)) {
        for y in row.saturating_sub(reach)..=(row + reach).min(self.rows - 1) {
            for x in column.saturating_sub(reach)..=(column + reach).min(self.columns - 1) {
                each(y * self.columns + x);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_sure_place_comes_first_and_its_neighbours_are_no_other_place() {
        let (rows, columns) = (12_usize, 16_usize);
        // Sure everywhere but around two cells, the second less so.
        let values = (0..rows * columns).flat_map(|cell| {
            let far = |row: usize, column: usize| {
                (cell / columns)
                    .abs_diff(row)
                    .max((cell % columns).abs_diff(column))
            };
            let lead = if far(3, 4) <= 1 {
                0.1
            } else if far(9, 12) <= 1 {
                1.0
            } else {
                9.0
            };
            [lead, 0.0]
        });
        let logits = DenseGrid {
            rows,
            columns,
            channels: 2,
            values: values.collect(),
        };
        let map = DoubtMap::of(DenseTask::Classes { classes: 2 }, &logits);
        assert!(map.values[3 * columns + 4] > 0.95 && map.values[0] < 0.01);
        let spots = map.spots(ImageSize::new(160, 120).unwrap());
        assert_eq!(spots.len(), 2, "{spots:?}");
        assert_eq!([spots[0].at, spots[1].at], [[45.0, 35.0], [125.0, 95.0]]);
        assert!(spots[0].doubt > spots[1].doubt);
    }
}
