//! Several findings that an image may show at once, each present, absent or not answered.
//!
//! One Dirichlet Gaussian process of two classes a finding. All share the kernel with its scale, which
//! the evidence of all findings together chooses, so covariances of labels and of the pool are computed
//! once; each finding factorises the rows that it has answers for.

use crate::HeadsError;
use crate::carrier::{Carrier, Columns};
use crate::evidence::kernel_matrix;
use crate::exact::ExactPosterior;
use crate::factor::factorise;
use crate::gp::{DirichletGp, GpConfig, ScaleChoice, check, fit, search_data};
use crate::kernel::KernelScale;
use crate::leave_one_out::{exact_inverse, leave_one_out, without_each};
use crate::matrix::{BLOCK_ROWS, Matrix, inner_products};
use crate::predict::{PredictOptions, Predictions, classified, predict};
use crate::scale_search::{COARSE_ROWS, search_scale};
use crate::targets::{ClassOrder, Targets, targets};
use autolabel_annotation::ClassId;
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatMut, Par};
use rayon::prelude::*;

/// Share of the prior variance that rounding may leave where the data says zero.
const SMALLEST_SHARE: f32 = 1e-6;

/// Classes of each finding: absent and present.
const STATES: usize = 2;

/// A fitted head for several findings.
#[derive(Debug, Clone)]
pub struct FindingsGp {
    carrier: Carrier,
    findings: Vec<Finding>,
}

/// What one finding learned.
#[derive(Debug, Clone)]
struct Finding {
    /// Labeled images with an answer, by their position among all labeled images, in the order in which
    /// `order` counts.
    answered: Vec<usize>,
    order: ClassOrder,
    targets: Targets,
    posterior: FindingPosterior,
}

#[derive(Debug, Clone)]
enum FindingPosterior {
    /// No answers yet.
    Prior,
    Exact(ExactPosterior),
    /// More answers than are solved exactly: a classifier of its own, with inducing points.
    Own(Box<DirichletGp>),
}

/// What the head says about `n` images and `F` findings.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FindingPredictions {
    /// One prediction of two classes, absent and present, for each finding.
    pub findings: Vec<Predictions>,
}

impl FindingPredictions {
    /// Number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.findings.first().map_or(0, Predictions::len)
    }

    /// Whether there are no images.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Probability that image `image` shows `finding`.
    ///
    /// # Panics
    /// Where there is no such image or finding.
    #[must_use]
    pub fn probability(&self, image: usize, finding: usize) -> f32 {
        self.findings[finding].row(image)[1]
    }

    /// Probabilities that the findings are present, `n x F`, row-major. They need not sum to 1.
    #[must_use]
    pub fn probabilities(&self) -> Vec<f32> {
        (0..self.len())
            .flat_map(|image| (0..self.findings.len()).map(move |f| self.probability(image, f)))
            .collect()
    }
}

/// Learns from answers: `answers[i * F + f]` says whether image `rows[i]` of `features` shows finding
/// `f` of `F`; `None` = not answered, which says nothing. A finding without answers stays at even odds.
///
/// Costs and limits are those of [`fit`] for each finding; the scale search shares its labels among the
/// findings.
///
/// # Errors
/// No labels or findings, rows out of range, answers that are not `n x F`, features that are not
/// finite, settings out of range.
pub fn fit_findings(
    features: &Matrix,
    rows: &[u32],
    answers: &[Option<bool>],
    finding_count: usize,
    config: &GpConfig,
) -> Result<FindingsGp, HeadsError> {
    if finding_count == 0 {
        return Err(HeadsError::Empty { what: "findings" });
    }
    if answers.len() != rows.len() * finding_count {
        return Err(HeadsError::Shape {
            what: "answers",
            expected: rows.len() * finding_count,
            found: answers.len(),
        });
    }
    check(
        features,
        rows,
        &vec![ClassId(0); rows.len()],
        STATES,
        config,
    )?;
    let labeled = features.select(rows);
    if let Some(position) = labeled.data.iter().position(|value| !value.is_finite()) {
        let row = rows[position / labeled.cols] as usize;
        return Err(HeadsError::NotFinite { row });
    }
    let mut findings: Vec<Finding> = (0..finding_count)
        .map(|finding| unfitted(answers, finding, finding_count, config))
        .collect();
    let scale = choose_scale(&labeled, &findings, config)?;
    let products = inner_products(&labeled, &labeled)?;
    let kernel = kernel_matrix(&products, &products.diagonal(), config.kernel, &scale);
    drop(products);
    for finding in &mut findings {
        finding.posterior = fit_finding(&labeled, &kernel, finding, &scale, config)?;
    }
    Ok(FindingsGp {
        carrier: Carrier::new(labeled, config.kernel, scale),
        findings,
    })
}

