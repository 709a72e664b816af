//! Passes over rows of numbers, with the vector instructions that the processor has.

/// Runs with the widest vector instructions of the processor.
#[inline(always)]
pub(crate) fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}

/// Sets every row of channels to the bias.
pub(crate) fn fill_rows(out: &mut [f32], bias: &[f32]) {
    for row in out.chunks_exact_mut(bias.len()) {
        row.copy_from_slice(bias);
    }
}

/// Adds the sums of the columns.
pub(crate) fn add_column_sums(sums: &mut [f32], values: &[f32]) {
    vectorised(
        #[inline(always)]
        || {
            for row in values.chunks_exact(sums.len()) {
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum += value;
                }
            }
        },
    );
}
