//! Why a shape is refused.

use super::{ImageSize, Point, Polygon};
use thiserror::Error;

/// Why a shape is refused.
#[derive(Debug, Error, Clone, PartialEq)]
pub enum GeometryError {
    /// An image without pixels, or one too large for runs.
    #[error(
        "an image of {width} x {height} pixels cannot hold masks; give sides from 1 to {} and at most {} pixels, or cut it into tiles",
        ImageSize::MOST_SIDE,
        ImageSize::MOST_PIXELS
    )]
    ImageSize {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// A coordinate that is not a number, or so far away that pixels cannot be told apart.
    #[error(
        "the coordinate {value} is not a number between -{0} and {0}; give pixels of the image",
        Point::MOST_COORDINATE
    )]
    Coordinate {
        /// The coordinate given.
        value: f32,
    },
    /// A box without an inside.
    #[error("a box of {width} x {height} pixels has no inside; both sides must be greater than 0")]
    EmptyBox {
        /// Width given.
        width: f32,
        /// Height given.
        height: f32,
    },
    /// A ring that encloses nothing.
    #[error("a ring of {count} corners encloses nothing; give at least 3")]
    TooFewCorners {
        /// Corners given.
        count: usize,
    },
    /// A polygon with more corners than a person can draw.
    #[error(
        "a polygon of {count} corners is too long; simplify it to at most {} or send a mask",
        Polygon::MOST_CORNERS
    )]
    TooManyCorners {
        /// Corners given, of all rings.
        count: usize,
    },
    /// Two shapes of images of different size.
    #[error(
        "a mask of {}x{} pixels cannot be compared with one of {}x{}; use masks of the same image",
        first.width(), first.height(), second.width(), second.height()
    )]
    SizesDiffer {
        /// Size of the first.
        first: ImageSize,
        /// Size of the second.
        second: ImageSize,
    },
    /// A bitmap of another length than the image has pixels.
    #[error("the bitmap has {found} samples but the image has {expected} pixels; give one a pixel")]
    BitmapLength {
        /// Samples given.
        found: usize,
        /// Pixels of the image.
        expected: u32,
    },
    /// A window that does not lie inside the image.
    #[error(
        "the window of {}x{} pixels at ({left}, {top}) leaves the image of {}x{}; clip it first",
        window.width(), window.height(), image.width(), image.height()
    )]
    OutsideImage {
        /// Left side of the window.
        left: u32,
        /// Upper side of the window.
        top: u32,
        /// Size of the window.
        window: ImageSize,
        /// Size of the image.
        image: ImageSize,
    },
    /// Run lengths that do not add up to the image.
    #[error(
        "the run lengths cover {found} pixels but the image has {expected}; encode the mask again"
    )]
    CountsDoNotFill {
        /// Sum of the run lengths.
        found: u64,
        /// Pixels of the image.
        expected: u32,
    },
    /// A string that is not COCO's compressed run lengths.
    #[error("the mask is not COCO's compressed RLE: {reason} at byte {position}; encode it again")]
    NotCocoRle {
        /// What is wrong there.
        reason: &'static str,
        /// Zero-based position in the string.
        position: usize,
    },
    /// Two classes claim one pixel of a label map.
    #[error(
        "classes {first} and {second} both claim the pixel in column {x}, row {y}; a label map has one class a pixel"
    )]
    ClassesOverlap {
        /// The lower-numbered class.
        first: u16,
        /// The other.
        second: u16,
        /// Column of the pixel.
        x: u32,
        /// Row of the pixel.
        y: u32,
    },
}