/// The answers of one finding, sorted.
fn unfitted(
    answers: &[Option<bool>],
    finding: usize,
    finding_count: usize,
    config: &GpConfig,
) -> Finding {
    let given = answers.iter().skip(finding).step_by(finding_count);
    let (positions, classes): (Vec<usize>, Vec<ClassId>) = given
        .enumerate()
        .filter_map(|(position, answer)| Some((position, ClassId(u16::from((*answer)?)))))
        .unzip();
    let order = ClassOrder::new(&classes, STATES);
    Finding {
        answered: order.order.iter().map(|&label| positions[label]).collect(),
        targets: targets(&order.counts(), config.alpha_epsilon),
        order,
        posterior: FindingPosterior::Prior,
    }
}

/// The scale that the evidence of all findings together chooses.
fn choose_scale(
    labeled: &Matrix,
    findings: &[Finding],
    config: &GpConfig,
) -> Result<KernelScale, HeadsError> {
    let warm = match config.scale {
        ScaleChoice::Search => None,
        ScaleChoice::WarmStart(scale) => Some(scale),
        ScaleChoice::Fixed(scale) => return Ok(scale),
    };
    // The cost of the search grows with the cube of the labels of a finding: all findings together
    // may cost what one would.
    let share = (config.search_rows as f64 / (findings.len() as f64).cbrt()).ceil() as usize;
    let data = |limit: usize| {
        findings
            .iter()
            .filter(|finding| !finding.answered.is_empty())
            .map(|finding| {
                let own = labeled.select(&finding.positions());
                search_data(&own, &finding.order, &finding.targets, limit.max(2))
            })
            .collect::<Result<Vec<_>, HeadsError>>()
    };
    let coarse = match warm {
        None => data(share.min(COARSE_ROWS))?,
        Some(_) => Vec::new(),
    };
    search_scale(&coarse, &data(share)?, config.kernel, warm)
}

fn fit_finding(
    labeled: &Matrix,
    kernel: &Mat<f64>,
    finding: &Finding,
    scale: &KernelScale,
    config: &GpConfig,
) -> Result<FindingPosterior, HeadsError> {
    let rows = &finding.answered;
    if rows.is_empty() {
        return Ok(FindingPosterior::Prior);
    }
    if rows.len() > config.max_exact {
        let config = GpConfig {
            scale: ScaleChoice::Fixed(*scale),
            ..config.clone()
        };
        let classes = finding.order.class_of.iter().map(|&c| ClassId(c as u16));
        let classes: Vec<ClassId> = classes.collect();
        let gp = fit(labeled, &finding.positions(), &classes, STATES, &config)?;
        return Ok(FindingPosterior::Own(Box::new(gp)));
    }
    // Only the lower triangle of the kernel is filled.
    let own = Mat::from_fn(rows.len(), rows.len(), |i, j| {
        kernel[(rows[i].max(rows[j]), rows[i].min(rows[j]))]
    });
    let (order, targets) = (&finding.order, &finding.targets);
    let factor = factorise(own, &order.members, targets, Par::rayon(0))?;
    let (exact, _) = ExactPosterior::solved(factor, order, targets);
    Ok(FindingPosterior::Exact(exact))
}

/// Predicts the given rows of `features`, which come from the same transform as the labeled ones.
///
/// # Errors
/// Features of another width, rows out of range.
pub fn predict_findings(
    head: &FindingsGp,
    features: &Matrix,
    rows: &[u32],
    options: &PredictOptions,
) -> Result<FindingPredictions, HeadsError> {
    head.carrier.check(features, rows)?;
    let width = head.findings.len() * STATES;
    // One row of all findings an image.
    let mut mean = vec![0.0f32; rows.len() * width];
    let mut variance = vec![0.0f32; rows.len() * width];
    mean.par_chunks_mut(BLOCK_ROWS * width)
        .zip(variance.par_chunks_mut(BLOCK_ROWS * width))
        .zip(rows.par_chunks(BLOCK_ROWS))
        .for_each_init(
            || (Columns::default(), Buffers::default()),
            |(columns, buffers), ((mean, variance), block)| {
                head.carrier.columns(features, block, columns);
                for (f, finding) in head.findings.iter().enumerate() {
                    finding.evaluate(columns, buffers);
                    for image in 0..block.len() {
                        for state in 0..STATES {
                            let to = image * width + f * STATES + state;
                            let from = image * STATES + state;
                            mean[to] = buffers.mean[from];
                            let floor = SMALLEST_SHARE * columns.prior[image];
                            variance[to] = (columns.prior[image] - buffers.forms[from]).max(floor);
                        }
                    }
                }
            },
        );
    let findings = head.findings.iter().enumerate().map(|(f, finding)| {
        if let FindingPosterior::Own(gp) = &finding.posterior {
            return predict(gp, features, rows, options);
        }
        let of = |values: &[f32]| -> Vec<f32> {
            let rows = values.chunks_exact(width);
            rows.flat_map(|row| row[f * STATES..(f + 1) * STATES].iter().copied())
                .collect()
        };
        Ok(classified(STATES, of(&mean), of(&variance), options))
    });
    let findings = findings.collect::<Result<_, HeadsError>>()?;
    Ok(FindingPredictions { findings })
}

