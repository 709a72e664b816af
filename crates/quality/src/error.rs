//! Why a request to this crate is refused.

use autolabel_annotation::GeometryError;
use thiserror::Error;

/// Why a request to this crate is refused.
#[derive(Debug, Error, PartialEq)]
pub enum QualityError {
    /// A share, an error rate or a confidence lies outside its range.
    #[error("{name} is {value}; it must lie between {low} and {high}")]
    OutOfRange {
        /// What the number means.
        name: &'static str,
        /// The number given.
        value: f64,
        /// Smallest number that is accepted.
        low: f64,
        /// Largest number that is accepted.
        high: f64,
    },
    /// There is nothing to audit.
    #[error("there are no automatic labels to audit; auto-label first")]
    EmptyPopulation,
    /// More labels were checked than exist.
    #[error("all {population} automatic labels have been checked; the audit is finished")]
    AuditFinished {
        /// Automatic labels under audit.
        population: u32,
    },
    /// Two lists that belong together differ in length.
    #[error("{left} has {left_len} entries but {right} has {right_len}; give one for each image")]
    LengthsDiffer {
        /// Name of the first list.
        left: &'static str,
        /// Its length.
        left_len: usize,
        /// Name of the second list.
        right: &'static str,
        /// Its length.
        right_len: usize,
    },
    /// A class number beyond the label schema.
    #[error("class number {class} does not exist; the label schema has {class_count} classes")]
    UnknownClass {
        /// Zero-based class number.
        class: usize,
        /// Classes of the schema.
        class_count: usize,
    },
    /// Shapes that cannot be compared.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
    /// Two segments of one image claim the same pixel.
    #[error(
        "two {name} segments of one image claim the same pixel; panoptic quality needs segments that do not overlap"
    )]
    SegmentsOverlap {
        /// Whose segments.
        name: &'static str,
    },
    /// A segment without a pixel.
    #[error("a {name} segment has no pixel; leave it out")]
    EmptySegment {
        /// Whose segment.
        name: &'static str,
    },
    /// A detection that says it hit a lesion that the image does not have.
    #[error("a detection hits lesion number {lesion}, but its image has {lesion_count}")]
    UnknownLesion {
        /// Zero-based number of the lesion.
        lesion: usize,
        /// Lesions of the image.
        lesion_count: usize,
    },
    /// The certificate is not JSON of the expected form.
    #[error("this is not a certificate that this version can read: {detail}")]
    CertificateUnreadable {
        /// What the parser says.
        detail: String,
    },
    /// The signature does not belong to the contents.
    #[error("the certificate was changed after it was signed; ask its issuer for the original")]
    SignatureInvalid,
    /// The certificate is intact, but another key signed it.
    #[error(
        "the certificate is intact but was signed by the key {found}, not by the expected {expected}"
    )]
    UnexpectedSigner {
        /// Fingerprint of the key that signed.
        found: String,
        /// Fingerprint of the key that was expected.
        expected: String,
    },
    /// A score that cannot be put in order.
    #[error("the score of a detection is {score}; it must be a finite number")]
    ScoreNotFinite {
        /// The score given.
        score: f64,
    },
    /// A number that JSON cannot hold.
    #[error("{name} is not a finite number, so the certificate cannot be written")]
    NotFinite {
        /// What the number means.
        name: &'static str,
    },
}

/// `value` where it lies in `low..=high`.
pub(crate) fn in_range(
    name: &'static str,
    value: f64,
    low: f64,
    high: f64,
) -> Result<f64, QualityError> {
    if (low..=high).contains(&value) {
        Ok(value)
    } else {
        Err(QualityError::OutOfRange {
            name,
            value,
            low,
            high,
        })
    }
}

/// `Ok` where the label schema has the class.
pub(crate) fn known_class(class: usize, class_count: usize) -> Result<(), QualityError> {
    if class < class_count {
        Ok(())
    } else {
        Err(QualityError::UnknownClass { class, class_count })
    }
}

/// Checks that two lists have the same length.
pub(crate) fn same_length(
    left: &'static str,
    left_len: usize,
    right: &'static str,
    right_len: usize,
) -> Result<(), QualityError> {
    if left_len == right_len {
        Ok(())
    } else {
        Err(QualityError::LengthsDiffer {
            left,
            left_len,
            right,
            right_len,
        })
    }
}
