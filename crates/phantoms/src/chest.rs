//! Soft tissue and air of one chest: outline, lungs, heart, mediastinum, diaphragm.
//!
//! Everything is a thickness of tissue along the ray, so that shadows add as they do in a
//! radiograph. The unit of attenuation is that of the thickest soft tissue in the middle.

use crate::field::{Field, GRID_SIDE, body_from_grid, smoothstep};
use crate::patient::Patient;

/// Left or right half of the chest, by the sign of the distance from the midline.
pub(crate) type Side = usize;
/// The patient's right, on the left of the picture.
pub(crate) const RIGHT: Side = 0;
/// The patient's left, on the right of the picture.
pub(crate) const LEFT: Side = 1;
/// -1 for the right, +1 for the left: the direction away from the midline in the picture.
pub(crate) const OUTWARD: [f32; 2] = [-1.0, 1.0];

/// The shape of the chest in one image: the patient, breathing and turned.
#[derive(Debug, Clone)]
pub(crate) struct ChestShape<'a> {
    pub patient: &'a Patient,
    /// How much higher than at full inspiration the diaphragm stands.
    pub raised_diaphragm: f32,
    /// Shift of heart and trachea against the midline by a turned body.
    pub turn: f32,
    /// Enlargement of the heart where the ray enters at the front.
    pub heart_scale: f32,
}

/// The maps of one chest, all on the same grid.
#[derive(Debug, Clone)]
pub(crate) struct Chest {
    /// Soft tissue along the ray, as if the lungs were full of it.
    pub tissue: Field,
    /// Share of that tissue that is air: the lungs, without what lies before, behind and between.
    pub air: Field,
}

/// What is the same along one column of the grid.
struct ColumnShape {
    x: f32,
    side: Side,
    /// Distance from the midline.
    away: f32,
    diaphragm_y: f32,
    shoulder_y: f32,
}

/// What is the same along one row of the grid.
struct RowShape {
    lateral: [f32; 2],
    medial: [f32; 2],
    half_width: f32,
    thickness: f32,
    zone: f32,
}

