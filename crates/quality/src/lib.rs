//! How good labels are: measures, readers' consensus, the automatic-label threshold, the audit and
//! its certificate.
//!
//! In: answers, probabilities and counts. Out: estimates with intervals, decisions with their
//! evidence, and a signed certificate. Never: IO, clocks, hidden randomness.
//!
//! ```
//! use autolabel_quality::{Audit, AuditOutcome, AuditTarget, accuracy_lower_bound, attempt_alpha, audit_plan};
//! let automatic_labels: Vec<u32> = (0..6_213).collect();
//! let plan = audit_plan(&automatic_labels, 42);
//! let mut audit = Audit::new(AuditTarget {
//!     population: 6_213,
//!     target_error: 0.05,
//!     alpha: attempt_alpha(0.05, 1),
//! })?;
//! for _image in &plan.order {
//!     let wrong = false; // what the expert says
//!     if audit.record(wrong)? != AuditOutcome::Running {
//!         break;
//!     }
//! }
//! assert_eq!(audit.outcome(), AuditOutcome::Certified);
//! assert!(audit.checked() < 110 && accuracy_lower_bound(&audit) >= 0.95);
//! # Ok::<(), autolabel_quality::QualityError>(())
//! ```

mod error;

// What is measured.
mod intervals;

mod agreement;
mod calibration;
mod estimate;
mod finishing;
mod grades;

// How shapes agree: segmentations, instances, detections.
mod overlap;

mod distance_transform;
mod surface_distance;

mod missed_pixels;
mod shape;
mod shape_audit;

mod assignment;
mod instance_matching;

mod average_precision;
mod froc;
mod panoptic_quality;

// What several readers say together, and whom to ask again.
mod active_lab;
mod consensus;
mod dawid_skene;
mod reader_model;

// What a learning curve says, and whether two differ.
mod budget_curve;
mod paired;

// From the threshold to the verdict.
mod error_belief;

mod threshold;

mod audit;
mod bounded_mean;
mod martingale;
mod planning;
mod simulation;

// What is handed out.
mod certificate;

mod canonical_json;
mod signature;

mod certificate_page;

pub use active_lab::{ActiveLab, active_lab};
pub use agreement::{
    ClassMeasures, ConfusionMatrix, KappaWeights, class_measures, cohen_kappa, confusion_matrix,
};
pub use audit::{
    Audit, AuditOutcome, AuditPlan, AuditTarget, accuracy_lower_bound, attempt_alpha, audit_plan,
    clopper_pearson_accuracy, error_bound, right_in_a_row_needed, wrong_bound,
};
pub use average_precision::{
    AveragePrecision, AveragePrecisionConfig, ClassAveragePrecision, Detection, DetectionImage,
    TrueObject, average_precision,
};
pub use budget_curve::{area_under_curve, labels_to, value_at};
pub use calibration::{
    CalibrationBin, brier_score, expected_calibration_error, log_loss, reliability,
};
pub use certificate::{
    Certificate, CertificateAudit, CertificateClassRow, CertificateCost, CertificateCounts,
    CertificateEffort, CertificateFacts, CertificateGrades, CertificateInterval,
    CertificateVerdict, ClassAudit, NamedSeed, auto_label_list_hash, class_audits,
    issue_certificate,
};
pub use certificate_page::certificate_page;
pub use consensus::{Consensus, consensus};
pub use dawid_skene::{DawidSkene, DawidSkeneConfig, ReaderLabel, dawid_skene};
pub use error::QualityError;
pub use estimate::{ValidationItem, labels_needed, rest_accuracy};
pub use finishing::finishing_cost;
pub use froc::{FROC_RATES, Froc, FrocImage, FrocPoint, Hit, froc, hits_by_center, hits_by_iou};
pub use grades::{
    GradeAgreement, grade_agreement, mean_absolute_error, quadratic_kappa_interval,
    within_one_grade,
};
pub use instance_matching::{instance_disagreement, match_by_iou, match_by_score};
pub use intervals::{
    Proportion, clopper_pearson, clopper_pearson_lower, clopper_pearson_upper,
    hypergeometric_upper, wilson_95,
};
pub use missed_pixels::{CertificateMargin, MOST_MARGIN, MissedPixels, margins};
pub use overlap::{Overlap, class_overlaps, mask_overlap, mean_over_classes};
pub use paired::{
    PairedDifference, holm, paired_difference, sign_flip_p, student_t_975, student_t_cdf,
};
pub use panoptic_quality::{
    PanopticCounts, PanopticQuality, Segment, mean_panoptic_quality, panoptic_counts,
};
pub use planning::{AuditForecast, audit_forecast, expected_checks, expected_remaining};
pub use reader_model::{ReaderModel, ReaderModelConfig, fit_readers};
pub use shape::{IouMatrix, Shape, iou_matrix};
pub use shape_audit::{CertificateShapeRow, ShapeAudit, ShapeSize};
pub use signature::{
    CertificateSignature, SignedCertificate, VerifiedCertificate, certificate_json,
    key_fingerprint, sign_certificate, verify_certificate,
};
pub use simulation::{SimulatedAudits, simulate_audits};
pub use surface_distance::{SurfaceDistances, surface_distances};
pub use threshold::{
    AutoShare, CertifiedThreshold, ThresholdChoice, ThresholdConfig, ThresholdLimit,
    auto_labelable, certified_threshold, choose_threshold, tighten,
};
