//! What is kept of an image to recognise it again: exactly by its bytes, nearly by its look.

use std::f32::consts::PI;
use std::sync::LazyLock;

use crate::model_input::resize_windowed;
use crate::plane::Plane;

/// The recognisable traits of one image, 296 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// BLAKE3 hash of the file's bytes: equal for exact copies only.
    pub content: [u8; 32],
    /// Perceptual hash: similar pictures differ in few bits. 0 for a picture without features.
    pub hash: u64,
    /// 16 × 16 grey levels, row-major, stretched so that the darkest is 0 and the brightest 255.
    /// All 0 for a picture without features.
    pub thumbnail: [u8; 256],
}

/// Side of the small picture that the hash is computed from.
const HASH_SIDE: usize = 32;
/// Frequencies per direction in the hash: 8 × 8 = 64 bits.
const FREQUENCIES: usize = 8;
const THUMBNAIL_SIDE: usize = 16;
/// A picture whose 32 × 32 reduction spans less than this many grey levels has no features: its
/// hash would be one of rounding errors and noise.
const LEAST_SPAN: f32 = 1.0;

/// The fingerprint of an image from the bytes of its file and its decoded plane.
///
/// The picture is taken in its default window, as grey (Rec. 601 luma), squashed to 32 × 32. The
/// hash has one bit for each of the cosine frequencies 1 to 8 in both directions: set where the
/// coefficient is greater than the median of the 64 ("pHash"; Zauner, "Implementation and
/// Benchmarking of Perceptual Image Hash Functions", 2010). Scaling, re-saving and changes of
/// brightness and contrast move few of them.
pub fn fingerprint(bytes: &[u8], plane: &Plane) -> Fingerprint {
    let content = *blake3::hash(bytes).as_bytes();
    let small = small_grey(plane);
    let darkest = small.iter().copied().fold(f32::INFINITY, f32::min);
    let brightest = small.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    // Also false for the empty reduction of a plane without samples.
    let has_features = brightest - darkest >= LEAST_SPAN;
    if !has_features {
        return Fingerprint {
            content,
            hash: 0,
            thumbnail: [0; 256],
        };
    }
    Fingerprint {
        content,
        hash: perceptual_hash(&small),
        thumbnail: thumbnail(&small),
    }
}

/// Pearson correlation of two thumbnails, -1 to 1; 0 where one of them has no features.
pub fn thumbnail_correlation(a: &[u8; 256], b: &[u8; 256]) -> f32 {
    let (mut sum_a, mut sum_b, mut sum_aa, mut sum_bb, mut sum_ab) = (0u32, 0u32, 0u32, 0u32, 0u32);
    for (&a, &b) in a.iter().zip(b) {
        let (a, b) = (u32::from(a), u32::from(b));
        sum_a += a;
        sum_b += b;
        sum_aa += a * a;
        sum_bb += b * b;
        sum_ab += a * b;
    }
    // 256 times the covariance, exactly: the same on every machine.
    let covariance = |sum_xy: u32, sum_x: u32, sum_y: u32| {
        256 * i64::from(sum_xy) - i64::from(sum_x) * i64::from(sum_y)
    };
    let variance_a = covariance(sum_aa, sum_a, sum_a);
    let variance_b = covariance(sum_bb, sum_b, sum_b);
    if variance_a == 0 || variance_b == 0 {
        return 0.0;
    }
    let scale = (variance_a as f64 * variance_b as f64).sqrt();
    (covariance(sum_ab, sum_a, sum_b) as f64 / scale) as f32
}

/// 32 × 32 grey levels.
fn small_grey(plane: &Plane) -> Vec<f32> {
    let side = HASH_SIDE as u32;
    let levels = resize_windowed(plane, side, side, 1.0);
    match plane.channels {
        1 => levels,
        _ => levels
            .as_chunks::<3>()
            .0
            .iter()
            .map(|[red, green, blue]| 0.299 * red + 0.587 * green + 0.114 * blue)
            .collect(),
    }
}

/// `cos(π k (2 i + 1) / 64)` for the frequencies k = 1..=8 and the pixels i = 0..32.
static COSINES: LazyLock<[[f32; HASH_SIDE]; FREQUENCIES]> = LazyLock::new(|| {
    std::array::from_fn(|row| {
        std::array::from_fn(|pixel| {
            let half_steps = ((row + 1) * (2 * pixel + 1)) as f32;
            (PI * half_steps / (2 * HASH_SIDE) as f32).cos()
        })
    })
});

fn perceptual_hash(small: &[f32]) -> u64 {
    let along_rows: Vec<[f32; FREQUENCIES]> = small
        .chunks_exact(HASH_SIDE)
        .map(|row| COSINES.map(|wave| wave.iter().zip(row).map(|(w, v)| w * v).sum()))
        .collect();
    let mut coefficients = [0f32; FREQUENCIES * FREQUENCIES];
    for (index, coefficient) in coefficients.iter_mut().enumerate() {
        let (down, along) = (index / FREQUENCIES, index % FREQUENCIES);
        *coefficient = COSINES[down]
            .iter()
            .zip(&along_rows)
            .map(|(w, row)| w * row[along])
            .sum();
    }
    let mut sorted = coefficients;
    sorted.sort_unstable_by(f32::total_cmp);
    let median = (sorted[31] + sorted[32]) / 2.0;
    coefficients
        .iter()
        .enumerate()
        .filter(|(_, coefficient)| **coefficient > median)
        .fold(0, |hash, (bit, _)| hash | 1 << bit)
}

