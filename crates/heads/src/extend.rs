//! More labels without a new fit.
//!
//! With the factor `B = L Lᵀ` of the labels that are there (see `factor`), the covariances `k`
//! between them and `b` new labels, and `B' = K' + off_noise I` among the new ones,
//!
//! ```text
//! L_new   = [ L   0 ]     W = L⁻¹ k      M Mᵀ = B' - Wᵀ W
//!           [ Wᵀ  M ]
//! B_new⁻¹ = [ B⁻¹ 0 ] + Q Qᵀ             Q    = [ L⁻ᵀ W M⁻ᵀ ]
//!           [ 0   0 ]                           [ -M⁻ᵀ      ]
//! S_c,new = [ S_c  0     ] - Q_c Q_cᵀ    Q_c  = rows of Q that show class c
//!           [ 0    I/gap ]
//! ```
//!
//! so that the factor grows by `b` rows, and the factor of each `S_c` by the new labels of the class
//! and a downdate of rank `b`: `O(n² b)` operations where a fit takes `O(n³)`. Both are stable: `L` is
//! never changed, and the eigenvalues of `S_c,new` keep the bounds of `factor`, whatever the kernel.
//! Prior means depend on the counts of all classes, so all targets are solved again, in `O(n² C)`.

use crate::HeadsError;
use crate::evidence::{cross_covariances, kernel_matrix};
use crate::exact::ExactPosterior;
use crate::factor::{SharedFactor, cholesky, gather_rows};
use crate::gp::{DirichletGp, GpConfig, Posterior, ScaleChoice, check, fit};
use crate::matrix::{Matrix, inner_products};
use crate::targets::{ClassOrder, row_count, targets};
use autolabel_annotation::ClassId;
use faer::linalg::cholesky::llt::update::rank_r_update_clobber;
use faer::linalg::matmul::triangular::{BlockStructure, matmul as triangular_matmul};
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_upper_triangular_in_place,
};
use faer::{Accum, Col, Mat, MatRef, Par};

/// A new search is advised once there are this many times the labels of the last one.
const GROWTH: f64 = 1.5;

/// A new search is advised where new labels are this many standard deviations less likely than the
/// ones before.
const DEVIATIONS: f64 = 2.0;

/// A classifier with more labels, and whether its scale still fits.
#[derive(Debug, Clone)]
pub struct Extension {
    /// The classifier of all labels, at the scale it had.
    pub gp: DirichletGp,
    /// Logarithm of the marginal likelihood a label when the scale was last chosen, in nats.
    pub evidence_before: f64,
    /// The same of the labels added since, given those before.
    pub evidence_since: f64,
    /// Whether to search the scale again, by [`fit`] with [`ScaleChoice::WarmStart`]: there are half as
    /// many labels again as at the last search, or the labels added since are less likely than those
    /// before by more than two standard deviations of what the classifier itself expects.
    pub search_advised: bool,
}

/// Adds labels to a fitted classifier: image `rows[i]` of `features` shows `classes[i]`. `features`
/// come from the same transform as those of the fit; rows count in this matrix.
///
/// The result is that of [`fit`] on all labels, those of the fit first, with the scale held: the same
/// up to rounding in single precision, which does not grow from one extension to the next. Takes
/// `O(n² (b + C))` operations for `b` new beside `n` old labels. Beyond [`GpConfig::max_exact`] labels, where inducing
/// points move with the labels, it is that fit. Of `config` only `max_exact` and `inducing` are used.
///
/// Labels that are taken back or corrected need a fit.
///
/// # Errors
/// No labels, rows or classes out of range, features of another width or not finite.
pub fn extend(
    gp: &DirichletGp,
    features: &Matrix,
    rows: &[u32],
    classes: &[ClassId],
    config: &GpConfig,
) -> Result<Extension, HeadsError> {
    check(features, rows, classes, gp.class_count(), config)?;
    if features.cols != gp.features.cols {
        return Err(HeadsError::Shape {
            what: "columns of the features",
            expected: gp.features.cols,
            found: features.cols,
        });
    }
    let order = gp.order.extended(classes);
    let start = gp.label_count();
    let sorted = order.order[start..]
        .iter()
        .map(|&label| rows[label - start]);
    let sorted: Vec<u32> = sorted.collect();
    let added = features.select(&sorted);
    if let Some(position) = added.data.iter().position(|value| !value.is_finite()) {
        let row = sorted[position / added.cols] as usize;
        return Err(HeadsError::NotFinite { row });
    }
    let grown = match &gp.posterior {
        Posterior::Exact(exact) if order.order.len() <= config.max_exact => {
            grow(gp, exact, &added, order)?
        }
        _ => refit(gp, &added, &order, config)?,
    };
    Ok(judged(grown))
}

