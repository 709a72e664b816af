//! Ribs, clavicles, shoulder blades and spine, as attenuation that adds to the soft tissue.

use std::f32::consts::PI;

use rand::Rng;

use crate::chest::{ChestShape, OUTWARD};
use crate::draw::{around, between};
use crate::field::{Field, GRID_SIDE, PICTURE_SIDE, body_from_grid, grid_from_body, smoothstep};

/// How far the shoulder blades lie over the lungs, 0 none to 1.
pub(crate) fn draw_bones(rng: &mut impl Rng, shape: &ChestShape, scapula_overlap: f32) -> Field {
    let mut bones = Field::zeros();
    draw_ribs(rng, shape, &mut bones);
    draw_clavicles(rng, shape, &mut bones);
    draw_shoulders(rng, shape, scapula_overlap, &mut bones);
    draw_spine(shape, &mut bones);
    for (row, line) in bones.values.chunks_exact_mut(GRID_SIDE).enumerate() {
        // The belly's scatter washes out what lies over it.
        let visible = 1.0 - 0.6 * smoothstep(0.76, 0.90, body_from_grid(row));
        for value in line {
            *value *= shape.patient.bone * visible;
        }
    }
    bones
}

/// A band along a curve `y(x)`: the brighter cortex at both rims, marrow between.
struct Band {
    half_thickness: f32,
    strength: f32,
}

impl Band {
    /// Adds the band in one column; `slope` is the curve's dy/dx there.
    fn add_column(&self, field: &mut Field, column: usize, y: f32, slope: f32, weight: f32) {
        if weight < 0.01 {
            return;
        }
        let slant = (1.0 + slope * slope).sqrt();
        let reach = self.half_thickness * slant * 1.4;
        let top = grid_from_body(y - reach).ceil().max(0.0) as usize;
        let bottom = grid_from_body(y + reach)
            .floor()
            .min((GRID_SIDE - 1) as f32);
        if bottom < 0.0 {
            return;
        }
        for row in top..=bottom as usize {
            let distance = (body_from_grid(row) - y).abs() / slant / self.half_thickness;
            let inside = smoothstep(1.25, 0.8, distance);
            let cortex = 0.62 + 0.38 * smoothstep(0.35, 0.85, distance);
            field.values[row * GRID_SIDE + column] += self.strength * weight * inside * cortex;
        }
    }
}

fn draw_ribs(rng: &mut impl Rng, shape: &ChestShape, bones: &mut Field) {
    let patient = shape.patient;
    for side in [0, 1] {
        let first_y = patient.apex_y - 0.022 + around(rng, 0.0, 0.004);
        for rib in 0..11 {
            let order = rib as f32;
            let start_y = first_y + order * patient.rib_spacing * (1.0 + 0.012 * order);
            let slope = patient.rib_slope * (0.75 + 0.06 * order) + around(rng, 0.0, 0.004);
            let band = Band {
                half_thickness: patient.rib_thickness * around(rng, 1.0, 0.06),
                strength: around(rng, 0.105, 0.010) * if rib == 0 { 0.8 } else { 1.0 },
            };
            draw_rib(shape, side, start_y, slope, &band, rib, bones);
        }
    }
}

/// The posterior part runs from the spine outward and down; the anterior part comes back from the
/// chest wall, lower, and fades where it turns to cartilage.
fn draw_rib(
    shape: &ChestShape,
    side: usize,
    start_y: f32,
    slope: f32,
    band: &Band,
    rib: usize,
    bones: &mut Field,
) {
    let outward = OUTWARD[side];
    // Where the rib meets the chest wall; the upper ribs are shorter.
    let wall = shape.lateral(start_y + slope, side) + 0.006;
    let posterior =
        |t: f32| start_y - 0.028 * (PI * (t * 0.95).min(1.0)).sin() + slope * t.powf(2.1);
    let wall_y = posterior(1.0);
    let drop = 0.085 + 0.008 * rib as f32;
    let anterior = |t: f32| wall_y + 0.014 + drop * (1.0 - t).max(0.0).powf(0.72);
    let step = 1.0 / (PICTURE_SIDE as f32 * wall);
    // From the spine outward, one column at a time.
    let columns: Vec<usize> = (0..GRID_SIDE)
        .filter(|&column| {
            let t = (body_from_grid(column) - 0.5) * outward / wall;
            (0.09..=1.04).contains(&t)
        })
        .collect();
    let mut before: Option<(f32, f32)> = None;
    let outwards: &mut dyn Iterator<Item = &usize> = if outward > 0.0 {
        &mut columns.iter()
    } else {
        &mut columns.iter().rev()
    };
    for &column in outwards {
        let t = (body_from_grid(column) - 0.5) * outward / wall;
        let (y, front_y) = (posterior(t), anterior(t));
        let (before_y, before_front_y) =
            before.unwrap_or((posterior(t - step), anterior(t - step)));
        before = Some((y, front_y));
        // The ray runs along the rib where it turns at the wall.
        let tangent = (1.0 + 0.7 * smoothstep(0.80, 0.97, t)) * smoothstep(1.035, 0.985, t);
        let begin = smoothstep(0.09, 0.15, t);
        let rise = (y - before_y) * PICTURE_SIDE as f32;
        band.add_column(bones, column, y, rise, begin * tangent);
        if rib < 8 && t > 0.38 {
            let rise = ((front_y - before_front_y) * PICTURE_SIDE as f32).clamp(-1.6, 1.6);
            let cartilage = smoothstep(0.38, 0.62, t) * smoothstep(1.02, 0.97, t);
            band.add_column(bones, column, front_y, rise, 0.62 * cartilage);
        }
    }
}

