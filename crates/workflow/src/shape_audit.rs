//! What an audit of drawings says of the shapes: of each class, and of small, medium and large ones; and how
//! wide a margin around automatic masks has to be so that little is missed.

use std::collections::BTreeMap;

use autolabel_annotation::{
    ClassId, Drawing, DrawingId, DrawnShape, Geometry, Label, LabelSchema, Mask, Task,
};
use autolabel_quality::{CertificateMargin, MissedPixels, ShapeAudit, ShapeSize, margins};

use crate::WorkflowError;
use crate::audit::AuditState;
use crate::project::Project;
use crate::shapes::fit::{mask_of, partner_ious};

/// From this IoU on an automatic shape and one of the expert are the same shape, as in COCO's and PASCAL's
/// measures.
const SAME_SHAPE: f64 = 0.5;

/// Shares of missed pixels for which a margin is told.
const MISSED_SHARES: [f64; 3] = [0.1, 0.05, 0.02];

/// What an audit says of shapes.
pub(crate) struct OfShapes {
    /// Rows of all classes, and of the sizes of each.
    pub(crate) rows: Vec<ShapeAudit>,
    /// Margins; `None` where shapes are boxes.
    pub(crate) margins: Option<Vec<CertificateMargin>>,
}

/// By class and size; `None` for all sizes.
type Rows = BTreeMap<(ClassId, Option<ShapeSize>), ShapeAudit>;

/// An automatic drawing that was checked.
struct Checked {
    automatic: Drawing,
    /// `None` where the image could not be read.
    said: Option<Drawing>,
}

/// What the checks of an audit say.
///
/// # Errors
/// The project cannot be read.
pub(crate) async fn of_shapes(
    project: &Project,
    audit: &AuditState,
    schema: &LabelSchema,
) -> Result<OfShapes, WorkflowError> {
    let pairs: Vec<(DrawingId, Option<DrawingId>)> = audit
        .checks
        .iter()
        .filter_map(|check| {
            let automatic = number(check.proposal.label)?;
            Some((automatic, check.said.and_then(number)))
        })
        .collect();
    let ids: Vec<DrawingId> = pairs
        .iter()
        .flat_map(|(automatic, said)| [Some(*automatic), *said])
        .flatten()
        .collect();
    let drawings = project.inner().store.drawings(&ids).await?;
    let checked: Vec<Checked> = pairs
        .iter()
        .filter_map(|(automatic, said)| {
            Some(Checked {
                automatic: drawings.get(automatic)?.clone(),
                said: said.and_then(|id| drawings.get(&id).cloned()),
            })
        })
        .collect();
    let margins = match schema.task {
        Task::Detection => None,
        _ => {
            let missed: Vec<MissedPixels> = checked.iter().map(missed).collect::<Result<_, _>>()?;
            let target = audit.audit.target();
            let found = margins(&missed, target.population, target.alpha, &MISSED_SHARES)?;
            Some(found)
        }
    };
    Ok(OfShapes {
        rows: rows(&checked, schema.classes.len())?,
        margins,
    })
}

/// Pixels of the expert's shapes that lie outside the automatic ones of their class.
fn missed(image: &Checked) -> Result<MissedPixels, WorkflowError> {
    let Some(said) = &image.said else {
        return Ok(MissedPixels::all());
    };
    let mut pairs = Vec::new();
    for class in said.classes() {
        let Some(truth) = of_class(said, class)? else {
            continue;
        };
        let automatic = of_class(&image.automatic, class)?;
        let automatic = automatic.unwrap_or_else(|| Mask::empty(truth.size()));
        pairs.push((truth, automatic));
    }
    Ok(MissedPixels::of(
        pairs.iter().map(|(truth, automatic)| (truth, automatic)),
    )?)
}

/// All pixels of a class.
fn of_class(drawing: &Drawing, class: ClassId) -> Result<Option<Mask>, WorkflowError> {
    let shapes = drawing.shapes.iter().filter(|shape| shape.class == class);
    let mut all: Option<Mask> = None;
    for mask in shapes.filter_map(|shape| mask_of(&shape.geometry)) {
        all = Some(match all {
            Some(before) => before.union(&mask)?,
            None => mask,
        });
    }
    Ok(all)
}

fn number(label: Label) -> Option<DrawingId> {
    match label {
        Label::Drawn { drawing } => Some(drawing),
        _ => None,
    }
}

fn rows(checked: &[Checked], class_count: usize) -> Result<Vec<ShapeAudit>, WorkflowError> {
    let mut rows = Rows::new();
    for class in (0..class_count).filter_map(|class| u16::try_from(class).ok().map(ClassId)) {
        let sizes = [ShapeSize::Small, ShapeSize::Medium, ShapeSize::Large];
        for size in std::iter::once(None).chain(sizes.map(Some)) {
            rows.insert((class, size), ShapeAudit::none(class, size));
        }
    }
    for image in checked {
        let nothing = Drawing::default();
        let said = image.said.as_ref().unwrap_or(&nothing);
        let mut of_image = Rows::new();
        for (shape, iou) in with_partners(&image.automatic, said)? {
            for size in [None, Some(size_of(&shape.geometry))] {
                let row = row_of(&mut of_image, shape.class, size);
                row.checked += 1;
                row.kept += u64::from(said.shapes.contains(shape));
                row.fits += fit_of_pair(&shape.geometry, iou);
            }
        }
        for (shape, iou) in with_partners(said, &image.automatic)? {
            for size in [None, Some(size_of(&shape.geometry))] {
                let row = row_of(&mut of_image, shape.class, size);
                row.missed += u64::from(iou < SAME_SHAPE);
                row.changed += u64::from(!image.automatic.shapes.contains(shape));
            }
        }
        for (key, of_image) in of_image {
            if let Some(row) = rows.get_mut(&key) {
                row.add_image(&of_image);
            }
        }
    }
    let rows = rows.into_values();
    // A size that no shape has is no row.
    Ok(rows
        .filter(|row| row.size.is_none() || row.images > 0)
        .collect())
}

