//! Line charts with interval bands as inline SVG: no script, no outside file.
//!
//! Colours are CSS variables of the page (`--line-0` to `--line-5`), so one chart serves light, dark
//! and paper; lines also differ by their dashes, so none depends on colour. Text is sized for a chart
//! 360 to 640 pixels wide.

mod scale;

use crate::markup::{escaped, push};
use scale::{number, range, ticks};

pub(crate) use scale::Numbers;

/// Lines that look different; more repeat from the first.
const LOOKS: usize = 6;

/// Width and height of the drawing, and the part of it that the axes span.
const SIZE: [f64; 2] = [480.0, 320.0];
const LEFT: f64 = 54.0;
const RIGHT: f64 = 468.0;
const BOTTOM: f64 = 272.0;

/// Top of the axes below one row of the legend, and the height of a row.
const TOP: f64 = 34.0;
const LEGEND_ROW: f64 = 20.0;

/// About the width of a letter.
const LETTER: f64 = 7.2;

/// One axis.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    /// What is measured.
    pub(crate) label: String,
    /// How its numbers are written.
    pub(crate) numbers: Numbers,
}

/// A point of a line with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ChartPoint {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// One line.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Name in the legend.
    pub(crate) name: String,
    /// Points by rising x.
    pub(crate) points: Vec<ChartPoint>,
}

/// A chart.
#[derive(Debug, Clone)]
pub(crate) struct LineChart {
    /// What it shows, for those who cannot see it.
    pub(crate) title: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) lines: Vec<Line>,
    /// Named positions along x, drawn as upright lines.
    pub(crate) marks: Vec<(f64, String)>,
    /// A named value of y, drawn as a level line.
    pub(crate) level: Option<(f64, String)>,
}

/// Draws the chart. Names are escaped; what is not a finite number is left out.
pub(crate) fn line_chart(chart: &LineChart) -> String {
    let legend = legend_places(chart);
    let rows = legend.iter().map(|(_, row)| row + 1).max().unwrap_or(1);
    let top = TOP + (rows - 1) as f64 * LEGEND_ROW;
    let frame = Frame::around(chart, top);
    let mut svg = String::new();
    let [width, height] = SIZE;
    push(
        &mut svg,
        format_args!(
            "<svg class=\"chart\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\">\n",
            escaped(&chart.title)
        ),
    );
    draw_legend(&mut svg, chart, &legend);
    draw_axes(&mut svg, chart, &frame);
    for (number, line) in chart.lines.iter().enumerate() {
        draw_band(&mut svg, &frame, number, line);
    }
    for (number, line) in chart.lines.iter().enumerate() {
        draw_line(&mut svg, &frame, number, line);
    }
    svg.push_str("</svg>\n");
    svg
}

/// The ranges of both axes and where they lie.
struct Frame {
    x: [f64; 2],
    y: [f64; 2],
    top: f64,
}

impl Frame {
    fn around(chart: &LineChart, top: f64) -> Self {
        let points = || chart.lines.iter().flat_map(|line| &line.points);
        let marks = chart.marks.iter().map(|(x, _)| *x);
        let level = chart.level.iter().map(|(y, _)| *y);
        let x = range(points().map(|p| p.x).chain(marks));
        let mut y = range(points().flat_map(|p| [p.low, p.y, p.high]).chain(level));
        if chart.y.numbers == Numbers::Percent {
            // The interval of a mean may reach beyond what a share can be.
            y = [y[0].max(0.0), y[1].min(1.0)];
        }
        Self { x, y, top }
    }

    fn place_x(&self, x: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * (x - self.x[0]) / (self.x[1] - self.x[0])
    }

    fn place_y(&self, y: f64) -> f64 {
        let y = y.clamp(self.y[0], self.y[1]);
        BOTTOM - (BOTTOM - self.top) * (y - self.y[0]) / (self.y[1] - self.y[0])
    }
}

/// Column and row of each entry of the legend.
fn legend_places(chart: &LineChart) -> Vec<(f64, usize)> {
    let (mut x, mut row) = (LEFT, 0);
    chart
        .lines
        .iter()
        .map(|line| {
            let width = 34.0 + LETTER * line.name.chars().count() as f64 + 20.0;
            if x > LEFT && x + width > RIGHT {
                (x, row) = (LEFT, row + 1);
            }
            let place = (x, row);
            x += width;
            place
        })
        .collect()
}