fn draw_clavicles(rng: &mut impl Rng, shape: &ChestShape, bones: &mut Field) {
    let lift = around(rng, 0.075, 0.022);
    for outward in OUTWARD {
        let inner_y = shape.patient.apex_y + around(rng, 0.075, 0.008);
        let lift = lift + around(rng, 0.0, 0.010);
        let curve = |t: f32| inner_y - lift * t + 0.016 * (PI * 1.7 * t).sin();
        let band = Band {
            half_thickness: 0.0155,
            strength: around(rng, 0.125, 0.012),
        };
        for column in 0..GRID_SIDE {
            let away = (body_from_grid(column) - 0.5 - shape.turn * 0.6) * outward;
            let t = (away - 0.03) / 0.36;
            if (0.0..=1.1).contains(&t) {
                let rise = (curve(t + 0.01) - curve(t)) / (0.01 * 0.36);
                band.add_column(bones, column, curve(t), rise, smoothstep(0.0, 0.06, t));
            }
        }
    }
}

/// The blade's inner border and its plate, and the head of the upper arm.
fn draw_shoulders(rng: &mut impl Rng, shape: &ChestShape, overlap: f32, bones: &mut Field) {
    let inner: [f32; 2] = std::array::from_fn(|_| {
        shape.patient.chest_half_width + 0.03 - 0.13 * overlap + around(rng, 0.0, 0.012)
    });
    let head_y = between(rng, 0.10, 0.16);
    for (row, line) in bones.values.chunks_exact_mut(GRID_SIDE).enumerate() {
        let y = body_from_grid(row);
        let blade = smoothstep(0.13, 0.17, y) * smoothstep(0.47, 0.42, y);
        let has_head = (y - head_y).abs() < HEAD_RADIUS;
        if blade <= 0.0 && !has_head {
            continue;
        }
        let curve = 0.16 * (y - 0.42).abs().powf(1.3) - 0.02;
        for (column, value) in line.iter_mut().enumerate() {
            let x = body_from_grid(column);
            let beyond = (x - 0.5).abs() - inner[ChestShape::side_of(x)] - curve;
            if blade > 0.0 && beyond > -0.02 {
                let plate = smoothstep(-0.004, 0.006, beyond);
                let rim = (-((beyond - 0.006) / 0.007).powi(2)).exp();
                *value += blade * (0.055 * plate + 0.045 * rim);
            }
            if has_head {
                let (dx, dy) = ((x - 0.5).abs() - 0.53, y - head_y);
                let distance = (dx * dx + dy * dy).sqrt();
                *value += 0.10 * smoothstep(HEAD_RADIUS, 0.8 * HEAD_RADIUS, distance);
            }
        }
    }
}

/// Radius of the head of the upper arm.
const HEAD_RADIUS: f32 = 0.09;

fn draw_spine(shape: &ChestShape, bones: &mut Field) {
    let patient = shape.patient;
    for (row, line) in bones.values.chunks_exact_mut(GRID_SIDE).enumerate() {
        let y = body_from_grid(row);
        let middle = 0.5 + patient.spine_bend * (PI * y).sin();
        let phase = (y / patient.vertebra_height).rem_euclid(1.0);
        let body = smoothstep(0.0, 0.10, phase) * smoothstep(0.90, 0.80, phase);
        let half_width = 0.040 + 0.010 * smoothstep(0.3, 0.9, y) - 0.003 * (PI * phase).sin();
        let pedicle_y = (phase - 0.38) * patient.vertebra_height / 0.011;
        for (column, value) in line.iter_mut().enumerate() {
            let away = (body_from_grid(column) - middle).abs();
            if away > half_width + 0.03 {
                continue;
            }
            let inside = smoothstep(half_width + 0.008, half_width - 0.008, away);
            let process = (-(away / 0.007).powi(2)).exp() * smoothstep(0.25, 0.5, phase);
            let pedicle_x = (away - half_width * 0.62) / 0.009;
            let pedicle = (-pedicle_x * pedicle_x - pedicle_y * pedicle_y).exp();
            *value += inside * (0.03 + 0.030 * body) + 0.03 * process + 0.03 * pedicle;
        }
    }
}