/// The classifier with new rows in every factor.
fn grow(
    gp: &DirichletGp,
    exact: &ExactPosterior,
    added: &Matrix,
    order: ClassOrder,
) -> Result<DirichletGp, HeadsError> {
    let cross = inner_products(added, &gp.features)?;
    let norms = added.squared_norms();
    let cross = cross_covariances(
        cross,
        &norms,
        &gp.features.squared_norms(),
        gp.kernel,
        &gp.scale,
    );
    let own = inner_products(added, added)?;
    let own = kernel_matrix(&own, &norms, gp.kernel, &gp.scale);
    let factor = extend_factor(exact, gp, cross, own, &order)?;
    let targets = targets(&order.counts(), gp.targets.alpha_epsilon);
    let (posterior, log_evidence) = ExactPosterior::solved(factor, &order, &targets);
    let data = [&gp.features.data[..], &added.data[..]].concat();
    Ok(DirichletGp {
        kernel: gp.kernel,
        scale: gp.scale,
        targets,
        features: Matrix::new(order.order.len(), added.cols, data)?,
        order,
        posterior: Posterior::Exact(posterior),
        log_evidence,
        reference: gp.reference,
    })
}

/// The factors of all labels. `cross` are the covariances of the old labels (rows) with the new ones,
/// `own` those among the new ones.
fn extend_factor(
    exact: &ExactPosterior,
    gp: &DirichletGp,
    cross: Mat<f64>,
    mut own: Mat<f64>,
    order: &ClassOrder,
) -> Result<SharedFactor, HeadsError> {
    let (old, new) = (cross.nrows(), cross.ncols());
    let par = Par::rayon(0);
    let base = double(exact.base.as_ref());
    let mut w = cross;
    solve_lower_triangular_in_place(base.as_ref(), w.as_mut(), par);
    for row in 0..new {
        own[(row, row)] += gp.targets.off_noise;
    }
    triangular_matmul(
        own.as_mut(),
        BlockStructure::TriangularLower,
        Accum::Add,
        w.transpose(),
        BlockStructure::Rectangular,
        w.as_ref(),
        BlockStructure::Rectangular,
        -1.0,
        par,
    );
    cholesky(own.as_mut(), par, "covariance of the new labels")?;

    let mut grown = Mat::<f64>::zeros(old + new, old + new);
    grown
        .as_mut()
        .submatrix_mut(0, 0, old, old)
        .copy_from(&base);
    grown
        .as_mut()
        .submatrix_mut(old, 0, new, old)
        .copy_from(w.transpose());
    grown
        .as_mut()
        .submatrix_mut(old, old, new, new)
        .copy_from(&own);

    // Transposed, so that the small factor solves from the left: Qᵀ = M⁻¹ [Wᵀ L⁻¹, -I].
    solve_upper_triangular_in_place(base.transpose(), w.as_mut(), par);
    let mut q = Mat::<f64>::zeros(new, old + new);
    q.as_mut().subcols_mut(0, old).copy_from(w.transpose());
    for row in 0..new {
        q[(row, old + row)] = -1.0;
    }
    solve_lower_triangular_in_place(own.as_ref(), q.as_mut(), par);

    let gap = gp.targets.off_noise - gp.targets.on_noise;
    let corrections = order
        .members
        .iter()
        .zip(&exact.corrections)
        .map(|(members, correction)| {
            let mut part = Mat::<f64>::zeros(row_count(members), new);
            gather_rows(members, q.transpose(), part.as_mut());
            grow_correction(correction, part, gap)
        })
        .collect::<Result<_, _>>()?;
    Ok(SharedFactor {
        base: grown,
        corrections,
        members: order.members.clone(),
        gap,
    })
}

/// Factor of `S_c` with the new labels of the class, from the factor without and `Q_c`.
fn grow_correction(
    correction: &Mat<f32>,
    mut q: Mat<f64>,
    gap: f64,
) -> Result<Mat<f64>, HeadsError> {
    let (old, size) = (correction.nrows(), q.nrows());
    let mut grown = Mat::<f64>::zeros(size, size);
    let mut corner = grown.as_mut().submatrix_mut(0, 0, old, old);
    corner.copy_from(double(correction.as_ref()));
    for row in old..size {
        grown[(row, row)] = gap.sqrt().recip();
    }
    let mut signs = Col::from_fn(q.ncols(), |_| -1.0);
    rank_r_update_clobber(grown.as_mut(), q.as_mut(), signs.as_mut().as_diagonal_mut()).map_err(
        |_| HeadsError::Factorisation {
            what: "covariance of one class",
        },
    )?;
    Ok(grown)
}

pub(crate) fn double(matrix: MatRef<'_, f32>) -> Mat<f64> {
    let mut double = Mat::<f64>::zeros(matrix.nrows(), matrix.ncols());
    for column in 0..matrix.ncols() {
        let into = double.col_as_slice_mut(column).iter_mut();
        for (into, value) in into.zip(matrix.col(column).iter()) {
            *into = f64::from(*value);
        }
    }
    double
}

