//! COCO-style JSON (Lin et al. 2014): images, categories and one annotation for each class or finding of
//! an image, whose box is the whole image, so that COCO's own loader reads it. Images and annotations are two lists in one
//! object; the annotations wait in a temporary file, everything else streams.

use crate::FormatError;
use crate::export::Written;
use crate::record::{ExportHeader, LabelRecord};
use autolabel_annotation::{ClassId, Label};
use serde::Serialize;
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

#[derive(Serialize)]
struct Annotation {
    id: u64,
    image_id: u32,
    category_id: u32,
    bbox: [u32; 4],
    area: u64,
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
        for class in record.label.into_iter().flat_map(Label::named) {
            id += 1;
            put(&mut annotations, id == 1, &annotation(&record, class, id))?;
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

fn annotation(record: &LabelRecord, class: ClassId, id: u64) -> Annotation {
    // The probability of findings is that of all of them together, not of this one.
    let is_its_own = matches!(record.label, Some(Label::Class(_)));
    Annotation {
        id,
        image_id: record.id,
        category_id: u32::from(class.0) + 1,
        bbox: [0, 0, record.width, record.height],
        area: u64::from(record.width) * u64::from(record.height),
        iscrowd: 0,
        source: record.source.word(),
        score: record.short_probability().filter(|_| is_its_own),
    }
}

/// One item of a list, on a line of its own.
fn put(out: &mut dyn Write, is_first: bool, item: &impl Serialize) -> io::Result<()> {
    out.write_all(if is_first { b"\n" } else { b",\n" })?;
    Ok(serde_json::to_writer(out, item)?)
}
