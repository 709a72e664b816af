//! The Dirichlet-based Gaussian process classifier: its settings and its fit.

use crate::HeadsError;
use crate::evidence::{EvidenceData, log_evidence};
use crate::exact::{ExactPosterior, fit_exact};
use crate::kernel::{Kernel, KernelScale};
use crate::matrix::Matrix;
use crate::scale_search::{COARSE_ROWS, search_scale};
use crate::sparse::{SparsePosterior, fit_sparse};
use crate::targets::{ClassOrder, Targets, targets};
use autolabel_annotation::ClassId;
use serde::{Deserialize, Serialize};

/// How the kernel scale is found.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScaleChoice {
    /// Searched from a coarse grid.
    #[default]
    Search,
    /// Searched from this start, usually the scale of the last round: about a third of the time.
    WarmStart(KernelScale),
    /// Taken as it is.
    Fixed(KernelScale),
}

/// What was known when the scale was last searched; see [`crate::extend()`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ScaleSearch {
    /// Labels at that time, at least 1.
    pub labels: usize,
    /// Logarithm of the marginal likelihood of these labels at the scale found, in nats.
    pub log_evidence: f64,
}

/// Settings of the classifier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GpConfig {
    /// Covariance function.
    pub kernel: Kernel,
    /// How its scale is found.
    pub scale: ScaleChoice,
    /// Of a [`ScaleChoice::Fixed`] scale the search that found it, where that was with fewer labels: a
    /// classifier that is fitted again then asks for the next search when the first one would have.
    #[serde(default)]
    pub searched: Option<ScaleSearch>,
    /// Dirichlet concentration of a class that a label does not name; 0 < value < 1. Milios et al.
    /// report that 0.01 suits most data; smaller values trust labels more.
    pub alpha_epsilon: f64,
    /// Labels that take part in the search for the scale, evenly drawn from every class; >= 2.
    pub search_rows: usize,
    /// Most labels that are solved exactly; beyond, inducing points stand for them.
    pub max_exact: usize,
    /// Inducing points beyond `max_exact`; fewer where many classes would take more than 1 GiB.
    pub inducing: usize,
}

impl Default for GpConfig {
    fn default() -> Self {
        Self {
            kernel: Kernel::Rbf,
            scale: ScaleChoice::Search,
            searched: None,
            alpha_epsilon: 0.01,
            search_rows: 600,
            max_exact: 8_000,
            inducing: 2_000,
        }
    }
}

/// A fitted classifier: one Gaussian process a class over the log-concentrations of a Dirichlet
/// distribution, whose softmax is the class distribution.
///
/// Far from every label the mean of each class falls back to the logarithm of its frequency among
/// the labels (smoothed by one virtual label a class) with the full prior variance, so that the
/// probabilities there are the class frequencies, drawn towards uniform by that variance.
#[derive(Debug, Clone)]
pub struct DirichletGp {
    pub(crate) kernel: Kernel,
    pub(crate) scale: KernelScale,
    pub(crate) targets: Targets,
    pub(crate) order: ClassOrder,
    /// Labeled rows, in the order of `order`.
    pub(crate) features: Matrix,
    pub(crate) posterior: Posterior,
    pub(crate) log_evidence: f64,
    /// When the scale was last chosen; see [`crate::extend()`].
    pub(crate) reference: ScaleSearch,
}

/// The two ways to hold what was learned.
#[derive(Debug, Clone)]
pub(crate) enum Posterior {
    Exact(ExactPosterior),
    Sparse(SparsePosterior),
}

/// Learns from labels: image `rows[i]` of `features` shows `classes[i]`.
///
/// Takes about `n³` operations for `n` labels up to [`GpConfig::max_exact`], and about
/// `4 n m²` with `m` inducing points beyond; memory is `O(n²)`, or `O(m² C)` beside the features.
/// The same input gives the same result for any number of threads.
///
/// # Errors
/// No labels, rows or classes out of range, features that are not finite, settings out of range.
pub fn fit(
    features: &Matrix,
    rows: &[u32],
    classes: &[ClassId],
    class_count: usize,
    config: &GpConfig,
) -> Result<DirichletGp, HeadsError> {
    check(features, rows, classes, class_count, config)?;
    let order = ClassOrder::new(classes, class_count);
    let targets = targets(&order.counts(), config.alpha_epsilon);
    let sorted: Vec<u32> = order.order.iter().map(|&label| rows[label]).collect();
    let labeled = features.select(&sorted);
    if let Some(row) = labeled.data.iter().position(|value| !value.is_finite()) {
        let row = sorted[row / labeled.cols] as usize;
        return Err(HeadsError::NotFinite { row });
    }
    let kernel = config.kernel;
    let scale = choose_scale(&labeled, &order, &targets, config)?;
    let (posterior, log_evidence) = if rows.len() <= config.max_exact {
        let (exact, log_evidence) = fit_exact(&labeled, &order, &targets, kernel, &scale)?;
        (Posterior::Exact(exact), log_evidence)
    } else {
        let inducing = config.inducing;
        let sparse = fit_sparse(&labeled, &order, &targets, kernel, &scale, inducing)?;
        let part = search_data(&labeled, &order, &targets, config.search_rows)?;
        let log_evidence = log_evidence(&part, kernel, &scale)?;
        (Posterior::Sparse(sparse), log_evidence)
    };
    let now = ScaleSearch {
        labels: rows.len(),
        log_evidence,
    };
    let reference = match config.scale {
        ScaleChoice::Fixed(_) => config.searched.unwrap_or(now),
        _ => now,
    };
    Ok(DirichletGp {
        kernel,
        scale,
        targets,
        order,
        features: labeled,
        posterior,
        log_evidence,
        reference,
    })
}

