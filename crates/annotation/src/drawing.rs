//! What an expert draws on an image: shapes with a class each.

use crate::geometry::{BoundingBox, GeometryError, ImageSize, LabelMap, Mask, Polygon};
use crate::{ClassId, Task};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;

/// A drawing of a project by its number. Equal drawings have one number, so that a label is confirmed
/// without an edit exactly where the numbers are the same.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(transparent)]
pub struct DrawingId(pub u32);

/// Outline of a drawn shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Geometry {
    /// An axis-parallel box.
    Box(BoundingBox),
    /// A ring of corners with holes.
    Polygon(Polygon),
    /// A set of pixels.
    Mask(Mask),
}

impl Geometry {
    /// The pixels of an image whose centres the shape holds.
    ///
    /// # Errors
    /// A mask of an image of another size.
    pub fn mask(&self, size: ImageSize) -> Result<Mask, GeometryError> {
        match self {
            Self::Box(area) => Ok(Mask::of_box(size, area)),
            Self::Polygon(polygon) => Ok(polygon.rasterize(size)),
            Self::Mask(mask) if mask.size() == size => Ok(mask.clone()),
            Self::Mask(mask) => Err(GeometryError::SizesDiffer {
                first: mask.size(),
                second: size,
            }),
        }
    }

    /// The smallest box around it; `None` where it holds nothing.
    #[must_use]
    pub fn bounding_box(&self) -> Option<BoundingBox> {
        match self {
            Self::Box(area) => Some(*area),
            Self::Polygon(polygon) => polygon.bounding_box(),
            Self::Mask(mask) => mask.bounding_box(),
        }
    }
}

/// A shape with its class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DrawnShape {
    /// Position in the label schema.
    pub class: ClassId,
    /// Where it is.
    pub geometry: Geometry,
}

/// All shapes of an image. What no shape covers is background, but for what is ignored.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct Drawing {
    /// The shapes; later ones lie on top.
    pub shapes: Vec<DrawnShape>,
    /// Pixels about which nothing is said: nothing is learnt from them and nothing is measured there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignored: Option<Mask>,
}

/// Why a drawing is refused.
#[derive(Debug, Error, Clone, PartialEq)]
pub enum DrawingError {
    /// The task is answered without drawing.
    #[error("this project asks for {}, not for shapes; answer with a class", task.in_words())]
    NotDrawn {
        /// Its task.
        task: Task,
    },
    /// More shapes than a person can check.
    #[error(
        "{count} shapes are too many; the most an image can have is {}",
        Drawing::MOST_SHAPES
    )]
    TooMany {
        /// Shapes given.
        count: usize,
    },
    /// A class that the label schema does not have.
    #[error(
        "shape {number} has class {class}, but the label schema has {class_count} classes; choose one of them"
    )]
    UnknownClass {
        /// One-based place of the shape.
        number: usize,
        /// The class given.
        class: u16,
        /// Classes of the schema.
        class_count: usize,
    },
    /// A shape that holds no pixel of the image, or none that earlier shapes have left.
    #[error("shape {number} {why}; draw it again or delete it")]
    Nothing {
        /// One-based place of the shape.
        number: usize,
        /// What is the matter.
        why: &'static str,
    },
    /// Something else than a box where boxes are asked for.
    #[error("shape {number} is no box, and this project asks for boxes; draw a box around it")]
    NoBox {
        /// One-based place of the shape.
        number: usize,
    },
    /// A shape that cannot be used.
    #[error("shape {number} cannot be used: {problem}")]
    Geometry {
        /// One-based place of the shape.
        number: usize,
        /// What is wrong with it.
        problem: GeometryError,
    },
}

impl Drawing {
    /// Most shapes an image can have.
    pub const MOST_SHAPES: usize = 20_000;

    /// The drawing as the task keeps it, for an image of this size: what one and the same picture can be
    /// drawn as in several ways is brought to one form.
    ///
    /// - Boxes are clipped to the image.
    /// - Of a semantic map one mask a class is left, where later shapes lie on top of earlier ones.
    /// - Instances become masks; a pixel belongs to the earlier of two that share it.
    ///
    /// Shapes are sorted by class, then by place.
    ///
    /// # Errors
    /// See [`DrawingError`].
    pub fn settled(
        &self,
        task: Task,
        class_count: usize,
        size: ImageSize,
    ) -> Result<Self, DrawingError> {
        if self.shapes.len() > Self::MOST_SHAPES {
            return Err(DrawingError::TooMany {
                count: self.shapes.len(),
            });
        }
        for (number, shape) in (1..).zip(&self.shapes) {
            if shape.class.index() >= class_count {
                return Err(DrawingError::UnknownClass {
                    number,
                    class: shape.class.0,
                    class_count,
                });
            }
        }
        let ignored = match &self.ignored {
            Some(mask) if mask.size() != size => {
                return Err(DrawingError::Geometry {
                    number: 0,
                    problem: GeometryError::SizesDiffer {
                        first: mask.size(),
                        second: size,
                    },
                });
            }
            ignored => ignored.clone().filter(|mask| !mask.is_empty()),
        };
        let mut shapes = match task {
            Task::Detection => self.clipped_boxes(size)?,
            Task::SemanticSegmentation => return self.one_mask_a_class(ignored, size),
            Task::InstanceSegmentation => self.separate_masks(size)?,
            Task::Classification | Task::Findings | Task::Grades => {
                return Err(DrawingError::NotDrawn { task });
            }
        };
        shapes.sort_by_key(order);
        Ok(Self { shapes, ignored })
    }

