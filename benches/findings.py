"""Several findings an image: pictures of four real blood cells each, labeled with the kinds of cells that
are there; `auto` beside `random` and `margin`.

    cargo xtask bench findings

Builds the pictures from the set blood-cells-pbc-8class below the folder of test data (AUTOLABEL_SHARED,
by default ../shared), the cells of the pool alone, runs `autolabel simulate` (release build, or
`--binary FILE`) and prints the table of docs/results.md. A cell may be in several pictures, so this says
how orders of labeling compare, and not how good a model of cells is.
"""

import argparse
import csv
import json
import os
import random
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
SET = "blood-cells-pbc-8class"
IMAGES = 1500
SIDE = 240
SHARES = [0.02, 0.04, 0.06, 0.08, 0.10, 0.15]


def draw(cells: Path, folder: Path) -> None:
    """Pictures of two by two cells of one to four kinds, and a table of their labels."""
    luck = random.Random(1)
    kinds = defaultdict(list)
    with open(cells / "labels.csv", encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table):
            if row["split"] == "pool":
                kinds[row["label"]].append(cells / row["file"])
    rows = []
    for number in range(IMAGES):
        shown = luck.sample(sorted(kinds), luck.choice([1, 1, 2, 2, 3, 4]))
        tiles = shown + [luck.choice(shown) for _ in range(4 - len(shown))]
        luck.shuffle(tiles)
        picture = Image.new("RGB", (2 * SIDE, 2 * SIDE))
        for place, kind in enumerate(tiles):
            with Image.open(luck.choice(kinds[kind])) as cell:
                tile = cell.convert("RGB").resize((SIDE, SIDE))
            picture.paste(tile, (place % 2 * SIDE, place // 2 * SIDE))
        picture.save(folder / f"{number:04}.jpg", quality=90)
        rows.append((f"{number:04}.jpg", "|".join(sorted(set(tiles)))))
    with open(folder / "labels.csv", "w", encoding="utf-8", newline="") as table:
        csv.writer(table).writerows([("file", "label"), *rows])


def build() -> Path:
    words = ["cargo", "build", "--release", "--locked", "--package", "autolabel-cli"]
    subprocess.run(words, cwd=ROOT, check=True)
    return ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release/autolabel"


def spread(value: dict) -> str:
    return f"{value['mean']:.3f} ({value['low']:.3f} to {value['high']:.3f})"


def found(point: dict) -> str:
    """Mean share found over the findings."""
    shares = [share["mean"] for share in point["sensitivity"] if share is not None]
    return f"{sum(shares) / len(shares):.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--binary", type=Path)
    arguments = parser.parse_args()
    cells = Path(os.environ.get("AUTOLABEL_SHARED", ROOT.parent / "shared")) / "data" / SET
    if not cells.is_dir():
        raise SystemExit(f"skipped: no {SET} below AUTOLABEL_SHARED or ../shared")
    with tempfile.TemporaryDirectory() as folder:
        draw(cells, Path(folder))
        words = ["simulate", folder, "--compare", "random,margin", "--full-label", "--json", "--no-adapt"]
        words += ["--seeds", str(arguments.seeds)]
        program = arguments.binary or build()
        run = subprocess.run([program, *words], stdout=subprocess.PIPE, check=True)
    report = json.loads(run.stdout)
    arms = report["arms"]
    names = [f"`{arm['strategy']}`" for arm in arms]
    print(f"{report['pool']} pictures, {len(report['classes'])} findings, {arguments.seeds} seeds\n")
    print(f"| labels | {' | '.join(names)} | " + " | ".join(f"{n}, found" for n in names) + " |")
    print("|---" * (1 + 2 * len(arms)) + "|")
    curve = arms[0]["curve"]
    for share in SHARES:
        at = min(range(len(curve)), key=lambda i: abs(curve[i]["labels"] - share * report["pool"]))
        points = [arm["curve"][at] for arm in arms]
        cells_of = [spread(point["rest_accuracy"]) for point in points]
        cells_of += [found(point) for point in points]
        labels = points[0]["labels"]
        print(f"| {labels} ({labels / report['pool']:.1%}) | {' | '.join(cells_of)} |")
    print(f"\nAll labels, cross-validated: {report['full_label']['cross_validated']:.3f}")


if __name__ == "__main__":
    main()
