"""One replay of a library on given features, by the protocol of `autolabel simulate`: the same pool and
test split, batch sizes and budget; accuracy over the pool without the labeled images, and over the test
split, after each batch."""

import time
from dataclasses import dataclass

import numpy as np
from peers import modal, scikit_activeml, smalltext

LIBRARIES = {"scikit-activeml": scikit_activeml, "modAL": modal, "small-text": smalltext}


@dataclass(frozen=True)
class Arm:
    """A library with one of its strategies and a classifier."""

    library: str
    strategy: str
    classifier: str

    @property
    def name(self) -> str:
        return f"{self.library}: {self.strategy}, {self.classifier}"

    def loop(self, x, classes: int, seed: int):
        return LIBRARIES[self.library].Loop(x, classes, self.strategy, self.classifier, seed)


@dataclass(frozen=True)
class Pack:
    """A data set: unit rows of features, numbers of the classes, and which rows are the test split."""

    name: str
    x: np.ndarray
    y: np.ndarray
    is_test: np.ndarray

    @property
    def pool(self):
        return self.x[~self.is_test], self.y[~self.is_test]

    @property
    def test(self):
        return self.x[self.is_test], self.y[self.is_test]


def first_batch(y, size: int, seed: int):
    """A random batch, as the libraries' documentation starts; drawn again while it has one class only,
    with which scikit-learn cannot begin."""
    rng = np.random.default_rng(seed)
    while True:
        rows = rng.choice(len(y), size, replace=False)
        if len(np.unique(y[rows])) > 1:
            return rows


def replay(arm: Arm, pack: Pack, labels: list[int], seed: int) -> dict:
    """The curve of one arm and seed; `labels` are the numbers of labels after each batch."""
    x, y = pack.pool
    test_x, test_y = pack.test
    loop = arm.loop(x, int(pack.y.max()) + 1, seed)
    rows = loop.first(labels[0])
    if rows is None or len(np.unique(y[rows])) < 2:
        rows = first_batch(y, labels[0], seed)
    left = np.ones(len(y), bool)
    curve = {"labels": [], "rest": [], "test": [], "seconds": []}
    for count, following in zip(labels, [*labels[1:], None]):
        started = time.perf_counter()
        loop.teach(rows, y[rows])
        taught = time.perf_counter()
        left[rows] = False
        if left.sum() != len(y) - count:
            raise RuntimeError(f"{arm.name} asked for an image twice, or for fewer than it should")
        curve["labels"].append(count)
        curve["rest"].append(float((loop.predict(x[left]) == y[left]).mean()))
        curve["test"].append(float((loop.predict(test_x) == test_y).mean()))
        asked = time.perf_counter()
        if following is not None:
            rows = np.asarray(loop.query(following - count), dtype=int)
        curve["seconds"].append(taught - started + time.perf_counter() - asked)
    return curve


def round_seconds(arm: Arm, x, y, labels: int, batch: int, seed: int = 0) -> float:
    """Processor seconds of one round with so many labels: fit, score the rest, choose a batch. The choice
    of the classifier's settings is not counted."""
    loop = arm.loop(x, int(y.max()) + 1, seed)
    rows = np.random.default_rng(seed).choice(len(y), labels, replace=False)
    loop.tuner.labels = labels  # no search is due
    started = time.process_time()
    loop.teach(rows, y[rows])
    loop.query(batch)
    return time.process_time() - started
