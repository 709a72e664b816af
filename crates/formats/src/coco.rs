//! COCO JSON (Lin et al. 2014): images, categories and one annotation for each drawn shape, with its box and
//! region. Classes and findings of whole images become annotations whose box is the image, so that COCO's
//! own loader reads them, too. Images and annotations are two lists in one
//! object; the annotations wait in a temporary file, everything else streams.

use crate::FormatError;
use crate::export::Written;
use crate::record::{ExportHeader, LabelRecord};
use autolabel_annotation::{BoundingBox, ClassId, Geometry, Label, Mask};
use serde::Serialize;
use serde_json::Number;
use std::io::{self, BufWriter, Seek, Write};

#[derive(Serialize)]
struct Info<'a> {
    description: &'a str,
    contributor: &'a str,
    version: &'static str,
}

#[derive(Serialize)]
struct Category<'a> {
    id: u32,
    name: &'a str,
    supercategory: &'static str,
}

#[derive(Serialize)]
struct Image<'a> {
    id: u32,
    file_name: &'a str,
    width: u32,
    height: u32,
}

/// COCO's two ways to write a region.
#[derive(Serialize)]
#[serde(untagged)]
enum Segmentation {
    Polygons(Vec<Vec<f32>>),
    Mask(Mask),
}

#[derive(Serialize)]
struct Annotation {
    id: u64,
    image_id: u32,
    category_id: u32,
    bbox: [Number; 4],
    area: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    segmentation: Option<Segmentation>,
    iscrowd: u8,
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
}

pub(crate) fn write(
    header: &ExportHeader,
    records: impl Iterator<Item = LabelRecord>,
    out: &mut dyn Write,
) -> Result<Written, FormatError> {
    write_object(header, records, out).map_err(FormatError::write)
}

fn write_object(
    header: &ExportHeader,
    records: impl Iterator<Item = LabelRecord>,
    out: &mut dyn Write,
) -> io::Result<Written> {
    let mut written = Written::default();
    let info = Info {
        description: &header.project,
        contributor: &header.program,
        version: "1.0",
    };
    let category = |(name, id)| Category {
        id,
        name,
        supercategory: "class",
    };
    let names = header
        .schema
        .classes
        .iter()
        .map(|class| class.name.as_str());
    let categories: Vec<Category> = names.zip(1_u32..).map(category).collect();
    out.write_all(b"{\"info\":")?;
    serde_json::to_writer(&mut *out, &info)?;
    out.write_all(b",\"licenses\":[],\"categories\":")?;
    serde_json::to_writer(&mut *out, &categories)?;
    out.write_all(b",\"images\":[")?;
    let mut annotations = BufWriter::new(tempfile::tempfile()?);
    let mut id = 0;
    for record in records {
        let image = Image {
            id: record.id,
            file_name: &record.file,
            width: record.width,
            height: record.height,
        };
        put(out, written.images == 0, &image)?;
        written.count(&record);
        for annotation in annotations_of(&record) {
            id += 1;
            put(&mut annotations, id == 1, &Annotation { id, ..annotation })?;
        }
    }
    out.write_all(b"\n],\"annotations\":[")?;
    let mut annotations = annotations
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    annotations.rewind()?;
    io::copy(&mut annotations, out)?;
    out.write_all(b"\n]}\n")?;
    out.flush()?;
    Ok(written)
}

/// One for each shape of a drawing; of other labels one for each class, the size of the image. Still without
/// numbers.
fn annotations_of(record: &LabelRecord) -> Vec<Annotation> {
    let whole = BoundingBox {
        x: 0.0,
        y: 0.0,
        width: record.width as f32,
        height: record.height as f32,
    };
    match &record.drawing {
        Some(drawing) => drawing
            .shapes
            .iter()
            .filter_map(|shape| {
                let area = shape.geometry.bounding_box()?;
                Some(annotation(
                    record,
                    shape.class,
                    &area,
                    Some(&shape.geometry),
                ))
            })
            .collect(),
        None => record
            .label
            .into_iter()
            .flat_map(Label::named)
            .map(|class| annotation(record, class, &whole, None))
            .collect(),
    }
}

fn annotation(
    record: &LabelRecord,
    class: ClassId,
    around: &BoundingBox,
    geometry: Option<&Geometry>,
) -> Annotation {
    // The probability of findings is that of all of them together, not of this one.
    let is_its_own = matches!(record.label, Some(Label::Class(_)));
    let (area, segmentation) = match geometry {
        Some(Geometry::Mask(mask)) => (
            Number::from(mask.area()),
            Some(Segmentation::Mask(mask.clone())),
        ),
        Some(Geometry::Polygon(polygon)) => (
            number(polygon.area()),
            Some(Segmentation::Polygons(
                polygon
                    .rings()
                    .map(|ring| ring.iter().flat_map(|point| [point.x, point.y]).collect())
                    .collect(),
            )),
        ),
        Some(Geometry::Box(_)) | None => (number(around.area()), None),
    };
    Annotation {
        id: 0,
        image_id: record.id,
        category_id: u32::from(class.0) + 1,
        bbox: [around.x, around.y, around.width, around.height].map(|side| number(f64::from(side))),
        area,
        segmentation,
        iscrowd: 0,
        source: record.source.word(),
        score: record.short_probability().filter(|_| is_its_own),
    }
}

/// A coordinate or an area in its shortest form: 12 where it is whole, 0.1 and not the 0.10000000149 that
/// single precision makes of it.
fn number(value: f64) -> Number {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return Number::from(value as i64);
    }
    let shortest = (value as f32).to_string().parse().unwrap_or(value);
    Number::from_f64(shortest).unwrap_or_else(|| Number::from(0))
}

/// One item of a list, on a line of its own.
fn put(out: &mut dyn Write, is_first: bool, item: &impl Serialize) -> io::Result<()> {
    out.write_all(if is_first { b"\n" } else { b",\n" })?;
    Ok(serde_json::to_writer(out, item)?)
}
