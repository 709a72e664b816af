//! Views of one image as another day or another camera would have given it: turned, mirrored, nearer
//! or farther, in other colours. The labels of its pixels go along.

use rand::{Rng, RngExt};

use crate::model_input::resize_windowed;
use crate::plane::Plane;

/// Views smaller than this share of their image are taken from a picture reduced with all of its
/// pixels, so that fine patterns do not turn into false ones.
const REDUCED_BELOW: f64 = 2.0 / 3.0;
/// Sides of the reduced picture over those of the image in a view of scale 1.
const REDUCED_SIDES: f64 = 1.5;
/// Entries of the table of a gamma curve.
const CURVE: usize = 1024;

/// How far views may go. Every number is drawn evenly, the scale evenly in its logarithm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AugmentRange {
    /// Least and most size in the view, 1 = the image just fits.
    pub scale: (f64, f64),
    /// Most degrees of a turn to either side.
    pub rotation_degrees: f64,
    /// Most by which one side is stretched against the other, as a ratio; at least 1.
    pub aspect: f64,
    /// Most shift of the middle, as a share of the sides of the view.
    pub shift: f64,
    /// Whether it may be mirrored.
    pub mirror: bool,
    /// Whether it may be turned by quarters, for images that have no upright.
    pub quarter_turns: bool,
    /// Strength of the changes of colour, 0 = none, 1 = saturation by 30 %, contrast by 25 %,
    /// brightness by 20 %, single channels by 8 % and gamma by 1.28 at most.
    pub colour: f64,
}

impl Default for AugmentRange {
    /// What learning to segment polyps and blood cells gained most from.
    fn default() -> Self {
        Self {
            scale: (0.75, 1.33),
            rotation_degrees: 15.0,
            aspect: 1.1,
            shift: 0.1,
            mirror: true,
            quarter_turns: true,
            colour: 1.0,
        }
    }
}

/// One view of an image: where each of its pixels looks, and how its colours change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Augmentation {
    /// Rows of the view, in pixels.
    pub height: usize,
    /// Columns of the view, in pixels.
    pub width: usize,
    /// `[[a, b, c], [d, e, f]]`: the pixel of the view at column `x` and row `y` shows the place
    /// `(a x + b y + c, d x + e y + f)` of the image, pixels counted from 0 at their middles.
    pub source_from_view: [[f64; 3]; 2],
    /// The change of its colours.
    pub colour: ColourJitter,
}

/// Changes of colour, in the order in which they are made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColourJitter {
    /// What the distance of a pixel to its own grey is multiplied by.
    pub saturation: f32,
    /// What the distance to the mean of the view is multiplied by.
    pub contrast: f32,
    /// What red, green and blue are multiplied by.
    pub gains: [f32; 3],
    /// Exponent of values from 0 to 1.
    pub gamma: f32,
}

impl ColourJitter {
    /// No change.
    pub const NONE: Self = Self {
        saturation: 1.0,
        contrast: 1.0,
        gains: [1.0; 3],
        gamma: 1.0,
    };
}

impl Augmentation {
    /// The whole image fitted into a view of `height` by `width` pixels, nothing else changed.
    #[must_use]
    pub fn plain(source: (usize, usize), height: usize, width: usize) -> Self {
        let scale = fitting_scale(source, height, width);
        Self {
            height,
            width,
            source_from_view: placed(
                source,
                (height, width),
                [[scale, 0.0], [0.0, scale]],
                [0.0; 2],
            ),
            colour: ColourJitter::NONE,
        }
    }

