//! Pictures made by a formula, and the maps and features that the frozen network has of them.

use autolabel_image_io::{Plane, Samples, Window};
use autolabel_models::{Backbone, Views, embed};
use autolabel_training::stage_maps;
use half::f16;

/// A coloured pattern of stripes and squares; `kind` changes its period and slant.
pub fn picture(kind: usize) -> Plane {
    let side = 96;
    let mut samples = Vec::with_capacity(side * side * 3);
    for y in 0..side {
        for x in 0..side {
            for channel in 0..3 {
                let stripes = (x * (kind + 2) + y * (channel + 1)) % 37 * 4;
                let squares = (x / (kind + 4) + y / 9) % 2 * 80;
                samples.push((stripes + squares) as u8);
            }
        }
    }
    Plane {
        width: side as u32,
        height: side as u32,
        channels: 3,
        samples: Samples::U8(samples),
        default_window: Window {
            low: 0.0,
            high: 255.0,
        },
    }
}

/// The map of stage 4 in half precision, and the row of features.
pub fn map_and_row(backbone: &Backbone, plane: &Plane) -> (Vec<f16>, Vec<f32>) {
    let views = Views::whole();
    let map = stage_maps(backbone, &views.crops, plane).unwrap();
    (map, embed(backbone, &views, &[plane]).unwrap().rows)
}

/// Does the work on a pool of this many threads.
pub fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    pool.build().unwrap().install(work)
}
