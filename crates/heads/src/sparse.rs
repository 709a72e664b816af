//! Inducing points for more labels than can be solved exactly: the fully independent training
//! conditional (FITC; Snelson and Ghahramani, 2006; Quiñonero-Candela and Rasmussen, 2005).
//!
//! With inducing points `Z`, `L Lᵀ = K_zz`, `φ(x) = L⁻¹ k_z(x)` and what the points leave
//! unexplained, `g(x) = k(x, x) - |φ(x)|²`, label `i` of class `c` is seen with the variance
//! `λ_ci = g(x_i) + noise_ci`:
//!
//! ```text
//! A_c         = I + Σ_i φ_i φ_iᵀ / λ_ci
//! w_c         = A_c⁻¹ Σ_i φ_i (target_ci - prior mean_c) / λ_ci
//! mean_c(x)   = prior mean_c + φ(x)ᵀ w_c
//! var_c(x)    = k(x, x) - |φ(x)|² + φ(x)ᵀ A_c⁻¹ φ(x)
//! ```
//!
//! The variance returns to the prior far from the inducing points, and all of it is exact where
//! every label is an inducing point. As in `factor`, the sum over all labels with the noise of an
//! absent class is shared; each class adds only its own labels. Inducing points are the medoids of
//! k-means clusters of the labeled images, started from labels spread evenly over every class.

use crate::HeadsError;
use crate::exact::single;
use crate::factor::cholesky;
use crate::kernel::{Kernel, KernelScale, covariances, prior_variance};
use crate::kmeans::{lloyd, medoids};
use crate::matrix::{BLOCK_ROWS, Matrix, dot, dot_block, inner_products};
use crate::targets::{ClassOrder, Targets};
use faer::linalg::matmul::triangular::{BlockStructure, matmul as triangular_matmul};
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_upper_triangular_in_place,
};
use faer::{Accum, Mat, MatMut, MatRef, Par};
use std::ops::Range;

/// Added to the diagonal of `K_zz`, relative to the variance: far below the noise, and enough for
/// single precision.
const JITTER: f64 = 1e-4;

/// Memory that the factors may take, in bytes.
const FACTOR_BYTES: usize = 1 << 30;

/// Lloyd iterations for the inducing points; more hardly move them.
const ITERATIONS: usize = 3;

/// What prediction needs.
#[derive(Debug, Clone)]
pub(crate) struct SparsePosterior {
    /// Features of the inducing points.
    pub inducing: Matrix,
    /// Lower Cholesky factor of `K_zz`.
    base: Mat<f32>,
    /// Lower Cholesky factor of `A_c`.
    factors: Vec<Mat<f32>>,
    /// `w_c`, one column a class.
    pub weights: Mat<f32>,
}

/// Fits to the labeled rows `features`, which are in the order of `order`.
pub(crate) fn fit_sparse(
    features: &Matrix,
    order: &ClassOrder,
    targets: &Targets,
    kernel: Kernel,
    scale: &KernelScale,
    inducing: usize,
) -> Result<SparsePosterior, HeadsError> {
    let classes = order.class_count();
    let affordable = (FACTOR_BYTES / (8 * (classes + 3))).isqrt();
    let inducing = inducing_points(features, inducing.min(affordable));
    let size = inducing.rows;
    let base = inducing_factor(&inducing, kernel, scale)?;

    let mut shared = Mat::<f64>::identity(size, size);
    let mut own = vec![Mat::<f64>::zeros(size, size); classes];
    let mut weights = Mat::<f64>::zeros(size, classes);
    let projection = Projection {
        inducing: &inducing,
        norms: inducing.squared_norms(),
        base: &base,
        kernel,
        scale,
    };
    let ranges = order.members.iter().enumerate();
    let ranges =
        ranges.flat_map(|(class, members)| members.iter().map(move |range| (class, range)));
    for (class, range) in ranges {
        for start in range.clone().step_by(BLOCK_ROWS) {
            let block = start..range.end.min(start + BLOCK_ROWS);
            let (phi, unexplained) = projection.project(features, block);
            let off = |g: f64| 1.0 / (g + targets.off_noise);
            let on = |g: f64| 1.0 / (g + targets.on_noise);
            add_outer(&mut shared, &phi, &unexplained, off);
            add_outer(&mut own[class], &phi, &unexplained, |g| on(g) - off(g));
            add_targets(&mut weights, &phi, &unexplained, targets, class);
        }
    }
    let mut factors = Vec::with_capacity(classes);
    for (class, mut matrix) in own.into_iter().enumerate() {
        matrix += &shared;
        cholesky(matrix.as_mut(), Par::rayon(0), "inducing points")?;
        let mut column = weights.as_mut().subcols_mut(class, 1);
        solve_lower_triangular_in_place(matrix.as_ref(), column.as_mut(), Par::Seq);
        solve_upper_triangular_in_place(matrix.transpose(), column.as_mut(), Par::Seq);
        factors.push(single(&matrix));
    }
    Ok(SparsePosterior {
        inducing,
        base: single(&base),
        factors,
        weights: single(&weights),
    })
}

/// Medoids of clusters of the labeled images; all of them where `count` allows.
fn inducing_points(features: &Matrix, count: usize) -> Matrix {
    if features.rows <= count {
        return features.clone();
    }
    let rows: Vec<u32> = (0..features.rows as u32).collect();
    let start: Vec<u32> = (0..count)
        .map(|i| (i * features.rows / count) as u32)
        .collect();
    let clusters = lloyd(features, &rows, features.select(&start), ITERATIONS);
    let mut chosen: Vec<u32> = medoids(&clusters, &rows).into_iter().flatten().collect();
    chosen.sort_unstable();
    features.select(&chosen)
}

