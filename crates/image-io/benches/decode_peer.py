"""The same work as decode.rs in Python: file -> 224 x 224 network input, by Pillow and by OpenCV.

    python crates/image-io/benches/decode_peer.py

One thread each. Pillow resizes with BILINEAR (antialiased), OpenCV with INTER_AREA (its
antialiased filter); both end in a planar float32 array. Needs Pillow, opencv-python-headless and
NumPy; reads ../shared (or AUTOLABEL_SHARED) and computed images.
"""

import io
import os
import time
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

cv2.setNumThreads(1)
SIDE = 224
beside = Path(__file__).resolve().parents[4] / "shared"
SHARED = Path(os.environ.get("AUTOLABEL_SHARED", beside))


def planar(pixels):
    if pixels.ndim == 2:
        return np.repeat(pixels[None].astype(np.float32), 3, axis=0)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1), dtype=np.float32)


def by_pillow(data):
    image = Image.open(io.BytesIO(data))
    if image.mode.startswith("I"):
        values = np.asarray(image).astype(np.float32)
        low, high = np.percentile(values, [0.5, 99.5])
        image = Image.fromarray(np.clip((values - low) / (high - low) * 255, 0, 255))
    return planar(np.asarray(image.resize((SIDE, SIDE), Image.BILINEAR)))


def by_opencv(data):
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if image.dtype == np.uint16:
        low, high = np.percentile(image, [0.5, 99.5])
        image = np.clip((image.astype(np.float32) - low) / (high - low) * 255, 0, 255)
    image = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return planar(image if image.ndim == 2 else image[..., ::-1])


def radiograph(width, height):
    y, x = np.mgrid[:height, :width]
    level = 0.5 + 0.4 * np.sin(9 * x / width) * np.cos(7 * y / height)
    grain = np.random.default_rng(1).integers(0, 1024, (height, width))
    return (level * 60000 + grain).astype(np.uint16)


def encoded(pixels, kind, **options):
    memory = io.BytesIO()
    Image.fromarray(pixels).save(memory, kind, **options)
    return memory.getvalue()


def measure(name, sources, read, seconds=2.0):
    for label, work in [("Pillow", by_pillow), ("OpenCV", by_opencv)]:
        rates = []
        for _ in range(5):
            done, start = 0, time.perf_counter()
            while time.perf_counter() - start < seconds / 5:
                for source in sources:
                    work(read(source))
                done += len(sources)
            rates.append(done / (time.perf_counter() - start))
        print(f"{name:32} {label:7} {sorted(rates)[2]:9.1f} images/s")


for folder in ["cxr-covid-pneumonia-normal", "blood-cells-pbc-8class", "polyps-kvasir-seg"]:
    paths = sorted((SHARED / "data" / folder / "images").glob("*"))[:200]
    if paths:
        measure(folder, paths, Path.read_bytes)
large = radiograph(2048, 2500)
small_depth = (large >> 8).astype(np.uint8)
for name, data in [
    ("2048 x 2500 jpeg", encoded(small_depth, "JPEG", quality=75)),
    ("2048 x 2500 png 16 bit", encoded(large, "PNG", compress_level=1)),
    ("2048 x 2500 tiff 16 bit", encoded(large, "TIFF")),
]:
    measure(name, [data], lambda source: source, seconds=4.0)
