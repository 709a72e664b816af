//! Polygons to masks, by scan lines down the columns.

use super::mask::{Toggles, first_pixel};
use super::{ColumnRun, ImageSize, Mask, Point, Polygon};

/// A side of a ring, from left to right, and the columns whose centres it passes.
struct Side {
    from: [f64; 2],
    to: [f64; 2],
    first: u32,
    past: u32,
}

impl Side {
    /// `None` for a side that passes no centre of a column of the image, upright ones among them.
    fn between(start: Point, end: Point, width: u32) -> Option<Self> {
        let [start, end] = [start, end].map(|point| [f64::from(point.x), f64::from(point.y)]);
        // Always from left to right: two shapes that share a side then get the same numbers for it.
        let (from, to) = if start[0] < end[0] {
            (start, end)
        } else {
            (end, start)
        };
        let (first, past) = (first_pixel(from[0], width), first_pixel(to[0], width));
        (first < past).then_some(Self {
            from,
            to,
            first,
            past,
        })
    }

    /// The first row whose centre is at or below the side in a column.
    fn row_below(&self, column: u32, height: u32) -> u32 {
        let x = f64::from(column) + 0.5 - self.from[0];
        let (run, rise) = (self.to[0] - self.from[0], self.to[1] - self.from[1]);
        // Divided last: a centre on the side is then met exactly.
        first_pixel(self.from[1] + x * rise / run, height)
    }
}

impl Polygon {
    /// The pixels whose centres lie inside by the even-odd rule. Takes time by the columns that each
    /// side passes, and memory by the runs that come out.
    #[must_use]
    pub fn rasterize(&self, size: ImageSize) -> Mask {
        let mut sides: Vec<Side> = self
            .rings()
            .flat_map(|ring| ring.iter().zip(ring.iter().cycle().skip(1)))
            .filter_map(|(start, end)| Side::between(*start, *end, size.width()))
            .collect();
        sides.sort_by_key(|side| side.first);
        let mut toggles = Toggles::default();
        let mut waiting = sides.iter().peekable();
        let mut crossed: Vec<&Side> = Vec::new();
        let mut rows: Vec<u32> = Vec::new();
        let mut x = 0;
        while let Some(start) = crossed
            .first()
            .map(|_| x)
            .or_else(|| waiting.peek().map(|side| side.first))
        {
            x = start;
            while let Some(side) = waiting.next_if(|side| side.first == x) {
                crossed.push(side);
            }
            rows.extend(crossed.iter().map(|side| side.row_below(x, size.height())));
            rows.sort_unstable();
            // Rings are closed, so the sides that a column crosses are even in number.
            for pair in rows.chunks_exact(2) {
                let (top, bottom) = (pair[0], pair[1]);
                toggles.column_run(size, ColumnRun { x, top, bottom });
            }
            rows.clear();
            x += 1;
            crossed.retain(|side| side.past > x);
        }
        Mask::of_toggles(size, toggles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// Corners in quarters of a pixel, also outside the image, so that many sides pass exactly
    /// through centres of pixels.
    fn ring() -> impl Strategy<Value = Vec<[i64; 2]>> {
        vec([-12i64..60, -12i64..60], 3..9)
    }

    fn points(ring: &[[i64; 2]]) -> Vec<Point> {
        let quarter = |value: i64| value as f32 / 4.0;
        ring.iter()
            .map(|[x, y]| [quarter(*x), quarter(*y)].into())
            .collect()
    }

    /// Whether a centre, in quarters, is inside by counting the sides above it in whole numbers.
    fn inside(rings: &[Vec<[i64; 2]>], [x, y]: [i64; 2]) -> bool {
        let mut above = 0;
        for ring in rings {
            for (start, end) in ring.iter().zip(ring.iter().cycle().skip(1)) {
                let (from, to) = if start[0] < end[0] {
                    (start, end)
                } else {
                    (end, start)
                };
                // At or above: (y - y of the side there) >= 0, times the run.
                let below = (y - from[1]) * (to[0] - from[0]) - (x - from[0]) * (to[1] - from[1]);
                above += usize::from(from[0] <= x && x < to[0] && below >= 0);
            }
        }
        above % 2 == 1
    }

    proptest! {
        #[test]
        fn pixels_are_those_whose_centres_are_inside(rings in vec(ring(), 1..4)) {
            let size = ImageSize::new(13, 11).unwrap();
            let mut all = rings.iter().map(|ring| points(ring));
            let polygon = Polygon::new(all.next().unwrap(), all.collect()).unwrap();
            let mask = polygon.rasterize(size);
            for (x, y) in (0..13).flat_map(|x| (0..11).map(move |y| (x, y))) {
                let centre = [i64::from(x) * 4 + 2, i64::from(y) * 4 + 2];
                prop_assert_eq!(mask.contains(x, y), inside(&rings, centre), "{} {}", x, y);
            }
        }

        #[test]
        fn shapes_that_share_a_side_share_no_pixel(corners in vec([-3f32..16.0, -3f32..16.0], 4)) {
            // A quadrilateral that is cut along its diagonal.
            let size = ImageSize::new(13, 11).unwrap();
            let corner = |index: usize| Point::from(corners[index]);
            let drawn = |indices: &[usize]| {
                let ring = indices.iter().map(|i| corner(*i)).collect();
                Polygon::new(ring, Vec::new()).unwrap().rasterize(size)
            };
            let halves = drawn(&[0, 1, 2]).symmetric_difference(&drawn(&[2, 3, 0])).unwrap();
            prop_assert_eq!(halves, drawn(&[0, 1, 2, 3]));
        }
    }

    #[test]
    fn a_far_corner_fills_the_image() {
        let size = ImageSize::new(3, 2).unwrap();
        let far = Point::MOST_COORDINATE;
        let ring = [[-far, -far], [far, -far], [far, far], [-far, far]];
        let polygon = Polygon::new(ring.map(Point::from).to_vec(), Vec::new()).unwrap();
        assert_eq!(polygon.rasterize(size), Mask::full(size));
    }
}