impl ChestShape<'_> {
    pub fn side_of(x: f32) -> Side {
        if x < 0.5 { RIGHT } else { LEFT }
    }

    /// Lowest point of the lungs, beside the chest wall.
    pub fn costophrenic_y(&self, side: Side) -> f32 {
        self.dome_y(side) + 0.115
    }

    pub fn dome_y(&self, side: Side) -> f32 {
        self.patient.dome_y[side] - self.raised_diaphragm
    }

    /// 0 at the apex, 1 at the costophrenic angle.
    fn depth_in_lung(&self, y: f32, side: Side) -> f32 {
        let apex = self.patient.apex_y;
        ((y - apex) / (self.costophrenic_y(side) - apex)).clamp(0.0, 1.0)
    }

    /// Distance of the inner chest wall from the midline.
    pub fn lateral(&self, y: f32, side: Side) -> f32 {
        let u = self.depth_in_lung(y, side);
        let rounded = (1.0 - (1.0 - u).powf(2.6)).powf(0.54);
        let apex = APEX_OFFSET;
        let taper = 0.02 * smoothstep(0.72, 1.0, u);
        apex + (self.patient.chest_half_width - apex) * rounded - taper
    }

    /// Distance of the inner border of the lung from the midline.
    fn medial(&self, y: f32, side: Side) -> f32 {
        let u = (self.depth_in_lung(y, side) * 4.0).min(1.0);
        let rounded = (1.0 - (1.0 - u) * (1.0 - u)).sqrt();
        APEX_OFFSET - (APEX_OFFSET - 0.035) * rounded
    }

    /// Height of the diaphragm at a distance from the midline.
    pub fn diaphragm_y(&self, away: f32, side: Side) -> f32 {
        let highest = 0.17;
        let outside = away - highest;
        let fall = if outside > 0.0 {
            let reach = self.patient.chest_half_width - highest;
            0.115 * (outside / reach).powi(2) * (0.35 + 0.65 * (outside / reach).powi(2))
        } else {
            1.1 * outside * outside
        };
        self.dome_y(side) + fall
    }

    /// How far inside the lung a point lies, in body units; negative outside.
    pub fn depth(&self, x: f32, y: f32) -> f32 {
        let side = ChestShape::side_of(x);
        let away = (x - 0.5).abs();
        let from_wall = self.lateral(y, side) - away;
        let from_middle = away - self.medial(y, side);
        let from_diaphragm = self.diaphragm_y(away, side) - y;
        let from_apex = y - self.patient.apex_y;
        from_wall
            .min(from_middle)
            .min(from_diaphragm)
            .min(from_apex)
    }

    /// Draws the chest.
    pub fn chest(&self) -> Chest {
        let columns: Vec<ColumnShape> = (0..GRID_SIDE)
            .map(|column| self.column_shape(body_from_grid(column)))
            .collect();
        let mut chest = Chest {
            tissue: Field::zeros(),
            air: Field::zeros(),
        };
        for row in 0..GRID_SIDE {
            let y = body_from_grid(row);
            let shape = self.row_shape(y);
            for (column, line) in columns.iter().enumerate() {
                let index = row * GRID_SIDE + column;
                let tissue = self.tissue(line, &shape, y);
                if tissue <= 0.0 {
                    continue;
                }
                chest.tissue.values[index] = tissue;
                let air = self.air(line, &shape, y);
                if air > 0.0 {
                    // The heart pushes the air aside, not all of it: lung lies before and behind.
                    chest.air.values[index] = air * (1.0 - 0.86 * self.mediastinum(line.x, y));
                }
            }
        }
        chest
    }

    fn column_shape(&self, x: f32) -> ColumnShape {
        let (side, away) = (ChestShape::side_of(x), (x - 0.5).abs());
        let neck = 0.105 + 0.02 * self.patient.weight;
        ColumnShape {
            x,
            side,
            away,
            diaphragm_y: self.diaphragm_y(away, side),
            shoulder_y: 0.015 + 0.31 * (away - neck).max(0.0).powf(1.15),
        }
    }

    fn row_shape(&self, y: f32) -> RowShape {
        let weight = self.patient.weight;
        // The upper arms widen the body towards the shoulders.
        let arms = 2.2 * (0.44 - y).max(0.0).powi(2);
        let waist = 0.03 * smoothstep(0.75, 1.0, y);
        let belly = 1.0 + (0.12 + 0.14 * weight) * smoothstep(0.68, 0.86, y);
        let neck = 1.0 - 0.25 * smoothstep(0.2, 0.0, y);
        RowShape {
            lateral: [RIGHT, LEFT].map(|side| self.lateral(y, side)),
            medial: [RIGHT, LEFT].map(|side| self.medial(y, side)),
            half_width: self.patient.chest_half_width + 0.07 + 0.06 * weight + arms - waist,
            thickness: (0.86 + 0.2 * weight) * belly * neck,
            // The upper zones hold less lung before the shoulder girdle.
            zone: 0.86 + 0.14 * smoothstep(0.12, 0.36, y),
        }
    }

    fn tissue(&self, column: &ColumnShape, row: &RowShape, y: f32) -> f32 {
        let below_shoulder = smoothstep(-0.012, 0.014, y - column.shoulder_y);
        let inside = smoothstep(-0.006, 0.012, row.half_width - column.away);
        if below_shoulder * inside <= 0.0 {
            return 0.0;
        }
        let across = (column.away / (row.half_width + 0.05)).min(0.999);
        let rounded = 0.42 + 0.58 * (1.0 - across * across).sqrt();
        row.thickness * rounded * below_shoulder * inside + self.breasts(column.away, y)
    }

    /// A faint veil over the lower lungs that ends in a soft line.
    fn breasts(&self, away: f32, y: f32) -> f32 {
        if !self.patient.has_breasts {
            return 0.02 * smoothstep(0.35, 0.5, y) * smoothstep(0.62, 0.5, y);
        }
        let size = self.patient.breast_size;
        let dx = (away - 0.25) / (0.16 + 0.06 * size);
        let dy = (y - 0.57 - 0.08 * size) / (0.14 + 0.08 * size);
        let radius_squared = dx * dx + dy * dy;
        if radius_squared > 1.2 {
            return 0.0;
        }
        let edge = smoothstep(1.05, 0.88, radius_squared.sqrt());
        let thickness = (1.0 - radius_squared).max(0.0).sqrt();
        // The lower half hangs free; the upper half thins out into the chest.
        (0.04 + 0.15 * size) * edge * (0.35 + 0.65 * thickness) * smoothstep(-1.0, 0.3, dy)
    }

    fn air(&self, column: &ColumnShape, row: &RowShape, y: f32) -> f32 {
        let depth = (row.lateral[column.side] - column.away)
            .min(column.away - row.medial[column.side])
            .min(column.diaphragm_y - y)
            .min(y - self.patient.apex_y);
        let inside = smoothstep(-0.004, 0.010, depth);
        if inside <= 0.0 {
            return self.stomach_bubble(column.x, y);
        }
        // Thin at the rim, thick in the middle, as a rounded lung is.
        let thickness = 0.60 + 0.40 * (depth.max(0.0) / 0.13).min(1.0).sqrt();
        0.66 * self.patient.aeration * inside * thickness * row.zone
    }

    fn stomach_bubble(&self, x: f32, y: f32) -> f32 {
        if !self.patient.has_stomach_bubble {
            return 0.0;
        }
        let (dx, dy) = ((x - 0.665) / 0.075, (y - self.dome_y(LEFT) - 0.075) / 0.042);
        0.26 * smoothstep(1.15, 0.6, (dx * dx + dy * dy).sqrt())
    }

    /// Heart, aortic knob and the band of the great vessels, as 0 to 1.
    fn mediastinum(&self, x: f32, y: f32) -> f32 {
        // No heart reaches farther.
        if (x - 0.5).abs() > 0.33 {
            return 0.0;
        }
        let patient = self.patient;
        let middle = 0.5 + self.turn;
        let half_width = patient.mediastinum_half_width
            + 0.022 * smoothstep(0.28, 0.10, y)
            + 0.012 * smoothstep(0.3, 0.42, y);
        let band = smoothstep(half_width + 0.014, half_width - 0.020, (x - middle).abs());
        let knob_radius = 0.034 + 0.014 * patient.aortic_knob;
        let knob_x = middle + patient.mediastinum_half_width * 0.55 + 0.012 * patient.aortic_knob;
        let knob = disc(x - knob_x, y - 0.285, knob_radius, 0.010);
        band.max(0.92 * knob).max(self.heart(x, y))
    }

    fn heart(&self, x: f32, y: f32) -> f32 {
        let patient = self.patient;
        let width = 2.0 * patient.chest_half_width * patient.heart_ratio * self.heart_scale;
        let bottom = self.dome_y(LEFT).min(self.dome_y(RIGHT) + 0.015) + 0.045;
        // Two thirds of the heart lie on the patient's left.
        let middle = 0.5 + self.turn;
        let (center_x, center_y) = (middle + 0.19 * width, bottom - 0.42 * width);
        let (dx, dy) = (x - center_x, y - center_y);
        if dx * dx + dy * dy > width * width {
            return 0.0;
        }
        let (sine, cosine) = patient.heart_tilt.sin_cos();
        let (along, across) = (dx * cosine + dy * sine, dy * cosine - dx * sine);
        let ventricles = ellipse(along, across, 0.58 * width, 0.37 * width);
        let atrium = ellipse(
            dy - 0.01,
            x - (middle - 0.115 * width),
            0.32 * width,
            0.195 * width,
        );
        let outflow_x = x - (middle + 0.10 * width);
        let outflow = ellipse(dy + 0.42 * width, outflow_x, 0.30 * width, 0.155 * width);
        ventricles.max(atrium).max(0.85 * outflow)
    }
}

