//! The network that makes the features of a project: which one it is, and how another takes over while
//! people label.

use super::Project;
use super::live::BackboneFacts;
use crate::WorkflowError;
use autolabel_models::{Backbone, BackboneSource, EngineChoice, Views, load_backbone};
use autolabel_store::Store;
use std::path::Path;
use std::sync::{Arc, MutexGuard, PoisonError};

/// Where the project remembers the name of its adapted network.
const REMEMBERED_AS: &str = "adapted_network";

/// The network of a project.
pub(crate) struct Network {
    source: BackboneSource,
    /// Loaded when first needed.
    loaded: Option<Arc<Backbone>>,
}

impl Network {
    /// The network from this source, not loaded yet.
    pub(super) fn of(source: BackboneSource) -> Self {
        Self {
            source,
            loaded: None,
        }
    }
}

/// The network that a project is opened with: its adapted one, where it has one and no other is named.
pub(super) async fn source_of(
    store: &Store,
    named: &BackboneSource,
) -> Result<BackboneSource, WorkflowError> {
    let name: Option<String> = store.meta(REMEMBERED_AS).await?;
    let file = name.map(|name| store.folder().networks().join(name));
    Ok(match file {
        Some(file) if *named == BackboneSource::Default && file.exists() => {
            BackboneSource::File(file)
        }
        _ => named.clone(),
    })
}

impl Project {
    /// The network, loaded once.
    ///
    /// # Errors
    /// No such network, or nothing that runs it.
    pub(crate) fn backbone(&self) -> Result<Arc<Backbone>, WorkflowError> {
        let mut network = self.network();
        if let Some(backbone) = &network.loaded {
            return Ok(Arc::clone(backbone));
        }
        let engine = self.inner().engine;
        let backbone = Arc::new(load_backbone(&network.source, engine, 0)?);
        network.loaded = Some(Arc::clone(&backbone));
        drop(network);
        // An engine that a person chose needs no remark.
        if engine == EngineChoice::Auto {
            self.live_mut()
                .engine_note
                .clone_from(&backbone.engine().note);
        }
        Ok(backbone)
    }

    /// Nothing was named and nothing was adapted.
    pub(crate) fn has_default_network(&self) -> bool {
        self.network().source == BackboneSource::Default
    }

    /// Puts another network in the place of the present one, on disk first. Its features must be there
    /// for every image, and the caller holds `importing` and `refitting`. The model goes: it speaks of
    /// the features before.
    ///
    /// # Errors
    /// A full disk; the present network stays then.
    pub(crate) async fn change_network(
        &self,
        file: &Path,
        backbone: Arc<Backbone>,
        facts: BackboneFacts,
    ) -> Result<(), WorkflowError> {
        let inner = self.inner();
        let name = file.file_name().map(|name| name.to_string_lossy());
        // The name comes first: with it alone the next import only finds all features in place.
        inner.store.put_meta(REMEMBERED_AS, &name).await?;
        inner.store.put_meta("backbone", &facts).await?;
        *self.network() = Network {
            source: BackboneSource::File(file.to_path_buf()),
            loaded: Some(backbone),
        };
        let before = {
            let mut live = self.live_mut();
            live.model = None;
            live.embedding_revision += 1;
            live.backbone.replace(facts)
        };
        forget(&inner.features);
        forget(&inner.unusual);
        if let Some(before) = before {
            discard(&inner.store.folder().embeddings(&before.id));
        }
        Ok(())
    }

    fn network(&self) -> MutexGuard<'_, Network> {
        let network = self.inner().network.lock();
        network.unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a project keeps of a network and of its looks at each image.
pub(crate) fn facts(backbone: &Backbone, views: &Views) -> BackboneFacts {
    let (info, engine) = (views.info(backbone.info()), backbone.engine());
    BackboneFacts {
        id: info.id,
        network: backbone.info().id.clone(),
        views: Some(views.clone()),
        outputs: info.outputs,
        name: info.name,
        dim: info.dim,
        blocks: info.blocks,
        engine: format!("{} {}", engine.name, engine.version),
    }
}

fn forget<T>(cache: &std::sync::Mutex<Option<T>>) {
    *cache.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

/// Removes features that nobody needs any more. Where that fails they only take room.
pub(crate) fn discard(features: &Path) {
    if features.exists()
        && let Err(error) = fs_err::remove_file(features)
    {
        tracing::warn!("features of another network stay on disk: {error}");
    }
}