fn inducing_factor(
    inducing: &Matrix,
    kernel: Kernel,
    scale: &KernelScale,
) -> Result<Mat<f64>, HeadsError> {
    let products = inner_products(inducing, inducing)?;
    let norms = products.diagonal();
    let mut matrix = crate::evidence::kernel_matrix(&products, &norms, kernel, scale);
    for (row, norm) in norms.iter().enumerate() {
        matrix[(row, row)] += JITTER * prior_variance(kernel, scale, f64::from(*norm));
    }
    cholesky(matrix.as_mut(), Par::rayon(0), "inducing points")?;
    Ok(matrix)
}

/// Everything that turns features into `φ`, in double precision for the fit.
struct Projection<'a> {
    inducing: &'a Matrix,
    norms: Vec<f32>,
    base: &'a Mat<f64>,
    kernel: Kernel,
    scale: &'a KernelScale,
}

impl Projection<'_> {
    /// `φ` of these rows, one column each, and what it leaves unexplained.
    fn project(&self, features: &Matrix, rows: Range<usize>) -> (Mat<f64>, Vec<f64>) {
        let size = self.inducing.rows;
        let block = &features.data[rows.start * features.cols..rows.end * features.cols];
        let mut products = vec![0.0f32; rows.len() * size];
        dot_block(block, &self.inducing.data, features.cols, &mut products);
        let norms: Vec<f32> = rows
            .map(|row| dot(features.row(row), features.row(row)))
            .collect();
        for (column, &norm) in products.chunks_exact_mut(size).zip(&norms) {
            covariances(self.kernel, self.scale, norm, &self.norms, column);
        }
        let mut phi = Mat::from_fn(size, norms.len(), |point, row| {
            f64::from(products[row * size + point])
        });
        solve_lower_triangular_in_place(self.base.as_ref(), phi.as_mut(), Par::rayon(0));
        let unexplained = norms
            .iter()
            .enumerate()
            .map(|(row, &norm)| {
                let explained = phi.col(row).squared_norm_l2();
                (prior_variance(self.kernel, self.scale, f64::from(norm)) - explained).max(0.0)
            })
            .collect();
        (phi, unexplained)
    }
}

/// Adds `Σ_i weight(g_i) φ_i φ_iᵀ` to the lower triangle.
fn add_outer(sum: &mut Mat<f64>, phi: &Mat<f64>, unexplained: &[f64], weight: impl Fn(f64) -> f64) {
    let scaled = Mat::from_fn(phi.nrows(), phi.ncols(), |point, row| {
        phi[(point, row)] * weight(unexplained[row]).sqrt()
    });
    triangular_matmul(
        sum.as_mut(),
        BlockStructure::TriangularLower,
        Accum::Add,
        scaled.as_ref(),
        BlockStructure::Rectangular,
        scaled.transpose(),
        BlockStructure::Rectangular,
        1.0,
        Par::rayon(0),
    );
}

/// Adds `φ_i (target_ci - prior mean_c) / λ_ci` of labels that all show `shown` to every class.
fn add_targets(
    sums: &mut Mat<f64>,
    phi: &Mat<f64>,
    unexplained: &[f64],
    targets: &Targets,
    shown: usize,
) {
    for class in 0..sums.ncols() {
        let (target, noise) = if class == shown {
            (targets.on, targets.on_noise)
        } else {
            (targets.off, targets.off_noise)
        };
        let centred = target - targets.prior_mean[class];
        for (row, g) in unexplained.iter().enumerate() {
            let weight = centred / (g + noise);
            for point in 0..phi.nrows() {
                sums[(point, class)] += weight * phi[(point, row)];
            }
        }
    }
}

impl SparsePosterior {
    /// Turns covariances with the inducing points into `φ`, in place, one column an image.
    pub fn project(&self, columns: MatMut<'_, f32>) {
        solve_lower_triangular_in_place(self.base.as_ref(), columns, Par::Seq);
    }

    /// `L⁻ᵀ w_c`, one column a class: what turns covariances with the inducing points into means.
    pub fn direct_weights(&self) -> Mat<f32> {
        let mut weights = self.weights.clone();
        solve_upper_triangular_in_place(self.base.transpose(), weights.as_mut(), Par::Seq);
        weights
    }

    /// Turns every column `φ` into `G_c⁻¹ φ` with `G_c G_cᵀ = A_c`, in place.
    pub fn class_part(&self, class: usize, columns: MatMut<'_, f32>) {
        solve_lower_triangular_in_place(self.factors[class].as_ref(), columns, Par::Seq);
    }

    /// `φᵀ A_c⁻¹ φ` for every column `φ` and every class, written to `out`, one row of classes a
    /// column; `spare` has the size of `columns`.
    pub fn quadratic_forms(
        &self,
        columns: MatRef<'_, f32>,
        mut spare: MatMut<'_, f32>,
        out: &mut [f32],
    ) {
        let classes = self.factors.len();
        for (class, factor) in self.factors.iter().enumerate() {
            spare.copy_from(columns);
            solve_lower_triangular_in_place(factor.as_ref(), spare.as_mut(), Par::Seq);
            for column in 0..columns.ncols() {
                out[column * classes + class] = crate::exact::square(&spare, column);
            }
        }
    }
}
