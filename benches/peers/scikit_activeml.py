"""scikit-activeml: a loop as in its tutorials, for its pool strategies that take a batch."""

import numpy as np
import skactiveml.pool as pool
from peers.classifiers import Tuner
from sklearn.ensemble import BaggingClassifier
from skactiveml.classifier import SklearnClassifier

# How each strategy is made, and which of the arguments of `query` it wants beside the labels.
STRATEGIES = {
    "margin": (lambda seed, k: pool.UncertaintySampling("margin_sampling", random_state=seed), "clf"),
    "entropy": (lambda seed, k: pool.UncertaintySampling("entropy", random_state=seed), "clf"),
    "least confident": (lambda seed, k: pool.UncertaintySampling("least_confident", random_state=seed), "clf"),
    "BADGE": (lambda seed, k: pool.Badge(random_state=seed), "clf"),
    "FALCUN": (lambda seed, k: pool.Falcun(random_state=seed), "clf"),
    "DropQuery": (lambda seed, k: pool.DropQuery(random_state=seed), "clf"),
    "CLUE": (lambda seed, k: pool.Clue(random_state=seed), "estimator"),
    "contrastive": (lambda seed, k: pool.ContrastiveAL(random_state=seed), "clf"),
    "discriminative": (lambda seed, k: pool.DiscriminativeAL(random_state=seed), "discriminator"),
    "committee": (lambda seed, k: pool.QueryByCommittee(random_state=seed), "ensemble"),
    "BatchBALD": (lambda seed, k: pool.BatchBALD(random_state=seed), "ensemble"),
    "CoreSet": (lambda seed, k: pool.CoreSet(random_state=seed), None),
    "TypiClust": (lambda seed, k: pool.TypiClust(random_state=seed), None),
    "ProbCover": (lambda seed, k: pool.ProbCover(n_classes=k, random_state=seed), None),
    "MaxHerding": (lambda seed, k: pool.MaxHerding(random_state=seed), None),
    "random": (lambda seed, k: pool.RandomSampling(random_state=seed), None),
}

# Strategies that need no classifier and choose from nothing in their papers.
STARTERS = ["CoreSet", "TypiClust", "ProbCover", "MaxHerding"]


class Loop:
    """One replay's state: labels so far, the fitted classifier, the strategy."""

    def __init__(self, x, classes: int, strategy: str, classifier: str, seed: int):
        self.x, self.classes, self.seed = x, classes, seed
        self.start, _, self.strategy = strategy.rpartition(" then ")
        self.y = np.full(len(x), np.nan)
        self.tuner = Tuner(classifier, seed)
        self.query_strategy, self.wants = STRATEGIES[self.strategy][0](seed, classes), STRATEGIES[self.strategy][1]

    def first(self, size: int):
        """The first batch, where the strategy can choose one; else `None`."""
        name = self.start or (self.strategy if self.strategy in STARTERS else None)
        if name is None:
            return None
        strategy = STRATEGIES[name][0](self.seed, self.classes)
        return strategy.query(X=self.x, y=self.y, batch_size=size)

    def teach(self, rows, labels) -> None:
        self.y[rows] = labels
        known = ~np.isnan(self.y)
        self.estimator = self.tuner.estimator(self.x[known], self.y[known].astype(int))
        self.classifier = self.wrapped(self.estimator).fit(self.x, self.y)

    def wrapped(self, estimator):
        return SklearnClassifier(estimator, classes=range(self.classes), random_state=self.seed)

    def predict(self, x):
        return self.classifier.predict(x).astype(int)

    def query(self, size: int):
        arguments = {"X": self.x, "y": self.y, "batch_size": size}
        if self.wants == "clf":
            arguments |= {"clf": self.classifier, "fit_clf": False}
        elif self.wants == "estimator":
            arguments |= {"estimator": self.classifier, "fit_estimator": False}
        elif self.wants == "discriminator":
            arguments["discriminator"] = self.wrapped(self.estimator)
        elif self.wants == "ensemble":
            bagged = BaggingClassifier(self.estimator, n_estimators=10, random_state=self.seed)
            arguments |= {"ensemble": self.wrapped(bagged).fit(self.x, self.y), "fit_ensemble": False}
        return self.query_strategy.query(**arguments)
