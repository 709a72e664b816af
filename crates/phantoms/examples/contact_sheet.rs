//! Draws a sheet of phantoms to look at: `cargo run -p autolabel-phantoms --example contact_sheet --
//! sheet.png [first seed] [columns] [rows]`, one column after the other normal, pneumonia, effusion.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark fails by panicking"
)]

use autolabel_image_io::Samples;
use autolabel_phantoms::{PhantomClass, chest_radiograph};
use image::{GenericImage, GrayImage};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments
        .next()
        .unwrap_or_else(|| "contact_sheet.png".to_owned());
    let mut number = |default: u64| arguments.next().map_or(Ok(default), |text| text.parse());
    let (first_seed, columns, rows) = (number(1)?, number(6)?, number(3)?);
    let mut sheet = GrayImage::new(columns as u32 * 260, rows as u32 * 260);
    for index in 0..columns * rows {
        let (column, row) = ((index % columns) as u32, (index / columns) as u32);
        let class = PhantomClass::ALL[(index % 3) as usize];
        let phantom = chest_radiograph(first_seed + index, class);
        if let Samples::U8(levels) = phantom.plane.samples
            && let Some(image) = GrayImage::from_raw(256, 256, levels)
        {
            sheet.copy_from(&image, column * 260, row * 260)?;
        }
    }
    sheet.save(path)?;
    Ok(())
}
