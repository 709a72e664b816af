//! Votes for the centres of instances: where they pile up, and which pile is nearest to a place.
//!
//! Places are row and column in cells, continuous, from the upper-left corner of the first cell.

/// Standard deviation by which votes are spread, in cells.
const SPREAD: f32 = 1.0;
/// Cells to either side that a spread vote reaches.
const REACH: usize = 3;
/// Height of a pile that can be a centre: that of three votes for one place.
const LEAST_HEIGHT: f32 = 3.0 / (2.0 * std::f32::consts::PI * SPREAD * SPREAD);
/// A pile that lies within this share of the radius of a larger one's instance is of that instance.
const SAME_WITHIN: f32 = 0.5;
/// How often piles are joined at most; each time fewer are left.
const MOST_ROUNDS: usize = 5;

/// How many cells point at each cell.
#[derive(Clone, Debug)]
pub(crate) struct VoteMap {
    rows: usize,
    columns: usize,
    /// `[rows, columns]`.
    values: Vec<f32>,
    /// The places voted for.
    places: Vec<[f32; 2]>,
}

impl VoteMap {
    /// No votes.
    pub fn new(rows: usize, columns: usize) -> Self {
        Self {
            rows,
            columns,
            values: vec![0.0; rows * columns],
            places: Vec::new(),
        }
    }

    /// One vote, shared by the four cells around; one beyond the border counts for the border.
    pub fn add(&mut self, place: [f32; 2]) {
        let sides = [self.rows, self.columns];
        let [row, column] = [0, 1].map(|axis| {
            let last = (sides[axis] - 1) as f32;
            (place[axis] - 0.5).clamp(0.0, last)
        });
        let (upper, left) = (row as usize, column as usize);
        let (down, right) = (row - upper as f32, column - left as f32);
        let corners = [
            (upper, left, (1.0 - down) * (1.0 - right)),
            (upper, left + 1, (1.0 - down) * right),
            (upper + 1, left, down * (1.0 - right)),
            (upper + 1, left + 1, down * right),
        ];
        for (row, column, share) in corners {
            if share > 0.0 {
                self.values[row * self.columns + column] += share;
            }
        }
        self.places.push([row + 0.5, column + 0.5]);
    }

    /// Spreads all votes by a Gaussian, rows after columns.
    pub fn smooth(&mut self) {
        let bell: Vec<f32> = (0..=2 * REACH)
            .map(|at| (-0.5 * ((at as f32 - REACH as f32) / SPREAD).powi(2)).exp())
            .collect();
        let sum: f32 = bell.iter().sum();
        for (count, step) in [(self.rows, self.columns), (self.columns, 1)] {
            let before = self.values.clone();
            for (index, value) in self.values.iter_mut().enumerate() {
                let at = index / step % count;
                let mut spread = 0.0;
                for (tap, weight) in bell.iter().enumerate() {
                    // `at + tap - REACH` within the line.
                    if at + tap >= REACH && at + tap - REACH < count {
                        spread += weight * before[index + tap * step - REACH * step];
                    }
                }
                *value = spread / sum;
            }
        }
    }

    /// Cells that are higher than all around them, the highest first, as places.
    fn peaks(&self) -> Vec<[f32; 2]> {
        let mut found = Vec::new();
        for row in 0..self.rows {
            for column in 0..self.columns {
                let own = self.values[row * self.columns + column];
                if own >= LEAST_HEIGHT && self.is_highest(row, column) {
                    found.push((own, [row as f32 + 0.5, column as f32 + 0.5]));
                }
            }
        }
        found.sort_by(|first, second| second.0.total_cmp(&first.0));
        found.into_iter().map(|(_, place)| place).collect()
    }

    /// Whether no neighbour is higher; of equal ones the first is highest.
    fn is_highest(&self, row: usize, column: usize) -> bool {
        let own = self.values[row * self.columns + column];
        let rows = row.saturating_sub(1)..=(row + 1).min(self.rows - 1);
        rows.into_iter().all(|y| {
            let columns = column.saturating_sub(1)..=(column + 1).min(self.columns - 1);
            columns.into_iter().all(|x| {
                let other = self.values[y * self.columns + x];
                match (y, x) < (row, column) {
                    true => own > other,
                    false => own >= other,
                }
            })
        })
    }
}

/// The centres, and which one is nearest to any place.
pub(crate) struct NearestCentre {
    rows: usize,
    columns: usize,
    centres: Vec<[f32; 2]>,
    /// Radius of a disc with as many cells as vote for the centre.
    radii: Vec<f32>,
    /// `[rows, columns]`: the nearest centre of each cell.
    nearest: Vec<u32>,
}

impl NearestCentre {
    /// At most `most` centres. What voted for several piles within one instance is one in the end: piles
    /// near the middle of a larger one are joined to it until none is left.
    pub fn new(votes: &VoteMap, most: usize) -> Self {
        let mut centres = votes.peaks();
        centres.truncate(most);
        let mut found = Self::of(votes, centres);
        for _ in 0..MOST_ROUNDS {
            let kept = found.apart();
            if kept.len() == found.len() {
                break;
            }
            found = Self::of(votes, kept);
        }
        found
    }

