//! The features of a project's images in memory: single precision for small projects, half for large.

use crate::WorkflowError;
use crate::representation::BlockSource;
use autolabel_heads::{Combination, FeatureRows, HalfMatrix, Matrix};

/// Images whose features are kept in single precision; those of more take half the memory.
const MOST_IN_SINGLE_PRECISION: usize = 60_000;

/// Features of all images, one row each.
pub(crate) enum PoolFeatures {
    Single(Matrix),
    Half(HalfMatrix<'static>),
}

impl PoolFeatures {
    /// The features of so many images by this combination of their blocks.
    ///
    /// # Errors
    /// Features that are not finite.
    pub(crate) fn of(
        source: &BlockSource<'_>,
        images: usize,
        combination: &Combination,
    ) -> Result<Self, WorkflowError> {
        if images <= MOST_IN_SINGLE_PRECISION {
            return Ok(Self::Single(source.combined(combination)?));
        }
        let columns = combination.width();
        let mut half = HalfMatrix::new(0, columns, Vec::with_capacity(images * columns))?;
        source.each_part(combination, |part| {
            half.append(&part);
            Ok(())
        })?;
        Ok(Self::Half(half))
    }

    pub(crate) fn rows(&self) -> FeatureRows<'_> {
        match self {
            Self::Single(matrix) => matrix.into(),
            Self::Half(matrix) => matrix.into(),
        }
    }
}
