"""Golden values for joint posterior samples and the spread of probabilities, by an independent
implementation.

scikit-learn's GaussianProcessRegressor gives the joint posterior covariance of each class in double
precision, for the inputs of dirichlet_gp.json; NumPy then draws plain Monte Carlo samples of the
softmax. Run with NumPy and scikit-learn installed, after make_golden.py:

    python crates/heads/tests/golden/make_joint_golden.py

It writes joint.json beside this file; crates/heads/tests/it/joint.rs compares against it. `moments`
are E[p_c(x) p_d(x')] for every two images and classes, row-major over (image, class); `spread` is the
variance of every p_c(x).
"""

import json
import pathlib

import numpy as np
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct

ALPHA_EPSILON = 0.01
DRAWS = 400_000
here = pathlib.Path(__file__)


def kernel(scale):
    k = ConstantKernel(scale["variance"]) * RBF(scale["lengthscale"])
    if scale["linear_variance"] > 0:
        k = k + ConstantKernel(scale["linear_variance"]) * DotProduct(sigma_0=1e-9)
    return k


def joint(case, rng):
    classes = case["class_count"]
    x = np.array(case["labeled"]).reshape(-1, case["cols"])
    z = np.array(case["tests"]).reshape(-1, case["cols"])
    # The last image is a near-copy of the first, so that covariances matter.
    z[-1] = z[0] + 0.02
    y = np.array(case["classes"])
    alpha = np.full((len(y), classes), ALPHA_EPSILON)
    alpha[np.arange(len(y)), y] += 1.0
    noise = np.log(1.0 / alpha + 1.0)
    target = np.log(alpha) - noise / 2.0
    frequency = (np.bincount(y, minlength=classes) + 1.0) / (len(y) + classes)
    prior = np.log(frequency) + np.mean(target - np.log(frequency))
    f = np.empty((DRAWS, len(z), classes))
    for c in range(classes):
        gp = GaussianProcessRegressor(kernel(case["scale"]), alpha=noise[:, c], optimizer=None)
        mean, covariance = gp.fit(x, target[:, c] - prior[c]).predict(z, return_cov=True)
        f[:, :, c] = rng.multivariate_normal(mean + prior[c], covariance, DRAWS, method="svd")
    p = np.exp(f - f.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    flat = p.reshape(DRAWS, -1)
    return {
        "tests": z.ravel().tolist(),
        "moments": np.round(flat.T @ flat / DRAWS, 5).ravel().tolist(),
        "spread": np.round(flat.var(0), 5).tolist(),
    }


rng = np.random.default_rng(9)
cases = [joint(case, rng) for case in json.loads(here.with_name("dirichlet_gp.json").read_text())]
path = here.with_name("joint.json")
path.write_text(json.dumps(cases, separators=(",", ":")) + "\n")
print(f"{path}: {path.stat().st_size} bytes")
