"""Check the shipped backbone against the published network's answers, with ONNX Runtime.

weights/golden_logits.json holds what the original network says about three drawn images. The
shipped file stores its weights as f16, so its answers may differ by that rounding and no more.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
SIDE = 224
# Relative L2 distance; weights/README.md lists what was measured (at most 0.006).
TOLERANCE = 0.01


def golden_images():
    """The three RGB images that weights/derive_efficientnet_lite0.py describes."""
    y, x, c = np.meshgrid(np.arange(SIDE), np.arange(SIDE), np.arange(3), indexing="ij")
    noise = np.empty(SIDE * SIDE * 3, np.int64)
    state = 1
    for index in range(noise.size):
        state = (state * 1664525 + 1013904223) % 2**32
        noise[index] = state >> 24
    return {
        "ramp": (x * (c + 1) + y) % 256,
        "squares": (((x // 32) * 3 + (y // 32) * 5 + c * 7) * 37) % 256,
        "noise": noise.reshape(SIDE, SIDE, 3),
    }


def main():
    session = onnxruntime.InferenceSession(str(WEIGHTS / "efficientnet_lite0_f16.onnx"))
    names = [output.name for output in session.get_outputs()]
    images = golden_images()
    failed = passed = 0
    for expected in json.loads((WEIGHTS / "golden_logits.json").read_text(encoding="utf-8")):
        image = images[expected["image"]].astype(np.float32)
        batch = ((image - 127) / 128).transpose(2, 0, 1)[None].copy()
        for name, rows in zip(names, session.run(names, {"image": batch})):
            original = np.array(expected[name])
            distance = np.linalg.norm(rows[0] - original) / np.linalg.norm(original)
            right = distance <= TOLERANCE
            failed, passed = failed + (not right), passed + right
            if not right:
                print(f"{expected['image']} {name}: relative L2 {distance:.2e} > {TOLERANCE}")
        top = int(np.argmax(expected["logits"]))
        print(f"{expected['image']}: class {top}, all outputs compared")
    print(f"weights: {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
