"""Golden batches, by independent implementations.

scikit-activeml chooses by core-set, TypiClust, ProbCover and MaxHerding; scikit-learn and NumPy do the
steps of BADGE (with the outer products written out), power BALD, cluster margin and DropQuery. Where a
rule draws random numbers, they are those of the generator that the test seeds, written down here from
its description (RFC 8439 with 8 rounds), so that whole batches can be compared. Run with NumPy,
scikit-learn and scikit-activeml installed:

    python crates/selection/tests/golden/make_batches.py

It rewrites batches.json beside this file; crates/selection/tests/it/batches.rs compares against it.
"""

import json
import pathlib
import warnings

import numpy as np
from skactiveml.pool import CoreSet, MaxHerding, ProbCover, TypiClust
from sklearn.cluster import KMeans
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel
from sklearn.metrics import pairwise_distances

# ProbCover warns where it is given a single radius.
warnings.filterwarnings("ignore", message="The maximum purity")

SIZES, COLS, SEED = [70, 62, 56, 50, 45, 41], 16, 5
CLASSES, ROWS = len(SIZES), sum(SIZES)
VARIANCE, LENGTHSCALE, ALPHA_EPSILON = 9.0, 0.7, 0.01

rng = np.random.default_rng(12)
centres = np.linalg.qr(rng.normal(size=(COLS, CLASSES)))[0].T
blob = rng.permutation(np.repeat(np.arange(CLASSES), SIZES))
x = centres[blob] + 0.2 * rng.normal(size=(ROWS, COLS))
# Rounded so that the file stays small; a row is then of length 1 up to 1e-5.
x = np.round(x / np.linalg.norm(x, axis=1, keepdims=True), 5).astype(np.float32)
logits = 2.0 * np.eye(CLASSES)[blob] + 1.2 * rng.normal(size=(ROWS, CLASSES))
p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
p = np.round(p, 6).astype(np.float32)
information = np.round(rng.uniform(0.01, 0.6, size=ROWS), 5).astype(np.float32)
labeled = [int(np.flatnonzero(blob == b)[0]) for b in (1, 4)]
candidates = np.array([i for i in range(ROWS) if i not in labeled])
x64 = x.astype(np.float64)
y = np.full(ROWS, np.nan)
y[labeled] = blob[labeled]


class ChaCha8:
    """Key of SEED repeated 32 times, nonce 0; words are taken in order, low word of a u64 first."""

    def __init__(self, key):
        self.words = self.stream(key)

    @staticmethod
    def stream(key):
        rotate = lambda v, c: ((v << c) & 0xFFFFFFFF) | (v >> (32 - c))
        block = 0
        while True:
            start = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574]
            start += [int.from_bytes(key[4 * i : 4 * i + 4], "little") for i in range(8)]
            start += [block & 0xFFFFFFFF, block >> 32, 0, 0]
            s = list(start)

            def quarter(a, b, c, d):
                for left, right, turn in ((a, b, 16), (c, d, 12), (a, b, 8), (c, d, 7)):
                    other = d if left == a else b
                    s[left] = (s[left] + s[right]) & 0xFFFFFFFF
                    s[other] = rotate(s[other] ^ s[left], turn)

            for _ in range(4):
                quarter(0, 4, 8, 12), quarter(1, 5, 9, 13), quarter(2, 6, 10, 14), quarter(3, 7, 11, 15)
                quarter(0, 5, 10, 15), quarter(1, 6, 11, 12), quarter(2, 7, 8, 13), quarter(3, 4, 9, 14)
            yield from ((word + first) & 0xFFFFFFFF for word, first in zip(s, start))
            block += 1

    def u64(self):
        return next(self.words) | next(self.words) << 32

    def uniform(self):
        return (self.u64() >> 11) / 2.0**53


def generator():
    return ChaCha8(bytes([SEED]) * 32)


def largest_is_alone(values, gap=1e-5):
    """A tie or near-tie would make the comparison a matter of rounding."""
    two = np.sort(values)[-2:]
    assert two[1] - two[0] > gap * max(1.0, abs(two[1])), two


def clusters(rows, number):
    """k-means whose result does not depend on the start."""
    found = [KMeans(number, n_init=10, random_state=r).fit(x64[rows]) for r in range(5)]
    for other in found[1:]:
        assert abs(other.inertia_ - found[0].inertia_) < 1e-6 * found[0].inertia_
    return found[0]


def skactiveml(strategy, batch, **arguments):
    chosen, utilities = strategy.query(x64, y, batch_size=batch, return_utilities=True, **arguments)
    for row in utilities:
        largest_is_alone(row[np.isfinite(row)])
    return [int(i) for i in chosen]


def prob_cover():
    """The radius is searched among the unlabeled images, over every distance there is."""
    distances = np.unique(pairwise_distances(x64[candidates]))
    many = {"n_init": 10}
    radius = ProbCover(n_classes=CLASSES, deltas=distances, cluster_algo_dict=many, random_state=0)
    radius.query(x64[candidates], np.full(len(candidates), np.nan))
    now, chosen = y.copy(), []
    for _ in range(8):
        # Equal counts are common: the lower image is taken, and the next step starts from there.
        strategy = ProbCover(n_classes=CLASSES, deltas=[radius.delta_max_], random_state=0)
        _, utilities = strategy.query(x64, now, batch_size=1, return_utilities=True)
        assert np.nanmax(utilities) > 0
        chosen.append(int(np.nanargmax(utilities[0])))
        now[chosen[-1]] = 0
    print(f"prob_cover: radius {radius.delta_max_:.7f}")
    return chosen


