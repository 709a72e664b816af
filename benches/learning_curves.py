"""Learning curves on the public sets of docs/results.md: `auto` beside `random` and `margin`, ten seeds.

    cargo xtask bench learning_curves

Runs `autolabel simulate` (release build) on each set below the folder of test data
(AUTOLABEL_SHARED, by default ../shared) and prints the tables of docs/results.md. `--seeds N` and
names of sets shorten it; `--reports DIR` keeps the JSON of each run, or prints the tables from
reports that are there already.
"""

import argparse
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CXR = "cxr-covid-pneumonia-normal"
RARE = "cxr-rare-covid"  # the same images with COVID-19 thinned to 3 %
SETS = [CXR, RARE, "histology-lung-lc25000", "blood-cells-pbc-8class"]
CACHE = ROOT / "target/learning-curves"
SHARES = [0.01, 0.02, 0.04, 0.06, 0.08, 0.10, 0.15]


@cache
def build() -> Path:
    """The release build of the program, made once."""
    subprocess.run(
        ["cargo", "build", "--release", "--locked", "--package", "autolabel-cli"], cwd=ROOT, check=True
    )
    return ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release/autolabel"


def simulate(data: Path, seeds: int, table: Path | None = None) -> dict:
    """The report of one set, as `autolabel simulate --json` prints it. Features are kept for the next
    time the same images are simulated."""
    words = ["simulate", str(data), "--compare", "random,margin", "--full-label", "--json"]
    words += ["--seeds", str(seeds), "--cache", str(CACHE)]
    words += ["--csv", str(table)] if table else []
    run = subprocess.run([build(), *words], stdout=subprocess.PIPE, check=True)
    return json.loads(run.stdout)


