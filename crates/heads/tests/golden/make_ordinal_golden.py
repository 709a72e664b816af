"""Golden values for the ordinal head, by an independent implementation.

scikit-learn's GaussianProcessRegressor solves the regression on normal scores, with a refit for each
label left out; SciPy fits the cut points. Run with NumPy, SciPy and scikit-learn:

    python crates/heads/tests/golden/make_ordinal_golden.py

It rewrites ordinal.json beside this file; crates/heads/tests/it/ordinal.rs compares against it.
"""

import json
import pathlib

import numpy as np
from scipy.optimize import minimize
from scipy.stats import norm
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel


def normal_scores(y, classes):
    share = (np.bincount(y, minlength=classes) + 1.0) / (len(y) + classes)
    cuts = norm.ppf(np.cumsum(share)[:-1])
    edges = np.concatenate([[-np.inf], cuts, [np.inf]])
    return cuts, (norm.pdf(edges[:-1]) - norm.pdf(edges[1:])) / share


def probabilities(slope, cuts, mean, variance):
    z = (cuts[None, :] - slope * mean[:, None]) / np.sqrt(1 + slope**2 * variance)[:, None]
    up_to = np.hstack([np.zeros((len(mean), 1)), norm.cdf(z), np.ones((len(mean), 1))])
    return np.diff(up_to, axis=1)


def fit_cuts(y, mean, variance, slope, cuts):
    unpack = lambda t: (np.exp(t[0]), np.cumsum(np.concatenate([[t[1]], np.exp(t[2:])])))
    centre = np.concatenate([[np.log(slope), cuts[0]], np.log(np.diff(cuts))])
    spread = np.ones(len(centre))
    spread[1] = 2.0

    def loss(t):
        p = probabilities(*unpack(t), mean, variance)[np.arange(len(y)), y]
        return -np.log(np.maximum(p, 1e-12)).sum() + 0.5 * (((t - centre) / spread) ** 2).sum()

    found = minimize(loss, centre, method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10, "maxiter": 40_000, "maxfev": 40_000})
    return unpack(found.x)


rng = np.random.default_rng(1)
labels, tests, cols, classes = 50, 8, 4, 4
variance, lengthscale, noise = 1.3, 0.9, 0.25
x = rng.normal(size=(labels + tests, cols))
x = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32).astype(np.float64)
grade = 2.0 * x[:, 0] + x[:, 1] + 0.5 * rng.normal(size=len(x))
y = np.digitize(grade, [-1.0, 0.3, 1.5])[:labels]
start, scores = normal_scores(y, classes)


def solve(rows, at):
    gp = GaussianProcessRegressor(ConstantKernel(variance) * RBF(lengthscale), alpha=noise, optimizer=None)
    gp.fit(x[rows], scores[y[rows]])
    mean, deviation = gp.predict(at, return_std=True)
    return mean, deviation**2, gp.log_marginal_likelihood_value_


mean, spread, evidence = solve(np.arange(labels), x[labels:])
left = [solve(np.delete(np.arange(labels), i), x[i : i + 1])[:2] for i in range(labels)]
left_mean, left_variance = (np.array([pair[k][0] for pair in left]) for k in range(2))
slope = noise**-0.5
slope, cuts = fit_cuts(y, left_mean, left_variance, slope, slope * start)
flat = lambda values: np.round(values, 6).ravel().tolist()
case = {
    "variance": variance,
    "lengthscale": lengthscale,
    "noise": noise,
    "cols": cols,
    "class_count": classes,
    "features": x.ravel().tolist(),
    "classes": y.tolist(),
    "log_evidence": round(float(evidence), 6),
    "latent_mean": flat(mean),
    "latent_variance": flat(spread),
    "probabilities": flat(probabilities(slope, cuts, mean, spread)),
    "leave_one_out_mean": flat(left_mean),
    "leave_one_out_variance": flat(left_variance),
}
path = pathlib.Path(__file__).with_name("ordinal.json")
path.write_text(json.dumps(case, separators=(",", ":")) + "\n")
print(f"{path}: {path.stat().st_size} bytes")
