//! Colours of grades, which show their order.

/// From the lowest to the highest grade: rising lightness, from blue to yellow, so that the order survives
/// colour blindness and print (after viridis, van der Walt and Smith 2015, brightened for a dark screen).
const RAMP: [[u8; 3]; 5] = [
    [0x5b, 0x6f, 0xc9],
    [0x3f, 0x97, 0xc2],
    [0x3f, 0xb9, 0x9b],
    [0x9c, 0xd3, 0x5f],
    [0xfb, 0xe7, 0x4a],
];

/// The colour of a grade of so many, as `#rrggbb`; the web app computes the same.
#[must_use]
pub fn grade_color(grade: usize, count: usize) -> String {
    let last = RAMP.len() - 1;
    let place = grade as f64 / (count.max(2) - 1) as f64 * last as f64;
    let place = place.min(last as f64);
    let below = (place.floor() as usize).min(last - 1);
    let part = place - below as f64;
    let channel = |i: usize| {
        let (from, to) = (f64::from(RAMP[below][i]), f64::from(RAMP[below + 1][i]));
        (from + part * (to - from)).round() as u8
    };
    format!("#{:02x}{:02x}{:02x}", channel(0), channel(1), channel(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grades_go_from_one_end_of_the_ramp_to_the_other() {
        let colors = |count| {
            (0..count)
                .map(|g| grade_color(g, count))
                .collect::<Vec<_>>()
        };
        assert_eq!(colors(2), ["#5b6fc9", "#fbe74a"]);
        assert_eq!(colors(3)[1], "#3fb99b");
        assert_eq!(colors(4)[1], "#3fa2b5");
        assert_eq!(colors(1), ["#5b6fc9"]);
        assert_eq!(grade_color(9, 3), "#fbe74a");
    }
}
