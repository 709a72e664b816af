//! Work in parts that several threads take from one queue.

use std::sync::{Mutex, PoisonError};

use crate::ModelError;

/// Does `work` for every part on so many threads, this one among them; each thread has a tensor of its own,
/// kept from part to part. `work` is told the position of its part.
///
/// Plain threads and no shared pool: a thread that waits for a session must not be one that the holder of
/// that session needs.
///
/// # Errors
/// The failure of the earliest part that failed; a thread takes no further part after one.
pub(crate) fn each_part<P: Send>(
    threads: usize,
    parts: impl Iterator<Item = P> + Send,
    work: impl Fn(usize, P, &mut Vec<f32>) -> Result<(), ModelError> + Sync,
) -> Result<(), ModelError> {
    let queue = Mutex::new(parts.enumerate());
    let failures = Mutex::new(Vec::new());
    let work = || {
        let mut tensor = Vec::new();
        loop {
            let part = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((position, part)) = part else {
                return;
            };
            if let Err(failure) = work(position, part, &mut tensor) {
                let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
                failures.push((position, failure));
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    let failures = failures
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    match failures.into_iter().min_by_key(|(position, _)| *position) {
        Some((_, failure)) => Err(failure),
        None => Ok(()),
    }
}
