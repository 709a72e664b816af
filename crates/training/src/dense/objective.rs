//! What the dense network is trained to answer, and what a wrong answer costs.

use autolabel_annotation::{Drawing, ImageSize};
use autolabel_image_io::Augmentation;

use crate::TrainingError;
use crate::dense::box_decoding::{BoxDecoding, box_shapes};
use crate::dense::box_loss::{RARE_CENTRE_LOGIT, box_loss};
use crate::dense::box_target::box_target;
use crate::dense::class_decoding::class_shapes;
use crate::dense::class_loss::class_loss;
use crate::dense::class_target::class_target;
use crate::dense::found_shape::FoundShape;
use crate::dense::instance_decoding::{InstanceDecoding, instance_shapes};
use crate::dense::instance_loss::instance_loss;
use crate::dense::instance_target::instance_target;
use crate::dense::maps::DenseTarget;
use crate::dense::prediction::DenseGrid;

/// Sides of a box: left, upper, right and lower.
pub(crate) const SIDES: usize = 4;

/// What the network answers at each cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DenseTask {
    /// One of `classes` classes, of which class 0 is the background; at least 2. Class 0 of a label
    /// schema is then class 1. Answers: a logit a class.
    Classes {
        /// Classes, the background among them.
        classes: usize,
    },
    /// Boxes of `classes` classes, at least 1, as CenterNet finds them (Zhou et al. 2019): at a cell,
    /// whether it is the centre of a box of a class, and where the sides of that box are. Answers: a
    /// logit a class, then left, upper, right and lower side, each the logarithm of its distance to
    /// the middle of the cell in units of 16 pixels of the input.
    Boxes {
        /// Classes of the label schema.
        classes: usize,
    },
    /// Instances of `classes` classes, at least 1, as Panoptic-DeepLab finds them (Cheng et al. 2020):
    /// the class at a cell, and where the centre of its instance lies. Answers: a logit of the
    /// background and one a class, then the way down and the way right from the middle of the cell to
    /// the centre in units of 16 pixels of the input.
    Instances {
        /// Classes of the label schema.
        classes: usize,
    },
}

impl DenseTask {
    /// Numbers that the network answers at each cell.
    #[must_use]
    pub fn outputs(self) -> usize {
        match self {
            Self::Classes { classes } => classes,
            Self::Boxes { classes } => classes + SIDES,
            Self::Instances { classes } => 1 + classes + 2,
        }
    }

    /// Numbers that a target says of each cell.
    #[must_use]
    pub fn target_channels(self) -> usize {
        match self {
            Self::Classes { .. } => self.outputs(),
            // How much the sides or the way to the centre count.
            Self::Boxes { .. } | Self::Instances { .. } => self.outputs() + 1,
        }
    }

    /// What the network should answer for `view` of an image of `size` with this drawing.
    ///
    /// # Errors
    /// As [`class_target`], [`box_target`] and [`instance_target`].
    pub fn target(
        self,
        drawing: &Drawing,
        size: ImageSize,
        view: &Augmentation,
    ) -> Result<DenseTarget, TrainingError> {
        match self {
            Self::Classes { classes } => class_target(drawing, size, classes, view),
            Self::Boxes { classes } => box_target(drawing, size, classes, view),
            Self::Instances { classes } => instance_target(drawing, size, classes, view),
        }
    }

    /// The shapes on an image of `size` of which the network saw `view`, from its answers as
    /// [`dense_logits`](crate::dense_logits) gives them, with default settings.
    ///
    /// # Errors
    /// As [`class_shapes`], [`box_shapes`] and [`instance_shapes`].
    pub fn shapes(
        self,
        grid: &DenseGrid,
        size: ImageSize,
        view: &Augmentation,
    ) -> Result<Vec<FoundShape>, TrainingError> {
        match self {
            Self::Classes { .. } => class_shapes(grid, size, view),
            Self::Boxes { .. } => box_shapes(grid, size, view, &BoxDecoding::default()),
            Self::Instances { .. } => {
                instance_shapes(grid, size, view, &InstanceDecoding::default())
            }
        }
    }

    /// Name in files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Classes { .. } => "classes",
            Self::Boxes { .. } => "boxes",
            Self::Instances { .. } => "instances",
        }
    }

    /// The number that every task has.
    pub(crate) fn classes(self) -> usize {
        match self {
            Self::Classes { classes } | Self::Boxes { classes } | Self::Instances { classes } => {
                classes
            }
        }
    }

    /// The task of this name in files; `None` where there is none, or for a number of classes that it
    /// cannot have.
    pub(crate) fn named(name: &str, classes: usize) -> Option<Self> {
        let (task, least) = match name {
            "classes" => (Self::Classes { classes }, 2),
            "boxes" => (Self::Boxes { classes }, 1),
            "instances" => (Self::Instances { classes }, 1),
            _ => return None,
        };
        (least..=usize::from(u8::MAX))
            .contains(&classes)
            .then_some(task)
    }

    /// Widths of the decoder at 1/16, 1/8 and 1/4 of the sides of the input.
    pub(crate) fn widths(self) -> [usize; 3] {
        match self {
            Self::Classes { .. } => [96, 64, 32],
            Self::Boxes { .. } | Self::Instances { .. } => [96, 64, 64],
        }
    }

    /// What the first answers are shifted to before the first step, where they should not be near 0.
    pub(crate) fn first_answers(self) -> Vec<f32> {
        match self {
            Self::Classes { .. } | Self::Instances { .. } => Vec::new(),
            Self::Boxes { classes } => vec![RARE_CENTRE_LOGIT; classes],
        }
    }

    /// The loss of one map; writes its gradient by the answer, times `share`.
    pub(crate) fn loss(
        self,
        answer: &[f32],
        target: &DenseTarget,
        share: f32,
        gradient: &mut [f32],
    ) -> f32 {
        match self {
            Self::Classes { classes } => {
                let (wanted, weights) = (&target.values, &target.weights);
                class_loss(classes, answer, wanted, weights, share, gradient)
            }
            Self::Boxes { classes } => box_loss(classes, answer, target, share, gradient),
            Self::Instances { classes } => instance_loss(classes, answer, target, share, gradient),
        }
    }
}
