//! The vessels of the lungs: trees that leave the hila and thin out, and the air in the bronchi.

use rand::Rng;

use crate::chest::{ChestShape, LEFT, OUTWARD, RIGHT};
use crate::draw::{around, between, happens};
use crate::field::{Field, GRID_SIDE, body_from_grid, grid_from_body, smoothstep};

/// Attenuation of the vessels, 0 where there is none.
pub(crate) fn draw_vessels(rng: &mut impl Rng, shape: &ChestShape) -> Field {
    let mut vessels = Field::zeros();
    for side in [RIGHT, LEFT] {
        let hilum_x = 0.5 + shape.turn + OUTWARD[side] * around(rng, 0.078, 0.008);
        let hilum_y = if side == RIGHT { 0.435 } else { 0.412 };
        for _ in 0..9 {
            let (x, y) = (
                hilum_x + around(rng, 0.0, 0.010),
                hilum_y + around(rng, 0.0, 0.020),
            );
            vessels.raise_disc(x, y, between(rng, 0.012, 0.021), between(rng, 0.10, 0.17));
        }
        for direction in [-1.25, -0.85, -0.4, 0.05, 0.45, 0.8, 1.05, 1.3, 1.5] {
            let branch = Branch {
                x: hilum_x,
                y: hilum_y,
                angle: direction + around(rng, 0.0, 0.12),
                width: between(rng, 0.0068, 0.0115),
                outward: OUTWARD[side],
            };
            grow(rng, shape, branch, 0, &mut vessels);
        }
    }
    for value in &mut vessels.values {
        *value *= shape.patient.vessels;
    }
    vessels
}

/// Takes the trachea and the two main bronchi out of the attenuation: tubes of air in the tissue.
pub(crate) fn carve_airways(attenuation: &mut Field, tissue: &Field, shape: &ChestShape) {
    let middle = 0.494 + shape.turn * 1.2;
    let carina_y = 0.375;
    let air = |dx: f32, y: f32| {
        let tube = smoothstep(0.030, 0.012, dx.abs());
        let trachea =
            tube * smoothstep(-0.05, 0.02, y) * smoothstep(carina_y + 0.01, carina_y - 0.03, y);
        let along = y - carina_y + 0.03;
        let bronchus = |outward: f32, slope: f32| {
            let away = dx * outward - slope * along;
            smoothstep(0.016, 0.007, away.abs())
                * smoothstep(0.0, 0.02, along)
                * smoothstep(0.10, 0.06, along)
        };
        0.11 * trachea
            .max(0.75 * bronchus(-1.0, 0.65))
            .max(0.7 * bronchus(1.0, 0.95))
    };
    let rows = attenuation.values.chunks_exact_mut(GRID_SIDE);
    for (row, (line, tissue)) in rows.zip(tissue.values.chunks_exact(GRID_SIDE)).enumerate() {
        let y = body_from_grid(row);
        if y > carina_y + 0.08 {
            break;
        }
        let left = grid_from_body(middle - 0.15) as usize;
        let right = grid_from_body(middle + 0.15) as usize;
        for column in left..right {
            line[column] -= tissue[column] * air(body_from_grid(column) - middle, y);
        }
    }
}

struct Branch {
    x: f32,
    y: f32,
    /// 0 straight outward, positive downward, radians.
    angle: f32,
    width: f32,
    outward: f32,
}

fn grow(
    rng: &mut impl Rng,
    shape: &ChestShape,
    mut branch: Branch,
    level: u32,
    vessels: &mut Field,
) {
    const STEP: f32 = 0.0065;
    for _ in 0..46 {
        branch.angle += around(rng, 0.0, 0.07);
        branch.x += branch.outward * branch.angle.cos() * STEP;
        branch.y += branch.angle.sin() * STEP;
        branch.width *= 0.968;
        let depth = shape.depth(branch.x, branch.y);
        let left_the_lung = depth < 0.004 && level > 0;
        if left_the_lung || branch.width < 0.0013 {
            return;
        }
        let height = 0.125 * (branch.width / 0.008).min(1.0).powf(0.75);
        vessels.raise_disc(branch.x, branch.y, branch.width, height);
        if level < 3 && happens(rng, 0.085) {
            let turn = between(rng, 0.35, 0.75) * if happens(rng, 0.5) { 1.0 } else { -1.0 };
            let twig = Branch {
                angle: branch.angle + turn,
                width: branch.width * 0.78,
                ..branch
            };
            grow(rng, shape, twig, level + 1, vessels);
            branch.angle -= turn * 0.35;
        }
    }
}
