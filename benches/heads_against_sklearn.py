"""Speed and quality of the classifiers beside scikit-learn's GaussianProcessClassifier.

    cargo xtask bench heads_against_sklearn

Both get the same features and labels in one run: scikit-learn's handwritten digits (8 x 8 pixels,
grouped into three classes by the remainder of three, standardised, rows of length 1), and made-up
clouds of 256 columns. The peer is RBF with Laplace, one-vs-rest, scale by marginal likelihood, all
cores. Times are wall-clock: one run of the peer, the median of five of ours. `--labels N` and names
of sets shorten it; `--features FILE.npz` (arrays x and y) takes your own.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF, ConstantKernel
from sklearn.metrics import log_loss

ROOT = Path(__file__).resolve().parent.parent


def unit(x):
    return (x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def digits():
    x, y = load_digits(return_X_y=True)
    spread = x.std(0)
    return unit((x - x.mean(0)) / np.where(spread > 0, spread, 1.0)), y % 3


def clouds(rows=3_000, cols=256, classes=3):
    rng = np.random.default_rng(1)
    y = np.arange(rows) % classes
    signal = (np.arange(cols)[None, :] % classes == y[:, None]).astype(np.float64)
    return unit(signal + rng.uniform(-3.0, 3.0, size=(rows, cols))), y


def ours(x, y, labels: int) -> dict:
    """The report of the example `heads_on_file` on these rows, of which the first are labeled."""
    build = ["cargo", "build", "--release", "--locked", "--quiet", "--package", "autolabel-heads"]
    subprocess.run([*build, "--example", "heads_on_file"], cwd=ROOT, check=True)
    program = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release/examples/heads_on_file"
    with tempfile.TemporaryDirectory() as folder:
        features, classes = Path(folder, "features.f32"), Path(folder, "classes.u16")
        features.write_bytes(x.astype("<f4").tobytes())
        classes.write_bytes(y.astype("<u2").tobytes())
        words = [program, features, classes, str(x.shape[1]), str(y.max() + 1), str(labels)]
        return json.loads(subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout)


def peer(x, y, labels: int) -> dict:
    start = time.perf_counter()
    model = GaussianProcessClassifier(ConstantKernel(10.0) * RBF(1.0), n_jobs=-1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(x[:labels], y[:labels])
    searched = time.perf_counter()
    p = model.predict_proba(x[labels:])
    predicted = time.perf_counter()
    held = GaussianProcessClassifier(ConstantKernel(10.0) * RBF(1.0), optimizer=None, n_jobs=-1)
    held.fit(x[:labels], y[:labels])
    fixed = time.perf_counter()
    return {
        "search_secs": searched - start,
        "predict_secs": predicted - searched,
        "fixed_secs": fixed - predicted,
        "log_loss": log_loss(y[labels:], p),
        "accuracy": float((p.argmax(1) == y[labels:]).mean()),
    }


def compare(name: str, x, y, labels: int) -> None:
    order = np.random.default_rng(0).permutation(len(x))
    x, y = x[order], y[order]
    mine, theirs = ours(x, y, labels), peer(x, y, labels)
    print(f"\n### {name}: {labels} labels, {len(x) - labels} held out, {x.shape[1]} columns\n")
    print("| | scikit-learn | Gaussian process | times | linear head |")
    print("|---|---|---|---|---|")
    gp, linear = mine["gp"], mine["linear"]
    for title, key in [("fit, scale searched", "search"), ("fit, scale held", "fixed"), ("predict", "predict")]:
        key += "_secs"
        of_linear = f"{1e3 * linear[key]:.1f} ms" if key in linear else "-"
        print(f"| {title} | {theirs[key]:.2f} s | {1e3 * gp[key]:.1f} ms | {theirs[key] / gp[key]:.0f} | {of_linear} |")
    for title, key in [("fit, warm start", "warm"), ("50 of them added", "extend"), ("leave one out", "leave_one_out")]:
        print(f"| {title} | - | {1e3 * gp[key + '_secs']:.1f} ms | - | - |")
    for title, key in [("log loss", "log_loss"), ("accuracy", "accuracy")]:
        print(f"| {title}, held out | {theirs[key]:.4f} | {gp[key]:.4f} | - | {linear[key]:.4f} |")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    sets = {"digits": digits, "clouds": clouds}
    parser.add_argument("sets", nargs="*", default=list(sets), help="digits, clouds")
    parser.add_argument("--labels", type=int, nargs="+", default=[300, 1_000])
    parser.add_argument("--features", type=Path, help="arrays x and y instead of the sets")
    arguments = parser.parse_args()
    if arguments.features:
        own = np.load(arguments.features)
        sets = {arguments.features.stem: lambda: (unit(own["x"]), own["y"])}
    names = list(sets) if arguments.features else arguments.sets
    for name in names:
        x, y = sets[name]()
        for labels in arguments.labels:
            compare(name, x, y, labels)


if __name__ == "__main__":
    main()
