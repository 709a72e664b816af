//! Masks to polygons that enclose exactly the same pixels.
//!
//! Corners lie on corners of pixels, so no centre is ever on a side and [`Polygon::rasterize`] gives
//! the mask back. The boundary is followed from corner to corner, column by column of runs; its
//! straight parts cost nothing, whatever their length.

use super::polygon::signed_area;
use super::{ColumnRun, GeometryError, Mask, Point, Polygon};
use std::collections::HashMap;

/// No corner.
const NONE: u32 = u32::MAX;

impl Mask {
    /// One polygon for each part whose pixels are connected by sides, with its holes, in the order of
    /// their leftmost column. Rings touch themselves or each other in single corners at most, as OGC
    /// Simple Features asks of valid polygons; outer rings run clockwise on the screen, holes the
    /// other way.
    ///
    /// # Errors
    /// A part with more than [`Polygon::MOST_CORNERS`] corners.
    pub fn contours(&self) -> Result<Vec<Polygon>, GeometryError> {
        let corners = Boundary::of(self).corners;
        let mut done = vec![false; corners.len()];
        // Of every corner the polygon whose boundary it is on.
        let mut owners = vec![usize::MAX; corners.len()];
        let mut shapes: Vec<(Vec<Point>, Vec<Vec<Point>>)> = Vec::new();
        // Corners come column by column, so a trace starts at its leftmost column, and what lies left
        // of it is known already.
        for start in 0..corners.len() {
            if done[start] {
                continue;
            }
            let trace = traced(&corners, start, &mut done);
            let mut owner = match corners[start].left_neighbour {
                NONE => usize::MAX,
                neighbour => owners[neighbour as usize],
            };
            let (outer, holes): (Vec<_>, Vec<_>) = simple_rings(&corners, &trace)
                .into_iter()
                .partition(|ring| signed_area(ring) > 0.0);
            for ring in outer {
                owner = shapes.len();
                shapes.push((ring, Vec::new()));
            }
            if let Some((_, own)) = shapes.get_mut(owner) {
                own.extend(holes);
            }
            for corner in trace {
                owners[corner as usize] = owner;
            }
        }
        let polygon = |(outer, holes)| Polygon::new(outer, holes);
        shapes.into_iter().map(polygon).collect()
    }
}

/// A place where the boundary of a mask turns.
struct Corner {
    x: u32,
    y: u32,
    /// The corner that follows, pixels of the mask on the right hand.
    next: u32,
    /// Where the upright side that starts or ends here has pixels of the mask on its left: a corner
    /// on the boundary of the same part, in an earlier column.
    left_neighbour: u32,
    /// Whether a second corner lies at the same place: pixels meet there diagonally.
    shared: bool,
}

/// The corners that follow one another from `start` until it comes again.
fn traced(corners: &[Corner], start: usize, done: &mut [bool]) -> Vec<u32> {
    let mut trace = Vec::new();
    let mut at = start;
    while !done[at] {
        done[at] = true;
        trace.push(at as u32);
        at = corners[at].next as usize;
    }
    trace
}

/// Cuts a trace where it comes to the same place again, so that every ring is simple.
fn simple_rings(corners: &[Corner], trace: &[u32]) -> Vec<Vec<Point>> {
    let mut rings = Vec::new();
    let mut open: Vec<Point> = Vec::with_capacity(trace.len());
    // How much of `open` lay before the shared places on it.
    let mut seen: HashMap<(u32, u32), usize> = HashMap::new();
    for corner in trace.iter().map(|index| &corners[*index as usize]) {
        let point = Point {
            x: corner.x as f32,
            y: corner.y as f32,
        };
        if corner.shared {
            let place = (corner.x, corner.y);
            // Places that lie on a ring cut off since then are behind the end of `open`.
            let before = seen.get(&place).copied();
            if let Some(before) = before.filter(|before| open.get(*before) == Some(&point)) {
                rings.push(open.split_off(before));
            }
            seen.insert(place, open.len());
        }
        open.push(point);
    }
    rings.push(open);
    rings
}

/// Follows the boundary of a mask from column to column.
#[derive(Default)]
struct Boundary {
    corners: Vec<Corner>,
    /// Level sides that reach the line in hand, downwards: a run begins and ends by turns.
    level: Vec<LevelSide>,
}

/// A level side whose right end is not known yet.
#[derive(Clone, Copy)]
struct LevelSide {
    y: u32,
    /// The corner at its left end.
    start: u32,
}

impl Boundary {
    fn of(mask: &Mask) -> Self {
        let runs: Vec<ColumnRun> = mask.column_runs().collect();
        let mut boundary = Self::default();
        let mut x = 0;
        for column in runs.chunk_by(|first, second| first.x == second.x) {
            if column[0].x != x {
                boundary.pass_line(x, &[]);
                x = column[0].x;
            }
            boundary.pass_line(x, column);
            x += 1;
        }
        boundary.pass_line(x, &[]);
        boundary
    }

