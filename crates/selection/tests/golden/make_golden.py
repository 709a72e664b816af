"""Golden acquisition scores, by independent implementations.

scikit-activeml scores least confidence, margin and entropy; NumPy computes BALD and the mean standard
deviation by their definitions; SciPy's Beta distribution gives the differential entropies of balanced
entropy. Run with NumPy, SciPy and scikit-activeml installed:

    python crates/selection/tests/golden/make_golden.py

It rewrites scores.json beside this file; crates/selection/tests/it/golden.rs compares against it.
"""

import json
import pathlib

import numpy as np
from scipy import stats
from skactiveml.pool import uncertainty_scores

IMAGES, CLASSES, SAMPLES = 25, 4, 64

rng = np.random.default_rng(3)
# Softmax samples of a posterior, in single precision as the program holds them.
latent = rng.normal(size=(IMAGES, 1, CLASSES)) * 2.0
latent = latent + rng.normal(size=(IMAGES, SAMPLES, CLASSES)) * rng.uniform(0.1, 2.0, size=(IMAGES, 1, 1))
samples = np.exp(latent) / np.exp(latent).sum(-1, keepdims=True)
mean = samples.mean(1).astype(np.float32)
mean /= mean.sum(1, keepdims=True)
p = mean.astype(np.float64)


def entropy(q):
    return -(q * np.log(q)).sum(-1)


spread = samples.var(1).astype(np.float32)


def balanced_entropy(m, v):
    """Woo (ICLR 2023): moments to Beta, the Beta after one observation of its class, its entropy."""
    total = m * (1.0 - m) / v - 1.0
    a, b = m * total, (1.0 - m) * total
    h = np.minimum(stats.beta(a + 1.0, b).entropy(), 0.0)
    balanced = ((m * h).sum(-1) + entropy(m)) / (entropy(m) + np.log(2.0))
    return np.where(balanced >= 0.0, 1.0 / balanced, balanced)


golden = {
    "class_count": CLASSES,
    "probabilities": [float(v) for v in mean.ravel()],
    "mutual_information": (entropy(samples.mean(1)) - entropy(samples).mean(1)).tolist(),
    "least_confidence": uncertainty_scores(p, method="least_confident").tolist(),
    "margin": uncertainty_scores(p, method="margin_sampling").tolist(),
    "spread": [float(v) for v in spread.ravel()],
    "mean_sd": np.sqrt(spread.astype(np.float64)).mean(1).tolist(),
    "balanced_entropy": balanced_entropy(p, spread.astype(np.float64)).tolist(),
    "entropy": uncertainty_scores(p, method="entropy").tolist(),
}
golden = {
    # Roots of small variances would show the rounding.
    k: [round(x, 8) for x in v] if isinstance(v, list) and k != "spread" else v
    for k, v in golden.items()
}
path = pathlib.Path(__file__).with_name("scores.json")
path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
print(f"{path}: {path.stat().st_size} bytes")
