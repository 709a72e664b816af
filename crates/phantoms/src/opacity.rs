//! Disease: what fills the air of the lungs. And what healthy lungs have that looks like it.

use std::f32::consts::PI;

use rand::{Rng, RngExt};

use crate::chest::{ChestShape, LEFT, OUTWARD, RIGHT, Side};
use crate::class::PhantomClass;
use crate::draw::{around, between, happens};
use crate::field::{Field, GRID_SIDE, body_from_grid, cloud, smoothstep};

/// The shadows of one image, each as the share of the lungs' air that it replaces, 0 to 1.
#[derive(Debug, Clone)]
pub(crate) struct Fillings {
    /// What healthy people have too, all together.
    pub innocent: Field,
    /// The shadows of disease, one by one.
    pub disease: Vec<Field>,
}

/// Draws the shadows. `severity` is 0 for barely visible to 1 for obvious.
pub(crate) fn draw_fillings(
    rng: &mut impl Rng,
    shape: &ChestShape,
    class: PhantomClass,
    severity: f32,
) -> Fillings {
    Fillings {
        innocent: innocent_filling(rng, shape),
        disease: match class {
            PhantomClass::Normal => Vec::new(),
            PhantomClass::Pneumonia => pneumonia(rng, shape, severity),
            PhantomClass::Effusion => effusion(rng, shape, severity),
        },
    }
}

fn pneumonia(rng: &mut impl Rng, shape: &ChestShape, severity: f32) -> Vec<Field> {
    if happens(rng, 0.22) {
        return vec![interstitial(rng, shape, severity)];
    }
    let spots = 1 + u32::from(happens(rng, 0.35)) + u32::from(happens(rng, 0.25 * severity));
    let first_side = if happens(rng, 0.55) { RIGHT } else { LEFT };
    (0..spots)
        .map(|spot| {
            let side = if spot == 0 || happens(rng, 0.5) {
                first_side
            } else {
                1 - first_side
            };
            consolidation(rng, shape, side, severity)
        })
        .collect()
}

/// A patch with torn rims in which the bronchi stay dark.
fn consolidation(rng: &mut impl Rng, shape: &ChestShape, side: Side, severity: f32) -> Field {
    let (center_x, center_y) = point_in_lung(rng, shape, side, 0.30, 0.92);
    let size = between(rng, 0.15, 0.20) + 0.15 * severity * rng.random::<f32>();
    let (half_width, half_height) = (
        size * between(rng, 0.85, 1.3),
        size * between(rng, 0.8, 1.4),
    );
    let (sine, cosine) = around(rng, 0.0, 0.6).sin_cos();
    let strength = 0.30 + 0.52 * severity + around(rng, 0.0, 0.04);
    let rags = cloud(rng, 0.07, 4);
    let bronchi = air_bronchogram(rng, center_x, center_y, side);
    let mut patch = Field::from_fn(|x, y| {
        let (dx, dy) = (x - center_x, y - center_y);
        let along = (dx * cosine + dy * sine) / half_width;
        let across = (dy * cosine - dx * sine) / half_height;
        (along * along + across * across).sqrt()
    });
    for ((value, rag), bronchus) in patch
        .values
        .iter_mut()
        .zip(&rags.values)
        .zip(&bronchi.values)
    {
        let torn = *value + 0.20 * rag;
        let density = smoothstep(1.35, 0.25, torn) * (1.0 + 0.12 * rag).clamp(0.6, 1.3);
        *value = (strength * density * (1.0 - 0.38 * bronchus)).clamp(0.0, 0.9);
    }
    patch
}