    /// A random view of an image of `source` rows and columns.
    #[must_use]
    pub fn draw(
        rng: &mut impl Rng,
        source: (usize, usize),
        height: usize,
        width: usize,
        range: &AugmentRange,
    ) -> Self {
        let fitting = fitting_scale(source, height, width);
        let mut within = |low: f64, high: f64| low + rng.random::<f64>() * (high - low);
        let scale = fitting * within(range.scale.0.ln(), range.scale.1.ln()).exp();
        let half_aspect = 0.5 * range.aspect.ln();
        let stretch = within(-half_aspect, half_aspect).exp();
        let mut angle = within(-range.rotation_degrees, range.rotation_degrees).to_radians();
        let shift = [width, height].map(|side| within(-range.shift, range.shift) * side as f64);
        if range.quarter_turns {
            angle += f64::from(rng.random_range(0..4_u8)) * std::f64::consts::FRAC_PI_2;
        }
        let mirror = if range.mirror && rng.random() {
            -1.0
        } else {
            1.0
        };
        let (sine, cosine) = angle.sin_cos();
        let (across, down) = (scale * stretch * mirror, scale / stretch);
        let view_from_source = [
            [cosine * across, -sine * down],
            [sine * across, cosine * down],
        ];
        Self {
            height,
            width,
            source_from_view: placed(source, (height, width), view_from_source, shift),
            colour: draw_colour(rng, range.colour as f32),
        }
    }

    /// The place of the image that a pixel of the view shows: column and row.
    fn source(&self, x: usize, y: usize) -> [f64; 2] {
        let (x, y) = (x as f64, y as f64);
        self.source_from_view.map(|[a, b, c]| a * x + b * y + c)
    }

    /// Pixels of the view for one of the image.
    fn scale(&self) -> f64 {
        let [[a, b, _], [d, e, _]] = self.source_from_view;
        1.0 / (a * e - b * d).abs().sqrt()
    }
}

fn fitting_scale(source: (usize, usize), height: usize, width: usize) -> f64 {
    (height as f64 / source.0 as f64).min(width as f64 / source.1 as f64)
}

/// The inverse of `view_from_source`, with the middle of the image at the middle of the view and
/// `shift` pixels right and down.
fn placed(
    source: (usize, usize),
    view: (usize, usize),
    view_from_source: [[f64; 2]; 2],
    shift: [f64; 2],
) -> [[f64; 3]; 2] {
    let [[a, b], [c, d]] = view_from_source;
    let determinant = a * d - b * c;
    let inverse = [
        [d / determinant, -b / determinant],
        [-c / determinant, a / determinant],
    ];
    let middle = |side: usize| (side as f64 - 1.0) / 2.0;
    let to = [middle(view.1) + shift[0], middle(view.0) + shift[1]];
    let from = [middle(source.1), middle(source.0)];
    [0, 1].map(|axis| {
        let [x, y] = inverse[axis];
        [x, y, from[axis] - x * to[0] - y * to[1]]
    })
}

fn draw_colour(rng: &mut impl Rng, strength: f32) -> ColourJitter {
    let mut about_zero = |most: f32| strength * most * (2.0 * rng.random::<f32>() - 1.0);
    let saturation = 1.0 + about_zero(0.3);
    let contrast = 1.0 + about_zero(0.25);
    let brightness = 1.0 + about_zero(0.2);
    let gains = [(); 3].map(|()| brightness * (1.0 + about_zero(0.08)));
    ColourJitter {
        saturation,
        contrast,
        gains,
        gamma: about_zero(0.25).exp(),
    }
}

