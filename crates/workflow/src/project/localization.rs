//! The heat map of one image, computed when somebody asks for it.

use super::images::path_of;
use super::live::{Live, predicted, prediction, shown_label};
use super::views::{is_asked, to_u32};
use super::{Project, aside};
use crate::WorkflowError;
use crate::error::conflict;
use crate::localization::{Localization, localize};
use crate::round::RoundModel;
use crate::view::LocalizationView;
use autolabel_annotation::{ClassId, ImageId};
use autolabel_heads::ClassFunction;
use autolabel_image_io::ReadLimits;
use std::path::Path;

/// Values are sent with three digits: more cannot be seen.
const STEPS: f32 = 1_000.0;

impl Project {
    /// Where on an image the present model sees the evidence for a class; for the class that is shown
    /// for the image (the expert's, else the program's, else the predicted one) where none is given.
    ///
    /// # Errors
    /// No such image or class, a file that is gone, no model yet, a network without maps; and where an expert is still asked about the image, as for predictions.
    pub async fn localization(
        &self,
        id: ImageId,
        class: Option<ClassId>,
    ) -> Result<LocalizationView, WorkflowError> {
        let record = self.record(id).await?;
        // Before anything else: what is kept back must not depend on how far the loop is.
        if is_asked(&self.live(), id) {
            return Err(conflict(
                "The model's opinion on this image is kept back until you have answered.",
            ));
        }
        let model = self.present_model().await?;
        let (class, version) = {
            let live = self.live();
            (asked_class(&live, id, class)?, super::live::version(&live))
        };
        let path = path_of(&self.inner.images, &record);
        let project = self.clone();
        let found = aside(move || project.localize(&model, class, &path)).await?;
        let name = super::live::class_names(&self.live())
            .get(class.index())
            .cloned()
            .unwrap_or_default();
        Ok(LocalizationView {
            image: id,
            class,
            model: version,
            rows: to_u32(found.heat.rows),
            columns: to_u32(found.heat.columns),
            text: text(&found, &name),
            values: found
                .heat
                .values
                .into_iter()
                .map(|value| (value * STEPS).round() / STEPS)
                .collect(),
            proposal: found.region,
        })
    }

    /// Reads the file, runs the network and follows the evidence back.
    fn localize(
        &self,
        model: &RoundModel,
        class: ClassId,
        path: &Path,
    ) -> Result<Localization, WorkflowError> {
        let plane = autolabel_image_io::read_plane(path, &ReadLimits::default())?;
        let backbone = self.backbone()?;
        let facts = self.live().backbone.clone();
        let facts = facts
            .filter(|facts| facts.network.is_empty() || facts.network == backbone.info().id)
            .ok_or_else(|| conflict("The features come from another network; start the import."))?;
        let views = facts.views();
        let maps = autolabel_models::feature_maps(&backbone, &views, &plane)?;
        let transform = self.transform(model.images)?;
        let weighed = self.weighed(model.images, model.representation.as_ref())?;
        let (gp, class) = model
            .classifier
            .head_of(class)
            .ok_or_else(|| conflict("The model does not know this finding yet; train it again."))?;
        let function = ClassFunction {
            transform: &transform,
            combination: &weighed.combination,
            gp,
        };
        let size = (plane.width, plane.height);
        localize(&function, &maps, class, size)
    }
}

/// The class to show: the one asked for where there is one, else that of the image.
fn asked_class(live: &Live, id: ImageId, class: Option<ClassId>) -> Result<ClassId, WorkflowError> {
    let count = live.settings.schema.classes.len();
    match class {
        Some(class) if class.index() < count => Ok(class),
        Some(class) => Err(WorkflowError::NotFound {
            what: "class",
            number: u64::from(class.0),
        }),
        // An image that cannot be read has no class of its own, but the model has one for it.
        // Where no finding is shown, the likeliest one is the one worth looking for.
        None => shown_label(live, id.0)
            .and_then(|label| label.named().next())
            .or_else(|| predicted(live, id.0)?.named().next())
            .or_else(|| likeliest(prediction(live, id.0)?))
            .ok_or_else(|| conflict("The model has not seen this image yet; train it again.")),
    }
}

fn likeliest(probabilities: &[f32]) -> Option<ClassId> {
    let best = (0_u16..)
        .zip(probabilities)
        .max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)))?;
    Some(ClassId(best.0))
}

fn text(found: &Localization, class: &str) -> String {
    if found.region.is_none() {
        return format!("The model finds nothing on this image that would speak for {class}.");
    }
    let doubt = if found.log_odds < 0.0 {
        format!("The model does not take this for {class}. ")
    } else {
        String::new()
    };
    format!(
        "{doubt}Bright is what speaks for {class}. The dashed box around the brightest part is a \
         proposal, learnt from classes alone."
    )
}
