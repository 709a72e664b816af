"""Writes paired.json: what scipy, statsmodels and numpy say about curves measured on the same seeds.

Needs numpy, scipy and statsmodels. Run it in this folder: python3 make_paired.py
"""
import json

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

rng = np.random.default_rng(21)


def pairs():
    rows = []
    for seeds, gap in ((2, 0.1), (5, 0.03), (8, 0.0), (10, 0.01), (10, -0.02), (13, 0.004)):
        first = np.round(rng.normal(0.9 + gap, 0.015, seeds), 4)
        second = np.round(rng.normal(0.9, 0.015, seeds), 4)
        interval = stats.ttest_rel(first, second).confidence_interval(0.95)
        exact = stats.permutation_test(
            (first - second,), np.mean, permutation_type="samples", n_resamples=2**seeds)
        rows.append({"first": first.tolist(), "second": second.tolist(),
                     "mean": float(np.mean(first - second)),
                     "interval": [float(interval.low), float(interval.high)],
                     "p": float(exact.pvalue)})
    return rows


def corrections():
    p = np.round(rng.uniform(0, 0.2, 12), 4)
    return {"p": p.tolist(), "holm": multipletests(p, method="holm")[1].tolist()}


def curves():
    rows = []
    for points in (2, 7, 22):
        labels = np.cumsum(rng.integers(5, 50, points)).astype(float)
        values = np.round(1 - rng.uniform(0.3, 0.6) * np.exp(-labels / 120), 4)
        asked = np.round(rng.uniform(labels[0], labels[-1], 5), 2)
        levels = np.round(rng.uniform(values[0], values[-1], 4), 4)
        rows.append({"labels": labels.tolist(), "values": values.tolist(),
                     "area": float(np.trapezoid(values, labels) / np.ptp(labels)),
                     "asked": asked.tolist(), "answers": np.interp(asked, labels, values).tolist(),
                     # The curves rise, so the crossing is the interpolated inverse.
                     "levels": levels.tolist(), "labels_to": np.interp(levels, values, labels).tolist()})
    return rows


with open("paired.json", "w", encoding="utf-8") as file:
    json.dump({"pairs": pairs(), "corrections": corrections(), "curves": curves()}, file, separators=(",", ":"))
    file.write("\n")