/// The kernel scale that the settings ask for.
fn choose_scale(
    labeled: &Matrix,
    order: &ClassOrder,
    targets: &Targets,
    config: &GpConfig,
) -> Result<KernelScale, HeadsError> {
    let warm = match config.scale {
        ScaleChoice::Search => None,
        ScaleChoice::WarmStart(scale) => Some(scale),
        ScaleChoice::Fixed(scale) => return Ok(scale),
    };
    let fine = search_data(labeled, order, targets, config.search_rows)?;
    let coarse = match warm {
        None => Some(search_data(
            labeled,
            order,
            targets,
            config.search_rows.min(COARSE_ROWS),
        )?),
        Some(_) => None,
    };
    search_scale(coarse.as_slice(), &[fine], config.kernel, warm)
}

/// At most `limit` labels, evenly drawn from every class, with their inner products.
pub(crate) fn search_data<'a>(
    labeled: &Matrix,
    order: &ClassOrder,
    targets: &'a Targets,
    limit: usize,
) -> Result<EvidenceData<'a>, HeadsError> {
    let (kept, order) = order.subsample(limit);
    let kept: Vec<u32> = kept.iter().map(|&row| row as u32).collect();
    EvidenceData::new(&labeled.select(&kept), order, targets)
}

pub(crate) fn check(
    features: &Matrix,
    rows: &[u32],
    classes: &[ClassId],
    class_count: usize,
    config: &GpConfig,
) -> Result<(), HeadsError> {
    check_labels(features, rows, classes, class_count)?;
    check_config(config)
}

/// Refuses labels that do not belong to these features and classes.
pub(crate) fn check_labels(
    features: &Matrix,
    rows: &[u32],
    classes: &[ClassId],
    class_count: usize,
) -> Result<(), HeadsError> {
    if rows.is_empty() {
        return Err(HeadsError::Empty { what: "labels" });
    }
    if rows.len() != classes.len() {
        return Err(HeadsError::Shape {
            what: "classes of the labeled rows",
            expected: rows.len(),
            found: classes.len(),
        });
    }
    if let Some(&row) = rows.iter().find(|&&row| row as usize >= features.rows) {
        return Err(HeadsError::RowOutOfRange {
            row,
            rows: features.rows,
        });
    }
    if let Some(class) = classes.iter().find(|class| class.index() >= class_count) {
        return Err(HeadsError::ClassOutOfRange {
            class: class.0,
            class_count,
        });
    }
    Ok(())
}

fn check_config(config: &GpConfig) -> Result<(), HeadsError> {
    let refuse = |name, value, range| Err(HeadsError::Setting { name, value, range });
    let epsilon = config.alpha_epsilon;
    if !(epsilon > 0.0 && epsilon < 1.0) {
        return refuse("alpha_epsilon", epsilon, "above 0 and below 1");
    }
    if config.search_rows < 2 {
        return refuse("search_rows", config.search_rows as f64, "at least 2");
    }
    if config.inducing == 0 {
        return refuse("inducing", 0.0, "at least 1");
    }
    if config.searched.is_some_and(|search| search.labels == 0) {
        return refuse("labels of the last search", 0.0, "at least 1");
    }
    if let ScaleChoice::WarmStart(scale) | ScaleChoice::Fixed(scale) = config.scale {
        for (name, value) in [
            ("variance", scale.variance),
            ("lengthscale", scale.lengthscale),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return refuse(name, value, "a finite number above 0");
            }
        }
        let linear = scale.linear_variance;
        if !(linear >= 0.0 && linear.is_finite()) {
            return refuse("linear_variance", linear, "a finite number, at least 0");
        }
    }
    Ok(())
}

/// Variance of the noise of a label about the latent function of a class, in squared log-odds units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelNoise {
    /// Where the label is of that class.
    pub own: f32,
    /// Where it is of another class; larger.
    pub other: f32,
}

impl DirichletGp {
    /// How much one label leaves open.
    #[must_use]
    pub fn label_noise(&self) -> LabelNoise {
        LabelNoise {
            own: self.targets.on_noise as f32,
            other: self.targets.off_noise as f32,
        }
    }

    /// The kernel scale in use, for example to warm-start the next round.
    #[must_use]
    pub fn scale(&self) -> KernelScale {
        self.scale
    }

    /// The search that found the scale.
    #[must_use]
    pub fn last_search(&self) -> ScaleSearch {
        self.reference
    }

    /// The covariance function.
    #[must_use]
    pub fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// Classes of the label schema, with and without labels.
    #[must_use]
    pub fn class_count(&self) -> usize {
        self.order.class_count()
    }

    /// Labels that were learned from.
    #[must_use]
    pub fn label_count(&self) -> usize {
        self.order.order.len()
    }

    /// Inducing points, where there were more labels than [`GpConfig::max_exact`].
    #[must_use]
    pub fn inducing_count(&self) -> Option<usize> {
        match &self.posterior {
            Posterior::Exact(_) => None,
            Posterior::Sparse(sparse) => Some(sparse.inducing.rows),
        }
    }

    /// Logarithm of the marginal likelihood at [`DirichletGp::scale`], in nats: of all labels where
    /// they are solved exactly, of those of the search (see [`GpConfig::search_rows`]) where inducing
    /// points stand for them.
    #[must_use]
    pub fn log_evidence(&self) -> f64 {
        self.log_evidence
    }
}
