"""Writes grades.json: agreement of grades by scikit-learn, and the interval of quadratically weighted kappa
by differentiating kappa numerically (the delta method), which knows nothing of Fleiss, Cohen and Everitt.

    python make_grades.py    # needs numpy, scipy and scikit-learn
"""

import json
from pathlib import Path

import numpy as np
from scipy.stats import beta, norm
from sklearn import metrics


def kappa_of(shares: np.ndarray) -> float:
    grades = len(shares)
    steps = np.subtract.outer(np.arange(grades), np.arange(grades)) ** 2
    chance = np.outer(shares.sum(1), shares.sum(0))
    return 1 - (steps * shares).sum() / (steps * chance).sum()


def interval(counts: np.ndarray) -> tuple[float, float]:
    grades, total = len(counts), counts.sum() + 1
    shares = (counts + 1 / grades**2) / total
    slopes = np.zeros_like(shares)
    for cell in np.ndindex(*shares.shape):
        step = np.zeros_like(shares)
        step[cell] = 1e-6
        slopes[cell] = (kappa_of(shares + step) - kappa_of(shares - step)) / 2e-6
    variance = ((shares * slopes**2).sum() - (shares * slopes).sum() ** 2) / total
    centre = kappa_of(shares)
    half = norm.ppf(0.975) * np.sqrt(variance) / (1 - centre**2)
    return float(np.tanh(np.arctanh(centre) - half)), float(np.tanh(np.arctanh(centre) + half))


def case(grades: int, checks: int, miss: float, seed: int) -> dict:
    luck = np.random.default_rng(seed)
    said = luck.integers(0, grades, checks)
    steps = np.where(luck.random(checks) < miss, luck.integers(-2, 3, checks), 0)
    label = np.clip(said + steps, 0, grades - 1)
    off = np.abs(said - label)
    within = int((off <= 1).sum())
    kappa = float(metrics.cohen_kappa_score(said, label, weights="quadratic", labels=range(grades)))
    low, high = interval(metrics.confusion_matrix(said, label, labels=range(grades)).astype(float))
    return {
        "grades": grades, "said": said.tolist(), "label": label.tolist(), "quadratic_kappa": kappa,
        "kappa_low": min(low, kappa), "kappa_high": max(high, kappa),
        "mean_absolute_error": float(metrics.mean_absolute_error(said, label)), "within_one": within,
        "within_one_low": float(beta.ppf(0.025, within, checks - within + 1)),
        "within_one_high": 1.0 if within == checks else float(beta.ppf(0.975, within + 1, checks - within)),
    }


if __name__ == "__main__":
    cases = [case(5, 110, 0.05, 1), case(4, 60, 0.3, 2), case(3, 40, 0.0, 3), case(2, 50, 0.5, 4),
             case(5, 300, 0.9, 5)]
    Path(__file__).with_name("grades.json").write_text(json.dumps(cases) + "\n")
