"""Times scikit-learn's GaussianProcessClassifier at the sizes of gaussian_process.rs.

    python crates/heads/benches/gp_peer.py [labels ...]

Same task as "fit N from scratch, d=256" plus "predict 9000": a multi-class Gaussian process on unit
rows of 256 columns, kernel scale by marginal likelihood, probabilities for 9,000 images.
"""

import sys
import time

import numpy as np
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF, ConstantKernel

CLASSES, POOL, COLS = 3, 9_000, 256


def clouds():
    rng = np.random.default_rng(1)
    y = np.arange(POOL) % CLASSES
    signal = (np.arange(COLS)[None, :] % CLASSES == y[:, None]).astype(np.float64)
    x = signal + rng.uniform(-3.0, 3.0, size=(POOL, COLS))
    return x / np.linalg.norm(x, axis=1, keepdims=True), y


x, y = clouds()
for labels in [int(argument) for argument in sys.argv[1:]] or [500, 1_000]:
    gp = GaussianProcessClassifier(ConstantKernel(10.0) * RBF(1.0), n_jobs=-1)
    start = time.perf_counter()
    gp.fit(x[:labels], y[:labels])
    fitted = time.perf_counter()
    accuracy = (gp.predict_proba(x[labels:]).argmax(1) == y[labels:]).mean()
    done = time.perf_counter()
    print(f"{labels} labels: fit {fitted - start:.2f} s, predict {POOL - labels} {done - fitted:.2f} s, accuracy {accuracy:.3f}")
