//! The feature maps behind a row of features: what the network saw where.
//!
//! Asked for one image at a time, when somebody wants to know where the evidence for a class lies;
//! embedding never computes them.

use autolabel_image_io::Plane;

use crate::ModelError;
use crate::backbone::Backbone;
use crate::map_sources::{MapSource, Statistic};
use crate::preprocess::{crop_values, fill_tensor};
use crate::views::{Orientation, Views};

/// The maps of one image and the row of features that they pool to.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureMaps {
    /// The row that [`crate::embed`] gives for the image, up to rounding.
    pub row: Vec<f32>,
    /// Every map of every look.
    pub maps: Vec<FeatureMap>,
}

/// One stage of the network on one look at an image, upright whatever the orientation of the look.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureMap {
    /// Numbers per position.
    pub channels: usize,
    /// Positions from top to bottom.
    pub rows: usize,
    /// Positions from left to right.
    pub columns: usize,
    /// `channels * rows * columns` activations: channel after channel, each row by row.
    pub values: Vec<f32>,
    /// First of the `channels` columns of the row of features that hold the averages of this map.
    pub mean_columns: Option<usize>,
    /// First of the `channels` columns that hold its standard deviations.
    pub deviation_columns: Option<usize>,
    /// Maps that these columns are averaged over, this one among them: one an orientation.
    pub passes: usize,
    /// Share of the width and of the height of the image, around its middle, that the map covers.
    /// Its `rows` by `columns` equal parts are what the positions stand for. (The padding of the
    /// network's strided convolutions would have them look half a part further right and down, but
    /// training has undone that: a square moved about a picture shows up in the parts it lies in.)
    pub share: f64,
}

/// The feature maps of an image, for every look of `views`.
///
/// One pass through the network a look. The first call of a process opens the network a second time
/// where ONNX Runtime runs it.
///
/// # Errors
/// [`ModelError::NoMaps`] where the features are no averages or deviations of maps, and as
/// [`crate::embed`].
pub fn feature_maps(
    backbone: &Backbone,
    views: &Views,
    plane: &Plane,
) -> Result<FeatureMaps, ModelError> {
    let stages = stages(backbone)?;
    let names: Vec<&str> = stages.iter().map(|stage| stage.tensor.as_str()).collect();
    let input = &backbone.input;
    let batch = input.fixed_batch.unwrap_or(1);
    let width = backbone.info().dim;
    let mut found = FeatureMaps {
        row: vec![0.0; width * views.crops.len()],
        maps: Vec::new(),
    };
    let mut tensor = vec![0.0; batch * input.values_per_image()];
    for (index, &crop) in views.crops.iter().enumerate() {
        let values =
            crop_values(plane, input, crop).ok_or(ModelError::BrokenPlane { position: 0 })?;
        for &orientation in views.orientations.all() {
            let turned = orientation.sources(input.side as usize);
            let image = &mut tensor[..input.values_per_image()];
            let normalisation = &backbone.normalisation;
            fill_tensor(&values, turned.as_deref(), input, normalisation, image);
            let outputs = backbone.engine.run_maps(&names, batch, &tensor)?;
            for (stage, output) in stages.iter().zip(outputs) {
                let look = Look {
                    share: crop.share,
                    orientation,
                    first_column: index * width,
                    passes: views.orientations.passes(),
                };
                let map = look
                    .map(stage, &output.shape, output.values)
                    .ok_or_else(|| ModelError::NoMaps {
                        reason: format!("the map {} is no square of positions", stage.tensor),
                    })?;
                pool(&map, &mut found.row);
                found.maps.push(map);
            }
        }
    }
    match found.row.iter().all(|value| value.is_finite()) {
        true => Ok(found),
        false => Err(ModelError::NotFinite { position: 0 }),
    }
}

/// A map of the network with the columns, within those of one crop, that it is pooled to.
struct StageMap {
    tensor: String,
    mean_columns: Option<usize>,
    deviation_columns: Option<usize>,
}

/// The maps that the outputs joined as features come from, each once.
fn stages(backbone: &Backbone) -> Result<Vec<StageMap>, ModelError> {
    let info = backbone.info();
    let mut stages: Vec<StageMap> = Vec::new();
    let mut column = 0;
    for ((name, width), source) in info.outputs.iter().zip(&info.blocks).zip(&backbone.maps) {
        let Some(MapSource { tensor, statistic }) = source else {
            return Err(ModelError::NoMaps {
                reason: format!("its output {name} is no average over the positions of a map"),
            });
        };
        let known = stages.iter().position(|stage| stage.tensor == *tensor);
        let index = known.unwrap_or(stages.len());
        if known.is_none() {
            stages.push(StageMap {
                tensor: tensor.clone(),
                mean_columns: None,
                deviation_columns: None,
            });
        }
        match statistic {
            Statistic::Mean => stages[index].mean_columns = Some(column),
            Statistic::Deviation => stages[index].deviation_columns = Some(column),
        }
        column += width;
    }
    Ok(stages)
}

/// One pass through the network.
struct Look {
    /// Share of the image that the picture shows.
    share: f64,
    orientation: Orientation,
    /// First column of the crop in the row of features.
    first_column: usize,
    passes: usize,
}

impl Look {
    /// The map of the first image of a batch; `None` for a shape that is no square map.
    fn map(&self, stage: &StageMap, shape: &[usize], mut values: Vec<f32>) -> Option<FeatureMap> {
        let &[_, channels, rows, columns] = shape else {
            return None;
        };
        if rows != columns || rows == 0 {
            return None;
        }
        values.truncate(channels * rows * columns);
        if let Some(sources) = self.orientation.sources(rows) {
            let mut upright = vec![0.0; values.len()];
            let channels = values.chunks_exact(sources.len());
            for (channel, upright) in channels.zip(upright.chunks_exact_mut(sources.len())) {
                for (value, &source) in channel.iter().zip(&sources) {
                    upright[source] = *value;
                }
            }
            values = upright;
        }
        Some(FeatureMap {
            channels,
            rows,
            columns,
            values,
            mean_columns: stage.mean_columns.map(|c| c + self.first_column),
            deviation_columns: stage.deviation_columns.map(|c| c + self.first_column),
            passes: self.passes,
            share: self.share,
        })
    }
}

/// Adds the averages and deviations of a map to its columns of the row of features.
fn pool(map: &FeatureMap, row: &mut [f32]) {
    let positions = (map.rows * map.columns) as f64;
    let share = 1.0 / map.passes as f64;
    for (channel, values) in map.values.chunks_exact(map.rows * map.columns).enumerate() {
        let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / positions;
        let square = |v: &f32| (f64::from(*v) - mean).powi(2);
        let deviation = (values.iter().map(square).sum::<f64>() / positions).sqrt();
        for (first, value) in [(map.mean_columns, mean), (map.deviation_columns, deviation)] {
            if let Some(column) = first.and_then(|first| row.get_mut(first + channel)) {
                *column += (share * value) as f32;
            }
        }
    }
}
