//! Predictions for images that stay while labels are added, without starting again.
//!
//! Let `x = B⁻¹ k` and `f_c = kᵀ (K + D_c)⁻¹ k` be known of an image with the covariances `k` to the old
//! labels, and `P = B⁻¹ K_zb` for the new ones, whose covariances with the image are `k_b` and among
//! each other `K_bb` (names as in `extend` and `factor`). Then by the inverse of a bordered matrix
//!
//! ```text
//! d   = k_b - K_bz x                    S   = K_bb + off_noise I - K_bz P        = M Mᵀ
//! x'  = [ x - P S⁻¹ d ; S⁻¹ d ]
//! d_c = d - (S_c⁻¹ E_cᵀ P)ᵀ E_cᵀ x      S'_c = K_bb + D_c - K_bz (K + D_c)⁻¹ K_zb = M_c M_cᵀ
//! f'_c = f_c + |M_c⁻¹ d_c|²
//! ```
//!
//! and the mean needs no covariances either: `k = B x` and `B - (K + D_c) = gap E_c E_cᵀ` give
//! `kᵀ (K + D_c)⁻¹ y = xᵀ (y + gap E_c E_cᵀ w_c)` with the weights `w_c = (K + D_c)⁻¹ y`. That is
//! `O(n b)` operations an image for `b` new beside `n` old labels where a prediction takes `O(n²)`, for
//! `n` numbers of memory an image. Errors do not build up: `B⁻¹` shrinks them, its largest eigenvalue
//! being `1 / off_noise`.

use crate::HeadsError;
use crate::evidence::{cross_covariances, kernel_matrix};
use crate::exact::{ExactPosterior, single};
use crate::extend::double;
use crate::factor::{cholesky, gather_rows};
use crate::gp::{DirichletGp, Posterior};
use crate::half_matrix::FeatureRows;
use crate::kernel::covariances;
use crate::matrix::{BLOCK_ROWS, Matrix, dot, dot_block, inner_products};
use crate::predict::{PredictOptions, Predictions, SMALLEST_SHARE, check_shape, classified};
use crate::support::{Scratch, Support};
use crate::targets::row_count;
use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place, solve_upper_triangular_in_place,
};
use faer::{Accum, Mat, MatMut, MatRef, Par};
use rayon::prelude::*;

/// Images whose predictions can be brought up to date when labels are added.
#[derive(Debug, Clone)]
pub struct Tracked {
    /// Images, with the row of each in the matrices below, by rising image.
    at: Vec<(u32, u32)>,
    /// `B⁻¹ k` of each image, one row of all labels.
    solved: Matrix,
    /// `kᵀ (K + D_c)⁻¹ k`, one row of classes an image.
    forms: Vec<f32>,
    /// Prior variance of each image.
    prior: Vec<f32>,
}

impl Tracked {
    /// Bytes that so many images take with so many labels.
    #[must_use]
    pub fn bytes(images: usize, labels: usize, class_count: usize) -> usize {
        images * (labels + class_count + 3) * size_of::<f32>()
    }

    fn position(&self, image: u32) -> Option<u32> {
        let found = self.at.binary_search_by_key(&image, |(image, _)| *image);
        found.ok().map(|at| self.at[at].1)
    }
}