fn thumbnail(small: &[f32]) -> [u8; 256] {
    let block_mean = |index: usize| {
        let (row, column) = (index / THUMBNAIL_SIDE * 2, index % THUMBNAIL_SIDE * 2);
        let top = row * HASH_SIDE + column;
        let bottom = top + HASH_SIDE;
        (small[top] + small[top + 1] + small[bottom] + small[bottom + 1]) / 4.0
    };
    let levels: [f32; 256] = std::array::from_fn(block_mean);
    let darkest = levels.iter().copied().fold(f32::INFINITY, f32::min);
    let brightest = levels.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let span = (brightest - darkest).max(f32::MIN_POSITIVE);
    levels.map(|level| ((level - darkest) / span * 255.0 + 0.5) as u8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::plane::Samples;

    /// A smooth picture with bumps of all widths at seeded places.
    fn picture(side: u32, seed: u64) -> Plane {
        let number = |k: u64| {
            let mixed = (seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
                ^ k.wrapping_mul(0xD6E8_FEB8_6659_FD93);
            (mixed.wrapping_mul(mixed | 1) >> 40) as f32 / 16_777_216.0
        };
        let bump = |k: u64, u: f32, v: f32| {
            let (du, dv) = (u - number(4 * k), v - number(4 * k + 1));
            number(4 * k + 2) * (-(du * du + dv * dv) * (20.0 + 500.0 * number(4 * k + 3))).exp()
        };
        let level = |x: u32, y: u32| {
            let (u, v) = (
                (x as f32 + 0.5) / side as f32,
                (y as f32 + 0.5) / side as f32,
            );
            let bumps: f32 = (0..40).map(|k| bump(k, u, v)).sum();
            (40.0 + 60.0 * bumps).min(250.0) as u8
        };
        let levels = (0..side * side)
            .map(|i| level(i % side, i / side))
            .collect();
        Plane::new(side, side, 1, Samples::U8(levels)).unwrap()
    }

    #[test]
    fn a_known_picture_has_a_known_hash() {
        // The one wave with frequency 3 along and 2 down: one coefficient stands out.
        let wave = |k: f32, i: u32| (PI * k * (2 * i + 1) as f32 / 64.0).cos();
        let levels: Vec<u8> = (0..32 * 32)
            .map(|i| (128.0 + 100.0 * wave(3.0, i % 32) * wave(2.0, i / 32)) as u8)
            .collect();
        let plane = Plane::new(32, 32, 1, Samples::U8(levels)).unwrap();
        let hash = fingerprint(b"", &plane).hash;
        assert_eq!(hash >> (8 + 2) & 1, 1);
        assert_eq!(hash.count_ones(), 32);
    }

    #[test]
    fn content_is_the_hash_of_the_bytes() {
        let plane = picture(64, 1);
        let a = fingerprint(b"one", &plane);
        let b = fingerprint(b"two", &plane);
        assert_eq!(a.content, *blake3::hash(b"one").as_bytes());
        assert_ne!(a.content, b.content);
        assert_eq!((a.hash, a.thumbnail), (b.hash, b.thumbnail));
    }

    #[test]
    fn pictures_without_features_have_no_hash() {
        for samples in [
            Samples::U8(vec![0; 64]),
            Samples::U8(vec![255; 64]),
            Samples::U16(vec![9; 64]),
        ] {
            let print = fingerprint(b"", &Plane::new(8, 8, 1, samples).unwrap());
            assert_eq!((print.hash, print.thumbnail), (0, [0; 256]));
        }
    }

    #[test]
    fn different_pictures_differ() {
        let a = fingerprint(b"", &picture(128, 1));
        let b = fingerprint(b"", &picture(128, 2));
        assert!((a.hash ^ b.hash).count_ones() > 12);
        assert!(thumbnail_correlation(&a.thumbnail, &b.thumbnail) < 0.9);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn size_gain_and_depth_hardly_matter(seed in 0u64..10_000, other_side in 60u32..150, gain in 0.6f32..1.0) {
            let original = picture(100, seed);
            let resized = picture(other_side, seed);
            let Samples::U8(levels) = &resized.samples else { unreachable!() };
            let dimmed = levels.iter().map(|&v| (f32::from(v) * gain * 250.0) as u16).collect();
            let dimmed = Plane::new(other_side, other_side, 1, Samples::U16(dimmed)).unwrap();
            let (a, b) = (fingerprint(b"", &original), fingerprint(b"", &dimmed));
            prop_assert!((a.hash ^ b.hash).count_ones() <= 7, "{:x} {:x}", a.hash, b.hash);
            prop_assert!(thumbnail_correlation(&a.thumbnail, &b.thumbnail) >= 0.99);
        }

        #[test]
        fn correlation_is_symmetric_bounded_and_blind_to_gain(
            a in prop::array::uniform32(any::<u8>()), b in prop::array::uniform32(any::<u8>()),
        ) {
            let a: [u8; 256] = std::array::from_fn(|i| a[i / 8]);
            let b: [u8; 256] = std::array::from_fn(|i| b[i % 32]);
            let correlation = thumbnail_correlation(&a, &b);
            prop_assert_eq!(correlation, thumbnail_correlation(&b, &a));
            prop_assert!((-1.0..=1.0).contains(&correlation));
            if a.iter().any(|v| *v != a[0]) {
                prop_assert!(thumbnail_correlation(&a, &a) > 0.999_999);
                prop_assert!(thumbnail_correlation(&a, &a.map(|v| 255 - v)) < -0.999_999);
            }
        }
    }
}