/// Dark branching lines that point away from the hilum.
fn air_bronchogram(rng: &mut impl Rng, center_x: f32, center_y: f32, side: Side) -> Field {
    let mut lines = Field::zeros();
    let (hilum_x, hilum_y) = (0.5 + OUTWARD[side] * 0.07, 0.42);
    let toward = (center_y - hilum_y).atan2(center_x - hilum_x);
    for _ in 0..4 {
        let mut angle = toward + around(rng, 0.0, 0.5);
        let mut x = center_x - 0.07 * toward.cos() + around(rng, 0.0, 0.018);
        let mut y = center_y - 0.07 * toward.sin() + around(rng, 0.0, 0.018);
        for step in 0..26 {
            angle += around(rng, 0.0, 0.08);
            x += 0.005 * angle.cos();
            y += 0.005 * angle.sin();
            lines.raise_disc(x, y, 0.0048 * (1.0 - 0.02 * step as f32), 1.0);
        }
    }
    lines
}

/// Fine lines and haze in both lungs, more at the bases.
fn interstitial(rng: &mut impl Rng, shape: &ChestShape, severity: f32) -> Field {
    let haze = cloud(rng, 0.16, 2);
    let strength = 0.45 + 0.60 * severity;
    let favours_bases = happens(rng, 0.7);
    let only_side = happens(rng, 0.2).then(|| either_side(rng));
    let lines = net_of_lines(rng, shape);
    let mut share = Field::from_fn(|x, y| {
        let side = ChestShape::side_of(x);
        if only_side.is_some_and(|only| only != side) {
            return 0.0;
        }
        let height = (y - shape.patient.apex_y) / (shape.dome_y(side) - shape.patient.apex_y);
        if favours_bases {
            smoothstep(0.15, 0.75, height)
        } else {
            smoothstep(1.1, 0.4, (height - 0.5).abs() * 2.0)
        }
    });
    for ((value, haze), line) in share.values.iter_mut().zip(&haze.values).zip(&lines.values) {
        let patchy = smoothstep(-1.4, 1.0, *haze);
        *value = (*value * patchy * strength * (0.55 + 0.75 * line)).clamp(0.0, 0.8);
    }
    share
}

/// Short thin lines in all directions: thickened walls between the lobules.
fn net_of_lines(rng: &mut impl Rng, shape: &ChestShape) -> Field {
    let mut lines = Field::zeros();
    for _ in 0..1300 {
        let side = either_side(rng);
        let (mut x, mut y) = point_in_lung(rng, shape, side, 0.05, 1.0);
        let mut angle = between(rng, 0.0, 2.0 * PI);
        let (radius, strength) = (between(rng, 0.003, 0.005), between(rng, 0.3, 1.0));
        for _ in 0..rng.random_range(3..9) {
            angle += around(rng, 0.0, 0.3);
            x += 0.004 * angle.cos();
            y += 0.004 * angle.sin();
            lines.raise_disc(x, y, radius, strength);
        }
    }
    lines
}

fn effusion(rng: &mut impl Rng, shape: &ChestShape, severity: f32) -> Vec<Field> {
    let first_side = either_side(rng);
    let both = happens(rng, 0.3);
    let lies_down = happens(rng, 0.08);
    let mut fluids = Vec::new();
    for side in [first_side, 1 - first_side] {
        if side != first_side && !both {
            continue;
        }
        let amount = if side == first_side {
            severity
        } else {
            severity * between(rng, 0.3, 1.0)
        };
        fluids.push(if lies_down {
            veil(rng, shape, side, amount)
        } else {
            fluid_level(rng, shape, side, amount)
        });
    }
    fluids
}

