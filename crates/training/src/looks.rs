//! The maps of stage 4 that training starts from, computed once an image.

use autolabel_image_io::Plane;
use autolabel_models::{Backbone, Crop, ModelError, Orientations, Views, feature_maps};
use half::f16;

use crate::tail::MAP_CHANNELS;

/// The maps of stage 4 of the embedded network for these looks at an image, upright, one after the
/// other: 80 channels of 14 by 14 positions each, in half precision. It costs a pass through the whole
/// network a look.
///
/// # Errors
/// As [`feature_maps`].
pub fn stage_maps(
    backbone: &Backbone,
    crops: &[Crop],
    plane: &Plane,
) -> Result<Vec<f16>, ModelError> {
    let views = Views {
        crops: crops.to_vec(),
        orientations: Orientations::Upright,
    };
    let found = feature_maps(backbone, &views, plane)?;
    let stage = found.maps.iter().filter(|map| map.channels == MAP_CHANNELS);
    let values = stage.flat_map(|map| &map.values);
    Ok(values.map(|value| f16::from_f32(*value)).collect())
}