/// A view of a plane in its default window: `[3, height, width]` values in 0..=255, red, green, blue;
/// grey is written three times. Bilinear between pixels; what lies outside is the image mirrored at its
/// border pixels. Empty where the plane has fewer samples than its size says.
#[must_use]
pub fn augmented(plane: &Plane, view: &Augmentation) -> Vec<f32> {
    let (width, height) = (plane.width as usize, plane.height as usize);
    let scale = view.scale();
    let reduced = |side: usize| ((side as f64 * scale * REDUCED_SIDES).round() as usize).max(1);
    let is_reduced = scale < REDUCED_BELOW;
    let (columns, rows) = match is_reduced {
        true => (reduced(width), reduced(height)),
        false => (width, height),
    };
    let channels = usize::from(plane.channels);
    let picture = resize_windowed(plane, columns as u32, rows as u32, 1.0);
    if picture.len() != columns * rows * channels {
        return Vec::new();
    }
    let pixels = view.height * view.width;
    let mut values = vec![0.0; 3 * pixels];
    let (red, rest) = values.split_at_mut(pixels);
    let (green, blue) = rest.split_at_mut(pixels);
    let (across, down) = (columns as f64 / width as f64, rows as f64 / height as f64);
    for y in 0..view.height {
        for x in 0..view.width {
            let [source_x, source_y] = view.source(x, y);
            let at_x = Neighbours::new((source_x + 0.5) * across - 0.5, columns);
            let at_y = Neighbours::new((source_y + 0.5) * down - 0.5, rows);
            let pixel = |row: usize, column: usize| {
                let first = (row * columns + column) * channels;
                &picture[first..first + channels]
            };
            let corners = [
                (pixel(at_y.low, at_x.low), pixel(at_y.low, at_x.high)),
                (pixel(at_y.high, at_x.low), pixel(at_y.high, at_x.high)),
            ];
            let value = |channel: usize| {
                let [upper, lower] = corners.map(|(left, right)| {
                    left[channel] + at_x.share * (right[channel] - left[channel])
                });
                upper + at_y.share * (lower - upper)
            };
            let index = y * view.width + x;
            red[index] = value(0);
            green[index] = value(1.min(channels - 1));
            blue[index] = value(2.min(channels - 1));
        }
    }
    recolour(&mut values, &view.colour);
    values
}

/// The labels of a view, `[height, width]`, from those of the image, `[rows, columns]`: of the nearest
/// pixel, beyond the border as in [`augmented`]. Empty for another number of labels.
#[must_use]
pub fn augmented_labels(
    labels: &[u8],
    rows: usize,
    columns: usize,
    view: &Augmentation,
) -> Vec<u8> {
    if labels.len() != rows * columns || labels.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::with_capacity(view.height * view.width);
    for y in 0..view.height {
        for x in 0..view.width {
            let [source_x, source_y] = view.source(x, y);
            let column = mirrored(source_x.round() as i64, columns);
            found.push(labels[mirrored(source_y.round() as i64, rows) * columns + column]);
        }
    }
    found
}

/// A place between two pixels of a line.
struct Neighbours {
    low: usize,
    high: usize,
    /// Of the higher one.
    share: f32,
}

impl Neighbours {
    fn new(at: f64, side: usize) -> Self {
        let low = at.floor();
        Self {
            low: mirrored(low as i64, side),
            high: mirrored(low as i64 + 1, side),
            share: (at - low) as f32,
        }
    }
}

/// The pixel of a line of `side` pixels that stands at `at` when the line is mirrored at its first and
/// its last pixel again and again.
fn mirrored(at: i64, side: usize) -> usize {
    let last = side as i64 - 1;
    if (0..=last).contains(&at) {
        return at as usize;
    }
    if last == 0 {
        return 0;
    }
    let folded = at.rem_euclid(2 * last);
    folded.min(2 * last - folded) as usize
}

