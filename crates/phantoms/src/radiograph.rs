//! One chest radiograph from its seeds, and what is true of it.

use autolabel_image_io::{Plane, Samples, Window};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::artefacts::{SideMarker, draw_devices};
use crate::bones::draw_bones;
use crate::chest::{Chest, ChestShape};
use crate::class::PhantomClass;
use crate::draw::{around, between, happens};
use crate::exposure::{Exposure, View, expose};
use crate::field::{Field, GRID_SIDE, PICTURE_SIDE, body_from_grid, cloud};
use crate::opacity::{Fillings, draw_fillings};
use crate::patient::Patient;
use crate::vessels::{carve_airways, draw_vessels};

/// A picture that the program drew, with the truth about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Phantom {
    /// 256 × 256 grey levels of 8 bits.
    pub plane: Plane,
    /// What was drawn.
    pub truth: PhantomTruth,
}

/// What is true of a phantom.
#[derive(Debug, Clone, PartialEq)]
pub struct PhantomTruth {
    /// The class.
    pub class: PhantomClass,
    /// The shadows of disease that were drawn; none in a normal chest.
    pub opacities: Vec<OpacityBox>,
    /// 0 obvious to 1 hardly visible; 0 for a normal chest.
    pub difficulty: f32,
}

/// The box around one shadow, in pixels of the picture, cut at its edges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OpacityBox {
    /// Left edge.
    pub left_px: f32,
    /// Top edge.
    pub top_px: f32,
    /// Width.
    pub width_px: f32,
    /// Height.
    pub height_px: f32,
    /// Greatest attenuation that the shadow adds, in units of the thickest soft tissue of the
    /// chest: about 0.03 (hardly visible) to 0.45 (white).
    pub contrast: f32,
}

/// A chest radiograph of a patient of its own. The same seed and class give the same picture.
pub fn chest_radiograph(seed: u64, class: PhantomClass) -> Phantom {
    patient_radiograph(seed, seed, class)
}

/// A chest radiograph of the patient with `patient_seed`: the same body for all `image_seed`s, each
/// time breathing, turned, exposed and ill in another way.
pub fn patient_radiograph(patient_seed: u64, image_seed: u64, class: PhantomClass) -> Phantom {
    let patient = Patient::draw(&mut ChaCha8Rng::seed_from_u64(patient_seed));
    let mut rng = ChaCha8Rng::seed_from_u64(image_seed);
    // A stream of its own, so that equal seeds do not tie the image to the body.
    rng.set_stream(1);
    // From the front at the bedside, or from behind at the stand.
    let is_bedside = happens(&mut rng, 0.3);
    let shape = ChestShape {
        patient: &patient,
        raised_diaphragm: if is_bedside {
            between(&mut rng, 0.0, 0.10)
        } else {
            between(&mut rng, 0.0, 0.035)
        },
        turn: around(&mut rng, 0.0, 0.010),
        heart_scale: if is_bedside {
            between(&mut rng, 1.02, 1.14)
        } else {
            1.0
        },
    };
    let view = View::draw(&mut rng);
    let exposure = Exposure::draw(&mut rng, is_bedside);
    let marker = SideMarker::draw(&mut rng);
    // Plain findings are more frequent than faint ones.
    let severity = 0.60 + 0.40 * rng.random::<f32>().powf(0.35);
    let scapula_overlap = if is_bedside {
        between(&mut rng, 0.4, 1.0)
    } else {
        between(&mut rng, 0.0, 0.45)
    };
    let fillings = draw_fillings(&mut rng, &shape, class, severity);
    let attenuation = compose(&mut rng, &shape, &fillings, scapula_overlap, is_bedside);
    let levels = expose(
        &mut rng,
        &attenuation.total,
        &view,
        &exposure,
        marker.as_ref(),
    );
    let opacities = fillings
        .disease
        .iter()
        .filter_map(|share| opacity_box(share, &attenuation.air, &view))
        .collect();
    Phantom {
        plane: Plane {
            width: PICTURE_SIDE as u32,
            height: PICTURE_SIDE as u32,
            channels: 1,
            samples: Samples::U8(levels),
            default_window: Window::EIGHT_BIT,
        },
        truth: PhantomTruth {
            class,
            opacities,
            difficulty: if class == PhantomClass::Normal {
                0.0
            } else {
                1.0 - severity
            },
        },
    }
}

struct Attenuation {
    total: Field,
    /// Tissue that the air of healthy lungs stands in for, in units of attenuation.
    air: Field,
}

/// Adds up what lies along each ray.
fn compose(
    rng: &mut ChaCha8Rng,
    shape: &ChestShape,
    fillings: &Fillings,
    scapula_overlap: f32,
    is_bedside: bool,
) -> Attenuation {
    let Chest { tissue, mut air } = shape.chest();
    let vessels = draw_vessels(rng, shape);
    let grain = cloud(rng, 0.022, 2);
    // The sum grows in the field of the bones.
    let mut total = draw_bones(rng, shape, scapula_overlap);
    for (index, total) in total.values.iter_mut().enumerate() {
        let filled = |share: &Field| 1.0 - share.values[index];
        let kept =
            fillings.disease.iter().map(filled).product::<f32>() * filled(&fillings.innocent);
        let (tissue, air) = (tissue.values[index], &mut air.values[index]);
        let in_lung = (*air * 1.8).min(1.0);
        let vessel = vessels.values[index] * (0.35 + 0.65 * in_lung) * kept;
        let texture = 0.010 * grain.values[index] * in_lung;
        let inside_body = (tissue * 4.0).min(1.0);
        *total = tissue * (1.0 - *air * kept) + inside_body * (*total + vessel + texture);
        *air *= tissue;
    }
    carve_airways(&mut total, &tissue, shape);
    if let Some(devices) = draw_devices(rng, shape, is_bedside) {
        for (total, device) in total.values.iter_mut().zip(&devices.values) {
            *total += device;
        }
    }
    Attenuation { total, air }
}

/// The box of the pixels where the shadow adds at least a third of its greatest attenuation.
fn opacity_box(share: &Field, air: &Field, view: &View) -> Option<OpacityBox> {
    let added = || {
        share
            .values
            .iter()
            .zip(&air.values)
            .map(|(share, air)| share * air)
    };
    let contrast = added().fold(0.0, f32::max);
    if contrast <= 0.0 {
        return None;
    }
    let (mut left, mut top, mut right, mut bottom) = (1.0f32, 1.0f32, 0.0f32, 0.0f32);
    for (index, value) in added().enumerate() {
        if value >= contrast / 3.0 {
            let (x, y) = view.picture_from_body(
                body_from_grid(index % GRID_SIDE),
                body_from_grid(index / GRID_SIDE),
            );
            (left, right) = (left.min(x), right.max(x));
            (top, bottom) = (top.min(y), bottom.max(y));
        }
    }
    let [left, top, right, bottom] =
        [left, top, right, bottom].map(|edge| edge.clamp(0.0, 1.0) * PICTURE_SIDE as f32);
    Some(OpacityBox {
        left_px: left,
        top_px: top,
        width_px: right - left,
        height_px: bottom - top,
        contrast,
    })
}
