//! Who lies before the detector: the proportions of one chest, the same in all images of a patient.

use rand::Rng;

use crate::draw::{around, between, happens};

/// Lengths are in body units: the picture is 1 wide and 1 high before the view turns and scales
/// it. "Right" and "left" are the patient's; the patient's right is on the left of the picture.
#[derive(Debug, Clone)]
pub(crate) struct Patient {
    /// 0 thin to 1 heavy.
    pub weight: f32,
    pub has_breasts: bool,
    pub breast_size: f32,
    /// Half the inner width of the chest at its widest.
    pub chest_half_width: f32,
    /// Height of the lung apices.
    pub apex_y: f32,
    /// Height of the dome of the diaphragm on the patient's right and left, at full inspiration.
    pub dome_y: [f32; 2],
    /// Heart width as a share of the chest's, the cardiothoracic ratio.
    pub heart_ratio: f32,
    /// How far the heart points to the side, radians.
    pub heart_tilt: f32,
    pub aortic_knob: f32,
    pub mediastinum_half_width: f32,
    pub rib_spacing: f32,
    pub rib_thickness: f32,
    pub rib_slope: f32,
    /// Attenuation of bone, less with age.
    pub bone: f32,
    pub spine_bend: f32,
    pub vertebra_height: f32,
    /// Strength of the vessel pattern.
    pub vessels: f32,
    /// Air in the lungs: how dark they are.
    pub aeration: f32,
    pub has_stomach_bubble: bool,
    pub has_pacemaker: bool,
}

impl Patient {
    pub fn draw(rng: &mut impl Rng) -> Patient {
        let has_breasts = happens(rng, 0.48);
        let weight = between(rng, 0.0, 1.0);
        let right_dome = around(rng, 0.765, 0.022);
        Patient {
            weight,
            has_breasts,
            breast_size: between(rng, 0.2, 1.0) * (0.5 + 0.5 * weight),
            chest_half_width: around(rng, if has_breasts { 0.405 } else { 0.425 }, 0.014),
            apex_y: around(rng, 0.10, 0.015),
            dome_y: [right_dome, right_dome + around(rng, 0.025, 0.012)],
            heart_ratio: around(rng, 0.445, 0.04),
            heart_tilt: around(rng, 0.70, 0.10),
            aortic_knob: between(rng, 0.0, 1.0),
            mediastinum_half_width: around(rng, 0.056, 0.008),
            rib_spacing: around(rng, 0.076, 0.003),
            rib_thickness: around(rng, 0.0145, 0.0015),
            rib_slope: around(rng, 0.105, 0.02),
            bone: around(rng, 1.0, 0.18),
            spine_bend: around(rng, 0.0, 0.008),
            vertebra_height: around(rng, 0.062, 0.003),
            vessels: around(rng, 1.0, 0.22),
            aeration: around(rng, 1.0, 0.07),
            has_stomach_bubble: happens(rng, 0.7),
            has_pacemaker: happens(rng, 0.04),
        }
    }
}
