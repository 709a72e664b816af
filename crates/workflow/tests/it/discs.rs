//! Pictures of one bright disc each, and what an expert draws on them.

use autolabel_annotation::{
    BoundingBox, ClassId, Drawing, DrawnShape, Geometry, ImageSize, Mask, Task,
};
use image::{GrayImage, Luma};
use std::ops::Range;
use std::path::Path;

/// Pixels of a side.
pub const SIDE: u32 = 96;

/// Middle and radius of the disc of a picture, from its number.
fn disc(number: u32) -> (u32, u32, u32) {
    let place = |step: u32| 30 + number * step % 37;
    (place(11), place(23), 12 + number * 7 % 12)
}

fn is_inside(number: u32, column: u32, row: u32) -> bool {
    let (x, y, radius) = disc(number);
    column.abs_diff(x).pow(2) + row.abs_diff(y).pow(2) <= radius.pow(2)
}

/// The name of the file of a picture; names rise with numbers.
pub fn file(number: u32) -> String {
    format!("{number:03}.png")
}

/// Writes the pictures of these numbers: a disc on a noisy ground, in a place and of a size that follow from
/// the number.
pub fn draw(folder: &Path, numbers: Range<u32>) {
    for number in numbers {
        let picture = GrayImage::from_fn(SIDE, SIDE, |column, row| {
            let grain = (column * 31 + row * 17 + number * 7 + column * row) % 40;
            let ground = if is_inside(number, column, row) {
                150
            } else {
                60
            };
            Luma([(ground + grain) as u8])
        });
        picture.save(folder.join(file(number))).unwrap();
    }
}

/// The label image of a picture: 0 and 255.
pub fn label_image(number: u32) -> GrayImage {
    GrayImage::from_fn(SIDE, SIDE, |column, row| {
        Luma([if is_inside(number, column, row) {
            255
        } else {
            0
        }])
    })
}

/// What an expert draws, as boxes or masks.
pub fn truth(number: u32, task: Task) -> Drawing {
    let size = ImageSize::new(SIDE, SIDE).unwrap();
    let (x, y, radius) = disc(number);
    let geometry = match task {
        Task::Detection => {
            let side = (2 * radius + 1) as f32;
            let area = BoundingBox::new((x - radius) as f32, (y - radius) as f32, side, side);
            Geometry::Box(area.unwrap())
        }
        _ => Geometry::Mask(Mask::from_bitmap(size, &label_image(number)).unwrap()),
    };
    Drawing {
        shapes: vec![DrawnShape {
            class: ClassId(0),
            geometry,
        }],
        ignored: None,
    }
}