def draw(weights, random):
    return int(np.searchsorted(np.cumsum(weights), random.uniform() * weights.sum(), side="right"))


def badge(batch):
    q = p[candidates].astype(np.float64)
    residual = q - np.eye(CLASSES)[q.argmax(1)]
    g = np.einsum("nc,nd->ncd", residual, x64[candidates]).reshape(len(candidates), -1)
    random = generator()
    chosen = [int((g**2).sum(1).argmax())]
    while len(chosen) < batch:
        distance = pairwise_distances(g, g[chosen]).min(1) ** 2
        distance[chosen] = 0.0
        chosen.append(draw(distance, random))
    return candidates[chosen].tolist()


def power_bald(batch):
    random = generator()
    u = np.array([((random.u64() >> 11) + 0.5) / 2.0**53 for _ in candidates])
    score = np.log(information[candidates].astype(np.float64)) - np.log(-np.log(u))
    return candidates[np.argsort(-score)[:batch]].tolist()


def cluster_margin(batch):
    two = np.sort(p[candidates].astype(np.float64), axis=1)[:, -2:]
    low = candidates[np.argsort(two[:, 1] - two[:, 0], kind="stable")[: 10 * batch]]
    assignment = clusters(candidates, batch).predict(x64[low])
    queues = [list(low[assignment == c]) for c in range(batch)]
    sizes = [len(q) for q in queues]
    assert len(set(sizes)) == len(sizes), sizes
    queues.sort(key=len)
    chosen = []
    while len(chosen) < 2 * batch:
        chosen += [int(q.pop(0)) for q in queues if q]
    return chosen[: batch]


def drop_query(batch):
    """Trained on four images of each cluster; everything else may be chosen."""
    train = np.concatenate([np.flatnonzero(blob == b)[:4] for b in range(CLASSES)])
    train.sort()
    rest = np.setdiff1d(np.arange(ROWS), train)
    alpha = np.full((len(train), CLASSES), ALPHA_EPSILON)
    alpha[np.arange(len(train)), blob[train]] += 1.0
    noise = np.log(1.0 / alpha + 1.0)
    target = np.log(alpha) - noise / 2.0
    # Classes are equally frequent, so all prior means are the mean target.
    prior = target.mean()
    heads = []
    for c in range(CLASSES):
        kernel = ConstantKernel(VARIANCE) * RBF(LENGTHSCALE)
        gp = GaussianProcessRegressor(kernel, alpha=noise[:, c], optimizer=None)
        heads.append(gp.fit(x64[train], target[:, c] - prior))

    def predict(rows):
        means = np.stack([head.predict(rows) for head in heads], axis=1)
        two = np.sort(means, axis=1)[:, -2:]
        return means.argmax(1), (two[:, 1] - two[:, 0]).min()

    whole, gap = predict(x64[rest])
    random = generator()
    disagreements = np.zeros(len(rest), dtype=int)
    for _ in range(3):
        bits = []
        while len(bits) < len(rest) * COLS:
            word = random.u64()
            bits += [(word >> (2 * i)) & 3 == 0 for i in range(32)]
        kept = np.array(bits[: len(rest) * COLS]).reshape(len(rest), COLS)
        dropped = x64[rest] * kept
        length = np.linalg.norm(dropped, axis=1, keepdims=True)
        found, near = predict(dropped / np.where(length > 0, length, 1.0))
        gap = min(gap, near)
        disagreements += found != whole
    assert gap > 1e-5, gap
    for threshold in (2, 1, 0):
        chosen = rest[disagreements >= threshold]
        if len(chosen) >= 25 * batch:
            break
    print(f"drop_query: {len(chosen)} of {len(rest)} candidates at {threshold}")
    assert len(chosen) < len(rest)
    distance = clusters(chosen, batch).transform(x64[chosen])
    for column in distance.T:
        largest_is_alone(-column)
    return train.tolist(), sorted(int(i) for i in chosen[distance.argmin(0)])


train, dropped = drop_query(CLASSES)
golden = {
    "cols": COLS,
    "class_count": CLASSES,
    "features": [round(float(v), 5) for v in x.ravel()],
    "probabilities": [round(float(v), 6) for v in p.ravel()],
    "mutual_information": [round(float(v), 5) for v in information],
    "labeled": labeled,
    "seed": SEED,
    "core_set": skactiveml(CoreSet(random_state=0), 8),
    "typiclust": skactiveml(TypiClust(k=20, random_state=0, cluster_algo_dict={"n_init": 10}), 4),
    "prob_cover": prob_cover(),
    # Similarity exp(-(d / 0.6)^2).
    "max_herding": skactiveml(MaxHerding(metric_dict={"gamma": 1 / 0.36}, random_state=0), 8),
    "badge": badge(12),
    "power_bald": power_bald(10),
    "cluster_margin": cluster_margin(CLASSES),
    "drop_query": {
        "labeled": train,
        "classes": blob[train].tolist(),
        "variance": VARIANCE,
        "lengthscale": LENGTHSCALE,
        "batch": dropped,
    },
}
path = pathlib.Path(__file__).with_name("batches.json")
path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
print(f"{path}: {path.stat().st_size} bytes")