/// As [`predict_rows`](crate::predict_rows), and keeps what it takes to predict the same images again
/// after labels are added. `before` is what was kept with an earlier classifier; where `gp` extends that
/// one (see [`extend`](crate::extend())), images that it has are brought up to date, to the same result
/// up to rounding in single precision. Rows are those of the same `features` then and now. `None` is
/// kept where inducing points stand for the labels.
///
/// # Errors
/// As [`predict_rows`](crate::predict_rows).
pub fn predict_tracked(
    gp: &DirichletGp,
    features: FeatureRows<'_>,
    rows: &[u32],
    before: Option<(&DirichletGp, &Tracked)>,
    options: &PredictOptions,
) -> Result<(Predictions, Option<Tracked>), HeadsError> {
    let Posterior::Exact(exact) = &gp.posterior else {
        let predictions = crate::predict::predict_rows(gp, features, rows, options)?;
        return Ok((predictions, None));
    };
    check_shape(gp, features.rows(), features.cols(), rows)?;
    let growth = before
        .and_then(|(old, tracked)| Some((Growth::of(old, gp)?, tracked)))
        .map(|(growth, tracked)| growth.map(|growth| (growth, tracked)))
        .transpose()?;
    let work = Work {
        gp,
        support: Support::of(gp),
        features,
        readout: readout(gp, exact),
        growth,
    };
    // Images that are known in one run of blocks, the others in another.
    let known = |row: &u32| {
        let (_, tracked) = work.growth.as_ref()?;
        tracked.position(*row)
    };
    let mut order: Vec<(Option<u32>, usize)> = rows.iter().map(known).zip(0..).collect();
    order.sort_by_key(|(position, _)| position.is_none());
    let split = order.partition_point(|(position, _)| position.is_some());
    let (labels, classes) = (gp.label_count(), gp.class_count());
    let mut kept = Tracked {
        at: Vec::new(),
        solved: Matrix::zeros(rows.len(), labels),
        forms: vec![0.0; rows.len() * classes],
        prior: vec![0.0; rows.len()],
    };
    let mut means = vec![0.0f32; rows.len() * classes];
    let (old, new) = kept.parts(&mut means, split, labels, classes);
    for (parts, images) in [(old, &order[..split]), (new, &order[split..])] {
        parts
            .blocks(labels, classes)
            .zip(images.par_chunks(BLOCK_ROWS))
            .for_each_init(Scratch::default, |scratch, (mut block, images)| {
                work.block(rows, images, &mut block, scratch);
            });
    }
    let (mut mean, mut variance) = (means.clone(), means.clone());
    for (kept_at, &(_, position)) in order.iter().enumerate() {
        let (from, to) = (kept_at * classes, position * classes);
        mean[to..to + classes].copy_from_slice(&means[from..from + classes]);
        let prior = kept.prior[kept_at];
        for (variance, form) in variance[to..]
            .iter_mut()
            .zip(&kept.forms[from..from + classes])
        {
            *variance = (prior - form).max(SMALLEST_SHARE * prior);
        }
    }
    kept.at = order
        .iter()
        .zip(0..)
        .map(|((_, at), kept)| (rows[*at], kept))
        .collect();
    kept.at.sort_unstable();
    Ok((classified(classes, mean, variance, options), Some(kept)))
}

/// What is written of some images.
struct Parts<'a> {
    solved: &'a mut [f32],
    forms: &'a mut [f32],
    prior: &'a mut [f32],
    means: &'a mut [f32],
}

impl Tracked {
    /// The parts of the first `split` images and of the others.
    fn parts<'a>(
        &'a mut self,
        means: &'a mut [f32],
        split: usize,
        labels: usize,
        classes: usize,
    ) -> (Parts<'a>, Parts<'a>) {
        let solved = self.solved.data.split_at_mut(split * labels);
        let forms = self.forms.split_at_mut(split * classes);
        let prior = self.prior.split_at_mut(split);
        let means = means.split_at_mut(split * classes);
        let part = |solved, forms, prior, means| Parts {
            solved,
            forms,
            prior,
            means,
        };
        (
            part(solved.0, forms.0, prior.0, means.0),
            part(solved.1, forms.1, prior.1, means.1),
        )
    }
}

impl<'a> Parts<'a> {
    /// Blocks of images; the same ones for any number of threads.
    fn blocks(
        self,
        labels: usize,
        classes: usize,
    ) -> impl IndexedParallelIterator<Item = Parts<'a>> {
        self.solved
            .par_chunks_mut(BLOCK_ROWS * labels)
            .zip(self.forms.par_chunks_mut(BLOCK_ROWS * classes))
            .zip(self.prior.par_chunks_mut(BLOCK_ROWS))
            .zip(self.means.par_chunks_mut(BLOCK_ROWS * classes))
            .map(|(((solved, forms), prior), means)| Parts {
                solved,
                forms,
                prior,
                means,
            })
    }
}

/// What all blocks have in common.
struct Work<'a> {
    gp: &'a DirichletGp,
    support: Support<'a>,
    features: FeatureRows<'a>,
    /// Means from `B⁻¹ k`, one column a class.
    readout: Mat<f32>,
    growth: Option<(Growth, &'a Tracked)>,
}

