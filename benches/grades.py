"""Grades, classes with an order, on three sets of real images: `auto` beside `random` and `margin`.

    cargo xtask bench grades            # replays of the program, as in docs/results.md
    cargo xtask bench grades --heads    # classifiers for grades beside each other

Makes grades of what experts outlined, in bins that were fixed before anything was measured: the share of a
colonoscopy picture that polyps take, the number of red cells in a picture of a blood smear, the number
of nuclei in a microscope picture. Reads the sets below the folder of test data (AUTOLABEL_SHARED, by
default ../shared), keeps their groups, leaves their test splits out, and runs `autolabel simulate`
(release build, or `--binary FILE`) with the network as it is. The classifier was chosen on the polyps; the other two confirm.
"""

import argparse
import csv
import json
import os
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
SHARES = [0.02, 0.04, 0.06, 0.10, 0.15]
GRADES = ["grade 0", "grade 1", "grade 2", "grade 3", "grade 4"]


def polyps(folder: Path) -> list[tuple[Path, float, str, str]]:
    """Each picture with the share that polyps take of it, its group and its split."""
    found = []
    for row in index(folder):
        with Image.open(folder / row["mask"]) as mask:
            share = float((np.asarray(mask) > 0).mean())
        found.append((folder / row["file"], share, row["group"], row["split"]))
    return found


def nuclei(folder: Path) -> list[tuple[Path, float, str, str]]:
    """Each picture with its number of nuclei."""
    coco = json.loads((folder / "coco.json").read_text())
    names = {image["id"]: image["file_name"] for image in coco["images"]}
    counts = Counter(names[box["image_id"]] for box in coco["annotations"])
    return [
        (folder / row["file"], counts[row["file"]], row["group"], row["split"])
        for row in index(folder)
    ]


def smears(folder: Path) -> list[tuple[Path, float, str, str]]:
    """Each picture with its number of red cells."""
    coco = json.loads((folder / "coco.json").read_text())
    red = {kind["id"] for kind in coco["categories"] if kind["name"] == "RBC"}
    counts = Counter(box["image_id"] for box in coco["annotations"] if box["category_id"] in red)
    return [
        (folder / image["file_name"], counts[image["id"]], image["group"], image["split"])
        for image in coco["images"]
    ]


# The upper end of every grade but the last; five grades of about the same size.
SETS = {
    "polyps-kvasir-seg": (polyps, [0.05, 0.10, 0.15, 0.25]),
    "blood-cells-boxes-txlpbc": (smears, [12, 14, 17, 21]),
    "nuclei-dsb2018": (nuclei, [15, 24, 37, 64]),
}


def index(folder: Path) -> list[dict]:
    with open(folder / "index.csv", encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def draw(source: Path, name: str, folder: Path) -> Counter:
    """Copies the pool of a set into `folder` with a table of grades; how often each occurs."""
    measure, ends = SETS[name]
    rows = []
    for number, (image, value, group, split) in enumerate(measure(source / name)):
        if split == "pool":
            file = f"{number:04}{image.suffix}"
            (folder / file).write_bytes(image.read_bytes())
            rows.append((file, GRADES[sum(value > end for end in ends)], group))
    with open(folder / "labels.csv", "w", encoding="utf-8", newline="") as table:
        csv.writer(table).writerows([("file", "label", "group"), *rows])
    return Counter(row[1] for row in rows)


def build() -> Path:
    words = ["cargo", "build", "--release", "--locked", "--package", "autolabel-cli"]
    subprocess.run(words, cwd=ROOT, check=True)
    return ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release/autolabel"


def compare_heads(folders: list[Path]) -> None:
    words = ["cargo", "bench", "--locked", "--package", "autolabel-workflow", "--bench", "grade_heads", "--"]
    subprocess.run([*words, *map(str, folders)], cwd=ROOT, check=True)


def spread(value: dict) -> str:
    return f"{value['mean']:.3f} ({value['low']:.3f} to {value['high']:.3f})"


def simulate(program: Path, folder: Path, seeds: int, *more: str) -> dict:
    words = ["simulate", folder, "--no-adapt", "--cache", folder.with_suffix(".cache"), "--json"]
    words += ["--seeds", str(seeds), "--compare", "random,margin", *more]
    return json.loads(subprocess.run([program, *words], stdout=subprocess.PIPE, check=True).stdout)


def replay(program: Path, folder: Path, seeds: int) -> None:
    """Every strategy on grades, and beside it the same labels taken as classes without an order."""
    graded = simulate(program, folder, seeds, "--grades", ",".join(GRADES))
    plain = simulate(program, folder, seeds)
    arms = graded["arms"]
    names = [f"`{arm['strategy']}`" for arm in arms]
    measures = [
        ("exact", lambda point: point["rest_accuracy"]),
        ("grades off", lambda point: point["rest_grades"]["mean_absolute_error"]),
        ("within one", lambda point: point["rest_grades"]["within_one"]),
        ("quadratic kappa", lambda point: point["rest_grades"]["quadratic_kappa"]),
    ]
    print(f"\n| labels | measure | {' | '.join(names)} | `{plain['arms'][0]['strategy']}` without order |")
    print("|---" * (3 + len(arms)) + "|")
    curve = arms[0]["curve"]
    for share in SHARES:
        at = min(range(len(curve)), key=lambda i: abs(curve[i]["labels"] - share * graded["pool"]))
        labels = curve[at]["labels"]
        for name, value in measures:
            cells = [spread(value(arm["curve"][at])) for arm in arms]
            other = spread(value(plain["arms"][0]["curve"][at])) if name == "exact" else ""
            print(f"| {labels} ({labels / graded['pool']:.0%}) | {name} | {' | '.join(cells)} | {other} |")
    for pair in graded["comparisons"]:
        if pair["measure"] == "rest" and pair["a"] == arms[0]["strategy"]:
            area = pair["aubc"]
            print(f"\nArea below the curve of exact grades, {pair['a']} - {pair['b']}: "
                  f"{area['mean']:+.4f} ({area['low']:+.4f} to {area['high']:+.4f}), p {area['p']:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--binary", type=Path)
    parser.add_argument("--heads", action="store_true", help="compare classifiers instead")
    parser.add_argument("--set", choices=sorted(SETS), action="append", help="only this set")
    arguments = parser.parse_args()
    source = Path(os.environ.get("AUTOLABEL_SHARED", ROOT.parent / "shared")) / "data"
    with tempfile.TemporaryDirectory() as scratch:
        folders = []
        for name in arguments.set or SETS:
            if not (source / name).is_dir():
                print(f"skipped: no {name} below AUTOLABEL_SHARED or ../shared")
                continue
            folder = Path(scratch) / name
            folder.mkdir()
            counts = draw(source, name, folder)
            print(f"{name}: {counts.total()} images, " + ", ".join(f"{g} {counts[g]}" for g in GRADES))
            folders.append(folder)
        if arguments.heads:
            compare_heads(folders)
            return
        program = arguments.binary or build()
        for folder in folders:
            print(f"\n## {folder.name}, {arguments.seeds} seeds", flush=True)
            replay(program, folder, arguments.seeds)


if __name__ == "__main__":
    main()
