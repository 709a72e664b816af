"""Speed and results of the measures of shapes beside pycocotools, MedPy and scipy.

    cargo xtask bench shape_measures

Both sides get the same drawn shapes in one run: 5,000 images with 20 boxes and 30 detections each, 500 with
as many ellipses, outlines of two masks of 1,024 x 1,024, the IoUs of 300 instances with one another, and a
bitmap of 4,096 x 4,096 as runs and back. Reading files is not timed, and both sides must give the same results.
Everything runs on one thread. Of the peers the time of the processor counts, of ours that of the clock, which a
busy machine only lengthens: the shortest of five runs of theirs (average precision by pycocotools: one), of
twenty of ours.
"""

import argparse
import contextlib
import io
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from medpy.metric import binary
from pycocotools import mask as coco
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from scipy import ndimage

ROOT = Path(__file__).resolve().parent.parent
CLASSES = 5
SIDE = 512


def drawn_boxes(luck, images: int) -> list:
    """Images with 20 objects each and 30 detections, of which two in three lie near an object."""
    found = []
    for _ in range(images):
        corner, sides = luck.uniform(0, 400, (20, 2)), np.exp(luck.uniform(2.5, 4.7, (20, 2)))
        truth = np.round(np.hstack([corner, sides]) * 4) / 4
        near = truth + luck.normal(0, 0.1, (20, 4)) * truth[:, [2, 3, 2, 3]]
        far = np.hstack([luck.uniform(0, 400, (10, 2)), np.exp(luck.uniform(2.5, 4.7, (10, 2)))])
        said = np.round(np.vstack([near, far]) * 4) / 4
        said[:, 2:] = np.maximum(said[:, 2:], 1)
        classes = luck.integers(0, CLASSES, 30)
        scores = luck.random(30).tolist()
        found.append({
            "truth": [[int(c), b.tolist(), float(b[2] * b[3])] for c, b in zip(classes, truth)],
            "detections": [[int(c), b.tolist(), s] for c, b, s in zip(classes, said, scores)],
        })
    return found


def ellipse(box) -> np.ndarray:
    x, y, width, height = box
    rows, columns = np.ogrid[:SIDE, :SIDE]
    inside = ((columns + 0.5 - x) / width * 2 - 1) ** 2 + ((rows + 0.5 - y) / height * 2 - 1) ** 2 <= 1
    return inside.astype(np.uint8)


def rle(mask: np.ndarray) -> dict:
    encoded = coco.encode(np.asfortranarray(mask))
    return {"size": encoded["size"], "counts": encoded["counts"].decode()}


def with_masks(images: list) -> list:
    found = []
    for image in images:
        truth = [[c, rle(ellipse(b))] for c, b, _ in image["truth"]]
        found.append({
            "truth": [[c, m, float(coco.area(m))] for c, m in truth],
            "detections": [[c, rle(ellipse(b)), s] for c, b, s in image["detections"]],
        })
    return found


def blobs(luck, side: int, smooth: float) -> np.ndarray:
    field = ndimage.gaussian_filter(luck.standard_normal((side, side)).astype(np.float32), smooth)
    return (field > np.quantile(field, 0.7)).astype(np.uint8)


def timed(run, runs: int = 5):
    secs = []
    for _ in range(runs):
        start = time.process_time()
        result = run()
        secs.append(time.process_time() - start)
    return {"secs": min(secs), "value": result}


def average_precision(images: list, kind: str) -> dict:
    key = "bbox" if kind == "bbox" else "segmentation"
    entries = {"truth": [], "detections": []}
    for number, image in enumerate(images):
        for side, name in (("truth", "area"), ("detections", "score")):
            for label, shape, value in image[side]:
                entry = {"image_id": number, "category_id": label, key: shape, name: value}
                entries[side].append({**entry, "id": len(entries[side]) + 1, "iscrowd": 0})
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "images": [{"id": i, "width": SIDE, "height": SIDE} for i in range(len(images))],
            "categories": [{"id": c} for c in range(CLASSES)], "annotations": entries["truth"],
        }
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(entries["detections"]), kind)

        def run():
            evaluation.evaluate()
            evaluation.accumulate()

        result = timed(run, 1)
        evaluation.summarize()
    return {**result, "value": evaluation.stats.tolist()}