/// Fluid of an upright patient: it climbs at the chest wall and hides the angle of the diaphragm.
fn fluid_level(rng: &mut impl Rng, shape: &ChestShape, side: Side, amount: f32) -> Field {
    let angle_y = shape.costophrenic_y(side);
    let height = 0.10 + 0.32 * amount.powf(1.1) + around(rng, 0.0, 0.008);
    let climb = between(rng, 1.8, 3.2);
    let medial_share = between(rng, 0.15, 0.55) * smoothstep(0.05, 0.6, amount);
    let strength = 0.80 + 0.14 * amount;
    let softness = between(rng, 0.012, 0.030);
    let waves = cloud(rng, 0.2, 2);
    // How far the fluid climbs by the share of the way to the chest wall.
    let surface_at =
        |out: f32| angle_y - height * (medial_share + (1.0 - medial_share) * out.powf(climb));
    let surface: Vec<f32> = (0..=110)
        .map(|percent| surface_at(percent as f32 / 100.0))
        .collect();
    let walls: Vec<f32> = (0..GRID_SIDE)
        .map(|row| shape.lateral(body_from_grid(row).min(angle_y), side))
        .collect();
    let mut share = Field::zeros();
    for (row, line) in share.values.chunks_exact_mut(GRID_SIDE).enumerate() {
        let y = body_from_grid(row);
        let waves = &waves.values[row * GRID_SIDE..][..GRID_SIDE];
        for (column, (value, wave)) in line.iter_mut().zip(waves).enumerate() {
            let away = (body_from_grid(column) - 0.5) * OUTWARD[side];
            if away > 0.0 {
                let out = (away / walls[row]).min(1.1);
                let under = (y - surface[(out * 100.0) as usize]) / softness;
                *value = strength * smoothstep(-1.2, 1.5, under + 0.25 * wave);
            }
        }
    }
    share
}

/// Fluid of a lying patient: a veil over the whole side.
fn veil(rng: &mut impl Rng, shape: &ChestShape, side: Side, amount: f32) -> Field {
    let strength = 0.26 + 0.34 * amount;
    let cap = happens(rng, 0.5);
    let angle_y = shape.costophrenic_y(side);
    Field::from_fn(|x, y| {
        let away = (x - 0.5) * OUTWARD[side];
        if away < 0.0 {
            return 0.0;
        }
        let lower = smoothstep(0.12, 0.75, y);
        let blunted = 0.4 * smoothstep(angle_y - 0.10, angle_y - 0.02, y);
        let at_the_apex = if cap {
            0.25 * smoothstep(0.035, 0.0, shape.depth(x, y)) * smoothstep(0.3, 0.15, y)
        } else {
            0.0
        };
        (strength * (0.3 + 0.7 * lower) + blunted * strength + at_the_apex).min(0.85)
    })
}

/// What a healthy chest may show: uneven air, thin scars, nipples, fat beside the heart.
fn innocent_filling(rng: &mut impl Rng, shape: &ChestShape) -> Field {
    let mut share = uneven_air(rng);
    if happens(rng, 0.22) {
        add_plate_scar(rng, shape, &mut share);
    }
    if happens(rng, 0.16) {
        add_nipples(rng, shape, &mut share);
    }
    if happens(rng, 0.18) {
        add_fat_pad(rng, shape, &mut share);
    }
    if happens(rng, 0.06) {
        add_old_blunting(rng, shape, &mut share);
    }
    if happens(rng, 0.12) {
        add_nodule(rng, shape, &mut share);
    }
    share
}

fn either_side(rng: &mut impl Rng) -> Side {
    if happens(rng, 0.5) { RIGHT } else { LEFT }
}

/// Two shadows on one ray: what the first left of the air, the second fills in part.
fn fill(share: &mut f32, more: f32) {
    *share += (1.0 - *share) * more;
}

fn uneven_air(rng: &mut impl Rng) -> Field {
    let strength = between(rng, 0.015, 0.055);
    let mut share = cloud(rng, 0.17, 3);
    for value in &mut share.values {
        *value = (strength * (*value + 0.6)).max(0.0);
    }
    share
}

/// A thin, nearly level line at a base.
fn add_plate_scar(rng: &mut impl Rng, shape: &ChestShape, share: &mut Field) {
    let side = either_side(rng);
    let point = point_in_lung(rng, shape, side, 0.65, 0.95);
    let (half_length, half_width) = (between(rng, 0.03, 0.07), between(rng, 0.002, 0.006));
    let (sine, cosine) = around(rng, 0.1 * OUTWARD[side], 0.2).sin_cos();
    let strength = between(rng, 0.1, 0.4);
    share.change_near(point, half_length, |value, dx, dy| {
        let (along, across) = (dx * cosine + dy * sine, dy * cosine - dx * sine);
        let ends = smoothstep(half_length, half_length * 0.6, along.abs());
        fill(
            value,
            strength * ends * (-(across / half_width).powi(2)).exp(),
        );
    });
}

