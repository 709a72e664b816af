//! Image files → planes, what networks and screens read of them, and which show the same.
//!
//! In: a folder, a path or the bytes of a file. Out: [`Plane`]s (the samples at the bit depth of the
//! file), small pictures made from them, [`Fingerprint`]s, and for everything that cannot be read
//! one sentence that says what is wrong and what to do. Never: network, project state, the meaning of
//! labels; those of pixels only move along when a view of an image is drawn ([`augmented_labels`]).
//!
//! ```
//! use autolabel_image_io::{ReadLimits, Samples, model_input, read_plane, scan};
//!
//! let folder = tempfile::tempdir()?;
//! image::GrayImage::new(40, 30).save(folder.path().join("black.png"))?;
//! std::fs::write(folder.path().join("broken.png"), "not an image")?;
//!
//! let found = scan(folder.path())?;
//! assert_eq!(found.files.len(), 2);
//! let plane = read_plane(&folder.path().join("black.png"), &ReadLimits::default())?;
//! assert_eq!(plane.samples, Samples::U8(vec![0; 40 * 30]));
//! assert_eq!(model_input(&plane, 224).len(), 3 * 224 * 224);
//! let refused = read_plane(&folder.path().join("broken.png"), &ReadLimits::default());
//! assert_eq!(
//!     refused.unwrap_err().to_string(),
//!     "the content is text, not a PNG, JPEG or TIFF image; export it to one of these"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

// From a folder to bytes.
mod scan;

mod read;

// From bytes to a plane.
mod format;

mod decode;

mod plane;

// From a plane to what is read of it.
mod augment;
mod equalise;
mod model_input;

mod preview;

mod plane_bytes;

// Which images show the same.
mod fingerprint;

mod duplicates;

mod error;

pub use augment::{AugmentRange, Augmentation, ColourJitter, augmented, augmented_labels};
pub use decode::decode;
pub use duplicates::{
    DuplicateIndex, DuplicatePair, NEAR_DUPLICATE_BITS, NEAR_DUPLICATE_CORRELATION, near_duplicates,
};
pub use equalise::equalise;
pub use error::ImageIoError;
pub use fingerprint::{Fingerprint, fingerprint, thumbnail_correlation};
pub use format::{ImageFormat, sniff};
pub use model_input::{model_input, model_input_of_centre, model_input_sized};
pub use plane::{Plane, Samples, Window};
pub use plane_bytes::{read_plane_bytes, write_plane_bytes};
pub use preview::preview_jpeg;
pub use read::{ReadLimits, read_file, read_plane};
pub use scan::{
    FileProblem, FoundFile, IMAGE_EXTENSIONS, Scan, SkippedFiles, display_path, scan, scan_each,
};
