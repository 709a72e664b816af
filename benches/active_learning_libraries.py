"""Labels and seconds of `auto` beside scikit-activeml, modAL and small-text on the same features.

    cargo xtask bench active_learning_libraries

Every program gets what `autolabel simulate --save-features` writes, the same pool, test split, batch
sizes and budget of 15 %, and ten seeds. The libraries start from a random batch, as their documentation
does (strategies that need no classifier choose it themselves), with classifiers whose regularisation is
cross-validated. Each (set, arm, seed) is one line of DIR/curves.jsonl, so an interrupted run goes on where
it was. `--sets`, `--seeds`, `--arms` (parts of their names) shorten it; `--tables` only prints;
`--seconds` only times a round at 10,000 images.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import time
import warnings
from functools import cache
from pathlib import Path

import numpy as np
from learning_curves import CXR, RARE, SETS, build, subset
from peers import tables
from peers.classifiers import Tuner
from peers.replay import Arm, Pack, replay, round_seconds
from sklearn.model_selection import GroupKFold, cross_val_predict

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "target/learning-curves"
BUDGET = 0.15
LARGE = 3_000  # images beyond which arms that take hours are left out

ACTIVEML = (
    "margin, entropy, least confident, BADGE, FALCUN, DropQuery, CLUE, contrastive, CoreSet, TypiClust,"
    " ProbCover, MaxHerding, random"
)
SMALL = (
    "breaking ties, entropy, least confident, greedy coreset, lightweight coreset, embedding k-means,"
    " contrastive"
)
ARMS = [
    *(Arm("scikit-activeml", strategy, "logistic") for strategy in ACTIVEML.split(", ")),
    *(Arm("scikit-activeml", "margin", classifier) for classifier in ("svc", "forest")),
    *(Arm("scikit-activeml", strategy, "svc") for strategy in ("entropy", "TypiClust", "CLUE")),
    *(Arm("scikit-activeml", "TypiClust then margin", classifier) for classifier in ("logistic", "svc")),
    *(Arm("modAL", strategy, "logistic") for strategy in ("margin", "entropy", "least confident", "ranked batch")),
    *(Arm("modAL", "margin", classifier) for classifier in ("svc", "forest")),
    *(Arm("modAL", f"committee, {what}", "logistic") for what in ("max disagreement", "consensus entropy")),
    *(Arm("small-text", strategy, "logistic") for strategy in SMALL.split(", ")),
    Arm("small-text", "breaking ties", "svc"),
]
# Arms that take minutes a round in a large pool.
SLOW = [
    Arm("scikit-activeml", "margin", "gaussian process"),
    Arm("scikit-activeml", "discriminative", "logistic"),
    Arm("scikit-activeml", "committee", "logistic"),
    Arm("scikit-activeml", "BatchBALD", "logistic"),
]


def table_of(name: str) -> tuple[Path, Path]:
    """Folder and table of a set."""
    shared = Path(os.environ.get("AUTOLABEL_SHARED", ROOT.parent / "shared")) / "data"
    data = shared / (CXR if name == RARE else name)
    return data, subset(data, "subset_rare_covid.txt", RARE) if name == RARE else data / "labels.csv"


def simulate(name: str, *words: str) -> dict:
    data, table = table_of(name)
    command = [build(), "simulate", data, "--csv", table, "--json", *words]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def features(name: str, folder: Path) -> Path:
    """What `--save-features` writes, made once."""
    path = folder / f"{name}.npy"
    if not path.exists():
        short = ["--seeds", "1", "--compare", "none", "--batch", "2", "--strategy", "random", "--budget", "0.01"]
        simulate(name, *short, "--no-adapt", "--cache", str(CACHE), "--save-features", str(path))
    return path


@cache
def rows_of(table: Path) -> list[dict]:
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def pack_of(name: str, path: Path) -> Pack:
    rows = rows_of(table_of(name)[1])
    x = np.load(path).astype(np.float64)
    _, y = np.unique([row["label"] for row in rows], return_inverse=True)
    is_test = np.array([row["split"] == "test" for row in rows])
    has_features = ~np.isnan(x).any(axis=1)
    return Pack(name, x[has_features], y[has_features], is_test[has_features])


def ours(name: str, path: Path, seed: int) -> dict[str, dict]:
    """Curves of our arms for one seed."""
    words = ["--features", str(path), "--compare", "random,margin", "--budget", str(BUDGET)]
    report = simulate(name, *words, "--seeds", "1", "--first-seed", str(seed), "--threads", "1")
    curves = {}
    for arm in report["arms"]:
        points = arm["curve"]
        curves[f"AutoLabel: {arm['strategy']}"] = {
            "labels": [point["labels"] for point in points],
            "rest": [point["rest_accuracy"]["mean"] for point in points],
            "test": [point["test_accuracy"]["mean"] for point in points],
            "seconds": [point["round_seconds"] for point in points],
        }
    return curves


def full_labels(name: str, path: Path, pack: Pack) -> dict[str, dict]:
    """Accuracy with all labels: ours as its report gives it, and each classifier's in the same way."""
    words = ["--seeds", "1", "--compare", "none", "--strategy", "random", "--budget", "0.02", "--full-label"]
    report = simulate(name, "--features", str(path), *words)["full_label"]
    found = {"AutoLabel": {"rest": report["cross_validated"], "test": report["test"]}}
    rows = [row for row in rows_of(table_of(name)[1]) if row["split"] != "test"]
    groups = np.unique([row["group"] or row["file"] for row in rows], return_inverse=True)[1]
    (x, y), (test_x, test_y) = pack.pool, pack.test
    for classifier in ("logistic", "svc", "forest"):
        estimator = Tuner(classifier, 0).estimator(x, y)
        if classifier == "svc":
            estimator.set_params(probability=False)
        folds = GroupKFold(5, shuffle=True, random_state=0)
        predicted = cross_val_predict(estimator, x, y, groups=groups, cv=folds)
        on_test = estimator.fit(x, y).predict(test_x)
        found[classifier] = {"rest": float((predicted == y).mean()), "test": float((on_test == test_y).mean())}
    return found