impl Work<'_> {
    /// Computes one block: all of its images are known, with their positions, or none is. Sequential.
    fn block(
        &self,
        rows: &[u32],
        images: &[(Option<u32>, usize)],
        into: &mut Parts<'_>,
        scratch: &mut Scratch,
    ) {
        let wanted: Vec<u32> = images.iter().map(|&(_, at)| rows[at]).collect();
        let block = self.features.select_here(&wanted);
        let classes = self.gp.class_count();
        let known: Option<Vec<u32>> = images.iter().map(|(position, _)| *position).collect();
        match (known, &self.growth) {
            (Some(known), Some((growth, tracked))) => {
                growth.advance(self.gp, &block, &known, tracked, into.solved, into.forms);
                for (prior, &position) in into.prior.iter_mut().zip(&known) {
                    *prior = tracked.prior[position as usize];
                }
            }
            _ => {
                let numbers: Vec<u32> = (0_u32..).take(block.rows).collect();
                self.support.evaluate(&block, &numbers, scratch);
                into.solved.copy_from_slice(&scratch.columns);
                into.prior.copy_from_slice(&scratch.prior);
                into.means.copy_from_slice(&scratch.mean);
                for (form, learned) in into.forms.iter_mut().zip(&scratch.learned) {
                    *form = -learned;
                }
                return;
            }
        }
        for mean in into.means.chunks_exact_mut(classes) {
            mean.copy_from_slice(self.support.prior_mean());
        }
        matmul(
            MatMut::from_column_major_slice_mut(into.means, classes, block.rows),
            Accum::Add,
            self.readout.transpose(),
            MatRef::from_column_major_slice(&*into.solved, self.support.size(), block.rows),
            1.0,
            Par::Seq,
        );
    }
}

/// `y_c + gap E_c E_cᵀ w_c`, one column a class.
fn readout(gp: &DirichletGp, exact: &ExactPosterior) -> Mat<f32> {
    let gap = (gp.targets.off_noise - gp.targets.on_noise) as f32;
    Mat::from_fn(gp.label_count(), gp.class_count(), |row, class| {
        let target = gp.targets.centred(&gp.order, row, class) as f32;
        if gp.order.class_of[row] == class {
            target + gap * exact.weights[(row, class)]
        } else {
            target
        }
    })
}

/// What new labels change.
struct Growth {
    /// Features of the new labels.
    added: Matrix,
    norms: Vec<f32>,
    /// `K_zb`.
    cross: Mat<f32>,
    /// `P = B⁻¹ K_zb`.
    solved: Mat<f32>,
    /// `S_c⁻¹ E_cᵀ P` in the rows of each class.
    own: Mat<f32>,
    /// `M`.
    shared: Mat<f32>,
    /// `M_c`.
    classes: Vec<Mat<f32>>,
}

impl Growth {
    /// `None` where `new` is not `old` with labels added.
    fn of(old: &DirichletGp, new: &DirichletGp) -> Option<Result<Self, HeadsError>> {
        let Posterior::Exact(exact) = &old.posterior else {
            return None;
        };
        let count = old.label_count();
        let extends = old.kernel == new.kernel
            && old.scale == new.scale
            && old
                .targets
                .off_noise
                .total_cmp(&new.targets.off_noise)
                .is_eq()
            && old.class_count() == new.class_count()
            && new.order.class_of.starts_with(&old.order.class_of)
            && old.features.cols == new.features.cols
            && new.features.data.starts_with(&old.features.data);
        extends.then(|| Self::between(old, exact, new, count))
    }

