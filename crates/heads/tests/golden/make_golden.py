"""Golden values for the Dirichlet Gaussian process, by an independent implementation.

scikit-learn's GaussianProcessRegressor solves each class with its noise vector in double precision;
NumPy does the rest by plain formulas. Run with NumPy, SciPy and scikit-learn installed:

    python crates/heads/tests/golden/make_golden.py

It rewrites dirichlet_gp.json beside this file; crates/heads/tests/it/golden.rs compares against it.
"""

import json
import pathlib

import numpy as np
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct

ALPHA_EPSILON = 0.01


def unit_rows(rng, rows, cols):
    x = rng.normal(size=(rows, cols))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32).astype(np.float64)


def targets(y, classes):
    alpha = np.full((len(y), classes), ALPHA_EPSILON)
    alpha[np.arange(len(y)), y] += 1.0
    noise = np.log(1.0 / alpha + 1.0)
    target = np.log(alpha) - noise / 2.0
    frequency = (np.bincount(y, minlength=classes) + 1.0) / (len(y) + classes)
    prior_mean = np.log(frequency) + np.mean(target - np.log(frequency))
    return target, noise, prior_mean


def softmax(f):
    e = np.exp(f - f.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def expected(mean, variance, rng, draws=400_000):
    """Expected softmax and mutual information by plain Monte Carlo."""
    f = mean + np.sqrt(variance) * rng.standard_normal((draws, len(mean)))
    p = softmax(f)
    entropy = -(p * np.log(np.maximum(p, 1e-300))).sum(1).mean()
    q = p.mean(0)
    return q, -(q * np.log(q)).sum() - entropy


def case(name, kernel, scale, seed, labels, cols, counts, tests):
    rng = np.random.default_rng(seed)
    classes = len(counts)
    y = rng.permutation(np.repeat(np.arange(classes), counts))
    assert len(y) == labels
    x, z = unit_rows(rng, labels, cols), unit_rows(rng, tests, cols)
    target, noise, prior_mean = targets(y, classes)
    mean, variance = np.zeros((tests, classes)), np.zeros((tests, classes))
    loo_mean, loo_variance = np.zeros((labels, classes)), np.zeros((labels, classes))
    log_evidence = 0.0

    def solve(rows, c, at):
        gp = GaussianProcessRegressor(kernel, alpha=noise[rows, c], optimizer=None)
        gp.fit(x[rows], target[rows, c] - prior_mean[c])
        m, sd = gp.predict(at, return_std=True)
        return m + prior_mean[c], sd**2, gp.log_marginal_likelihood_value_

    for c in range(classes):
        mean[:, c], variance[:, c], evidence = solve(np.arange(labels), c, z)
        log_evidence += evidence
        for i in range(labels):
            rest = np.delete(np.arange(labels), i)
            loo_mean[i : i + 1, c], loo_variance[i : i + 1, c], _ = solve(rest, c, x[i : i + 1])
    probability, information = zip(*(expected(m, v, rng) for m, v in zip(mean, variance)))
    return {
        "name": name,
        "scale": scale,
        "cols": cols,
        "class_count": classes,
        "labeled": x.ravel().tolist(),
        "classes": y.tolist(),
        "tests": z.ravel().tolist(),
        "mean": np.round(mean, 6).ravel().tolist(),
        "variance": np.round(variance, 6).ravel().tolist(),
        "log_evidence": round(log_evidence, 6),
        "leave_one_out_mean": np.round(loo_mean, 6).ravel().tolist(),
        "leave_one_out_variance": np.round(loo_variance, 6).ravel().tolist(),
        "probabilities": np.round(np.array(probability), 4).ravel().tolist(),
        "mutual_information": np.round(np.array(information), 4).tolist(),
    }


def scale(variance, lengthscale, linear=0.0):
    return {"variance": variance, "lengthscale": lengthscale, "linear_variance": linear}


cases = [
    case("rbf", ConstantKernel(12.0) * RBF(0.8), scale(12.0, 0.8), 1, 24, 4, [10, 9, 5], 6),
    # The last class has no label yet.
    case("rbf", ConstantKernel(30.0) * RBF(0.4), scale(30.0, 0.4), 2, 15, 3, [14, 1, 0], 5),
    case(
        "rbf_linear",
        ConstantKernel(5.0) * RBF(0.6) + ConstantKernel(4.0) * DotProduct(sigma_0=1e-9),
        scale(5.0, 0.6, 4.0),
        3,
        18,
        5,
        [9, 9],
        5,
    ),
]
path = pathlib.Path(__file__).with_name("dirichlet_gp.json")
path.write_text(json.dumps(cases, separators=(",", ":")) + "\n")
print(f"{path}: {path.stat().st_size} bytes")