class Journal:
    """Lines of JSON, each a finished piece of work by its key."""

    def __init__(self, path: Path):
        self.path, self.known = path, {}
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                entry = json.loads(line)
                self.known[tuple(entry["key"])] = entry["value"]

    def once(self, key: tuple, work):
        """The value of this key, worked out now where it is not there."""
        if key not in self.known:
            self.known[key] = work()
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, "value": self.known[key]}) + "\n")
        return self.known[key]


def run_set(name: str, seeds: int, arms: list[Arm], reports: Path, journal: Journal) -> None:
    path = features(name, reports)
    pack = pack_of(name, path)
    journal.once(("full", name), lambda: full_labels(name, path, pack))
    for seed in range(seeds):
        curves = journal.once(("ours", name, seed), lambda: ours(name, path, seed))
        labels = curves[tables.OURS]["labels"]
        for arm in arms:
            started = time.perf_counter()
            journal.once((name, arm.name, seed), lambda: replay(arm, pack, labels, seed))
            if (seconds := time.perf_counter() - started) > 1:
                print(f"{name}, seed {seed}, {arm.name}: {seconds:.0f} s", file=sys.stderr, flush=True)


def print_set(name: str, journal: Journal) -> None:
    arms: dict[str, dict[int, dict]] = {}
    for key, value in journal.known.items():
        if key[:2] == ("ours", name):
            for arm, curve in value.items():
                arms.setdefault(arm, {})[key[2]] = curve
        elif key[0] == name and len(key) == 3:
            arms.setdefault(key[1], {})[key[2]] = value
    pool = sum(row["split"] != "test" for row in rows_of(table_of(name)[1]))
    tables.print_pack(name, pool, arms, journal.known["full", name])


def clouds(images: int = 10_000, columns: int = 256, classes: int = 5):
    """Made-up features: overlapping clouds, rows of length 1."""
    rng = np.random.default_rng(1)
    y = np.arange(images) % classes
    x = 0.15 * np.eye(columns)[y] + rng.normal(0, 1 / np.sqrt(columns), (images, columns))
    return x / np.linalg.norm(x, axis=1, keepdims=True), y


def seconds(arms: list[Arm], reports: Path, journal: Journal) -> None:
    """One round at 1,000 labels of ours and of every arm, on the same features and with one thread: the
    shortest of our last rounds by the clock, and the processor's seconds of theirs, which other work on
    the machine does not lengthen."""
    x, y = clouds()
    features, table = reports / "clouds.npy", reports / "clouds.csv"
    np.save(features, x.astype(np.float32))
    table.write_text("file,label\n" + "".join(f"{i:05}.png,class {label}\n" for i, label in enumerate(y)))
    words = ["--features", features, "--budget", "0.1", "--batch", "50", "--seeds", "1", "--compare", "none"]
    command = [build(), "simulate", "clouds", "--csv", table, *words, "--threads", "1", "--json"]
    report = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    mine = min([point["round_seconds"] for point in report["arms"][0]["curve"][-3:]])
    theirs = {}
    for arm in arms:
        theirs[arm.name] = journal.once(("seconds", arm.name), lambda: round_seconds(arm, x, y, 1_000, 50))
        print(f"{arm.name}: {theirs[arm.name]:.1f} s", file=sys.stderr, flush=True)
    tables.print_seconds(float(mine), theirs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sets", nargs="+", default=SETS, help="names of sets")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--arms", nargs="+", default=[""], help="only arms whose name contains one of these")
    parser.add_argument("--reports", type=Path, default=ROOT / "target/active-learning-libraries")
    parser.add_argument("--tables", action="store_true", help="only print what was measured before")
    parser.add_argument("--seconds", action="store_true", help="only time a round")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # the libraries' own, about versions to come
    reports = arguments.reports.resolve()
    journal = Journal(reports / "curves.jsonl")
    wanted = [arm for arm in [*ARMS, *SLOW] if any(text in arm.name for text in arguments.arms)]
    for name in arguments.sets if not arguments.seconds else []:
        if not table_of(name)[0].is_dir():
            print(f"skipped: no {table_of(name)[0]}", file=sys.stderr)
            continue
        if not arguments.tables:
            is_large = len(rows_of(table_of(name)[1])) > LARGE
            arms = [arm for arm in wanted if not (is_large and arm in SLOW)]
            run_set(name, arguments.seeds, arms, reports, journal)
        print_set(name, journal)
    if not arguments.tables:
        seconds([arm for arm in wanted if arm.strategy != "BatchBALD"], reports, journal)


if __name__ == "__main__":
    main()
