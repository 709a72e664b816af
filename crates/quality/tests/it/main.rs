//! Tests of the whole crate through its public interface.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod audit_simulation;
mod certificate_file;
mod detections;
mod golden;
mod grades;
mod instances;
mod masks;
mod paired;
mod threshold_simulation;

/// Whether two numbers are the same but for a tolerance, relative above 1.
fn near(ours: f64, theirs: f64, tolerance: f64) {
    assert!(
        (ours - theirs).abs() <= tolerance * theirs.abs().max(1.0),
        "{ours} {theirs}"
    );
}

/// The bits of `numpy.packbits`, written as hexadecimal digits.
fn unpacked(digits: &str, count: usize) -> Vec<u8> {
    let bits = digits.chars().flat_map(|digit| {
        let value = digit.to_digit(16).unwrap();
        (0..4).map(move |place| (value >> (3 - place) & 1) as u8)
    });
    bits.take(count).collect()
}