fn row_of(rows: &mut Rows, class: ClassId, size: Option<ShapeSize>) -> &mut ShapeAudit {
    let none = ShapeAudit::none(class, size);
    rows.entry((class, size)).or_insert(none)
}

/// The shapes of a drawing with the IoU of each with its partner in another one, 0 without.
fn with_partners<'a>(
    drawing: &'a Drawing,
    other: &Drawing,
) -> Result<impl Iterator<Item = (&'a DrawnShape, f64)>, WorkflowError> {
    Ok(drawing.shapes.iter().zip(partner_ious(drawing, other)?))
}

/// IoU of boxes, Dice of masks.
fn fit_of_pair(geometry: &Geometry, iou: f64) -> f64 {
    match geometry {
        Geometry::Mask(_) => 2.0 * iou / (1.0 + iou),
        _ => iou,
    }
}

fn size_of(geometry: &Geometry) -> ShapeSize {
    let area = match mask_of(geometry) {
        Some(mask) => f64::from(mask.area()),
        None => geometry.bounding_box().map_or(0.0, |area| area.area()),
    };
    ShapeSize::of(area)
}

#[cfg(test)]
mod tests {
    use super::*;
    use autolabel_annotation::{BoundingBox, ImageSize};

    fn drawing(boxes: &[(u16, f32, f32)]) -> Drawing {
        let shape = |&(class, x, side): &(u16, f32, f32)| DrawnShape {
            class: ClassId(class),
            geometry: Geometry::Box(BoundingBox::new(x, 0.0, side, side).unwrap()),
        };
        Drawing {
            shapes: boxes.iter().map(shape).collect(),
            ignored: None,
        }
    }

    #[test]
    fn pixels_of_another_class_are_missed_and_those_of_one_shape_more_are_not() {
        let size = ImageSize::new(40, 20).unwrap();
        let masks = |shapes: &[(u16, f32, f32)]| {
            let mut drawing = drawing(shapes);
            for shape in &mut drawing.shapes {
                let area = shape.geometry.bounding_box().unwrap();
                shape.geometry = Geometry::Mask(Mask::of_box(size, &area));
            }
            drawing
        };
        let share = |automatic: &[(u16, f32, f32)], said: Option<&[(u16, f32, f32)]>| {
            let image = Checked {
                automatic: masks(automatic),
                said: said.map(masks),
            };
            missed(&image).unwrap().share(0)
        };
        let said = [(0, 0.0, 10.0), (0, 15.0, 10.0), (1, 30.0, 10.0)];
        let two_of_three = share(&[(0, 0.0, 10.0), (0, 15.0, 10.0)], Some(&said));
        assert!((two_of_three - 1.0 / 3.0).abs() < 1e-9, "{two_of_three}");
        assert_eq!(share(&[(1, 0.0, 10.0)], Some(&said[..1])), 1.0);
        assert_eq!(share(&said, Some(&said[..1])), 0.0);
        assert_eq!(share(&said, None), 1.0, "an image that cannot be read");
    }

    #[test]
    fn shapes_are_counted_by_class_and_by_size() {
        let checked = [
            // One is left, one is moved by half of its side, one is missed.
            Checked {
                automatic: drawing(&[(0, 0.0, 10.0), (0, 100.0, 50.0)]),
                said: Some(drawing(&[
                    (0, 0.0, 10.0),
                    (0, 110.0, 50.0),
                    (1, 300.0, 100.0),
                ])),
            },
            // Nothing is there.
            Checked {
                automatic: drawing(&[(0, 5.0, 20.0)]),
                said: Some(Drawing::default()),
            },
            // All is right.
            Checked {
                automatic: drawing(&[(0, 0.0, 60.0)]),
                said: Some(drawing(&[(0, 0.0, 60.0)])),
            },
        ];
        let rows = rows(&checked, 2).unwrap();
        let row = |class: u16, size| {
            let mut found = rows.iter();
            found.find(|row| row.class == ClassId(class) && row.size == size)
        };
        let all = row(0, None).unwrap();
        assert_eq!((all.images, all.edited_images), (3, 2));
        assert_eq!((all.checked, all.kept, all.missed), (4, 2, 0));
        let moved = 40.0 / 60.0;
        assert!((all.fits - (1.0 + moved + 0.0 + 1.0)).abs() < 1e-9);
        let small = row(0, Some(ShapeSize::Small)).unwrap();
        assert_eq!((small.images, small.edited_images), (2, 1));
        assert_eq!((small.checked, small.kept), (2, 1));
        let other = row(1, None).unwrap();
        assert_eq!((other.images, other.edited_images, other.missed), (1, 1, 1));
        assert!(row(1, Some(ShapeSize::Small)).is_none());
        assert_eq!(row(1, Some(ShapeSize::Large)).unwrap().missed, 1);
    }
}