fn add_nipples(rng: &mut impl Rng, shape: &ChestShape, share: &mut Field) {
    let away = around(rng, 0.22, 0.02);
    let y = shape.dome_y(RIGHT) - between(rng, 0.03, 0.10);
    for outward in OUTWARD {
        let (strength, radius) = (between(rng, 0.1, 0.3), between(rng, 0.008, 0.013));
        let point = (0.5 + outward * away, y + around(rng, 0.0, 0.008));
        add_ball(share, point, radius, strength);
    }
}

fn add_nodule(rng: &mut impl Rng, shape: &ChestShape, share: &mut Field) {
    let side = either_side(rng);
    let point = point_in_lung(rng, shape, side, 0.1, 0.9);
    let (radius, strength) = (between(rng, 0.007, 0.014), between(rng, 0.25, 0.6));
    add_ball(share, point, radius, strength);
}

fn add_ball(share: &mut Field, point: (f32, f32), radius: f32, strength: f32) {
    share.change_near(point, 2.0 * radius, |value, dx, dy| {
        fill(
            value,
            strength * (-(dx * dx + dy * dy) / (radius * radius)).exp(),
        );
    });
}

fn add_fat_pad(rng: &mut impl Rng, shape: &ChestShape, share: &mut Field) {
    let side = if happens(rng, 0.65) { LEFT } else { RIGHT };
    let (reach, strength) = (between(rng, 0.05, 0.10), between(rng, 0.15, 0.45));
    let foot_x = 0.5 + OUTWARD[side] * if side == LEFT { 0.19 } else { 0.09 };
    let foot = (foot_x, shape.dome_y(side) + 0.01);
    share.change_near(foot, reach, |value, dx, dy| {
        let distance = (dx * dx + 1.44 * dy * dy).sqrt();
        fill(value, strength * smoothstep(reach, reach * 0.3, distance));
    });
}

/// A scar that rounds the angle of the diaphragm a little.
fn add_old_blunting(rng: &mut impl Rng, shape: &ChestShape, share: &mut Field) {
    let side = either_side(rng);
    let angle_y = shape.costophrenic_y(side);
    let angle_x = 0.5 + OUTWARD[side] * (shape.lateral(angle_y, side) - 0.005);
    let (reach, strength) = (between(rng, 0.035, 0.065), between(rng, 0.4, 0.8));
    share.change_near((angle_x, angle_y), reach * 1.5, |value, dx, dy| {
        let distance = (dx * dx + 0.49 * dy * dy).sqrt();
        fill(value, strength * smoothstep(reach, reach * 0.45, distance));
    });
}

/// A point well inside one lung, at a depth between `high` (0 apex) and `low` (1 diaphragm).
fn point_in_lung(
    rng: &mut impl Rng,
    shape: &ChestShape,
    side: Side,
    high: f32,
    low: f32,
) -> (f32, f32) {
    let apex_y = shape.patient.apex_y;
    let mut point = (0.5 + OUTWARD[side] * 0.2, 0.5);
    for _ in 0..20 {
        let y = apex_y + (shape.dome_y(side) - apex_y) * between(rng, high, low);
        let wall = shape.lateral(y, side);
        // Denser towards the middle of the lung than towards its rims.
        let across = 0.5 - 0.5 * (PI * rng.random::<f32>()).cos();
        point = (0.5 + OUTWARD[side] * (0.07 + (wall - 0.07) * across), y);
        if shape.depth(point.0, point.1) > 0.02 {
            break;
        }
    }
    point
}
