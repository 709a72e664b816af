"""Writes src/drawing/core/coco-golden.json: masks as `pycocotools` encodes them, for the tests of the web app.

    pip install pycocotools==2.0.11 numpy && python dev/coco_golden.py
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
from pycocotools import mask as coco


def main() -> None:
    generator = np.random.default_rng(20)
    cases = []
    for height, width, share in [
        (1, 1, 0.0), (1, 1, 1.0), (1, 9, 0.5), (9, 1, 0.5), (5, 7, 0.5), (13, 11, 0.1), (13, 11, 0.9),
        (40, 30, 0.5), (64, 64, 0.02), (64, 64, 0.98),
    ]:  # fmt: skip
        cases.append(generator.random((height, width)) < share)
    # Long runs, whose numbers take several characters, and differences below 0.
    for height, width in [(3000, 2), (700, 900), (2048, 1500)]:
        image = np.zeros((height, width), bool)
        y, x = np.mgrid[:height, :width]
        image |= (x - width * 0.6) ** 2 / (width * 0.3) ** 2 + (y - height * 0.4) ** 2 / (height * 0.2) ** 2 < 1
        image[: height // 7, : width // 2] = True
        cases.append(image)
    written = []
    for image in cases:
        encoded = coco.encode(np.asfortranarray(image.astype(np.uint8)))
        first = np.argwhere(image)
        written.append(
            {
                "size": list(encoded["size"]),
                "counts": encoded["counts"].decode(),
                "area": int(coco.area(encoded)),
                "box": [int(value) for value in coco.toBbox(encoded)] if len(first) else None,
                # Small ones also pixel by pixel, row by row.
                "rows": ["".join(".#"[int(v)] for v in row) for row in image] if image.size < 1500 else None,
            }
        )
    path = Path(__file__).parent.parent / "src/drawing/core/coco-golden.json"
    text = json.dumps({"pycocotools": version("pycocotools"), "masks": written}, indent=1)
    path.write_text(text + "\n")


main()
