//! Drawn tasks: a dense network learns from shapes, proposes shapes for every other image, says how well
//! it expects them to fit, and chooses the images to draw next. The live project and the simulator both
//! use it, so a simulation shows what people will get.

// In the order of a round: pictures in, learning, proposals out, how good they are, what to ask next.
pub mod recipe;

pub(crate) mod pictures;

pub(crate) mod learner;
pub(crate) mod proposal_file;
pub(crate) mod proposing;

pub(crate) mod doubt_map;

mod bayes_line;
pub mod fit;
pub(crate) mod trust;

pub(crate) mod pace;

pub(crate) mod choosing;
pub mod drawing_time;