fn draw_legend(svg: &mut String, chart: &LineChart, places: &[(f64, usize)]) {
    for (number, (line, &(x, row))) in chart.lines.iter().zip(places).enumerate() {
        let (look, y) = (number % LOOKS, 14.0 + row as f64 * LEGEND_ROW);
        push(
            svg,
            format_args!(
                "<path class=\"line look-{look}\" d=\"M{x:.1} {y:.1}h28\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\">{}</text>\n",
                x + 34.0,
                y + 4.5,
                escaped(&line.name)
            ),
        );
    }
}

fn draw_axes(svg: &mut String, chart: &LineChart, frame: &Frame) {
    let (xs, ys) = (ticks(frame.x), ticks(frame.y));
    let step = |ticks: &[f64]| ticks.windows(2).map(|w| w[1] - w[0]).next().unwrap_or(1.0);
    for &tick in &ys {
        let (y, text) = (
            frame.place_y(tick),
            number(tick, step(&ys), chart.y.numbers),
        );
        push(
            svg,
            format_args!(
                "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/>\
                 <text class=\"end\" x=\"{:.1}\" y=\"{:.1}\">{text}</text>\n",
                LEFT - 6.0,
                y + 4.5
            ),
        );
    }
    for &tick in &xs {
        let (x, text) = (
            frame.place_x(tick),
            number(tick, step(&xs), chart.x.numbers),
        );
        push(
            svg,
            format_args!(
                "<path class=\"axis\" d=\"M{x:.1} {BOTTOM}v4\"/>\
                 <text class=\"middle\" x=\"{x:.1}\" y=\"{:.1}\">{text}</text>\n",
                BOTTOM + 18.0
            ),
        );
    }
    push(
        svg,
        format_args!(
            "<path class=\"axis\" d=\"M{LEFT} {:.1}V{BOTTOM}H{RIGHT}\"/>\
             <text class=\"middle label\" x=\"{:.1}\" y=\"{:.1}\">{}</text>\n",
            frame.top,
            (LEFT + RIGHT) / 2.0,
            BOTTOM + 38.0,
            escaped(&chart.x.label)
        ),
    );
    draw_marks(svg, chart, frame);
}

fn draw_marks(svg: &mut String, chart: &LineChart, frame: &Frame) {
    if let Some((level, name)) = &chart.level {
        let y = frame.place_y(*level);
        push(
            svg,
            format_args!(
                "<path class=\"mark\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/>\
                 <text class=\"label\" x=\"{:.1}\" y=\"{:.1}\">{}</text>\n",
                LEFT + 6.0,
                y - 4.0,
                escaped(name)
            ),
        );
    }
    for (at, name) in &chart.marks {
        let x = frame.place_x(*at);
        // Beside the line, on the side and at the end that have room.
        let (class, text_x) = if x > (LEFT + RIGHT) / 2.0 {
            ("label end", x - 5.0)
        } else {
            ("label", x + 5.0)
        };
        let text_y = if lines_are_low(chart, frame, *at) {
            frame.top + 14.0
        } else {
            BOTTOM - 8.0
        };
        push(
            svg,
            format_args!(
                "<path class=\"mark\" d=\"M{x:.1} {:.1}V{BOTTOM}\"/>\
                 <text class=\"{class}\" x=\"{text_x:.1}\" y=\"{text_y:.1}\">{}</text>\n",
                frame.top,
                escaped(name)
            ),
        );
    }
}

/// Whether the lines run in the lower half of the frame at a position.
fn lines_are_low(chart: &LineChart, frame: &Frame, x: f64) -> bool {
    let middle = (frame.top + BOTTOM) / 2.0;
    let low = chart.lines.iter().filter(|line| {
        finite(line)
            .min_by(|a, b| (a.x - x).abs().total_cmp(&(b.x - x).abs()))
            .is_some_and(|nearest| frame.place_y(nearest.y) > middle)
    });
    2 * low.count() > chart.lines.len()
}