    fn of(votes: &VoteMap, centres: Vec<[f32; 2]>) -> Self {
        let nearest = nearest_centres(votes.rows, votes.columns, &centres);
        let mut found = Self {
            rows: votes.rows,
            columns: votes.columns,
            radii: vec![0.0; centres.len()],
            centres,
            nearest,
        };
        if found.is_empty() {
            return found;
        }
        for place in &votes.places {
            let (centre, _) = found.nearest(*place);
            found.radii[centre] += 1.0;
        }
        for radius in &mut found.radii {
            *radius = (*radius / std::f32::consts::PI).sqrt();
        }
        found
    }

    /// The centres that lie in the middle of no larger one, in their order.
    fn apart(&self) -> Vec<[f32; 2]> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by(|first, second| self.radii[*second].total_cmp(&self.radii[*first]));
        let mut kept: Vec<usize> = Vec::new();
        for centre in order {
            let is_apart = kept.iter().all(|larger| {
                let off = distance(self.centres[*larger], self.centres[centre]);
                off > SAME_WITHIN * self.radii[*larger]
            });
            if is_apart {
                kept.push(centre);
            }
        }
        kept.sort_unstable();
        kept.into_iter()
            .map(|centre| self.centres[centre])
            .collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.centres.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.centres.is_empty()
    }

    /// Radius of the instance around a centre if it were a disc, in cells.
    pub fn radius(&self, centre: usize) -> f32 {
        self.radii[centre]
    }

    /// The nearest centre of a place, as far as its cell tells, and how far it is, in cells. There is
    /// one, unless there is no centre at all.
    pub fn nearest(&self, place: [f32; 2]) -> (usize, f32) {
        let [row, column] = place.map(|at| at.max(0.0) as usize);
        let (row, column) = (row.min(self.rows - 1), column.min(self.columns - 1));
        let centre = self.nearest[row * self.columns + column] as usize;
        (centre, distance(self.centres[centre], place))
    }
}

fn distance(first: [f32; 2], second: [f32; 2]) -> f32 {
    (first[0] - second[0]).hypot(first[1] - second[1])
}

/// The nearest centre of each cell, handed on from neighbour to neighbour in two passes there and back
/// (Danielsson 1980): time by cells, not by centres. Of almost equal ones the farther may be found.
fn nearest_centres(rows: usize, columns: usize, centres: &[[f32; 2]]) -> Vec<u32> {
    const NONE: u32 = u32::MAX;
    let mut nearest = vec![NONE; rows * columns];
    for (number, [row, column]) in (0..).zip(centres) {
        nearest[*row as usize * columns + *column as usize] = number;
    }
    let off = |number: u32, row: usize, column: usize| match centres.get(number as usize) {
        Some(centre) => distance(*centre, [row as f32 + 0.5, column as f32 + 0.5]),
        None => f32::INFINITY,
    };
    for _ in 0..2 {
        for backwards in [false, true] {
            for step in 0..rows * columns {
                let cell = match backwards {
                    true => rows * columns - 1 - step,
                    false => step,
                };
                let (row, column) = (cell / columns, cell % columns);
                let mut best = nearest[cell];
                for y in row.saturating_sub(1)..=(row + 1).min(rows - 1) {
                    for x in column.saturating_sub(1)..=(column + 1).min(columns - 1) {
                        let other = nearest[y * columns + x];
                        if other != best && off(other, row, column) < off(best, row, column) {
                            best = other;
                        }
                    }
                }
                nearest[cell] = best;
            }
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn piles_are_centres_and_scattered_votes_are_none() {
        let mut votes = VoteMap::new(20, 30);
        for number in 0..200 {
            let off = (number % 5) as f32 / 5.0;
            votes.add([5.0 + off, 6.5]);
            votes.add([12.5, 22.5 - off]);
        }
        // Within the instance of the first pile, and far from both.
        (0..8).for_each(|_| votes.add([6.5, 9.4]));
        votes.add([18.0, 2.0]);
        votes.smooth();
        let sum: f32 = votes.values.iter().sum();
        assert!((sum - 409.0).abs() < 0.2);
        let centres = NearestCentre::new(&votes, 10);
        assert_eq!(centres.len(), 2);
        let (first, off) = centres.nearest([5.5, 6.5]);
        assert!(off <= 1.0 && (7.5..8.8).contains(&centres.radius(first)));
        let (second, off) = centres.nearest([19.0, 29.0]);
        assert!(second != first && off > 8.0);
        assert_eq!(NearestCentre::new(&votes, 1).len(), 1);
        assert!(NearestCentre::new(&VoteMap::new(4, 4), 10).is_empty());
    }

    #[test]
    fn the_nearest_centre_is_found() {
        let centres: Vec<[f32; 2]> = (0..40)
            .map(|number| {
                [
                    (number * 17 % 23) as f32 + 0.5,
                    (number * 29 % 37) as f32 + 0.5,
                ]
            })
            .collect();
        let found = nearest_centres(23, 37, &centres);
        for (cell, number) in found.iter().enumerate() {
            let place = [(cell / 37) as f32 + 0.5, (cell % 37) as f32 + 0.5];
            let best = centres.iter().map(|centre| distance(*centre, place));
            let best = best.fold(f32::INFINITY, f32::min);
            assert!(distance(centres[*number as usize], place) <= best + 0.3);
        }
    }
}
