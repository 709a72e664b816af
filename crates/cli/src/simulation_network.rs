//! The network of a simulation: adapted to the images of the pool where that pays, as in a project.

use crate::arguments::BackboneArguments;
use crate::progress::Progress;
use crate::project::{backbone_source, engine_choice};
use anyhow::Context;
use autolabel_workflow::dataset::pool_files;
use autolabel_workflow::{
    AdaptProgress, Adaptation, Backbone, BackboneSource, adapt_network, load_backbone,
};
use std::path::Path;

/// What the choice of the network depends on.
pub struct NetworkChoice<'a> {
    pub backbone: &'a BackboneArguments,
    /// 0 = one for each core.
    pub threads: usize,
    pub may_adapt: bool,
    /// Of the training.
    pub seed: u64,
    /// Folder of the images.
    pub dataset: &'a Path,
    /// Table of their labels, where one is named.
    pub csv: Option<&'a Path>,
    /// Keeps an adapted network.
    pub cache: Option<&'a Path>,
}

/// Loads the network, and adapts it where it is the default one and there are images enough.
pub fn network(choice: &NetworkChoice<'_>) -> anyhow::Result<Backbone> {
    let source = backbone_source(choice.backbone);
    let engine = engine_choice(choice.backbone);
    let backbone = load_backbone(&source, engine, choice.threads)?;
    let mut adaptation = Adaptation::default();
    adaptation.training.seed = choice.seed;
    if !choice.may_adapt || source != BackboneSource::Default {
        return Ok(backbone);
    }
    let files = pool_files(choice.dataset, choice.csv)?;
    if files.len() < adaptation.fewest {
        return Ok(backbone);
    }
    // Gone at the end of this function, when the network is in memory.
    let passing = tempfile::tempdir()?;
    let folder = choice.cache.unwrap_or(passing.path());
    let mut progress = Progress::new("Adapting the network");
    let show = &mut |p| {
        let (done, total, what) = match p {
            AdaptProgress::Looking { done, total } => (done, total, "looking at a sample"),
            AdaptProgress::Training { done, total } => (done, total, "training"),
        };
        progress.show(done as u64, total as u64, what);
        true
    };
    let file = adapt_network(&files, &backbone, folder, &adaptation, show)?
        .context("the adaptation was given up; try again")?;
    Ok(load_backbone(
        &BackboneSource::File(file),
        engine,
        choice.threads,
    )?)
}