/// A fit of all labels at the same scale.
fn refit(
    gp: &DirichletGp,
    added: &Matrix,
    order: &ClassOrder,
    config: &GpConfig,
) -> Result<DirichletGp, HeadsError> {
    let data = [&gp.features.data[..], &added.data[..]].concat();
    let all = Matrix::new(order.order.len(), added.cols, data)?;
    // Rows in the caller's order: `order` says which label stands in which internal row.
    let mut rows = vec![0u32; all.rows];
    let mut classes = vec![ClassId(0); all.rows];
    for (row, &label) in order.order.iter().enumerate() {
        rows[label] = row as u32;
        classes[label] = ClassId(order.class_of[row] as u16);
    }
    let config = GpConfig {
        kernel: gp.kernel,
        scale: ScaleChoice::Fixed(gp.scale),
        searched: None,
        alpha_epsilon: gp.targets.alpha_epsilon,
        ..config.clone()
    };
    let mut all = fit(&all, &rows, &classes, gp.class_count(), &config)?;
    if gp.inducing_count().is_some() == all.inducing_count().is_some() {
        all.reference = gp.reference;
    }
    Ok(all)
}

/// Whether the scale should be searched again. The labels added since the last search have, if the
/// scale is right, at least the evidence a label of those before, because there is more to predict
/// them from; a label's evidence spreads by `√(C/2)` under the model, half the chi-square of `C`
/// standardised errors.
fn judged(gp: DirichletGp) -> Extension {
    let (before, evidence) = (gp.reference.labels, gp.reference.log_evidence);
    let added = gp.label_count().saturating_sub(before);
    let evidence_before = evidence / before as f64;
    let (evidence_since, is_less_likely) = match &gp.posterior {
        Posterior::Exact(_) if added > 0 => {
            let since = (gp.log_evidence - evidence) / added as f64;
            let spread = (gp.class_count() as f64 / (2.0 * added as f64)).sqrt();
            (since, since < evidence_before - DEVIATIONS * spread)
        }
        // The evidence of inducing points is that of a part of the labels only.
        _ => (evidence_before, false),
    };
    let is_due = is_due(gp.label_count(), before);
    Extension {
        gp,
        evidence_before,
        evidence_since,
        search_advised: is_less_likely || is_due,
    }
}

/// Whether so many labels call for a search, the last one having seen `before`.
fn is_due(labels: usize, before: usize) -> bool {
    labels as f64 >= GROWTH * before as f64
}

/// Whether these labels, all there are, call for a search by their number alone.
pub(crate) fn has_grown(gp: &DirichletGp, classes: &[ClassId]) -> bool {
    is_due(classes.len(), gp.reference.labels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::factor::factorise;
    use crate::kernel::{Kernel, KernelScale};

    /// The factors themselves, where the kernel is worst conditioned.
    #[test]
    fn grown_factors_equal_new_ones() {
        let (size, cols) = (120, 4);
        let data: Vec<f32> = (0..size * cols)
            .map(|i| ((i * 7919) as f32).sin() / (cols as f32).sqrt())
            .collect();
        let features = Matrix::new(size, cols, data).unwrap();
        let classes: Vec<ClassId> = (0..size).map(|i| ClassId((i * i % 3) as u16)).collect();
        let rows: Vec<u32> = (0..size as u32).collect();
        let config = GpConfig {
            scale: ScaleChoice::Fixed(KernelScale {
                variance: 500.0,
                lengthscale: 3.0,
                linear_variance: 0.0,
            }),
            ..GpConfig::default()
        };
        let old = fit(&features, &rows[..90], &classes[..90], 4, &config).unwrap();
        let grown = extend(&old, &features, &rows[90..], &classes[90..], &config).unwrap();
        let Posterior::Exact(exact) = &grown.gp.posterior else {
            panic!("120 labels are solved exactly");
        };
        let products = inner_products(&grown.gp.features, &grown.gp.features).unwrap();
        let kernel = kernel_matrix(
            &products,
            &products.diagonal(),
            Kernel::Rbf,
            &grown.gp.scale,
        );
        let gp = &grown.gp;
        let new = factorise(kernel, &gp.order.members, &gp.targets, Par::Seq).unwrap();
        let difference = |found: MatRef<'_, f32>, expected: &Mat<f64>| {
            (0..found.ncols())
                .flat_map(|column| (column..found.nrows()).map(move |row| (row, column)))
                .map(|at| (f64::from(found[at]) - expected[at]).abs())
                .fold(0.0, f64::max)
        };
        // Covariances of 500 are themselves rounded by 3e-5, and entries reach √505 in the base and
        // √(1/gap) = 0.5 in the corrections.
        assert!(difference(exact.base.as_ref(), &new.base) < 1e-4);
        for (found, expected) in exact.corrections.iter().zip(&new.corrections) {
            assert!(difference(found.as_ref(), expected) < 1e-4);
        }
    }
}
