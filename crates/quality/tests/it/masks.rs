//! Masks, their overlap and the distances of their outlines beside pycocotools, MedPy and scipy
//! (`tests/golden/make_masks.py`).

use crate::{near, unpacked};
use autolabel_annotation::{ImageSize, LabelMap, Mask};
use autolabel_quality::{
    Overlap, class_overlaps, iou_matrix, mask_overlap, mean_over_classes, surface_distances,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    tolerances: Vec<f64>,
    pairs: Vec<Pair>,
    maps: Vec<Maps>,
}

#[derive(Deserialize)]
struct Pair {
    width: u32,
    height: u32,
    bitmaps: [String; 2],
    strings: [String; 2],
    areas: [u32; 2],
    boxes: [[f32; 4]; 2],
    union: String,
    intersection: String,
    iou: f64,
    dice: f64,
    spacing: [f64; 2],
    hausdorff: f64,
    hausdorff_95: f64,
    pooled_95: f64,
    average: f64,
    surface_dice: Vec<f64>,
}

#[derive(Deserialize)]
struct Maps {
    width: u32,
    height: u32,
    truth: Vec<u16>,
    said: Vec<u16>,
    mean_iou: f64,
    mean_dice: f64,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../golden/masks.json")).unwrap()
}

impl Pair {
    fn masks(&self) -> [Mask; 2] {
        let size = ImageSize::new(self.width, self.height).unwrap();
        self.bitmaps.each_ref().map(|bitmap| {
            Mask::from_bitmap(size, &unpacked(bitmap, size.pixels() as usize)).unwrap()
        })
    }
}

#[test]
fn strings_boxes_and_sets_are_those_of_pycocotools() {
    let golden = golden();
    assert_eq!(golden.pairs.len(), 60);
    for pair in golden.pairs {
        let masks = pair.masks();
        for (place, mask) in masks.iter().enumerate() {
            let string = &pair.strings[place];
            assert_eq!(&mask.to_coco_string(), string);
            assert_eq!(&Mask::from_coco_string(mask.size(), string).unwrap(), mask);
            assert_eq!(mask.area(), pair.areas[place]);
            let around = mask.bounding_box().unwrap();
            let sides = [around.x, around.y, around.width, around.height];
            assert_eq!(sides, pair.boxes[place]);
        }
        let [first, second] = &masks;
        assert_eq!(first.union(second).unwrap().to_coco_string(), pair.union);
        let both = first.intersection(second).unwrap();
        assert_eq!(both.to_coco_string(), pair.intersection);
    }
}

#[test]
fn iou_and_dice() {
    for pair in golden().pairs {
        let [first, second] = pair.masks();
        let overlap = mask_overlap(&first, &second).unwrap();
        near(overlap.iou(), pair.iou, 1e-15);
        near(overlap.dice(), pair.dice, 1e-15);
        let matrix = iou_matrix(&[first], &[second]).unwrap();
        assert_eq!(matrix.values, [pair.iou]);
    }
}

#[test]
fn distances_of_outlines() {
    let golden = golden();
    for pair in golden.pairs {
        let [first, second] = pair.masks();
        let found = surface_distances(&first, &second, pair.spacing).unwrap();
        near(found.hausdorff().unwrap(), pair.hausdorff, 1e-9);
        near(found.hausdorff_95().unwrap(), pair.hausdorff_95, 1e-9);
        near(found.average().unwrap(), pair.average, 1e-9);
        for (tolerance, share) in golden.tolerances.iter().zip(&pair.surface_dice) {
            near(
                found.normalized_surface_dice(*tolerance).unwrap(),
                *share,
                1e-15,
            );
        }
        // MedPy pools both directions; the larger of both percentiles is never below that.
        assert!(found.hausdorff_95().unwrap() >= pair.pooled_95 - 1e-9);
    }
}

#[test]
fn means_over_classes_leave_absent_ones_out() {
    for maps in golden().maps {
        let size = ImageSize::new(maps.width, maps.height).unwrap();
        let [truth, said] =
            [maps.truth, maps.said].map(|values| LabelMap::from_bitmap(size, &values).unwrap());
        let overlaps = class_overlaps(&truth, &said, 6).unwrap();
        near(
            mean_over_classes(&overlaps, Overlap::iou).unwrap(),
            maps.mean_iou,
            1e-12,
        );
        near(
            mean_over_classes(&overlaps, Overlap::dice).unwrap(),
            maps.mean_dice,
            1e-12,
        );
    }
}
