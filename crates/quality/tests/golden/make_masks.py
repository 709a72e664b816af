"""Writes masks.json: COCO strings, areas, boxes and IoUs of drawn masks by pycocotools, Dice and distances
between outlines by MedPy and scipy, mean IoU of label maps by scikit-learn's definition in numpy.

    python make_masks.py    # needs numpy, scipy, pycocotools and medpy
"""

import json
from pathlib import Path

import numpy as np
from medpy.metric import binary
from pycocotools import mask as coco
from scipy import ndimage

TOLERANCES = [0.0, 1.0, 2.5]


def blobs(luck: np.random.Generator, height: int, width: int, share: float, smooth: float) -> np.ndarray:
    """A random mask that covers about `share` of the image."""
    field = ndimage.gaussian_filter(luck.standard_normal((height, width)), smooth)
    return (field >= np.quantile(field, 1 - share)).astype(np.uint8)


def moved(luck: np.random.Generator, mask: np.ndarray) -> np.ndarray:
    """The mask shifted, eroded or dilated, with some noise."""
    mask = np.roll(mask, luck.integers(-3, 4, 2), (0, 1))
    mask = [ndimage.binary_erosion, ndimage.binary_dilation][luck.integers(2)](mask)
    return (mask ^ (luck.random(mask.shape) < 0.002)).astype(np.uint8)


def packed(mask: np.ndarray) -> str:
    return np.packbits(mask.reshape(-1)).tobytes().hex()


def outline(mask: np.ndarray) -> np.ndarray:
    return mask.astype(bool) & ~ndimage.binary_erosion(mask)


def directed(first: np.ndarray, second: np.ndarray, spacing: tuple[float, float]) -> np.ndarray:
    return ndimage.distance_transform_edt(~outline(second), sampling=spacing)[outline(first)]


def pair(number: int) -> dict:
    luck = np.random.default_rng(number)
    height, width = int(luck.integers(4, 70)), int(luck.integers(4, 70))
    first = blobs(luck, height, width, luck.uniform(0.05, 0.7), luck.uniform(0.5, 5))
    second = moved(luck, first) if number % 3 else blobs(luck, height, width, 0.3, 2)
    if not second.any():
        second[0, 0] = 1
    across, down = (1.0, 1.0) if number % 2 else (round(luck.uniform(0.2, 2), 3), round(luck.uniform(0.2, 2), 3))
    spacing = (down, across)
    rles = [coco.encode(np.asfortranarray(mask)) for mask in (first, second)]
    there, back = directed(first, second, spacing), directed(second, first, spacing)
    close = [int((there <= t).sum() + (back <= t).sum()) / (len(there) + len(back)) for t in TOLERANCES]
    return {
        "width": width, "height": height, "bitmaps": [packed(first), packed(second)],
        "strings": [rle["counts"].decode() for rle in rles],
        "areas": [int(coco.area(rle)) for rle in rles],
        "boxes": [coco.toBbox(rle).tolist() for rle in rles],
        "union": coco.merge(rles)["counts"].decode(),
        "intersection": coco.merge(rles, intersect=True)["counts"].decode(),
        "iou": float(coco.iou([rles[0]], [rles[1]], [0])[0, 0]),
        "dice": float(binary.dc(first, second)),
        "spacing": [across, down],
        "hausdorff": float(binary.hd(first, second, voxelspacing=spacing)),
        "hausdorff_95": float(max(np.percentile(there, 95), np.percentile(back, 95))),
        "pooled_95": float(binary.hd95(first, second, voxelspacing=spacing)),
        "average": float(binary.assd(first, second, voxelspacing=spacing)),
        "surface_dice": close,
    }


def maps(number: int) -> dict:
    """Two label maps of up to 5 classes; 65535 is ignored."""
    luck = np.random.default_rng(100 + number)
    height, width = int(luck.integers(5, 40)), int(luck.integers(5, 40))
    truth = np.zeros((height, width), np.int64)
    for label in range(1, 4):
        truth[blobs(luck, height, width, 0.2, 3) > 0] = label
    said = np.where(luck.random(truth.shape) < 0.2, luck.integers(0, 5, truth.shape), truth)
    truth[luck.random(truth.shape) < 0.1] = 65535
    said[luck.random(truth.shape) < 0.05] = 65535
    counted = truth != 65535
    ious, dices = [], []
    for label in range(6):
        a, b = (truth == label) & counted, (said == label) & counted
        if (a | b).any():
            ious.append((a & b).sum() / (a | b).sum())
            dices.append(2 * (a & b).sum() / (a.sum() + b.sum()))
    return {
        "width": width, "height": height, "truth": truth.reshape(-1).tolist(), "said": said.reshape(-1).tolist(),
        "mean_iou": float(np.mean(ious)), "mean_dice": float(np.mean(dices)),
    }


if __name__ == "__main__":
    found = {"tolerances": TOLERANCES, "pairs": [pair(n) for n in range(60)], "maps": [maps(n) for n in range(6)]}
    Path(__file__).with_name("masks.json").write_text(json.dumps(found, separators=(",", ":")) + "\n")