/// What the head would say about each labeled image had it not seen the answer to a finding, in the
/// order of the labels; exact, as [`leave_one_out`]. Where a finding was not answered there is nothing
/// to leave out, and it is the ordinary prediction.
///
/// # Errors
/// None in practice: those of [`predict_findings`] for the labels themselves.
pub fn leave_one_out_findings(head: &FindingsGp) -> Result<FindingPredictions, HeadsError> {
    let all: Vec<u32> = (0..head.label_count() as u32).collect();
    let options = PredictOptions::default();
    let mut seen = predict_findings(head, &head.carrier.features, &all, &options)?;
    for (finding, predictions) in head.findings.iter().zip(&mut seen.findings) {
        let without = match &finding.posterior {
            FindingPosterior::Prior => continue,
            FindingPosterior::Own(gp) => leave_one_out(gp),
            FindingPosterior::Exact(exact) => {
                let (diagonal, solved) = exact_inverse(exact, finding.answered.len(), STATES);
                let floor = SMALLEST_SHARE as f64 * head.carrier.scale.variance;
                let order = (0..finding.answered.len()).collect::<Vec<usize>>();
                // Internal rows stay in their order: `answered` says which image each is.
                let order = ClassOrder {
                    order,
                    ..finding.order.clone()
                };
                let (mean, variance) =
                    without_each(&order, &finding.targets, floor, &diagonal, &solved);
                classified(STATES, mean, variance, &options)
            }
        };
        replace(predictions, &without, &finding.answered);
    }
    Ok(seen)
}

/// Puts the predictions `from` in place of those of the images `at`.
fn replace(to: &mut Predictions, from: &Predictions, at: &[usize]) {
    for (source, &target) in at.iter().enumerate() {
        let (source_row, target_row) = (source * STATES, target * STATES);
        for (to, from) in [
            (&mut to.mean, &from.mean),
            (&mut to.variance, &from.variance),
            (&mut to.probabilities, &from.probabilities),
        ] {
            to[target_row..target_row + STATES]
                .copy_from_slice(&from[source_row..source_row + STATES]);
        }
        if let (Some(to), Some(from)) = (&mut to.mutual_information, &from.mutual_information) {
            to[target] = from[source];
        }
    }
}

/// Buffers of one thread: results of one finding for one block, one row of states an image.
#[derive(Default)]
struct Buffers {
    mean: Vec<f32>,
    /// What the answers take off the prior variance.
    forms: Vec<f32>,
    own: Vec<f32>,
    spare: Vec<f32>,
}

impl Finding {
    fn positions(&self) -> Vec<u32> {
        self.answered
            .iter()
            .map(|&position| position as u32)
            .collect()
    }

    /// Means and explained variances of a block of images.
    fn evaluate(&self, columns: &Columns, buffers: &mut Buffers) {
        let count = columns.prior.len();
        buffers.mean.resize(count * STATES, 0.0);
        for row in buffers.mean.chunks_exact_mut(STATES) {
            for (mean, prior) in row.iter_mut().zip(&self.targets.prior_mean) {
                *mean = *prior as f32;
            }
        }
        buffers.forms.clear();
        buffers.forms.resize(count * STATES, 0.0);
        let FindingPosterior::Exact(exact) = &self.posterior else {
            return;
        };
        let all = columns.values.len() / count.max(1);
        let size = self.answered.len();
        buffers.own.resize(size * count, 0.0);
        buffers.spare.resize(size * count, 0.0);
        let images = columns.values.chunks_exact(all.max(1));
        for (column, own) in images.zip(buffers.own.chunks_exact_mut(size)) {
            for (own, &position) in own.iter_mut().zip(&self.answered) {
                *own = column[position];
            }
        }
        let own = MatMut::from_column_major_slice_mut(&mut buffers.own, size, count);
        matmul(
            MatMut::from_column_major_slice_mut(&mut buffers.mean, STATES, count),
            Accum::Add,
            exact.weights.transpose(),
            own.as_ref(),
            1.0,
            Par::Seq,
        );
        let spare = MatMut::from_column_major_slice_mut(&mut buffers.spare, size, count);
        exact.quadratic_forms(own, spare, &mut buffers.forms);
    }
}

impl FindingsGp {
    /// The kernel scale in use, for example to warm-start the next round.
    #[must_use]
    pub fn scale(&self) -> KernelScale {
        self.carrier.scale
    }

    /// Number of findings, `F`.
    #[must_use]
    pub fn finding_count(&self) -> usize {
        self.findings.len()
    }

    /// Labeled images.
    #[must_use]
    pub fn label_count(&self) -> usize {
        self.carrier.features.rows
    }

    /// Answers to one finding: absent and present.
    ///
    /// # Panics
    /// Where there is no such finding.
    #[must_use]
    pub fn answer_counts(&self, finding: usize) -> [usize; STATES] {
        let counts = self.findings[finding].order.counts();
        [counts[0], counts[1]]
    }
}
