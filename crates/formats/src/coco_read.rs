//! COCO JSON (Lin et al. 2014) in: boxes, polygons and masks of images that are labeled already.

use crate::FormatError;
use autolabel_annotation::{
    BoundingBox, ClassId, CocoRle, Drawing, DrawnShape, Geometry, GeometryError, ImageSize, Mask,
    Point, Polygon, Task,
};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// What a COCO file says.
#[derive(Debug, Clone, PartialEq)]
pub struct CocoLabels {
    /// Names of the categories, by rising COCO number.
    pub classes: Vec<String>,
    /// The images in the order of the file.
    pub images: Vec<CocoImage>,
    /// What of the file could not be used, with a sentence each.
    pub problems: Vec<String>,
}

/// An image of a COCO file with what is drawn on it.
#[derive(Debug, Clone, PartialEq)]
pub struct CocoImage {
    /// As the file names it, `/`-separated.
    pub file: String,
    /// As the file tells it.
    pub size: ImageSize,
    /// In the form of the task.
    pub drawing: Drawing,
    /// Patient, slide or video: a member `group`, which is not COCO's own.
    pub group: Option<String>,
    /// `pool` or `test`: a member `split`, which is not COCO's own.
    pub split: Option<String>,
}

#[derive(Deserialize)]
struct File {
    images: Vec<Image>,
    #[serde(default)]
    annotations: Vec<Annotation>,
    categories: Vec<Category>,
}

#[derive(Deserialize)]
struct Image {
    id: u64,
    file_name: String,
    width: u32,
    height: u32,
    #[serde(default)]
    group: Option<String>,
    #[serde(default)]
    split: Option<String>,
}

#[derive(Deserialize)]
struct Category {
    id: u64,
    name: String,
}

