"""modAL: `ActiveLearner` and `Committee` as in its documentation."""

from functools import partial

import numpy as np
from modAL.batch import uncertainty_batch_sampling
from modAL.disagreement import consensus_entropy_sampling, max_disagreement_sampling, vote_entropy_sampling
from modAL.models import ActiveLearner, Committee
from modAL.uncertainty import entropy_sampling, margin_sampling, uncertainty_sampling
from peers.classifiers import Tuner

STRATEGIES = {
    "margin": margin_sampling,
    "entropy": entropy_sampling,
    "least confident": uncertainty_sampling,
    "ranked batch": partial(uncertainty_batch_sampling, n_jobs=1),
}
COMMITTEES = {
    "committee, max disagreement": max_disagreement_sampling,
    "committee, vote entropy": vote_entropy_sampling,
    "committee, consensus entropy": consensus_entropy_sampling,
}
MEMBERS = 5


class Loop:
    """One replay's state."""

    def __init__(self, x, classes: int, strategy: str, classifier: str, seed: int):
        self.x, self.strategy = x, strategy
        self.rows, self.y = np.empty(0, int), np.empty(0, int)
        self.tuner = Tuner(classifier, seed)

    def first(self, size: int):
        return None

    def teach(self, rows, labels) -> None:
        """A fresh learner on all labels, which is what `teach` does too: it fits from scratch."""
        self.rows, self.y = np.append(self.rows, rows), np.append(self.y, labels)
        x = self.x[self.rows]
        estimator = self.tuner.estimator(x, self.y)
        if self.strategy in STRATEGIES:
            self.learner = ActiveLearner(estimator, STRATEGIES[self.strategy], x, self.y)
            return
        # Members differ by their bootstrap samples, each with an image of every class.
        members = []
        for number in range(MEMBERS):
            drawn = bootstrap(self.y, np.random.default_rng([number, len(self.y)]))
            own = self.tuner.estimator(x, self.y)
            members.append(ActiveLearner(own, X_training=x[drawn], y_training=self.y[drawn]))
        self.learner = Committee(members, COMMITTEES[self.strategy])

    def predict(self, x):
        return self.learner.predict(x)

    def query(self, size: int):
        left = np.setdiff1d(np.arange(len(self.x)), self.rows)
        chosen, _ = self.learner.query(self.x[left], n_instances=size)
        return left[chosen]


def bootstrap(y, rng):
    """Rows drawn with replacement, with one of each class for certain."""
    drawn = rng.integers(0, len(y), len(y))
    certain = [rng.choice(np.flatnonzero(y == label)) for label in np.unique(y)]
    return np.append(drawn, certain)