fn finite(line: &Line) -> impl DoubleEndedIterator<Item = &ChartPoint> {
    line.points
        .iter()
        .filter(|p| [p.x, p.y, p.low, p.high].iter().all(|v| v.is_finite()))
}

fn draw_band(svg: &mut String, frame: &Frame, number: usize, line: &Line) {
    let high = finite(line).map(|p| (p.x, p.high));
    let low = finite(line).rev().map(|p| (p.x, p.low));
    let outline = path(frame, high.chain(low));
    if !outline.is_empty() {
        let look = number % LOOKS;
        push(
            svg,
            format_args!("<path class=\"band look-{look}\" d=\"{outline}Z\"/>\n"),
        );
    }
}

fn draw_line(svg: &mut String, frame: &Frame, number: usize, line: &Line) {
    let look = number % LOOKS;
    let points: Vec<(f64, f64)> = finite(line).map(|p| (p.x, p.y)).collect();
    if let [(x, y)] = points[..] {
        let (x, y) = (frame.place_x(x), frame.place_y(y));
        push(
            svg,
            format_args!(
                "<circle class=\"dot look-{look}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>\n"
            ),
        );
        return;
    }
    let route = path(frame, points.into_iter());
    if !route.is_empty() {
        push(
            svg,
            format_args!("<path class=\"line look-{look}\" d=\"{route}\"/>\n"),
        );
    }
}

fn path(frame: &Frame, points: impl Iterator<Item = (f64, f64)>) -> String {
    let mut route = String::new();
    for (x, y) in points {
        let command = if route.is_empty() { 'M' } else { 'L' };
        let (x, y) = (frame.place_x(x), frame.place_y(y));
        push(&mut route, format_args!("{command}{x:.1} {y:.1}"));
    }
    route
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(names: &[&str], ys: &[f64]) -> LineChart {
        let axis = |label: &str| Axis {
            label: label.to_owned(),
            numbers: Numbers::Percent,
        };
        LineChart {
            title: "Accuracy <by> labels".to_owned(),
            x: axis("labeled"),
            y: axis("right"),
            lines: names
                .iter()
                .map(|name| Line {
                    name: (*name).to_owned(),
                    points: (1_u32..)
                        .zip(ys)
                        .map(|(x, &y)| ChartPoint {
                            x: 0.02 * f64::from(x),
                            y,
                            low: y - 0.01,
                            high: y + 0.01,
                        })
                        .collect(),
                })
                .collect(),
            marks: vec![(0.03, "stop".to_owned())],
            level: Some((0.95, "all labels".to_owned())),
        }
    }

    #[test]
    fn every_line_has_a_band_and_a_name_and_nothing_leads_outside() {
        let svg = line_chart(&chart(&["auto", "a<b"], &[0.8, 0.9, 0.94]));
        assert_eq!(svg.matches("class=\"band").count(), 2);
        assert_eq!(svg.matches("class=\"line").count(), 4); // two in the legend
        assert!(svg.contains("a&lt;b") && svg.contains("Accuracy &lt;by&gt; labels"));
        assert!(svg.contains(">stop<") && svg.contains(">all labels<"));
        for outside in ["http", "href", "script", "url(", "NaN", "inf"] {
            assert!(!svg.contains(outside), "{outside}");
        }
    }

    #[test]
    fn what_is_not_a_number_is_left_out_and_one_point_is_a_dot() {
        let svg = line_chart(&chart(&["auto"], &[f64::NAN, 0.9]));
        assert!(!svg.contains("NaN"));
        assert_eq!(svg.matches("<circle").count(), 1);
        let nothing = line_chart(&chart(&[], &[]));
        assert!(nothing.ends_with("</svg>\n") && !nothing.contains("NaN"));
    }

    #[test]
    fn a_long_legend_takes_more_rows() {
        let names = [
            "uncertainty_herding",
            "power_margin",
            "least_confidence",
            "kmeans_medoid",
        ];
        let places = legend_places(&chart(&names, &[0.5, 0.6]));
        assert_eq!(places[0], (LEFT, 0));
        assert!(places[3].1 >= 1);
        let svg = line_chart(&chart(&names, &[0.5, 0.6]));
        assert!(svg.contains("look-3"));
    }
}
