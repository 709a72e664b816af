"""Golden values of the expected error reduction, by SciPy's Owen's T and a plain greedy in NumPy.

The gain is Phi(-z) - 2 T(z, sqrt(1 - rho^2) / rho). The batch is chosen by trying every image at every
step and updating the whole covariance matrix in double precision. Run with NumPy and SciPy installed:

    python crates/selection/tests/golden/make_error_reduction.py

It rewrites error_reduction.json beside this file; the unit tests of error_reduction.rs compare with it.
"""

import json
import pathlib

import numpy as np
from scipy.special import ndtr, owens_t

IMAGES, BATCH = 40, 8
NOISE = [0.69, 4.6]

rng = np.random.default_rng(11)


def gain(z, rho):
    with np.errstate(divide="ignore"):
        return ndtr(-z) - 2 * owens_t(z, np.sqrt(1 - rho**2) / rho)


z, rho = (a.ravel() for a in np.meshgrid(np.linspace(0, 3.9, 27), np.linspace(0.02, 1, 20)))
points = rng.normal(size=(IMAGES, 3))
distances = ((points[:, None] - points[None]) ** 2).sum(-1)
covariance = np.round(20 * np.exp(-distances / 2), 5)
image_z = np.round(np.abs(rng.normal(size=IMAGES)) * 1.5, 4)
error = np.round(ndtr(-image_z) * rng.uniform(1, 1.3, IMAGES), 4).clip(0, 0.6)
stands_for = np.round(rng.uniform(1, 3, IMAGES), 3)


def precision(v):
    return 0.5 * sum(1 / (v + n) for n in NOISE)


now, variance = covariance.copy(), covariance.diagonal()
explained, gained = np.zeros(IMAGES), np.zeros(IMAGES)
batch, worth = [], []
for _ in range(BATCH):
    best = None
    for x in range(IMAGES):
        if x in batch:
            continue
        after = explained + now[x] ** 2 * precision(now[x, x])
        added = stands_for * np.maximum(gain(image_z, np.sqrt(np.minimum(after / variance, 1))) - gained, 0)
        added[x] = max(error[x] - gained[x], 0)
        if best is None or added.sum() > best[0]:
            best = (added.sum(), x)
    value, x = best
    batch.append(x)
    worth.append(value)
    row, scale = now[x].copy(), precision(now[x, x])
    explained += row**2 * scale
    gained = gain(image_z, np.sqrt(np.minimum(explained / variance, 1)))
    now -= scale * np.outer(row, row)

golden = {
    "z": np.round(z, 5).tolist(),
    "rho": np.round(rho, 5).tolist(),
    "gain": np.round(gain(z, rho), 6).tolist(),
    "covariance": covariance.ravel().tolist(),
    "image_z": image_z.tolist(),
    "error": error.tolist(),
    "stands_for": stands_for.tolist(),
    "noise": NOISE,
    "batch": batch,
    "worth": np.round(worth, 5).tolist(),
}
path = pathlib.Path(__file__).with_name("error_reduction.json")
path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
print(f"{path}: {path.stat().st_size} bytes; batch {batch}")
