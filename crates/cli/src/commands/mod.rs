//! One file per command, in the order in which a project meets them.

pub mod demo;
pub mod open;

pub mod simulate;

pub mod status;

pub mod label;
pub mod rank;
pub mod train;

pub mod audit;
pub mod auto_label;
pub mod certificate;
pub mod export;

pub mod completions;
pub mod doctor;