def subset(data: Path, list_of_files: str, name: str) -> Path:
    """A table with the rows of labels.csv that a list of files names."""
    kept = set((data / list_of_files).read_text(encoding="utf-8").split())
    lines = (data / "labels.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    CACHE.mkdir(parents=True, exist_ok=True)
    table = CACHE / f"{name}.csv"
    table.write_text("".join([lines[0], *(row for row in lines[1:] if row.split(",")[0] in kept)]))
    return table


def nearest(curve: list, labels: float) -> dict:
    return min(curve, key=lambda point: abs(point["labels"] - labels))


def labels_to(curve: list, level: float) -> str:
    reached = (point["labels"] for point in curve if point["rest_accuracy"]["mean"] >= level)
    return str(next(reached, "not within the budget"))


def print_tables(report: dict) -> None:
    arms, pool = report["arms"], report["pool"]
    full = report["full_label"]["cross_validated"]
    print(f"\n### {report['dataset']}: {pool} images, {len(report['seeds'])} seeds\n")
    tested = [arm for arm in arms if "test_accuracy" in arm["curve"][0]]
    heads = [f"`{arm['strategy']}`" for arm in arms]
    heads += [f"`{arm['strategy']}`, test split" for arm in tested]
    print("| labels | " + " | ".join(heads) + " |")
    print("|---" * (len(heads) + 1) + "|")
    shown = set()
    for share in SHARES:
        labels = nearest(arms[0]["curve"], share * pool)["labels"]
        if labels in shown:
            continue
        shown.add(labels)
        cells = []
        for arm in arms:
            spread = nearest(arm["curve"], labels)["rest_accuracy"]
            cells.append(f"{spread['mean']:.3f} ({spread['low']:.3f} to {spread['high']:.3f})")
        cells += [f"{nearest(arm['curve'], labels)['test_accuracy']['mean']:.3f}" for arm in tested]
        print(f"| {labels} ({labels / pool:.1%}) | " + " | ".join(cells) + " |")
    on_test = report["full_label"].get("test")
    if on_test is not None:
        print(f"\nAll labels, on the test split: {on_test:.3f}.", end="")
    print(f"\nAll labels, cross-validated: {full:.3f}. Labels to that, and to 99 % of it:")
    for arm in arms:
        print(f"- {arm['strategy']}: {labels_to(arm['curve'], full)}, {labels_to(arm['curve'], 0.99 * full)}")
    print_comparison(report)
    stop, audit, cost = report["stop"], report["audit"], report["cost"]
    right = stop["auto_label_accuracy"]
    automation = [run["automation"] for run in report["runs"]]
    print(
        f"Stop at {stop['labels']:.0f} labels, rest right {stop['rest_accuracy']:.3f}, auto-labeled"
        f" {stop['automation']:.1%} ({min(automation):.1%} to {max(automation):.1%}), of them right"
        f" {'-' if right is None else format(right, '.3f')}; certified {audit['certified_share']:.0%},"
        f" false certificates {audit['false_certificates']}, checks {audit['audited']:.0f};"
        f" cost down {cost['factor']:.1f} times; {report['seconds']:.0f} s."
    )


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def print_comparison(report: dict) -> None:
    """Labels to a share of what all labels reach, areas, classes, columns, and the stop in hindsight."""
    for arm in report["arms"]:
        reached = [
            f"{percent(float(level))} of all: "
            + (f"{found['labels']['mean']:.0f}" if found["labels"] else "-")
            + ("" if found["reached_share"] == 1 else f" ({percent(found['reached_share'])} of seeds)")
            for level, found in arm["labels_to_full"].items()
        ]
        at_six = nearest(arm["curve"], 0.06 * report["pool"])
        found = [
            f"{name} {share['mean']:.3f}" if share else f"{name} -"
            for name, share in zip(report["classes"], at_six["sensitivity"])
        ]
        in_all = [
            f"{name} {share['mean']:.3f} ({share['low']:.3f} to {min(share['high'], 1):.3f})"
            for name, share in zip(report["classes"], at_six["dataset_sensitivity"])
        ]
        worse = arm["never_significantly_worse_than_random"]
        print(
            f"- `{arm['strategy']}`: labels to {', '.join(reached)}; area {arm['aubc']['mean']:.4f};"
            f" found at 6 %: {', '.join(found)}; in all, labeled ones included: {', '.join(in_all)}"
            + ("" if worse is None else f"; never significantly worse than random: {worse}")
        )
    by_column = [
        f"{row['column']} {row['value']} ({row['images']} images) {row['at_6_percent']['mean']:.3f}"
        for row in report["arms"][0].get("by_column", [])
        if row["at_6_percent"]
    ]
    if by_column:
        print(f"- `auto` at 6 %: {', '.join(by_column)}")
    regret = report["stop_regret"]
    print(
        f"Stop in hindsight: {percent(regret['relative']['median'])} more hours than the best stop (median;"
        f" quartiles {percent(regret['relative']['lower'])} to {percent(regret['relative']['upper'])}),"
        f" {regret['labels_beyond_best']['median']:+.0f} labels; {percent(regret['common']['relative'])} more"
        f" than the best number of labels for all seeds ({regret['common']['labels']})."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("sets", nargs="*", default=SETS, help="names of sets")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--reports", type=Path, help="folder of reports")
    arguments = parser.parse_args()
    shared = Path(os.environ.get("AUTOLABEL_SHARED", ROOT.parent / "shared"))
    for name in arguments.sets:
        kept = arguments.reports / f"{name}.json" if arguments.reports else None
        if kept and kept.exists():
            report = json.loads(kept.read_text())
        elif (data := shared / "data" / (CXR if name == RARE else name)).is_dir():
            table = subset(data, "subset_rare_covid.txt", RARE) if name == RARE else None
            report = simulate(data, arguments.seeds, table)
            report["dataset"] = name
            if kept:
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_text(json.dumps(report))
        else:
            print(f"skipped: no {data}", file=sys.stderr)
            continue
        print_tables(report)


if __name__ == "__main__":
    main()
