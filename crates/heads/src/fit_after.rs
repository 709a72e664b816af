//! The next fit of a loop in which labels are added batch by batch.

use crate::HeadsError;
use crate::extend::{extend, has_grown};
use crate::gp::{DirichletGp, GpConfig, ScaleChoice, fit};
use crate::matrix::Matrix;
use autolabel_annotation::ClassId;

/// The classifier of these labels, given the one of the round before: row `i` of `labeled` shows
/// `classes[i]`.
///
/// Where `previous` learnt the first of these labels from the same features by the same settings, its
/// scale holds and the others are added by [`extend`]. Where they do not agree with `previous`, or a
/// search is due ([`Extension::search_advised`](crate::Extension)), everything is fitted anew and the
/// scale searched from the one of `previous`. Either way the result is that of [`fit`] on all labels at
/// the scale that it then has, up to rounding in single precision. `config.scale` and
/// `config.searched` are not used.
///
/// # Errors
/// As [`fit`].
pub fn fit_after(
    previous: &DirichletGp,
    labeled: &Matrix,
    classes: &[ClassId],
    class_count: usize,
    config: &GpConfig,
) -> Result<DirichletGp, HeadsError> {
    let known = previous.label_count();
    if continues(previous, labeled, classes, class_count, config) && !has_grown(previous, classes) {
        if known == classes.len() {
            return Ok(previous.clone());
        }
        let added: Vec<u32> = (known as u32..).take(classes.len() - known).collect();
        let extension = extend(previous, labeled, &added, &classes[known..], config)?;
        if !extension.search_advised {
            return Ok(extension.gp);
        }
    }
    let numbers: Vec<u32> = (0_u32..).take(classes.len()).collect();
    let config = GpConfig {
        scale: ScaleChoice::WarmStart(previous.scale()),
        searched: None,
        ..config.clone()
    };
    fit(labeled, &numbers, classes, class_count, &config)
}

/// Whether the first of these labels are those that `previous` learnt, with the same features and
/// settings. Features are compared number by number: nothing else tells that no step before them was
/// fitted anew.
fn continues(
    previous: &DirichletGp,
    labeled: &Matrix,
    classes: &[ClassId],
    class_count: usize,
    config: &GpConfig,
) -> bool {
    let order = &previous.order;
    let same_settings = previous.class_count() == class_count
        && previous.kernel == config.kernel
        && previous
            .targets
            .alpha_epsilon
            .total_cmp(&config.alpha_epsilon)
            .is_eq()
        && previous.features.cols == labeled.cols;
    let enough = classes.len() >= order.order.len() && labeled.rows == classes.len();
    same_settings
        && enough
        && order.order.iter().enumerate().all(|(row, &label)| {
            order.class_of[row] == classes[label].index()
                && previous.features.row(row) == labeled.row(label)
        })
}
