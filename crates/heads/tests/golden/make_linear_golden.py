"""Golden values for the linear head, by an independent implementation.

scikit-learn's LogisticRegression finds the weights; NumPy does the Laplace posterior, its evidence and
leave-one-out by plain formulas, one full matrix a label. Run with NumPy, SciPy and scikit-learn:

    python crates/heads/tests/golden/make_linear_golden.py

It rewrites linear.json beside this file; crates/heads/tests/it/linear.rs compares against it.
"""

import json
import pathlib

import numpy as np
from sklearn.linear_model import LogisticRegression


def softmax(f):
    e = np.exp(f - f.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def weights(design, y, classes, precision):
    """Classes x columns. The constant is a column of the design, so nothing goes unpenalised."""
    scale = 1.0 / precision if classes > 2 else 2.0 / precision
    model = LogisticRegression(C=scale, fit_intercept=False, tol=1e-10, max_iter=10_000)
    model.fit(design, y)
    if classes > 2:
        return model.coef_
    # Two columns of opposite sign share what scikit-learn puts into one.
    return np.vstack([-model.coef_[0], model.coef_[0]]) / 2.0


def curvature(design, w, precision, is_full):
    p = softmax(design @ w.T)
    classes, cols = w.shape
    h = precision * np.eye(classes * cols)
    for x, q in zip(design, p):
        s = np.diag(q) - np.outer(q, q) if is_full else np.diag(q * (1 - q))
        h += np.kron(s, np.outer(x, x))
    return h


def expected(mean, covariance, rng, draws=400_000):
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    p = softmax(mean + rng.standard_normal((draws, len(mean))) @ root.T)
    return p.mean(0)


def case(is_full, precision, seed, labels, cols, classes, tests):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(labels + tests, cols)).astype(np.float32).astype(np.float64)
    y = (x[:labels, : classes - 1] + 0.8 * rng.normal(size=(labels, classes - 1)) > 0.0).sum(1)
    assert min(np.bincount(y, minlength=classes)) > 1
    design = np.hstack([x, np.ones((len(x), 1))])
    train, test = design[:labels], design[labels:]
    w = weights(train, y, classes, precision)
    h = curvature(train, w, precision, is_full)
    inverse = np.linalg.inv(h)
    onto_logits = lambda row: np.kron(np.eye(classes), row[None, :])
    centre = np.eye(classes) - 1.0 / classes

    mean, variance, probability = [], [], []
    for row in test:
        a = onto_logits(row)
        covariance = centre @ a @ inverse @ a.T @ centre
        m = centre @ (w @ row)
        mean.append(m)
        variance.append(np.diag(covariance))
        probability.append(expected(m, covariance, rng))

    one_step, refitted = [], []
    for i, row in enumerate(train):
        p = softmax(w @ row)
        y_i = np.eye(classes)[y[i]]
        s = np.diag(p) - np.outer(p, p) if is_full else np.diag(p * (1 - p))
        without = np.linalg.inv(h - np.kron(s, np.outer(row, row)))
        moved = w.ravel() + without @ np.kron(p - y_i, row)
        one_step.append(centre @ (moved.reshape(w.shape) @ row))
        rest = np.delete(np.arange(labels), i)
        refitted.append(centre @ (weights(train[rest], y[rest], classes, precision) @ row))

    p = softmax(train @ w.T)
    evidence = (
        np.log(p[np.arange(labels), y]).sum()
        - precision / 2 * (w**2).sum()
        + w.size / 2 * np.log(precision)
        - np.linalg.slogdet(h)[1] / 2
    )
    flat = lambda rows, digits=6: np.round(np.array(rows), digits).ravel().tolist()
    return {
        "is_full": is_full,
        "precision": precision,
        "cols": cols,
        "class_count": classes,
        "features": x.ravel().tolist(),
        "classes": y.tolist(),
        "mean": flat(mean),
        "variance": flat(variance),
        "probabilities": flat(probability, 4),
        "log_evidence": round(float(evidence), 6),
        "leave_one_out_mean": flat(one_step),
        "refitted_mean": flat(refitted),
    }


cases = [
    case(True, 0.5, 1, 40, 4, 3, 6),
    case(False, 0.5, 1, 40, 4, 3, 6),
    case(True, 0.1, 2, 30, 3, 2, 5),
    case(True, 2.0, 3, 60, 5, 4, 5),
]
path = pathlib.Path(__file__).with_name("linear.json")
path.write_text(json.dumps(cases, separators=(",", ":")) + "\n")
print(f"{path}: {path.stat().st_size} bytes")
