"""Writes detections.json: average precision of drawn boxes and masks by pycocotools, and free-response
curves by numpy from the definition of LUNA16.

    python make_detections.py    # needs numpy and pycocotools
"""

import contextlib
import io
import json
from pathlib import Path

import numpy as np
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def boxes_of(luck: np.random.Generator, count: int, largest: float) -> np.ndarray:
    """x, y, width and height in quarters of a pixel, so that single precision holds them."""
    corner = luck.uniform(0, 300, (count, 2))
    sides = np.exp(luck.uniform(np.log(4), np.log(largest), (count, 2)))
    return np.round(np.hstack([corner, sides]) * 4) / 4


def shape_of(box: np.ndarray, luck: np.random.Generator) -> np.ndarray:
    """An ellipse in the box, on an image of 96 x 80."""
    x, y, width, height = box
    columns, rows = np.arange(96) + 0.5, np.arange(80) + 0.5
    across, down = (columns - x - width / 2) / (width / 2), (rows - y - height / 2) / (height / 2)
    inside = across[None, :] ** 2 + down[:, None] ** 2 <= 1
    return (inside & (luck.random(inside.shape) > 0.02)).astype(np.uint8)


def data_set(number: int, kind: str) -> dict:
    luck = np.random.default_rng(number)
    images, annotations, results = int(luck.integers(4, 12)), [], []
    coarse = number % 2 == 0  # ties of scores and of IoUs
    for image in range(images):
        count = int(luck.integers(0, 9))
        truth = boxes_of(luck, count, 260 if kind == "bbox" else 60)
        if kind == "segm":
            truth[:, :2] /= 5
        if coarse:
            truth = np.round(truth / 4) * 4 + [0, 0, 4, 4]
        classes = luck.integers(0, 3, count)
        jitter = luck.normal(0, 0.12, (3 * count, 4)) * np.tile(truth[:, [2, 3, 2, 3]], (3, 1))
        said = np.tile(truth, (3, 1)) + jitter
        said[:, 2:] = np.maximum(said[:, 2:], 1)
        said = np.vstack([said, boxes_of(luck, 3, 100)])
        said = np.round(said) if coarse else np.round(said * 4) / 4
        said_class = np.concatenate([np.tile(classes, 3), luck.integers(0, 4, 3)])
        keep = luck.random(len(said)) < 0.5
        scores = luck.integers(0, 8, len(said)) / 8 if coarse else luck.random(len(said))
        for box, label in zip(truth, classes):
            crowd = int(luck.random() < 0.1)
            annotations.append({"image_id": image, "category_id": int(label), "iscrowd": crowd})
            if kind == "bbox":
                area = float(box[2] * box[3] * luck.choice([1.0, 0.75]))
                annotations[-1] |= {"bbox": box.tolist(), "area": area}
            else:
                rle = coco_mask.encode(np.asfortranarray(shape_of(box, luck)))
                annotations[-1] |= {"segmentation": rle, "area": float(coco_mask.area(rle))}
        for box, label, score in zip(said[keep], said_class[keep], scores[keep]):
            results.append({"image_id": image, "category_id": int(label), "score": float(score)})
            if kind == "bbox":
                results[-1]["bbox"] = box.tolist()
            else:
                results[-1]["segmentation"] = coco_mask.encode(np.asfortranarray(shape_of(box, luck)))
    if kind == "bbox":
        # A detection that two objects fit equally well; which it takes decides about the next.
        for x in (1000, 1004):
            annotations.append({"image_id": 0, "category_id": 0, "iscrowd": 0, "bbox": [x, 0, 10, 10], "area": 100.0})
        for x, score in ((1002, 0.9), (999, 0.8)):
            results.append({"image_id": 0, "category_id": 0, "score": score, "bbox": [x, 0, 10, 10]})
    for index, annotation in enumerate(annotations):
        annotation["id"] = index + 1  # 0 would count as no match
    limits = [1, 10, 100] if number % 3 else [1, 3, 5]
    return evaluated(images, annotations, results, kind, limits)


def evaluated(images: int, annotations: list, results: list, kind: str, limits: list) -> dict:
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "images": [{"id": i, "width": 96, "height": 80} for i in range(images)],
            "categories": [{"id": c, "name": str(c)} for c in range(4)], "annotations": annotations,
        }
        truth.createIndex()
        plain = [dict(result) for result in results]
        evaluation = COCOeval(truth, truth.loadRes([dict(result) for result in results]), kind)
        evaluation.params.maxDets = limits
        evaluation.evaluate()
        evaluation.accumulate()
        # `summarize` asks for 100 detections by name, so the most stand in their place.
        evaluation.params.maxDets = [*limits[:2], 100]
        evaluation.summarize()
    precision = evaluation.eval["precision"]
    by_class = [[mean(precision[:, :, c, 0, 2]), mean(precision[0, :, c, 0, 2])] for c in range(4)]
    return {
        "kind": kind, "images": images, "max_detections": limits, "truth": [text(a) for a in annotations],
        "detections": [text(result) for result in plain], "stats": evaluation.stats.tolist(), "classes": by_class,
        "iou_thresholds": evaluation.params.iouThrs.tolist(),
    }


def mean(values: np.ndarray) -> float:
    return float(values[values > -1].mean()) if (values > -1).any() else -1.0


def text(entry: dict) -> dict:
    if "segmentation" in entry:
        entry = {**entry, "segmentation": {**entry["segmentation"], "counts": entry["segmentation"]["counts"].decode()}}
    return entry


def curve(number: int) -> dict:
    """Detections as (image, score, lesion or -1); sensitivity by numpy.interp."""
    luck = np.random.default_rng(500 + number)
    images = int(luck.integers(3, 15))
    lesions = luck.integers(0, 4, images)
    lesions[0] += 1
    rows = []
    for image in range(images):
        for _ in range(int(luck.integers(0, 15))):
            lesion = int(luck.integers(0, lesions[image])) if lesions[image] and luck.random() < 0.4 else -1
            rows.append([image, float(luck.integers(1, 20) / 20 if number % 2 else luck.random()), lesion])
    scores = sorted({row[1] for row in rows}, reverse=True)
    false = [sum(r[1] >= s and r[2] < 0 for r in rows) / images for s in scores]
    found = [len({(r[0], r[2]) for r in rows if r[1] >= s and r[2] >= 0}) / lesions.sum() for s in scores]
    rates = [1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8]
    sensitivity = np.interp(rates, [0, *false], [0, *found])
    return {"lesions": lesions.tolist(), "detections": rows, "sensitivity": sensitivity.tolist()}


if __name__ == "__main__":
    sets = [data_set(n, "bbox") for n in range(12)] + [data_set(n, "segm") for n in range(20, 25)]
    found = {"sets": sets, "curves": [curve(n) for n in range(8)]}
    Path(__file__).with_name("detections.json").write_text(json.dumps(found, separators=(",", ":")) + "\n")
