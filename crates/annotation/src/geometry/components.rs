//! Connected parts of a mask.

use super::mask::Toggles;
use super::{ColumnRun, Mask};

/// Which pixels are neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connectivity {
    /// Those that share a side.
    Four,
    /// Also those that share a corner.
    Eight,
}

impl Mask {
    /// The connected parts, in the order of their first pixel down the columns. Works on runs
    /// (union-find), not on pixels.
    #[must_use]
    pub fn connected_components(&self, connectivity: Connectivity) -> Vec<Self> {
        let runs: Vec<ColumnRun> = self.column_runs().collect();
        let mut parents: Vec<u32> = (0..runs.len() as u32).collect();
        join_columns(
            &runs,
            &mut parents,
            u32::from(connectivity == Connectivity::Eight),
        );
        let mut parts: Vec<Toggles> = Vec::new();
        let mut part_of_root = vec![usize::MAX; runs.len()];
        for (index, run) in runs.iter().enumerate() {
            let root = root(&mut parents, index as u32) as usize;
            if part_of_root[root] == usize::MAX {
                part_of_root[root] = parts.len();
                parts.push(Toggles::default());
            }
            parts[part_of_root[root]].column_run(self.size(), *run);
        }
        let part = |toggles| Self::of_toggles(self.size(), toggles);
        parts.into_iter().map(part).collect()
    }
}

/// Joins runs of neighbouring columns that overlap, or with a `reach` of 1 that touch at a corner.
fn join_columns(runs: &[ColumnRun], parents: &mut [u32], reach: u32) {
    // `left` walks through the column before that of `right`.
    let mut left = 0;
    for (right, run) in runs.iter().enumerate() {
        let reached = |other: &ColumnRun| other.x + 1 == run.x && other.bottom + reach > run.top;
        let past = |other: &ColumnRun| (other.x + 1, other.bottom + reach) <= (run.x, run.top);
        while past(&runs[left]) {
            left += 1;
        }
        let candidates = runs[left..].iter().enumerate();
        for (offset, _) in
            candidates.take_while(|(_, other)| reached(other) && other.top < run.bottom + reach)
        {
            join(parents, (left + offset) as u32, right as u32);
        }
    }
}

fn root(parents: &mut [u32], mut node: u32) -> u32 {
    while parents[node as usize] != node {
        // Every look halves the way for the next.
        parents[node as usize] = parents[parents[node as usize] as usize];
        node = parents[node as usize];
    }
    node
}

fn join(parents: &mut [u32], first: u32, second: u32) {
    let (first, second) = (root(parents, first), root(parents, second));
    // The earlier run stands for both.
    parents[first.max(second) as usize] = first.min(second);
}

#[cfg(test)]
mod tests {
    use super::super::ImageSize;
    use super::super::mask::tests::mask;
    use super::*;
    use proptest::prelude::*;

    /// All pixels that can be reached from one, by flooding.
    fn flooded(mask: &Mask, start: (u32, u32), connectivity: Connectivity) -> Vec<(u32, u32)> {
        let mut found = vec![start];
        let mut next = 0;
        while next < found.len() {
            let (x, y) = (i64::from(found[next].0), i64::from(found[next].1));
            next += 1;
            for (dx, dy) in (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (dx, dy))) {
                let diagonal = dx != 0 && dy != 0;
                if diagonal && connectivity == Connectivity::Four || x + dx < 0 || y + dy < 0 {
                    continue;
                }
                let place = ((x + dx) as u32, (y + dy) as u32);
                if mask.contains(place.0, place.1) && !found.contains(&place) {
                    found.push(place);
                }
            }
        }
        found.sort_unstable();
        found
    }

    proptest! {
        #[test]
        fn components_are_what_flooding_reaches(mask in mask(), eight in any::<bool>()) {
            let connectivity = if eight { Connectivity::Eight } else { Connectivity::Four };
            let parts = mask.connected_components(connectivity);
            let total: u32 = parts.iter().map(Mask::area).sum();
            prop_assert_eq!(total, mask.area());
            prop_assert!(parts.is_sorted_by_key(|part| part.toggles()[0]));
            for part in parts {
                let pixels: Vec<(u32, u32)> = part
                    .column_runs()
                    .flat_map(|run| (run.top..run.bottom).map(move |y| (run.x, y)))
                    .collect();
                prop_assert_eq!(&flooded(&mask, pixels[0], connectivity), &pixels);
            }
        }
    }

    #[test]
    fn corners_connect_only_eight() {
        let size = ImageSize::new(2, 2).unwrap();
        let mask = Mask::from_bitmap(size, &[1, 0, 0, 1]).unwrap();
        assert_eq!(mask.connected_components(Connectivity::Four).len(), 2);
        assert_eq!(mask.connected_components(Connectivity::Eight), [mask]);
    }
}
