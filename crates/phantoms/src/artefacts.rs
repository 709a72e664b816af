//! What lies on or in the patient and is no anatomy: side markers, electrodes, tubes, pacemakers.

use rand::{Rng, RngExt};

use crate::chest::ChestShape;
use crate::draw::{around, between, happens};
use crate::field::{Field, smoothstep};

/// Attenuation of all foreign bodies, where there are any; images at the bedside have more.
pub(crate) fn draw_devices(
    rng: &mut impl Rng,
    shape: &ChestShape,
    is_bedside: bool,
) -> Option<Field> {
    let mut share =
        |bedside: f32, stand: f32| happens(rng, if is_bedside { bedside } else { stand });
    let has_electrodes = share(0.4, 0.05);
    let has_airway_tube = share(0.3, 0.02);
    let has_stomach_tube = share(0.25, 0.02);
    let has_vein_line = share(0.35, 0.05);
    let has_pacemaker = shape.patient.has_pacemaker;
    if ![
        has_electrodes,
        has_airway_tube,
        has_stomach_tube,
        has_vein_line,
        has_pacemaker,
    ]
    .contains(&true)
    {
        return None;
    }
    let mut devices = Field::zeros();
    if has_pacemaker {
        draw_pacemaker(rng, &mut devices);
    }
    if has_electrodes {
        draw_electrodes(rng, &mut devices);
    }
    if has_airway_tube {
        let tip = (0.496, between(rng, 0.24, 0.34));
        draw_line(
            &mut devices,
            &[(0.49, -0.08), (0.495, 0.12), tip],
            0.0085,
            0.10,
        );
    }
    if has_stomach_tube {
        let bend = (0.508 + around(rng, 0.0, 0.015), 0.35);
        let points = [(0.505, -0.08), bend, (0.52, 0.72), (0.60, 0.86)];
        draw_line(&mut devices, &points, 0.0035, 0.16);
    }
    if has_vein_line {
        let tip = (0.465, between(rng, 0.38, 0.46));
        let points = [(0.16, 0.02), (0.30, 0.13), (0.44, 0.19), (0.462, 0.34), tip];
        draw_line(&mut devices, &points, 0.003, 0.15);
    }
    Some(devices)
}

/// A letter at the patient's side, in a picture of its own: it is not turned with the patient.
/// Returns pixels to be set bright, with their centre in picture units.
pub(crate) struct SideMarker {
    pub center: (f32, f32),
    pub size: f32,
    pub is_left: bool,
    pub brightness: f32,
}

impl SideMarker {
    pub fn draw(rng: &mut impl Rng) -> Option<SideMarker> {
        if !happens(rng, 0.72) {
            return None;
        }
        let is_left = happens(rng, 0.6);
        let x = between(rng, 0.035, 0.10);
        Some(SideMarker {
            center: (
                if is_left { 1.0 - x } else { x },
                if happens(rng, 0.8) {
                    between(rng, 0.05, 0.14)
                } else {
                    between(rng, 0.84, 0.93)
                },
            ),
            size: between(rng, 0.028, 0.045),
            is_left,
            brightness: between(rng, 0.85, 1.0),
        })
    }

    /// 0 to 1 at a point in picture units.
    pub fn coverage(&self, x: f32, y: f32) -> f32 {
        const L: [u8; 7] = [
            0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b11111,
        ];
        const R: [u8; 7] = [
            0b11110, 0b10001, 0b10001, 0b11110, 0b10100, 0b10010, 0b10001,
        ];
        let rows = if self.is_left { L } else { R };
        let column = ((x - self.center.0) / self.size + 0.5) * 5.0;
        let row = ((y - self.center.1) / self.size / 1.35 + 0.5) * 7.0;
        if !(0.0..5.0).contains(&column) || !(0.0..7.0).contains(&row) {
            return 0.0;
        }
        f32::from(rows[row as usize] >> (4 - column as u8) & 1) * self.brightness
    }
}

fn draw_electrodes(rng: &mut impl Rng, devices: &mut Field) {
    let count = rng.random_range(2..=4);
    for index in 0..count {
        let outward = if index % 2 == 0 { -1.0 } else { 1.0 };
        let (x, y) = (
            0.5 + outward * between(rng, 0.16, 0.33),
            between(rng, 0.16, 0.66),
        );
        devices.change_near((x, y), 0.017, |value, dx, dy| {
            let distance_squared = (dx * dx + dy * dy) / (0.017 * 0.017);
            let ring = smoothstep(1.0, 0.8, distance_squared)
                * (0.4 + 0.6 * smoothstep(0.3, 0.6, distance_squared));
            *value = value.max(0.17 * ring);
        });
        let side_x = if happens(rng, 0.5) { -0.05 } else { 1.05 };
        let middle = ((x + side_x) / 2.0, y + around(rng, 0.05, 0.08));
        draw_line(
            devices,
            &[(x, y), middle, (side_x, y + around(rng, 0.0, 0.2))],
            0.0022,
            0.17,
        );
    }
}

fn draw_pacemaker(rng: &mut impl Rng, devices: &mut Field) {
    let (x, y) = (0.5 + between(rng, 0.22, 0.27), between(rng, 0.17, 0.22));
    devices.change_near((x, y), 0.05, |value, dx, dy| {
        let (dx, dy) = ((dx / 0.045).abs(), (dy / 0.038).abs());
        let rounded = (dx.powi(4) + dy.powi(4)).powf(0.25);
        *value = value.max(0.55 * smoothstep(1.05, 0.95, rounded));
    });
    let tip = (0.5 + between(rng, 0.08, 0.13), between(rng, 0.64, 0.68));
    draw_line(
        devices,
        &[
            (x - 0.03, y - 0.03),
            (0.56, 0.17),
            (0.47, 0.26),
            (0.455, 0.45),
            (0.50, 0.62),
            tip,
        ],
        0.0024,
        0.26,
    );
}

/// A smooth curve through points (Catmull-Rom), as a thin dense line.
fn draw_line(devices: &mut Field, points: &[(f32, f32)], radius: f32, strength: f32) {
    let at = |index: i32| points[index.clamp(0, points.len() as i32 - 1) as usize];
    for index in 0..points.len() as i32 - 1 {
        let (before, from, to, after) = (at(index - 1), at(index), at(index + 1), at(index + 2));
        let length = ((to.0 - from.0).powi(2) + (to.1 - from.1).powi(2)).sqrt();
        let steps = (length / 0.0025).ceil() as usize;
        for step in 0..=steps {
            let t = step as f32 / steps as f32;
            let blend = |p0: f32, p1: f32, p2: f32, p3: f32| {
                0.5 * (2.0 * p1
                    + (p2 - p0) * t
                    + (2.0 * p0 - 5.0 * p1 + 4.0 * p2 - p3) * t * t
                    + (3.0 * p1 - p0 - 3.0 * p2 + p3) * t * t * t)
            };
            let x = blend(before.0, from.0, to.0, after.0);
            let y = blend(before.1, from.1, to.1, after.1);
            devices.raise_disc(x, y, radius, strength);
        }
    }
}
