//! Images with what is drawn on them, from `coco.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use autolabel_annotation::{BoundingBox, ClassId, Drawing, DrawnShape, Geometry, ImageSize, Mask};
use autolabel_image_io::{Plane, ReadLimits, Samples, Window, read_plane};
use serde::Deserialize;

use crate::{Outcome, Settings};

/// Parts of the groups of the pool, one of which settings are chosen by.
const PARTS: usize = 5;

/// An image and all shapes on it.
pub struct DrawnImage {
    pub plane: Plane,
    pub size: ImageSize,
    pub drawing: Drawing,
}

impl DrawnImage {
    /// Rows and columns.
    pub fn sides(&self) -> (usize, usize) {
        (self.size.height() as usize, self.size.width() as usize)
    }
}

/// Images to learn from and to measure on.
pub struct Collection {
    /// Names, in the order of their classes.
    pub classes: Vec<String>,
    pub learnt: Vec<DrawnImage>,
    pub measured: Vec<DrawnImage>,
}

#[derive(Deserialize)]
struct CocoFile {
    images: Vec<CocoImage>,
    annotations: Vec<CocoShape>,
    categories: Vec<CocoCategory>,
}

#[derive(Deserialize)]
struct CocoImage {
    id: u64,
    file_name: String,
    group: String,
    split: String,
}

#[derive(Deserialize)]
struct CocoShape {
    image_id: u64,
    category_id: u64,
    bbox: [f32; 4],
    segmentation: Option<Mask>,
}

#[derive(Deserialize)]
struct CocoCategory {
    id: u64,
    name: String,
}

impl Collection {
    /// Reads the images that the settings ask for.
    pub fn read(folder: &Path, settings: &Settings) -> Outcome<Self> {
        let text = std::fs::read(folder.join("coco.json"))?;
        let file: CocoFile = serde_json::from_slice(&text)?;
        let class_of: BTreeMap<u64, u16> = file
            .categories
            .iter()
            .zip(0..)
            .map(|(category, class)| (category.id, class))
            .collect();
        let mut shapes: BTreeMap<u64, Vec<DrawnShape>> = BTreeMap::new();
        for shape in file.annotations {
            let geometry = match shape.segmentation {
                Some(mask) if !settings.is_boxes => Geometry::Mask(mask),
                _ => {
                    let [x, y, width, height] = shape.bbox;
                    Geometry::Box(BoundingBox::new(x, y, width, height)?)
                }
            };
            let class = class_of
                .get(&shape.category_id)
                .ok_or("a category is missing")?;
            shapes.entry(shape.image_id).or_default().push(DrawnShape {
                class: ClassId(*class),
                geometry,
            });
        }
        let held = held_groups(&file.images, settings.held);
        let mut collection = Self {
            classes: file
                .categories
                .into_iter()
                .map(|category| category.name)
                .collect(),
            learnt: Vec::new(),
            measured: Vec::new(),
        };
        for image in &file.images {
            let is_measured = match settings.held {
                Some(_) if image.split == "test" => continue,
                Some(_) => held.contains(&image.group),
                None => image.split == "test",
            };
            let mut plane = read_plane(&folder.join(&image.file_name), &ReadLimits::default())?;
            if !settings.is_boxes {
                on_dark_ground(&mut plane);
            }
            if settings.is_stretched {
                stretch(&mut plane);
            }
            let image = DrawnImage {
                size: ImageSize::new(plane.width, plane.height)?,
                plane,
                drawing: Drawing {
                    shapes: shapes.remove(&image.id).unwrap_or_default(),
                    ignored: None,
                },
            };
            match is_measured {
                true => collection.measured.push(image),
                false => collection.learnt.push(image),
            }
        }
        Ok(collection)
    }
}

/// The groups of the pool that settings are chosen by: every fifth from `part` on, by name.
fn held_groups(images: &[CocoImage], part: Option<usize>) -> BTreeSet<String> {
    let pool = images.iter().filter(|image| image.split == "pool");
    let groups: BTreeSet<&String> = pool.map(|image| &image.group).collect();
    let every = groups.into_iter().enumerate();
    let held = every.filter(|(index, _)| part == Some(index % PARTS));
    held.map(|(_, group)| group.clone()).collect()
}

/// Inverts a picture with a bright median, so that nuclei are always bright.
fn on_dark_ground(plane: &mut Plane) {
    if let Samples::U8(samples) = &mut plane.samples
        && percentile(samples, 0.5) > 127
    {
        samples
            .iter_mut()
            .for_each(|sample| *sample = 255 - *sample);
    }
}

/// Lets the darkest and brightest hundredth be black and white.
fn stretch(plane: &mut Plane) {
    if let Samples::U8(samples) = &plane.samples {
        let low = f32::from(percentile(samples, 0.01));
        let high = f32::from(percentile(samples, 0.99)).max(low + 1.0);
        plane.default_window = Window { low, high };
    }
}

fn percentile(samples: &[u8], share: f64) -> u8 {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    sorted[(share * (sorted.len() - 1) as f64) as usize]
}
