"""small-text: `PoolBasedActiveLearner` on a dense `SklearnDataset`, which takes features instead of text."""

import numpy as np
import small_text
from peers.classifiers import Tuner
from small_text import EmbeddingMixin, SklearnClassifier, SklearnClassifierFactory, SklearnDataset

STRATEGIES = {
    "breaking ties": small_text.BreakingTies,
    "entropy": small_text.PredictionEntropy,
    "least confident": small_text.LeastConfidence,
    "greedy coreset": small_text.GreedyCoreset,
    "lightweight coreset": small_text.LightweightCoreset,
    "embedding k-means": small_text.EmbeddingKMeans,
    "contrastive": lambda: small_text.ContrastiveActiveLearning(pbar=None),
}


class OnFeatures(SklearnClassifier, EmbeddingMixin):
    """A classifier whose embedding of an image is its features, for the strategies that ask for one."""

    def embed(self, data_set, return_proba=False, pbar=None):
        return (data_set.x, self.predict_proba(data_set)) if return_proba else data_set.x


class Factory(SklearnClassifierFactory):
    """Fits a classifier whose settings were chosen by the labels so far."""

    def new(self):
        return OnFeatures(self.base_estimator, self.num_classes)


class Loop:
    """One replay's state."""

    def __init__(self, x, classes: int, strategy: str, classifier: str, seed: int):
        np.random.seed(seed)  # the library draws from NumPy's global generator
        self.x, self.classes = x, classes
        self.tuner = Tuner(classifier, seed)
        unknown = np.full(len(x), small_text.LABEL_UNLABELED)
        self.data = SklearnDataset(x, unknown, target_labels=np.arange(classes))
        self.strategy = STRATEGIES[strategy]()
        self.rows, self.y, self.learner = np.empty(0, int), np.empty(0, int), None

    def first(self, size: int):
        return None

    def teach(self, rows, labels) -> None:
        self.rows, self.y = np.append(self.rows, rows), np.append(self.y, labels)
        estimator = self.tuner.estimator(self.x[self.rows], self.y)
        if self.learner is None:
            self.factory = Factory(estimator, self.classes)
            self.learner = small_text.PoolBasedActiveLearner(self.factory, self.strategy, self.data)
            self.learner.initialize_data(rows, np.asarray(labels))
        else:
            self.factory.base_estimator = estimator
            self.learner.update(np.asarray(labels))

    def predict(self, x):
        # The estimator itself: the library takes a column for a class, also where classes are missing.
        return self.learner.classifier.model.predict(x)

    def query(self, size: int):
        return self.learner.query(num_samples=size)