def hausdorff_95(first: np.ndarray, second: np.ndarray) -> float:
    """The larger of both directions, as MedPy finds distances; its own `hd95` pools them."""
    outlines = [mask.astype(bool) & ~ndimage.binary_erosion(mask) for mask in (first, second)]
    to = [ndimage.distance_transform_edt(~outline) for outline in outlines]
    return float(max(np.percentile(to[1][outlines[0]], 95), np.percentile(to[0][outlines[1]], 95)))


def ours(shapes: dict) -> dict:
    build = ["cargo", "build", "--release", "--locked", "--quiet", "--package", "autolabel-quality"]
    subprocess.run([*build, "--example", "shape_measures"], cwd=ROOT, check=True)
    program = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release/examples/shape_measures"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "shapes.json")
        file.write_text(json.dumps(shapes))
        return json.loads(subprocess.run([program, file], stdout=subprocess.PIPE, check=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=5_000, help="images with boxes; a tenth with masks")
    arguments = parser.parse_args()
    luck = np.random.default_rng(1)
    boxes = drawn_boxes(luck, arguments.images)
    masks = with_masks(drawn_boxes(luck, arguments.images // 10))
    first = blobs(luck, 1_024, 12)
    second = np.roll(ndimage.binary_dilation(first, iterations=2), (3, -4), (0, 1)).astype(np.uint8)
    crowd = [rle(ellipse(b)) for image in drawn_boxes(luck, 15) for _, b, _ in image["truth"]]
    large = blobs(luck, 4_096, 16)
    shapes = {
        "classes": CLASSES, "boxes": boxes, "masks": masks, "outlines": [rle(first), rle(second)], "crowd": crowd,
        "large": rle(large),
    }
    encoded = coco.encode(np.asfortranarray(large))
    mine = ours(shapes)
    theirs = {
        "box_ap": ("AP of boxes", "pycocotools", average_precision(boxes, "bbox")),
        "mask_ap": ("AP of masks", "pycocotools", average_precision(masks, "segm")),
        "hausdorff_95": ("HD95, 1,024²", "scipy", timed(lambda: hausdorff_95(first, second))),
        "iou": ("IoU of 300 x 300 masks", "pycocotools",
                timed(lambda: float(np.sum(coco.iou(crowd, crowd, [0] * len(crowd)))))),
        "encode": ("bitmap to string, 4,096²", "pycocotools",
                   timed(lambda: len(coco.encode(np.asfortranarray(large))["counts"]))),
        "decode": ("string to bitmap, 4,096²", "pycocotools",
                   timed(lambda: int(np.ascontiguousarray(coco.decode(encoded)).sum()))),
    }
    pooled = timed(lambda: binary.hd95(first, second))
    print("| measure | peer | peer | ours | times |\n|---|---|---|---|---|")
    for key, (title, peer, result) in theirs.items():
        same = [-1.0 if v is None else v for v in np.atleast_1d(np.array(mine[key]["value"], object))]
        assert np.allclose(same, result["value"], rtol=1e-9, atol=1e-12), (key, same, result["value"])
        row(title, peer, result["secs"], mine[key]["secs"])
    row("HD95, 1,024²", "MedPy (pooled)", pooled["secs"], mine["hausdorff_95"]["secs"])


def row(title: str, peer: str, theirs: float, own: float) -> None:
    print(f"| {title} | {peer} | {1e3 * theirs:,.1f} ms | {1e3 * own:,.1f} ms | {theirs / own:,.1f} |")


if __name__ == "__main__":
    main()
