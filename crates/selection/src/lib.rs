//! Which images to ask for next, and when to stop asking.
//!
//! In: reduced features of the pool, what the model says about the candidates, what is labeled. Out:
//! a batch of picks with scores, and stop advice. Never: IO, clocks, hidden randomness.
//!
//! An acquisition function is one file under `acquisition/`, one implementation of [`Acquisition`],
//! one line in [`acquisition`]; the shared contract test then runs over it.
//!
//! ```
//! use autolabel_heads::Matrix;
//! use autolabel_selection::{BatchConfig, PoolView, rank};
//! use rand::SeedableRng;
//! let features = Matrix { rows: 4, cols: 1, data: vec![-1.0, -0.9, 0.9, 1.0] };
//! let pool = PoolView::cold(&features, &[0, 1, 2, 3]);
//! let config = BatchConfig { size: 2, ..BatchConfig::default() };
//! let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
//! assert_eq!(rank(&pool, &config, &mut rng)?.len(), 2);
//! # Ok::<(), autolabel_selection::SelectionError>(())
//! ```

mod error;
mod pool;

mod distances;

mod batch;

mod acquisition;

mod stop;

mod similarity;
mod top;

pub use acquisition::{Acquisition, Needs, Scored, acquisition, acquisition_names, lead};
pub use batch::{BatchConfig, Pick, draw_random, rank, rank_around};
pub use error::SelectionError;
pub use pool::{HeadView, PoolView};
pub use stop::{
    Criterion, LearningRate, NextGain, RoundRecord, StopConfig, StopDecision, learning_rate,
    should_stop,
};