    fn between(
        old: &DirichletGp,
        exact: &ExactPosterior,
        new: &DirichletGp,
        count: usize,
    ) -> Result<Self, HeadsError> {
        let data = new.features.data[count * new.features.cols..].to_vec();
        let added = Matrix::new(new.label_count() - count, new.features.cols, data)?;
        let norms = added.squared_norms();
        let products = inner_products(&added, &old.features)?;
        let old_norms = old.features.squared_norms();
        let cross = cross_covariances(products, &norms, &old_norms, old.kernel, &old.scale);
        let products = inner_products(&added, &added)?;
        let among = kernel_matrix(&products, &norms, old.kernel, &old.scale);
        let mut solved = cross.clone();
        let base = exact.base.as_ref();
        solve_double(base, solved.as_mut());
        let left = &among - cross.transpose() * &solved;
        let noisy = |mut matrix: Mat<f64>, class: Option<usize>, what| {
            for row in 0..matrix.nrows() {
                matrix[(row, row)] += match class {
                    Some(class) => new.targets.noise(&new.order, count + row, class),
                    None => new.targets.off_noise,
                };
            }
            cholesky(matrix.as_mut(), Par::Seq, what)?;
            Ok::<_, HeadsError>(single(&matrix))
        };
        let mut own = Mat::<f32>::zeros(count, added.rows);
        let mut classes = Vec::with_capacity(old.class_count());
        for (class, members) in exact.members.iter().enumerate() {
            let mut part = Mat::<f64>::zeros(row_count(members), added.rows);
            gather_rows(members, solved.as_ref(), part.as_mut());
            let mut right = part.clone();
            solve_double(exact.corrections[class].as_ref(), right.as_mut());
            for (from, row) in members.iter().cloned().flatten().enumerate() {
                for column in 0..added.rows {
                    own[(row, column)] = right[(from, column)] as f32;
                }
            }
            let left = &left - part.transpose() * &right;
            classes.push(noisy(left, Some(class), "covariance of the new labels")?);
        }
        Ok(Self {
            shared: noisy(left, None, "covariance of the new labels")?,
            cross: single(&cross),
            solved: single(&solved),
            own,
            classes,
            added,
            norms,
        })
    }
}

impl Growth {
    /// Brings a block of images up to date, which lie at the `known` rows of `tracked`. Sequential.
    fn advance(
        &self,
        gp: &DirichletGp,
        block: &Matrix,
        known: &[u32],
        tracked: &Tracked,
        into: &mut [f32],
        forms: &mut [f32],
    ) {
        let (old, new) = (self.cross.nrows(), self.added.rows);
        let (images, classes) = (block.rows, gp.class_count());
        for (column, &position) in into.chunks_exact_mut(old + new).zip(known) {
            column[..old].copy_from_slice(tracked.solved.row(position as usize));
        }
        for (forms, &position) in forms.chunks_exact_mut(classes).zip(known) {
            forms.copy_from_slice(&tracked.forms[position as usize * classes..][..classes]);
        }
        let into = MatMut::from_column_major_slice_mut(into, old + new, images);
        let (mut above, mut below) = into.split_at_row_mut(old);

        let mut surprise = self.covariances(gp, block);
        let product = |sum: MatMut<'_, f32>, left: MatRef<'_, f32>, right: MatRef<'_, f32>| {
            matmul(sum, Accum::Add, left, right, -1.0, Par::Seq);
        };
        product(surprise.as_mut(), self.cross.transpose(), above.as_ref());
        for (class, factor) in self.classes.iter().enumerate() {
            let mut own = surprise.clone();
            let members = gp.order.members[class].iter();
            for range in members.filter(|range| !range.is_empty() && range.end <= old) {
                let left = self.own.as_ref().subrows(range.start, range.len());
                let right = above.as_ref().subrows(range.start, range.len());
                product(own.as_mut(), left.transpose(), right);
            }
            solve_lower_triangular_in_place(factor.as_ref(), own.as_mut(), Par::Seq);
            for (image, forms) in forms.chunks_exact_mut(classes).enumerate() {
                forms[class] += own.col(image).squared_norm_l2();
            }
        }
        solve_lower_triangular_in_place(self.shared.as_ref(), surprise.as_mut(), Par::Seq);
        solve_upper_triangular_in_place(self.shared.transpose(), surprise.as_mut(), Par::Seq);
        product(above.as_mut(), self.solved.as_ref(), surprise.as_ref());
        below.copy_from(&surprise);
    }

    /// Covariances of the new labels (rows) with the images of a block. Sequential.
    fn covariances(&self, gp: &DirichletGp, block: &Matrix) -> Mat<f32> {
        let new = self.added.rows;
        let mut products = vec![0.0f32; new * block.rows];
        dot_block(&block.data, &self.added.data, block.cols, &mut products);
        for (image, column) in products.chunks_exact_mut(new).enumerate() {
            let row = block.row(image);
            covariances(gp.kernel, &gp.scale, dot(row, row), &self.norms, column);
        }
        MatRef::from_column_major_slice(&products, new, block.rows).to_owned()
    }
}

