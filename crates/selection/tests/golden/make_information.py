"""Golden values of joint and pairwise information, by NumPy from the definitions.

BatchBALD's joint information I(y_1 ... y_B; f) is summed over every configuration of labels (Kirsch et
al., 2019, equation 10 ff.); the greedy batch is checked against scikit-activeml's copy of the authors'
code, which is exact for batches this small. EPIG's I(y; y*) is the divergence of the joint from the
product of the marginals. Run with NumPy and scikit-activeml installed:

    python crates/selection/tests/golden/make_information.py

It rewrites information.json beside this file; the unit tests of batch_bald.rs and
expected_information.rs compare against it.
"""

import itertools
import json
import pathlib

import numpy as np
from skactiveml.pool import batch_bald

IMAGES, SAMPLES, CLASSES, BATCH = 14, 24, 3, 5

rng = np.random.default_rng(8)
latent = rng.normal(size=(IMAGES, SAMPLES, CLASSES)) * rng.uniform(0.3, 1.8, size=(IMAGES, 1, 1))
# Images 7 to 13 are near-copies of 0 to 6, so that a batch of the largest scores is not the best one.
latent[7:] = latent[:7] + 0.15 * rng.normal(size=(7, SAMPLES, CLASSES))
p = np.exp(latent) / np.exp(latent).sum(-1, keepdims=True)
p = np.round(p, 6).astype(np.float32).astype(np.float64)


def plogp(q):
    return np.where(q > 0, q * np.log(np.where(q > 0, q, 1.0)), 0.0)


def joint_information(batch):
    joint = 0.0
    for labels in itertools.product(range(CLASSES), repeat=len(batch)):
        likelihood = np.ones(SAMPLES)
        for image, label in zip(batch, labels):
            likelihood = likelihood * p[image, :, label]
        joint -= plogp(likelihood.mean())
    return joint + sum(plogp(p[image]).sum(-1).mean() for image in batch)


batch, information = [], []
for _ in range(BATCH):
    scores = {i: joint_information(batch + [i]) for i in range(IMAGES) if i not in batch}
    batch.append(max(scores, key=scores.get))
    information.append(scores[batch[-1]])
utilities = batch_bald(p.swapaxes(0, 1).copy(), BATCH, n_MC_samples=100_000, random_state=0)
theirs = np.nanargmax(utilities, axis=1)
assert list(theirs) == batch, (theirs, batch)
single = [joint_information([i]) for i in range(IMAGES)]
assert sorted(np.argsort(single)[::-1][:BATCH]) != sorted(batch), "too easy"

pairwise = np.zeros((IMAGES, IMAGES))
for i, j in itertools.product(range(IMAGES), repeat=2):
    joint = np.einsum("kc,kd->cd", p[i], p[j]) / SAMPLES
    independent = np.outer(p[i].mean(0), p[j].mean(0))
    pairwise[i, j] = (joint * np.log(joint / independent)).sum()

golden = {
    "class_count": CLASSES,
    "samples": SAMPLES,
    "probabilities": [round(float(v), 6) for v in p.ravel()],
    "batch": batch,
    "joint_information": np.round(information, 7).tolist(),
    "pairwise": np.round(pairwise, 8).ravel().tolist(),
}
path = pathlib.Path(__file__).with_name("information.json")
path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
print(f"{path}: {path.stat().st_size} bytes; batch {batch}")
