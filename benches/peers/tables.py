"""Curves of many arms and seeds, as Markdown."""

import math

import numpy as np

SHARES = [0.02, 0.04, 0.06, 0.10, 0.15]
LEVELS = [0.95, 0.97, 0.99]
OURS = "AutoLabel: auto"
FEWEST_SEEDS = 3  # of an arm that can be the best


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


def difference(a: dict[int, float], b: dict[int, float], digits: int) -> str:
    """Mean of `a` minus `b` over the seeds that both have, with twice its standard error."""
    seeds = sorted(set(a) & set(b))
    values = [a[seed] - b[seed] for seed in seeds]
    error = np.std(values, ddof=1) / math.sqrt(len(seeds)) if len(seeds) > 1 else math.nan
    return f"{np.mean(values):+.{digits}f} ± {2 * error:.{digits}f} ({len(seeds)} seeds)"


def reached(curves: dict[int, dict], level: float) -> str:
    """Labels to a level on average, with the share of seeds that get there."""
    found = [labels_to(curve, "rest", level) for curve in curves.values()]
    known = [labels for labels in found if labels is not None]
    if not known:
        return "-"
    share = "" if len(known) == len(found) else f" ({100 * len(known) // len(found)} %)"
    return f"{np.mean(known):.0f}{share}"


def mean_of(curves: dict[int, dict], value) -> float:
    return float(np.mean([value(curve) for curve in curves.values()]))


def print_pack(name: str, pool: int, arms: dict[str, dict[int, dict]], full: dict[str, dict]) -> None:
    """`arms`: curves of each arm by seed; `full`: accuracy with all labels (`rest`: cross-validated
    over the pool, `test`) of AutoLabel and of each classifier."""
    seeds = len(arms[OURS])
    print(f"\n### {name}: {pool} images, {seeds} seeds\n")
    parts = [f"{key} {value['rest']:.3f} (test split {value['test']:.3f})" for key, value in full.items()]
    print("All labels, cross-validated: " + ", ".join(parts) + ".\n")
    ours, theirs = full["AutoLabel"]["rest"], max(v["rest"] for k, v in full.items() if k != "AutoLabel")
    order = sorted(arms, key=lambda arm: -mean_of(arms[arm], lambda c: area(c, "rest")))
    heads = [f"labels to {level:.0%} of {whose}" for whose in ("ours", "theirs") for level in LEVELS]
    print_heads(["arm", *heads, "area", "area, test", "s a round"])
    for arm in order:
        curves = arms[arm]
        cells = [reached(curves, level * full) for full in (ours, theirs) for level in LEVELS]
        cells += [f"{mean_of(curves, lambda c: area(c, m)):.4f}" for m in ("rest", "test")]
        cells.append(f"{mean_of(curves, lambda c: float(np.mean(c['seconds']))):.2f}")
        missing = "" if len(curves) == seeds else f" ({len(curves)} seeds)"
        print(f"| {arm}{missing} | " + " | ".join(cells) + " |")
    print()
    print_heads(["arm", *(f"{m} {share:.0%}" for m in ("rest", "test") for share in SHARES)])
    for arm in order:
        values = [
            mean_of(arms[arm], lambda c: at(c, m, share * pool)) for m in ("rest", "test") for share in SHARES
        ]
        print(f"| {arm} | " + " | ".join(f"{value:.3f}" for value in values) + " |")
    print_best(pool, arms, ours)


def print_heads(heads: list[str]) -> None:
    print("| " + " | ".join(heads) + " |\n" + "|---" * len(heads) + "|")


def print_best(pool: int, arms: dict[str, dict[int, dict]], full: float) -> None:
    """For each measure the peer that is best beside ours on the same seeds: where it is ahead, and by how
    much. The best of many is picked here by what it is judged by, which flatters it."""
    enough = min(FEWEST_SEEDS, len(arms[OURS]))
    peers = [arm for arm in arms if not arm.startswith("AutoLabel") and len(arms[arm]) >= enough]
    measures = [(f"area, {m}", lambda c, m=m: area(c, m)) for m in ("rest", "test")]
    for measure in ("rest", "test"):
        for share in SHARES:
            measures.append((f"{share:.0%}, {measure}", lambda c, m=measure, s=share: at(c, m, s * pool)))
    print("\n| measure | auto | best peer | its value | auto minus peer |\n|---|---|---|---|---|")
    for title, value in measures:
        print_row(title, arms, peers, value, max, 4)
    for level in LEVELS:

        def value(curve, level=level):
            return labels_to(curve, "rest", level * full)

        complete = [arm for arm in peers if all(map(value, arms[arm].values()))]
        if complete and all(map(value, arms[OURS].values())):
            print_row(f"labels to {level:.0%} of ours", arms, complete, value, min, 1)


def print_row(title: str, arms: dict[str, dict[int, dict]], peers: list[str], value, better, digits: int) -> None:
    """One measure: ours, and the best of these peers by the mean difference to ours."""
    values = {arm: {seed: value(c) for seed, c in arms[arm].items()} for arm in [OURS, *peers]}
    ours = values[OURS]
    best = better(peers, key=lambda arm: np.mean([v - ours[seed] for seed, v in values[arm].items()]))
    means = [f"{np.mean(list(values[arm].values())):.{digits}f}" for arm in (OURS, best)]
    print(f"| {title} | {means[0]} | {best} | {means[1]} | {difference(ours, values[best], digits)} |")


def print_seconds(ours: float, theirs: dict[str, float]) -> None:
    print("\n### A round at 10,000 images and 1,000 labels, batches of 50, one thread\n")
    print(f"AutoLabel: {ours:.3f} s by the clock, which other work lengthens. The others: processor seconds.\n")
    print("| arm | s | times ours |\n|---|---|---|")
    for arm, seconds in sorted(theirs.items(), key=lambda item: item[1]):
        print(f"| {arm} | {seconds:.2f} | {seconds / ours:.1f} |")