/// Turns every column `v` into `(F Fᵀ)⁻¹ v` in place, in double precision; `F` is lower triangular.
fn solve_double(factor: MatRef<'_, f32>, mut columns: MatMut<'_, f64>) {
    let factor = double(factor);
    solve_lower_triangular_in_place(factor.as_ref(), columns.as_mut(), Par::rayon(0));
    solve_upper_triangular_in_place(factor.transpose(), columns, Par::rayon(0));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extend::extend;
    use crate::gp::{GpConfig, ScaleChoice, fit};
    use crate::kernel::{Kernel, KernelScale};
    use crate::predict::predict;
    use autolabel_annotation::ClassId;
    use proptest::prelude::*;

    /// Rows of about unit length.
    fn features(rows: usize) -> Matrix {
        let data = (0..rows * 6).map(|i| ((i * 7919 % 10_007) as f32).sin() / 2.0);
        Matrix::new(rows, 6, data.collect()).unwrap()
    }

    fn config(kernel: Kernel, lengthscale: f64) -> GpConfig {
        GpConfig {
            kernel,
            scale: ScaleChoice::Fixed(KernelScale {
                variance: 20.0,
                lengthscale,
                linear_variance: 2.0,
            }),
            ..GpConfig::default()
        }
    }

    /// Largest difference of means, variances and probabilities.
    fn difference(a: &Predictions, b: &Predictions) -> [f32; 3] {
        let largest = |a: &[f32], b: &[f32]| {
            let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
            differences.fold(0.0, f32::max)
        };
        [
            largest(&a.mean, &b.mean),
            largest(&a.variance, &b.variance),
            largest(&a.probabilities, &b.probabilities),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        /// Several batches, classes that appear late, images that leave and images that come.
        #[test]
        fn equals_a_prediction_from_nothing(
            labels in prop::collection::vec(0u16..4, 40..90),
            lengthscale in 0.3f64..2.0,
            is_linear in prop::bool::ANY,
        ) {
            let kernel = if is_linear { Kernel::RbfLinear } else { Kernel::Rbf };
            let config = config(kernel, lengthscale);
            let all = features(700);
            let classes: Vec<ClassId> = labels.iter().map(|&class| ClassId(class)).collect();
            let rows: Vec<u32> = (0..classes.len() as u32).map(|row| row * 7).collect();
            let options = PredictOptions::default();
            let mut gp = fit(&all, &rows[..20], &classes[..20], 5, &config).unwrap();
            let asked: Vec<u32> = (100..700).rev().collect();
            let (_, kept) = predict_tracked(&gp, (&all).into(), &asked, None, &options).unwrap();
            let mut kept = kept.unwrap();
            for start in (20..rows.len()).step_by(9) {
                let batch = start..(start + 9).min(rows.len());
                let grown = extend(&gp, &all, &rows[batch.clone()], &classes[batch], &config).unwrap().gp;
                let asked: Vec<u32> = (50 + start as u32..700).filter(|row| row % 11 != start as u32 % 11).collect();
                let before = Some((&gp, &kept));
                let (found, now) = predict_tracked(&grown, (&all).into(), &asked, before, &options).unwrap();
                let expected = predict(&grown, &all, &asked, &options).unwrap();
                let [mean, variance, probability] = difference(&found, &expected);
                prop_assert!(mean < 1e-3 && variance < 1e-3 && probability < 1e-4, "{mean} {variance} {probability}");
                (gp, kept) = (grown, now.unwrap());
            }
        }
    }

    #[test]
    fn forgets_what_another_classifier_kept() {
        let config = config(Kernel::Rbf, 1.0);
        let all = features(300);
        let classes: Vec<ClassId> = (0..40).map(|label| ClassId(label % 3)).collect();
        let rows: Vec<u32> = (0..40).collect();
        let asked: Vec<u32> = (40..300).collect();
        let options = PredictOptions::default();
        let old = fit(&all, &rows[..30], &classes[..30], 3, &config).unwrap();
        let (_, kept) = predict_tracked(&old, (&all).into(), &asked, None, &options).unwrap();
        let kept = kept.unwrap();
        // Neither another class of an old label nor another order is an extension.
        let mut corrected = classes.clone();
        corrected[0] = ClassId(1);
        let other = fit(&all, &rows, &corrected, 3, &config).unwrap();
        let (found, _) =
            predict_tracked(&other, (&all).into(), &asked, Some((&old, &kept)), &options).unwrap();
        let expected = predict(&other, &all, &asked, &options).unwrap();
        assert!(difference(&found, &expected).iter().all(|d| *d < 1e-4));
        assert!(predict_tracked(&old, (&all).into(), &[300], None, &options).is_err());
    }
}
