"""Writes golden.json: what independent programs say about the inputs that the tests use.

Needs numpy, scipy and scikit-learn. Run it in this folder: python3 make_golden.py
"""
import json
from fractions import Fraction

import numpy as np
from scipy import stats
from sklearn import metrics


def bounds():
    rows = []
    for n in (1, 2, 10, 59, 134, 300, 1000, 10_000, 50_000):
        for share in (0, 0.01, 0.05, 0.5, 0.95, 1):
            hits = round(n * share)
            for alpha in (0.05, 0.025, 0.001):
                rows.append({
                    "hits": hits, "n": n, "alpha": alpha,
                    "lower": 0.0 if hits == 0 else float(stats.beta.ppf(alpha, hits, n - hits + 1)),
                    "upper": 1.0 if hits == n else float(stats.beta.ppf(1 - alpha, hits + 1, n - hits)),
                })
    return rows


def two_sided():
    rows = []
    for hits, n in ((0, 5), (3, 10), (7, 134), (285, 300), (950, 1000), (12, 12)):
        test = stats.binomtest(hits, n)
        exact = test.proportion_ci(0.95, "exact")
        wilson = test.proportion_ci(0.95, "wilson")
        rows.append({"hits": hits, "n": n,
                     "exact": [float(exact.low), float(exact.high)],
                     "wilson": [float(wilson.low), float(wilson.high)]})
    return rows


def hypergeometric():
    rows = []
    for population in (20, 300, 6213, 14339):
        for n in (1, 10, 59, 250):
            if n > population:
                continue
            for hits in sorted({0, 1, n // 20, n // 3}):
                for alpha in (0.0499, 0.025):  # at 0.05 small populations have exact ties
                    counts = np.arange(hits, population - (n - hits) + 1)
                    tail = stats.hypergeom.cdf(hits, population, counts, n)
                    rows.append({"hits": hits, "n": n, "population": population, "alpha": alpha,
                                 "upper": int(counts[tail > alpha].max())})
    return rows


def labelings():
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 4, 250)
    logits = rng.normal(size=(250, 4)) + 1.5 * np.eye(4)[truth]
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    p = p.astype(np.float32)
    predicted = p.argmax(1)
    exact = p.astype(float) / p.astype(float).sum(1, keepdims=True)
    confidence = p.max(1).astype(float)
    right = predicted == truth
    bins = np.clip(np.ceil(confidence * 15).astype(int), 1, 15) - 1
    ece = sum((bins == b).mean() * abs(confidence[bins == b].mean() - right[bins == b].mean())
              for b in np.unique(bins))
    kappa = {str(w or "equal"): float(metrics.cohen_kappa_score(truth, predicted, weights=w))
             for w in (None, "linear", "quadratic")}
    return {
        "truth": truth.tolist(), "probabilities": [float(x) for x in p.ravel()],
        "predicted": predicted.tolist(), "kappa": kappa,
        "confusion": metrics.confusion_matrix(truth, predicted).ravel().tolist(),
        "sensitivity": metrics.recall_score(truth, predicted, average=None).tolist(),
        "precision": metrics.precision_score(truth, predicted, average=None).tolist(),
        "brier": float(metrics.brier_score_loss(truth, exact, labels=range(4), scale_by_half=False)),
        "log_loss": float(metrics.log_loss(truth, exact, labels=range(4))),
        "expected_calibration_error": float(ece),
    }


# The audit, written down once more from its description, in exact fractions.

def evidence(population, null, answers):
    """Mean over 20 alternatives of the product of bets against 'at least null are wrong'."""
    total = Fraction(0)
    for j in range(20):
        alternative = Fraction(null) * 95 * j / (100 * 19)
        product, wrong = Fraction(1), 0
        for t, x in enumerate(answers):
            rest = population - t
            m, q = Fraction(null - wrong, rest), max(Fraction(0), (alternative - wrong) / rest)
            if x:
                product *= 0 if alternative < wrong + 1 else q / m
            else:
                product *= (1 - q) / (1 - m)
            wrong += x
        total += product
    return total / 20


def audits():
    rows = []
    rng = np.random.default_rng(11)
    for population, share, length, alpha in (
            (60, 0.1, 25, 0.05), (400, 0.02, 90, 0.05), (6213, 0.01, 140, 0.025), (6213, 0.05, 120, 0.05)):
        answers = (rng.random(length) < share).astype(int).tolist()
        bound = population - (length - sum(answers))
        for moment in range(length + 1):
            seen = answers[:moment]
            while bound > sum(seen) and evidence(population, bound, seen) >= 1 / Fraction(str(alpha)):
                bound -= 1
        rows.append({"population": population, "alpha": alpha, "wrong": answers,
                     "bound": max(bound, sum(answers))})
    return rows


# The order of an audit plan: ChaCha8 keyed by the seed, Fisher-Yates from the back.

def chacha8_words(key):
    rotate = lambda v, c: ((v << c) & 0xFFFFFFFF) | (v >> (32 - c))
    block = 0
    while True:
        start = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574]
        start += [int.from_bytes(key[4 * i:4 * i + 4], "little") for i in range(8)]
        start += [block & 0xFFFFFFFF, block >> 32, 0, 0]
        s = list(start)

        def quarter(a, b, c, d):
            s[a] = (s[a] + s[b]) & 0xFFFFFFFF; s[d] = rotate(s[d] ^ s[a], 16)
            s[c] = (s[c] + s[d]) & 0xFFFFFFFF; s[b] = rotate(s[b] ^ s[c], 12)
            s[a] = (s[a] + s[b]) & 0xFFFFFFFF; s[d] = rotate(s[d] ^ s[a], 8)
            s[c] = (s[c] + s[d]) & 0xFFFFFFFF; s[b] = rotate(s[b] ^ s[c], 7)

        for _ in range(4):
            quarter(0, 4, 8, 12); quarter(1, 5, 9, 13); quarter(2, 6, 10, 14); quarter(3, 7, 11, 15)
            quarter(0, 5, 10, 15); quarter(1, 6, 11, 12); quarter(2, 7, 8, 13); quarter(3, 4, 9, 14)
        for word, first in zip(s, start):
            yield (word + first) & 0xFFFFFFFF
        block += 1


def audit_order(items, seed):
    words = chacha8_words(seed.to_bytes(8, "little") + bytes(24))
    order = sorted(set(items))
    for last in range(len(order) - 1, 0, -1):
        n = last + 1
        while True:
            product = (next(words) | next(words) << 32) * n
            if product % 2**64 >= (2**64 - n) % n:
                break
        other = product >> 64
        order[last], order[other] = order[other], order[last]
    return order


golden = {
    "clopper_pearson": bounds(), "two_sided": two_sided(), "hypergeometric": hypergeometric(),
    "labelings": labelings(), "audits": audits(),
    "audit_orders": [{"seed": seed, "items": items, "order": audit_order(items, seed)}
                     for seed, items in ((1, list(range(8))), (2**63 + 5, list(range(0, 300, 3))), (42, [9]))],
}
with open("golden.json", "w", encoding="utf-8") as file:
    json.dump(golden, file, separators=(",", ":"))
    file.write("\n")
