//! Several findings that an image may show at once, each present, absent or not answered.
//!
//! One Dirichlet Gaussian process of two classes a finding. All share the kernel with its scale, which
//! the evidence of all findings together chooses, so covariances of labels and of the pool are computed
//! once; each finding factorises the rows that it has answers for.

use crate::HeadsError;
use crate::carrier::Carrier;
use crate::evidence::kernel_matrix;
use crate::exact::ExactPosterior;
use crate::factor::factorise;
use crate::gp::{DirichletGp, GpConfig, ScaleChoice, check, fit, search_data};
use crate::kernel::KernelScale;
use crate::matrix::{Matrix, inner_products};
use crate::scale_search::{COARSE_ROWS, search_scale};
use crate::targets::{ClassOrder, Targets, targets};
use autolabel_annotation::ClassId;
use faer::{Mat, Par};

/// Classes of each finding: absent and present.
pub(crate) const STATES: usize = 2;

/// A fitted head for several findings.
#[derive(Debug, Clone)]
pub struct FindingsGp {
    pub(crate) carrier: Carrier,
    pub(crate) findings: Vec<Finding>,
}

/// What one finding learned.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    /// Labeled images with an answer, by their position among all labeled images, in the order in which
    /// `order` counts.
    pub answered: Vec<usize>,
    pub order: ClassOrder,
    pub targets: Targets,
    pub posterior: FindingPosterior,
}

#[derive(Debug, Clone)]
pub(crate) enum FindingPosterior {
    /// No answers yet.
    Prior,
    Exact(ExactPosterior),
    /// More answers than are solved exactly: a classifier of its own, with inducing points.
    Own(Box<DirichletGp>),
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

impl Finding {
    fn positions(&self) -> Vec<u32> {
        self.answered
            .iter()
            .map(|&position| position as u32)
            .collect()
    }
}