    /// The classes that some shape has, rising.
    #[must_use]
    pub fn classes(&self) -> Vec<ClassId> {
        let mut classes: Vec<ClassId> = self.shapes.iter().map(|shape| shape.class).collect();
        classes.sort_unstable();
        classes.dedup();
        classes
    }

    fn clipped_boxes(&self, size: ImageSize) -> Result<Vec<DrawnShape>, DrawingError> {
        let clip = |(number, shape): (usize, &DrawnShape)| {
            let Geometry::Box(area) = shape.geometry else {
                return Err(DrawingError::NoBox { number });
            };
            let area = area.clipped(size).ok_or(DrawingError::Nothing {
                number,
                why: "lies outside the image",
            })?;
            Ok(DrawnShape {
                class: shape.class,
                geometry: Geometry::Box(area),
            })
        };
        (1..).zip(&self.shapes).map(clip).collect()
    }

    fn one_mask_a_class(
        &self,
        ignored: Option<Mask>,
        size: ImageSize,
    ) -> Result<Self, DrawingError> {
        let mut map = LabelMap::filled(size, None);
        for (number, shape) in (1..).zip(&self.shapes) {
            let painted = shape
                .geometry
                .mask(size)
                .and_then(|mask| map.paint(&mask, Some(shape.class)));
            painted.map_err(|problem| DrawingError::Geometry { number, problem })?;
        }
        let shapes = map.masks().into_iter().map(|(class, mask)| DrawnShape {
            class,
            geometry: Geometry::Mask(mask),
        });
        let background = map.mask_of(None);
        // Both are of this image, so that they can be compared.
        let ignored = ignored.and_then(|mask| mask.intersection(&background).ok());
        Ok(Self {
            shapes: shapes.collect(),
            ignored: ignored.filter(|mask| !mask.is_empty()),
        })
    }

    fn separate_masks(&self, size: ImageSize) -> Result<Vec<DrawnShape>, DrawingError> {
        let whole: Vec<Mask> = (1..)
            .zip(&self.shapes)
            .map(|(number, shape)| {
                let mask = shape.geometry.mask(size);
                mask.map_err(|problem| DrawingError::Geometry { number, problem })
            })
            .collect::<Result<_, _>>()?;
        let separate = Mask::separated(&whole);
        let mut shapes = Vec::with_capacity(separate.len());
        for (number, (shape, mask)) in (1..).zip(self.shapes.iter().zip(separate)) {
            if mask.is_empty() {
                let why = match whole[number - 1].is_empty() {
                    true => "holds no pixel of the image",
                    false => "lies under earlier shapes",
                };
                return Err(DrawingError::Nothing { number, why });
            }
            shapes.push(DrawnShape {
                class: shape.class,
                geometry: Geometry::Mask(mask),
            });
        }
        Ok(shapes)
    }
}