/// Distance of the apices from the midline.
const APEX_OFFSET: f32 = 0.145;

/// A ball of tissue: a soft edge and more of it in the middle.
fn disc(dx: f32, dy: f32, radius: f32, softness: f32) -> f32 {
    let distance = (dx * dx + dy * dy).sqrt();
    let rim = radius + softness * 0.5;
    if distance >= rim {
        return 0.0;
    }
    let inside = smoothstep(rim, radius - softness, distance);
    let thickness = (1.0 - (distance / radius).min(1.0).powi(2)).sqrt();
    inside * (0.70 + 0.30 * thickness)
}

fn ellipse(along: f32, across: f32, half_length: f32, half_width: f32) -> f32 {
    let scale = half_length / half_width;
    disc(along, across * scale, half_length, 0.022)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::field::grid_from_body;

    #[test]
    fn lungs_are_dark_and_the_middle_is_not() {
        for seed in 0..20 {
            let patient = Patient::draw(&mut ChaCha8Rng::seed_from_u64(seed));
            let shape = ChestShape {
                patient: &patient,
                raised_diaphragm: 0.0,
                turn: 0.0,
                heart_scale: 1.0,
            };
            let chest = shape.chest();
            let at = |field: &Field, x: f32, y: f32| field.at(grid_from_body(x), grid_from_body(y));
            for x in [0.5 - 0.22, 0.5 + 0.24] {
                assert!(shape.depth(x, 0.35) > 0.05, "seed {seed}");
                assert!(at(&chest.air, x, 0.35) > 0.3, "seed {seed}");
                assert!(shape.depth(x, 0.95) < 0.0, "seed {seed}");
            }
            assert!(shape.depth(0.5, 0.4) < 0.0);
            assert!(at(&chest.air, 0.5, 0.4) < 0.01 && shape.mediastinum(0.5, 0.4) > 0.5);
            assert_eq!(at(&chest.tissue, 0.02, 0.02), 0.0, "air above the shoulder");
        }
    }
}
