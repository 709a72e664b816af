"""Curves of many arms and seeds, as Markdown."""

import math

import numpy as np

SHARES = [0.02, 0.04, 0.06, 0.10, 0.15]
LEVELS = [0.95, 0.97, 0.99]
OURS = "AutoLabel: auto"


def at(curve: dict, measure: str, labels: float) -> float:
    """Accuracy at so many labels, between two rounds by a straight line."""
    return float(np.interp(labels, curve["labels"], curve[measure]))


def area(curve: dict, measure: str) -> float:
    """Trapezoids below accuracy over labels, divided by the width."""
    labels = np.asarray(curve["labels"], float)
    return float(np.trapezoid(curve[measure], labels) / (labels[-1] - labels[0]))


def labels_to(curve: dict, measure: str, level: float) -> float | None:
    """Labels at which a curve first crosses a level; `None` where it never does."""
    labels, values = curve["labels"], curve[measure]
    for i, value in enumerate(values):
        if value >= level:
            if i == 0:
                return float(labels[0])
            share = (level - values[i - 1]) / (value - values[i - 1])
            return labels[i - 1] + share * (labels[i] - labels[i - 1])
    return None


def difference(a: list[float], b: list[float]) -> str:
    """Mean of `a` minus mean of `b` with twice its standard error (the arms share no seeds' draws)."""
    error = math.sqrt(sum(np.var(v, ddof=1) / len(v) for v in (a, b))) if min(len(a), len(b)) > 1 else math.nan
    return f"{np.mean(a) - np.mean(b):+.4f} ± {2 * error:.4f}"


def reached(curves: list[dict], level: float) -> str:
    """Labels to a level on average, with the share of seeds that get there."""
    found = [labels_to(curve, "rest", level) for curve in curves]
    known = [labels for labels in found if labels is not None]
    if not known:
        return "-"
    share = "" if len(known) == len(found) else f" ({100 * len(known) // len(found)} %)"
    return f"{np.mean(known):.0f}{share}"


def mean_of(curves: list[dict], value) -> float:
    return float(np.mean([value(curve) for curve in curves]))


def print_pack(name: str, pool: int, arms: dict[str, list[dict]], full: dict[str, dict]) -> None:
    """`arms`: curves of each arm, one a seed; `full`: accuracy with all labels (`rest`: cross-validated
    over the pool, `test`) of AutoLabel and of each classifier."""
    seeds = len(arms[OURS])
    print(f"\n### {name}: {pool} images, {seeds} seeds\n")
    parts = [f"{key} {value['rest']:.3f} (test split {value['test']:.3f})" for key, value in full.items()]
    print("All labels, cross-validated: " + ", ".join(parts) + ".\n")
    ours, theirs = full["AutoLabel"]["rest"], max(v["rest"] for k, v in full.items() if k != "AutoLabel")
    marks = " | ".join(f"{level:.0%}" for level in LEVELS)
    shares = " | ".join(f"{share:.0%}" for share in SHARES)
    tests = " | ".join(f"test {share:.0%}" for share in SHARES)
    print(f"| arm | to {marks} of ours | to {marks} of theirs | area | area, test | {shares} | {tests} | s a round |")
    print("|---" * (5 + 2 * len(LEVELS) + 2 * len(SHARES) - 1) + "|")
    order = sorted(arms, key=lambda arm: -mean_of(arms[arm], lambda c: area(c, "rest")))
    for arm in order:
        curves = arms[arm]
        cells = [reached(curves, level * full) for full in (ours, theirs) for level in LEVELS]
        cells += [f"{mean_of(curves, lambda c: area(c, m)):.4f}" for m in ("rest", "test")]
        for measure in ("rest", "test"):
            cells += [f"{mean_of(curves, lambda c: at(c, measure, share * pool)):.3f}" for share in SHARES]
        cells.append(f"{mean_of(curves, lambda c: float(np.mean(c['seconds']))):.2f}")
        missing = "" if len(curves) == seeds else f" ({len(curves)} seeds)"
        print(f"| {arm}{missing} | " + " | ".join(cells) + " |")
    print_best(pool, arms, ours)


def print_best(pool: int, arms: dict[str, list[dict]], full: float) -> None:
    """For each measure the best peer beside ours: where it is ahead and by how much."""
    peers = [arm for arm in arms if not arm.startswith("AutoLabel")]
    measures = [(f"area, {m}", lambda c, m=m: area(c, m)) for m in ("rest", "test")]
    for measure in ("rest", "test"):
        for share in SHARES:
            measures.append((f"{share:.0%}, {measure}", lambda c, m=measure, s=share: at(c, m, s * pool)))
    print("\n| measure | auto | best peer | its value | auto minus peer |\n|---|---|---|---|---|")
    for title, value in measures:
        best = max(peers, key=lambda arm: mean_of(arms[arm], value))
        ours, theirs = ([value(curve) for curve in arms[arm]] for arm in (OURS, best))
        print(f"| {title} | {np.mean(ours):.4f} | {best} | {np.mean(theirs):.4f} | {difference(ours, theirs)} |")
    for level in LEVELS:
        complete = [arm for arm in peers if all(labels_to(c, "rest", level * full) for c in arms[arm])]
        if complete:
            best = min(complete, key=lambda arm: mean_of(arms[arm], lambda c: labels_to(c, "rest", level * full)))
            print(f"| labels to {level:.0%} of ours | {reached(arms[OURS], level * full)} | {best} |"
                  f" {reached(arms[best], level * full)} | |")


def print_seconds(ours: float, theirs: dict[str, float]) -> None:
    print(f"\n### A round at 10,000 images and 1,000 labels, batches of 50, one thread: AutoLabel {ours:.3f} s\n")
    print("| arm | s | times ours |\n|---|---|---|")
    for arm, seconds in sorted(theirs.items(), key=lambda item: item[1]):
        print(f"| {arm} | {seconds:.2f} | {seconds / ours:.1f} |")