    /// Passes the line left of column `x`, in which the mask has these runs.
    fn pass_line(&mut self, x: u32, runs: &[ColumnRun]) {
        let left = std::mem::take(&mut self.level);
        let right: Vec<u32> = runs.iter().flat_map(|run| [run.top, run.bottom]).collect();
        let (mut i, mut j) = (0, 0);
        // The upper end of an upright side whose lower end has not come yet.
        let mut upper = None;
        while i < left.len() || j < right.len() {
            let (from_left, from_right) = (left.get(i), right.get(j));
            let y = [from_left.map(|side| side.y), from_right.copied()]
                .into_iter()
                .flatten()
                .min()
                .unwrap_or_default();
            let from_left = from_left.filter(|side| side.y == y);
            let starts = from_right == Some(&y);
            // Whether the mask lies above the place, on either side of the line.
            let (above_left, above_right) = (i % 2 == 1, j % 2 == 1);
            i += usize::from(from_left.is_some());
            j += usize::from(starts);
            if let Some(side) = from_left.filter(|_| starts && above_left == above_right) {
                self.level.push(*side);
                continue;
            }
            let neighbour = if i % 2 == 1 { left[i - 1].start } else { NONE };
            // Where pixels meet diagonally two corners lie at one place, so that the boundaries of
            // both pixels pass each other.
            let shared = starts && from_left.is_some();
            let corner = self.corner(x, y, neighbour, shared);
            let below = if shared {
                self.corner(x, y, neighbour, shared)
            } else {
                corner
            };
            if let Some(side) = from_left {
                let end = if above_left { corner } else { below };
                self.link(side.start, end, !above_left);
            }
            if starts {
                let start = if above_left { below } else { corner };
                self.level.push(LevelSide { y, start });
            }
            upper = match upper {
                Some(upper) => {
                    self.link(upper, corner, above_left);
                    shared.then_some(below)
                }
                None => Some(corner),
            };
        }
    }

    fn corner(&mut self, x: u32, y: u32, left_neighbour: u32, shared: bool) -> u32 {
        let (index, next) = (self.corners.len() as u32, NONE);
        self.corners.push(Corner {
            x,
            y,
            next,
            left_neighbour,
            shared,
        });
        index
    }

    /// Joins two corners by a side that is walked from `first` to `second`, or back.
    fn link(&mut self, first: u32, second: u32, forward: bool) {
        let (from, to) = if forward {
            (first, second)
        } else {
            (second, first)
        };
        self.corners[from as usize].next = to;
    }
}

#[cfg(test)]
mod tests {
    use super::super::mask::tests::mask;
    use super::super::{Connectivity, ImageSize};
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn drawn(rows: &[&str]) -> Mask {
        let size = ImageSize::new(rows[0].len() as u32, rows.len() as u32).unwrap();
        let samples: Vec<u8> = rows.concat().bytes().map(|b| u8::from(b == b'#')).collect();
        Mask::from_bitmap(size, &samples).unwrap()
    }

    fn corners(ring: &[Point]) -> Vec<(f32, f32)> {
        ring.iter().map(|point| (point.x, point.y)).collect()
    }

    #[test]
    fn a_frame_has_a_hole() {
        let found = drawn(&["....", ".###", ".#.#", ".###"]).contours().unwrap();
        assert_eq!(found.len(), 1);
        let outer = corners(found[0].outer());
        assert_eq!(outer, [(1.0, 1.0), (4.0, 1.0), (4.0, 4.0), (1.0, 4.0)]);
        let hole = corners(&found[0].holes()[0]);
        assert_eq!(hole, [(2.0, 2.0), (2.0, 3.0), (3.0, 3.0), (3.0, 2.0)]);
        assert_eq!(found[0].area(), 8.0);
    }

    #[test]
    fn pixels_that_meet_at_a_corner_are_two_polygons() {
        let found = drawn(&["#.", ".#"]).contours().unwrap();
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|polygon| polygon.outer().len() == 4));
    }

    #[test]
    fn a_part_that_meets_itself_at_a_corner_has_a_hole_there() {
        let found = drawn(&["##.", "#.#", "###"]).contours().unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].outer().len(), 6);
        assert_eq!(corners(&found[0].holes()[0]).len(), 4);
    }

    #[test]
    fn an_island_in_a_hole_is_a_polygon_of_its_own() {
        let found = drawn(&["#####", "#...#", "#.#.#", "#...#", "#####"])
            .contours()
            .unwrap();
        let holes: Vec<usize> = found.iter().map(|polygon| polygon.holes().len()).collect();
        assert_eq!(holes, [1, 0]);
    }

    proptest! {
        #[test]
        fn contours_enclose_the_same_pixels(mask in mask()) {
            let size = mask.size();
            let found = mask.contours().unwrap();
            let parts = mask.connected_components(Connectivity::Four);
            prop_assert_eq!(found.len(), parts.len());
            let mut rasterized: Vec<Mask> = found.iter().map(|p| p.rasterize(size)).collect();
            rasterized.sort_by_key(|part| part.toggles()[0]);
            prop_assert_eq!(rasterized, parts);
            for polygon in &found {
                prop_assert_eq!(polygon.area(), f64::from(polygon.rasterize(size).area()));
                prop_assert!(signed_area(polygon.outer()) > 0.0);
                for ring in polygon.rings() {
                    let places: HashSet<(u32, u32)> =
                        ring.iter().map(|p| (p.x as u32, p.y as u32)).collect();
                    prop_assert_eq!(places.len(), ring.len(), "a ring meets itself");
                    for (index, point) in ring.iter().enumerate() {
                        let (next, last) = (ring[(index + 1) % ring.len()], ring[(index + 2) % ring.len()]);
                        let level = point.y == next.y;
                        prop_assert!(level != (point.x == next.x) && level == (next.x == last.x));
                    }
                }
                for hole in polygon.holes() {
                    prop_assert!(signed_area(hole) < 0.0);
                }
            }
        }
    }
}