#[derive(Deserialize)]
struct Annotation {
    #[serde(default)]
    id: u64,
    image_id: u64,
    category_id: u64,
    #[serde(default)]
    bbox: Option<[f32; 4]>,
    #[serde(default)]
    segmentation: Option<Segmentation>,
    #[serde(default)]
    iscrowd: u8,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Segmentation {
    Polygons(Vec<Vec<f32>>),
    Rle(CocoRle),
}

/// Reads a COCO file as labels of a task.
///
/// Boxes are `bbox`. Regions are `segmentation`, where the polygons of one annotation are its parts, taken
/// together by [`Polygon::rasterize`] (pixel centres; `pycocotools` draws outlines slightly larger), and
/// `bbox` where there is no region. `iscrowd` regions are ignored pixels. What cannot be used is left out
/// and named in the problems.
///
/// # Errors
/// A file that cannot be read, is no COCO JSON, or a task that is not drawn.
pub fn read_coco(path: &Path, task: Task) -> Result<CocoLabels, FormatError> {
    let text = fs_err::read(path).map_err(|error| FormatError::Read { error })?;
    parse_coco(&text, task)
}

/// As [`read_coco`], from the bytes of the file.
///
/// # Errors
/// As [`read_coco`].
pub fn parse_coco(text: &[u8], task: Task) -> Result<CocoLabels, FormatError> {
    let mut file: File = serde_json::from_slice(text).map_err(|error| FormatError::Coco {
        reason: error.to_string(),
    })?;
    file.categories.sort_by_key(|category| category.id);
    let class_of: HashMap<u64, ClassId> = file
        .categories
        .iter()
        .zip((0..).map(ClassId))
        .map(|(category, class)| (category.id, class))
        .collect();
    let mut problems = Vec::new();
    let known: HashMap<u64, usize> = (0..)
        .zip(&file.images)
        .map(|(position, image)| (image.id, position))
        .collect();
    let mut of_image: BTreeMap<usize, Vec<&Annotation>> = BTreeMap::new();
    for annotation in &file.annotations {
        match known.get(&annotation.image_id) {
            Some(&image) => of_image.entry(image).or_default().push(annotation),
            None => problems.push(format!(
                "annotation {} is of image {}, which the file does not list",
                annotation.id, annotation.image_id
            )),
        }
    }
    let mut images = Vec::with_capacity(file.images.len());
    for (position, image) in file.images.iter().enumerate() {
        let size = match ImageSize::new(image.width, image.height) {
            Ok(size) => size,
            Err(error) => {
                problems.push(format!("{}: {error}", image.file_name));
                continue;
            }
        };
        let annotations = of_image.remove(&position).unwrap_or_default();
        let drawing = draw(&annotations, &class_of, (task, size), &mut |problem| {
            problems.push(format!("{}: {problem}", image.file_name));
        });
        match drawing.settled(task, class_of.len(), size) {
            Ok(drawing) => images.push(CocoImage {
                file: image.file_name.clone(),
                size,
                drawing,
                group: image.group.clone(),
                split: image.split.clone(),
            }),
            Err(error @ autolabel_annotation::DrawingError::NotDrawn { .. }) => {
                return Err(FormatError::Coco {
                    reason: error.to_string(),
                });
            }
            Err(error) => problems.push(format!("{}: {error}", image.file_name)),
        }
    }
    let classes = file.categories.into_iter().map(|category| category.name);
    Ok(CocoLabels {
        classes: classes.collect(),
        images,
        problems,
    })
}

/// The usable annotations of an image, each alone brought to the form of the task, so that one that cannot
/// be used does not spoil the others.
fn draw(
    annotations: &[&Annotation],
    class_of: &HashMap<u64, ClassId>,
    (task, size): (Task, ImageSize),
    problem: &mut dyn FnMut(String),
) -> Drawing {
    let mut drawing = Drawing::default();
    let mut crowd = Mask::empty(size);
    for annotation in annotations {
        let number = annotation.id;
        let Some(&class) = class_of.get(&annotation.category_id) else {
            problem(format!(
                "annotation {number} has category {}, which the file does not list",
                annotation.category_id
            ));
            continue;
        };
        let geometry = match geometry_of(annotation, task, size) {
            Ok(Some(geometry)) => geometry,
            Ok(None) => {
                problem(format!("annotation {number} has neither box nor region"));
                continue;
            }
            Err(error) => {
                problem(format!("annotation {number}: {error}"));
                continue;
            }
        };
        if annotation.iscrowd != 0 {
            // Both are of this image, so that they can be joined.
            let joined = geometry.mask(size).and_then(|mask| crowd.union(&mask));
            crowd = joined.unwrap_or(crowd);
            continue;
        }
        let alone = Drawing {
            shapes: vec![DrawnShape { class, geometry }],
            ignored: None,
        };
        match alone.settled(task, class_of.len(), size) {
            Ok(settled) if settled.shapes.is_empty() => {
                problem(format!("annotation {number} holds no pixel of the image"));
            }
            Ok(settled) => drawing.shapes.extend(settled.shapes),
            Err(error) => problem(format!("annotation {number}: {error}")),
        }
    }
    drawing.ignored = Some(crowd).filter(|crowd| !crowd.is_empty());
    drawing
}

fn geometry_of(
    annotation: &Annotation,
    task: Task,
    size: ImageSize,
) -> Result<Option<Geometry>, GeometryError> {
    let region = match &annotation.segmentation {
        Some(Segmentation::Rle(rle)) => Some(Mask::try_from(rle.clone())?),
        Some(Segmentation::Polygons(parts)) if !parts.is_empty() => {
            let mut region = Mask::empty(size);
            for part in parts {
                let corners = part.chunks_exact(2).map(|xy| Point { x: xy[0], y: xy[1] });
                let polygon = Polygon::new(corners.collect(), Vec::new())?;
                region = region.union(&polygon.rasterize(size))?;
            }
            Some(region)
        }
        Some(Segmentation::Polygons(_)) | None => None,
    };
    let area = annotation
        .bbox
        .map(|[x, y, width, height]| BoundingBox::new(x, y, width, height))
        .transpose();
    Ok(match (task, region) {
        (Task::Detection, region) => match (area?, region) {
            (Some(area), _) => Some(area),
            (None, Some(region)) => region.bounding_box(),
            (None, None) => None,
        }
        .map(Geometry::Box),
        (_, Some(region)) => Some(Geometry::Mask(region)),
        (_, None) => area?.map(Geometry::Box),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(annotations: &serde_json::Value, task: Task) -> CocoLabels {
        let text = json!({
            "images": [
                {"id": 5, "file_name": "a/1.png", "width": 10, "height": 8, "group": "p1", "split": "test"},
                {"id": 2, "file_name": "b.png", "width": 4, "height": 4},
            ],
            "annotations": annotations,
            "categories": [{"id": 9, "name": "cell"}, {"id": 3, "name": "dirt"}],
        });
        parse_coco(text.to_string().as_bytes(), task).unwrap()
    }

    #[test]
    fn boxes_are_read_with_what_belongs_to_their_image() {
        let labels = read(
            &json!([
                {"id": 1, "image_id": 5, "category_id": 9, "bbox": [-1.0, 2.0, 4.0, 3.0], "iscrowd": 0},
                {"id": 2, "image_id": 5, "category_id": 3, "bbox": [5.0, 5.0, 2.0, 2.0]},
            ]),
            Task::Detection,
        );
        assert_eq!(labels.classes, ["dirt", "cell"], "by rising number");
        assert_eq!(labels.problems, Vec::<String>::new());
        let first = &labels.images[0];
        assert_eq!(
            (first.file.as_str(), first.group.as_deref()),
            ("a/1.png", Some("p1"))
        );
        assert_eq!(first.split.as_deref(), Some("test"));
        let area =
            |x, y, width, height| Geometry::Box(BoundingBox::new(x, y, width, height).unwrap());
        let shapes: Vec<(u16, Geometry)> = first
            .drawing
            .shapes
            .iter()
            .map(|s| (s.class.0, s.geometry.clone()))
            .collect();
        let expected = [(0, area(5.0, 5.0, 2.0, 2.0)), (1, area(0.0, 2.0, 3.0, 3.0))];
        assert_eq!(shapes, expected);
        assert_eq!(labels.images[1].drawing, Drawing::default());
    }

    #[test]
    fn regions_of_every_kind_become_masks() {
        let labels = read(
            &json!([
                {"id": 1, "image_id": 5, "category_id": 9,
                 "segmentation": [[0, 0, 2, 0, 2, 2, 0, 2], [4, 0, 5, 0, 5, 2, 4, 2]]},
                {"id": 2, "image_id": 5, "category_id": 9,
                 "segmentation": {"size": [8, 10], "counts": [60, 3, 17]}},
                {"id": 3, "image_id": 5, "category_id": 9, "iscrowd": 1,
                 "segmentation": {"size": [8, 10], "counts": [72, 8]}},
                {"id": 4, "image_id": 5, "category_id": 9, "bbox": [6, 0, 1, 1], "segmentation": []},
            ]),
            Task::InstanceSegmentation,
        );
        assert_eq!(labels.problems, Vec::<String>::new());
        let drawing = &labels.images[0].drawing;
        let size = labels.images[0].size;
        let areas: Vec<u32> = drawing
            .shapes
            .iter()
            .map(|s| s.geometry.mask(size).unwrap().area())
            .collect();
        assert_eq!(areas, [6, 1, 3]);
        assert_eq!(drawing.ignored.as_ref().unwrap().area(), 8);
    }

    #[test]
    fn what_cannot_be_used_is_named_and_spoils_nothing() {
        let labels = read(
            &json!([
                {"id": 1, "image_id": 77, "category_id": 9, "bbox": [0, 0, 1, 1]},
                {"id": 2, "image_id": 5, "category_id": 1, "bbox": [0, 0, 1, 1]},
                {"id": 3, "image_id": 5, "category_id": 9, "bbox": [20, 0, 1, 1]},
                {"id": 4, "image_id": 5, "category_id": 9, "bbox": [1, 0, 0, 1]},
                {"id": 5, "image_id": 5, "category_id": 9},
                {"id": 6, "image_id": 5, "category_id": 9, "bbox": [1, 1, 2, 2]},
            ]),
            Task::Detection,
        );
        assert_eq!(labels.images[0].drawing.shapes.len(), 1);
        let expected = [
            "annotation 1 is of image 77, which the file does not list",
            "a/1.png: annotation 2 has category 1, which the file does not list",
            "a/1.png: annotation 3: shape 1 lies outside the image; draw it again or delete it",
            "a/1.png: annotation 4: a box of 0 x 1 pixels has no inside; both sides must be greater than 0",
            "a/1.png: annotation 5 has neither box nor region",
        ];
        assert_eq!(labels.problems, expected);
    }

    #[test]
    fn what_is_no_coco_file_is_refused() {
        let refused = parse_coco(b"{\"images\": []}", Task::Detection).unwrap_err();
        assert!(refused.to_string().contains("categories"), "{refused}");
        let empty =
            br#"{"images":[{"id":1,"file_name":"a","width":1,"height":1}],"categories":[]}"#;
        assert!(parse_coco(empty, Task::Classification).is_err());
    }
}
