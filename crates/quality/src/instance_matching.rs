//! Which instances of two lists are the same: matched by score, or as a whole.

use crate::assignment::assign;
use crate::error::{QualityError, same_length};
use crate::shape::IouMatrix;

/// For each detection (row) the true instance (column) that it finds: in falling order of score, each
/// takes the free instance with the highest IoU, provided it is at least `least_iou`. Of equal scores
/// the earlier detection goes first, of equal IoUs the later instance is taken, both as in COCO.
///
/// # Errors
/// Not one score a row, or a score that is not finite.
pub fn match_by_score(
    ious: &IouMatrix,
    scores: &[f64],
    least_iou: f64,
) -> Result<Vec<Option<usize>>, QualityError> {
    same_length("the IoU matrix", ious.rows, "the scores", scores.len())?;
    let mut free = vec![true; ious.columns];
    let mut found = vec![None; ious.rows];
    for row in by_falling_score(scores)? {
        let mut best = least_iou;
        for (column, iou) in ious.row(row).iter().enumerate() {
            if free[column] && *iou >= best {
                best = *iou;
                found[row] = Some(column);
            }
        }
        if let Some(column) = found[row] {
            free[column] = false;
        }
    }
    Ok(found)
}

/// Numbers of the scores from the highest to the lowest; equal ones stay in order.
pub(crate) fn by_falling_score(scores: &[f64]) -> Result<Vec<usize>, QualityError> {
    if let Some(score) = scores.iter().find(|score| !score.is_finite()) {
        return Err(QualityError::ScoreNotFinite { score: *score });
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|first, second| falling(scores[*first], scores[*second]));
    Ok(order)
}

/// The order of two finite scores, the higher first.
pub(crate) fn falling(first: f64, second: f64) -> std::cmp::Ordering {
    // Both zeros are equal here, unlike in the total order.
    second
        .partial_cmp(&first)
        .unwrap_or(std::cmp::Ordering::Equal)
}

/// For each instance of the first list (row) its partner in the second, such that the sum of all IoUs
/// is highest (Hungarian method); `None` where it shares nothing with the partner that is left.
#[must_use]
pub fn match_by_iou(ious: &IouMatrix) -> Vec<Option<usize>> {
    let costs: Vec<f64> = ious.values.iter().map(|iou| -iou).collect();
    let mut partners = assign(&costs, ious.rows, ious.columns);
    for (row, partner) in partners.iter_mut().enumerate() {
        *partner = partner.filter(|column| ious.at(row, *column) > 0.0);
    }
    partners
}

/// How far two readers' instances of one image differ: 1 less the mean IoU of partners, where the mean
/// goes over as many instances as the longer list has, so that an instance without a partner counts as
/// 0. From 0 (the same shapes) to 1 (nothing in common); 0 where both lists are empty, 1 where one is.
#[must_use]
pub fn instance_disagreement(ious: &IouMatrix) -> f64 {
    let most = ious.rows.max(ious.columns);
    if most == 0 {
        return 0.0;
    }
    let partners = match_by_iou(ious);
    let shared = partners.iter().enumerate();
    let sum: f64 = shared
        .filter_map(|(row, column)| Some(ious.at(row, (*column)?)))
        .sum();
    1.0 - sum / most as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: usize, columns: usize, values: &[f64]) -> IouMatrix {
        IouMatrix {
            rows,
            columns,
            values: values.to_vec(),
        }
    }

    #[test]
    fn the_best_score_chooses_first() {
        let ious = matrix(3, 2, &[0.6, 0.5, 0.9, 0.0, 0.0, 0.4]);
        let found = match_by_score(&ious, &[0.9, 0.3, 0.3], 0.5).unwrap();
        assert_eq!(found, [Some(0), None, None]);
        let found = match_by_score(&ious, &[0.1, 0.3, 0.3], 0.5).unwrap();
        assert_eq!(found, [Some(1), Some(0), None]);
        let tied = match_by_score(&matrix(1, 2, &[0.7, 0.7]), &[1.0], 0.7).unwrap();
        assert_eq!(tied, [Some(1)]);
        assert!(match_by_score(&ious, &[0.1], 0.5).is_err());
        assert!(match_by_score(&ious, &[0.1, f64::NAN, 0.3], 0.5).is_err());
    }

    #[test]
    fn partners_are_chosen_together() {
        // Greedily, the first pair would take 0.6 and leave 0.1.
        let ious = matrix(2, 2, &[0.6, 0.5, 0.5, 0.1]);
        assert_eq!(match_by_iou(&ious), [Some(1), Some(0)]);
        assert_eq!(instance_disagreement(&ious), 0.5);
    }

    #[test]
    fn an_instance_without_a_partner_counts() {
        let ious = matrix(2, 1, &[1.0, 0.0]);
        assert_eq!(match_by_iou(&ious), [Some(0), None]);
        assert_eq!(instance_disagreement(&ious), 0.5);
        assert_eq!(instance_disagreement(&matrix(0, 0, &[])), 0.0);
        assert_eq!(instance_disagreement(&matrix(0, 2, &[])), 1.0);
        assert_eq!(instance_disagreement(&matrix(1, 1, &[0.0])), 1.0);
    }
}