/// Changes planar red, green and blue.
fn recolour(values: &mut [f32], colour: &ColourJitter) {
    if *colour == ColourJitter::NONE {
        return;
    }
    let pixels = values.len() / 3;
    let (red, rest) = values.split_at_mut(pixels);
    let (green, blue) = rest.split_at_mut(pixels);
    for ((r, g), b) in red.iter_mut().zip(green.iter_mut()).zip(blue.iter_mut()) {
        let grey = (*r + *g + *b) / 3.0;
        for value in [r, g, b] {
            *value = grey + colour.saturation * (*value - grey);
        }
    }
    let curve: Vec<f32> = (0..=CURVE)
        .map(|step| 255.0 * (step as f32 / CURVE as f32).powf(colour.gamma))
        .collect();
    for (channel, gain) in [red, green, blue].into_iter().zip(colour.gains) {
        let mean = channel.iter().sum::<f32>() / pixels.max(1) as f32;
        for value in channel {
            let changed = gain * (mean + colour.contrast * (*value - mean));
            let at = (changed / 255.0).clamp(0.0, 1.0) * CURVE as f32;
            let low = (at as usize).min(CURVE - 1);
            *value = curve[low] + (at - low as f32) * (curve[low + 1] - curve[low]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::plane::Samples;

    /// Red is the column, green the row.
    fn ramp(width: u32, height: u32) -> Plane {
        let samples = (0..height)
            .flat_map(|y| (0..width).flat_map(move |x| [x as u8, y as u8, 7]))
            .collect();
        Plane::new(width, height, 3, Samples::U8(samples)).unwrap()
    }

    fn drawn(seed: u64, source: (usize, usize), colour: f64) -> Augmentation {
        let range = AugmentRange {
            colour,
            ..AugmentRange::default()
        };
        Augmentation::draw(&mut ChaCha8Rng::seed_from_u64(seed), source, 64, 96, &range)
    }

    #[test]
    fn a_plain_view_of_the_same_size_is_the_image() {
        let plane = ramp(96, 64);
        let view = Augmentation::plain((64, 96), 64, 96);
        let values = augmented(&plane, &view);
        for (index, value) in values[..64 * 96].iter().enumerate() {
            assert!((value - (index % 96) as f32).abs() < 1e-4);
        }
        let labels: Vec<u8> = (0..64 * 96_u32).map(|v| (v % 251) as u8).collect();
        assert_eq!(augmented_labels(&labels, 64, 96, &view), labels);
        assert!(augmented_labels(&labels, 64, 95, &view).is_empty());
    }

    #[test]
    fn lines_are_mirrored_without_repeating_their_ends() {
        let seen: Vec<usize> = (-4..8).map(|at| mirrored(at, 4)).collect();
        assert_eq!(seen, [2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1]);
        assert_eq!(mirrored(-5, 1), 0);
    }

    #[test]
    fn gamma_brightens_and_saturation_of_nothing_is_grey() {
        let mut values = vec![100.0, 50.0, 0.0];
        let colour = ColourJitter {
            saturation: 0.0,
            gamma: 0.5,
            ..ColourJitter::NONE
        };
        recolour(&mut values, &colour);
        let expected = 255.0 * (50.0_f32 / 255.0).sqrt();
        assert!(values.iter().all(|value| (value - expected).abs() < 0.1));
    }

    proptest! {
        #[test]
        fn pixels_and_labels_look_at_the_same_place(
            seed in any::<u64>(), width in 40_u32..120, height in 40_u32..120,
        ) {
            let source = (height as usize, width as usize);
            let view = drawn(seed, source, 0.0);
            let values = augmented(&ramp(width, height), &view);
            let labels: Vec<u8> = (0..height).flat_map(|_| (0..width).map(|x| x as u8)).collect();
            let labels = augmented_labels(&labels, source.0, source.1, &view);
            prop_assert_eq!(values.len(), 3 * 64 * 96);
            for (index, (value, label)) in values.iter().zip(&labels).enumerate() {
                let [x, y] = view.source(index % 96, index / 96);
                let inside = |at: f64, side: usize| at > 1.0 && at < side as f64 - 2.0;
                if inside(x, source.1) && inside(y, source.0) {
                    // A reduced picture knows its places only up to its own pixels.
                    prop_assert!((f64::from(*value) - x).abs() < 1.0);
                    prop_assert!((f64::from(*label) - x).abs() <= 0.5);
                }
                prop_assert!(*value >= 0.0 && *value < width as f32);
            }
        }

        #[test]
        fn views_stay_within_their_range_and_repeat_themselves(seed in any::<u64>()) {
            let view = drawn(seed, (64, 96), 1.0);
            prop_assert_eq!(view, drawn(seed, (64, 96), 1.0));
            prop_assert!((0.74..1.34).contains(&view.scale()));
            let [x, y] = view.source(48, 32);
            // The middle of the view shows a place no farther from that of the image than the shift.
            let most = 0.1 * (96.0_f64.powi(2) + 64.0_f64.powi(2)).sqrt() * 1.05 / 0.74 + 2.0;
            prop_assert!((x - 47.5).hypot(y - 31.5) < most);
            let values = augmented(&ramp(96, 64), &view);
            prop_assert!(values.iter().all(|value| (0.0..=255.0).contains(value)));
        }
    }
}
