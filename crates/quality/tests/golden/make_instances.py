"""Writes instances.json: panoptic quality from the definition of panopticapi on bitmaps of numbered segments,
and the disagreement of two readers' instances by scipy's linear_sum_assignment.

    python make_instances.py    # needs numpy, scipy and pycocotools
"""

import json
from pathlib import Path

import numpy as np
from pycocotools import mask as coco
from scipy.ndimage import gaussian_filter, label
from scipy.optimize import linear_sum_assignment

CLASSES = 3


def numbered(luck: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A map of segment numbers; 0 is the background."""
    field = gaussian_filter(luck.standard_normal((height, width)), 3)
    return label(field > np.quantile(field, 0.6))[0]


def quality(truth, said, truth_class, said_class, crowd, void) -> list:
    """Sum of IoUs, true positives, false positives and false negatives for each class."""
    counts = np.zeros((CLASSES, 4))
    matched_truth, matched_said = set(), set()
    for t in truth_class:
        for s in said_class:
            shared = ((truth == t) & (said == s)).sum()
            if t in crowd or truth_class[t] != said_class[s] or shared == 0:
                continue
            union = (said == s).sum() + (truth == t).sum() - shared - ((said == s) & void).sum()
            if shared / union > 0.5:
                counts[truth_class[t], 0] += shared / union
                counts[truth_class[t], 1] += 1
                matched_truth.add(t)
                matched_said.add(s)
    for t in truth_class:
        counts[truth_class[t], 3] += t not in matched_truth and t not in crowd
    for s in said_class:
        if s not in matched_said:
            excused = ((said == s) & void).sum()
            for t in crowd:
                if truth_class[t] == said_class[s]:
                    excused += ((said == s) & (truth == t)).sum()
            counts[said_class[s], 2] += excused / (said == s).sum() <= 0.5
    return counts.tolist()


def string(mask: np.ndarray) -> str:
    return coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()


def case(number: int) -> dict:
    luck = np.random.default_rng(number)
    height, width = int(luck.integers(20, 60)), int(luck.integers(20, 60))
    truth = numbered(luck, height, width)
    said = np.roll(truth, luck.integers(-1, 2, 2), (0, 1))
    if number % 4 == 0:
        said = numbered(luck, height, width)
    void = (gaussian_filter(luck.standard_normal((height, width)), 3) > 0.08) & (truth == 0)
    said = np.where(luck.random(said.shape) < 0.02, 0, said)
    truth_class = {t: int(luck.integers(0, CLASSES)) for t in np.unique(truth) if t}
    # The same number is often, but not always, the same class.
    said_class = {s: truth_class.get(s, 0) if luck.random() < 0.8 else int(luck.integers(0, CLASSES))
                  for s in np.unique(said) if s}
    crowd = {}
    for t in truth_class:  # at most one crowd a class, as in COCO
        if luck.random() < 0.2 and truth_class[t] not in crowd.values():
            crowd[t] = truth_class[t]
    segments = lambda numbers, classes: [
        {"class": classes[n], "counts": string(numbers == n), "is_crowd": n in crowd and numbers is truth}
        for n in classes]
    masks = [[coco.encode(np.asfortranarray((m == n).astype(np.uint8))) for n in c]
             for m, c in ((truth, truth_class), (said, said_class))]
    ious = np.array(coco.iou(masks[0], masks[1], [0] * len(masks[1]))).reshape(len(masks[0]), len(masks[1]))
    rows, columns = linear_sum_assignment(-ious)
    return {
        "width": width, "height": height, "truth": segments(truth, truth_class), "said": segments(said, said_class),
        "void": string(void), "counts": quality(truth, said, truth_class, said_class, crowd, void),
        "disagreement": float(1 - ious[rows, columns].sum() / max(ious.shape)),
    }


if __name__ == "__main__":
    Path(__file__).with_name("instances.json").write_text(
        json.dumps([case(n) for n in range(24)], separators=(",", ":")) + "\n")