/// What shapes are sorted by: class, then the first place of the outline in the order of pixels.
fn order(shape: &DrawnShape) -> (u16, [u32; 4]) {
    let bits = |value: f32| value.max(0.0).to_bits();
    let place = match &shape.geometry {
        Geometry::Mask(mask) => [mask.toggles().first().copied().unwrap_or(0), 0, 0, 0],
        Geometry::Box(area) => [area.x, area.y, area.width, area.height].map(bits),
        Geometry::Polygon(polygon) => {
            let first = polygon.outer()[0];
            [bits(first.x), bits(first.y), 0, 0]
        }
    };
    (shape.class.0, place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Point;

    fn size() -> ImageSize {
        ImageSize::new(10, 8).unwrap()
    }

    fn shape(class: u16, geometry: Geometry) -> DrawnShape {
        DrawnShape {
            class: ClassId(class),
            geometry,
        }
    }

    fn area(x: f32, y: f32, width: f32, height: f32) -> Geometry {
        Geometry::Box(BoundingBox::new(x, y, width, height).unwrap())
    }

    fn drawing(shapes: Vec<DrawnShape>) -> Drawing {
        Drawing {
            shapes,
            ignored: None,
        }
    }

    #[test]
    fn json_is_what_the_web_app_sends() {
        let triangle = [(1.0, 1.0), (5.0, 1.0), (1.0, 5.0)].map(|(x, y)| Point { x, y });
        let mask = Mask::of_box(size(), &BoundingBox::new(0.0, 0.0, 2.0, 2.0).unwrap());
        let drawing = drawing(vec![
            shape(0, area(1.0, 2.0, 3.0, 4.0)),
            shape(
                1,
                Geometry::Polygon(Polygon::new(triangle.to_vec(), vec![]).unwrap()),
            ),
            shape(2, Geometry::Mask(mask)),
        ]);
        let json = serde_json::to_value(&drawing).unwrap();
        assert_eq!(
            json["shapes"][0],
            serde_json::json!({"class": 0, "geometry": {"type": "box", "x": 1.0, "y": 2.0, "width": 3.0, "height": 4.0}})
        );
        assert_eq!(json["shapes"][1]["geometry"]["type"], "polygon");
        assert_eq!(
            json["shapes"][2]["geometry"]["size"],
            serde_json::json!([8, 10])
        );
        assert!(json.get("ignored").is_none());
        assert_eq!(serde_json::from_value::<Drawing>(json).unwrap(), drawing);
    }

    #[test]
    fn boxes_are_clipped_and_sorted() {
        let drawn = drawing(vec![
            shape(1, area(8.0, 6.0, 9.0, 9.0)),
            shape(0, area(-1.0, 0.0, 3.0, 2.0)),
        ]);
        let settled = drawn.settled(Task::Detection, 2, size()).unwrap();
        assert_eq!(
            settled.shapes,
            [
                shape(0, area(0.0, 0.0, 2.0, 2.0)),
                shape(1, area(8.0, 6.0, 2.0, 2.0))
            ]
        );
        let again = settled.settled(Task::Detection, 2, size()).unwrap();
        assert_eq!(again, settled, "settled stays settled");
        let outside = drawing(vec![shape(0, area(20.0, 0.0, 3.0, 2.0))]);
        let refused = outside
            .settled(Task::Detection, 2, size())
            .unwrap_err()
            .to_string();
        assert_eq!(
            refused,
            "shape 1 lies outside the image; draw it again or delete it"
        );
    }

    #[test]
    fn later_paint_lies_on_top_in_a_semantic_map() {
        let drawn = Drawing {
            shapes: vec![
                shape(1, area(0.0, 0.0, 6.0, 8.0)),
                shape(0, area(4.0, 0.0, 2.0, 8.0)),
                shape(1, area(4.0, 0.0, 1.0, 1.0)),
            ],
            ignored: Some(Mask::of_box(
                size(),
                &BoundingBox::new(5.0, 0.0, 5.0, 8.0).unwrap(),
            )),
        };
        let settled = drawn
            .settled(Task::SemanticSegmentation, 2, size())
            .unwrap();
        let areas: Vec<(u16, u32)> = settled
            .shapes
            .iter()
            .map(|s| (s.class.0, s.geometry.mask(size()).unwrap().area()))
            .collect();
        assert_eq!(areas, [(0, 15), (1, 33)]);
        // What is painted is not ignored.
        assert_eq!(settled.ignored.as_ref().unwrap().area(), 32);
        // However the same picture was painted, it is the same drawing.
        let other = Drawing {
            shapes: settled.shapes.iter().rev().cloned().collect(),
            ignored: drawn.ignored.clone(),
        };
        let other = other
            .settled(Task::SemanticSegmentation, 2, size())
            .unwrap();
        assert_eq!(other, settled);
    }

    #[test]
    fn instances_share_no_pixel() {
        let drawn = drawing(vec![
            shape(0, area(2.0, 2.0, 4.0, 4.0)),
            shape(0, area(0.0, 0.0, 4.0, 4.0)),
        ]);
        let settled = drawn
            .settled(Task::InstanceSegmentation, 1, size())
            .unwrap();
        let areas: Vec<u32> = settled
            .shapes
            .iter()
            .map(|s| s.geometry.mask(size()).unwrap().area())
            .collect();
        assert_eq!(areas, [12, 16], "the earlier keeps the shared corner");
        let hidden = drawing(vec![
            shape(0, area(0.0, 0.0, 4.0, 4.0)),
            shape(0, area(1.0, 1.0, 2.0, 2.0)),
        ]);
        let refused = hidden
            .settled(Task::InstanceSegmentation, 1, size())
            .unwrap_err()
            .to_string();
        assert!(
            refused.starts_with("shape 2 lies under earlier shapes"),
            "{refused}"
        );
    }

    #[test]
    fn what_does_not_belong_is_refused_in_a_sentence() {
        let drawn = drawing(vec![shape(3, area(0.0, 0.0, 4.0, 4.0))]);
        let sentence = |task, count| drawn.settled(task, count, size()).unwrap_err().to_string();
        assert_eq!(
            sentence(Task::Detection, 2),
            "shape 1 has class 3, but the label schema has 2 classes; choose one of them"
        );
        assert_eq!(
            sentence(Task::Grades, 5),
            "this project asks for one grade an image, not for shapes; answer with a class"
        );
        let mask = Geometry::Mask(Mask::full(ImageSize::new(3, 3).unwrap()));
        let other = drawing(vec![shape(0, mask.clone())]);
        let problem = other
            .settled(Task::InstanceSegmentation, 1, size())
            .unwrap_err();
        assert!(matches!(problem, DrawingError::Geometry { number: 1, .. }));
        let problem = other.settled(Task::Detection, 1, size()).unwrap_err();
        assert_eq!(problem, DrawingError::NoBox { number: 1 });
        assert_eq!(mask.bounding_box().unwrap().width, 3.0);
    }
}
