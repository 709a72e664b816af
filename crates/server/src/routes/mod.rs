//! One file per resource, in the order of the loop. Handlers translate; they decide nothing.

#![allow(
    unused_qualifications,
    reason = "the macro that describes a route repeats the paths of its types"
)]

pub mod project;

pub mod images;

pub mod queue;

pub mod jobs;

pub mod models;

pub mod auto_label;

pub mod audit;

pub mod certificate;

pub mod export;

pub mod events;

pub mod about;
