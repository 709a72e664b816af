"""Writes shape_losses.json: the losses of boxes and instances and their gradients, for
`src/dense/loss_parity.rs`.

    pip install numpy
    python crates/training/tests/golden/shape_losses.py

The losses are written down as in their papers, in double precision; gradients are differences of them.
Answers and targets are made of whole numbers by a formula, so that both sides have the same.
"""

import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
ROWS, COLUMNS, CLASSES = 4, 6, 2
CELLS = ROWS * COLUMNS
UNIT = 16.0


def pattern(count, first=0):
    """Numbers from -1 to 1."""
    return ((np.arange(first, first + count, dtype=np.int64) * 7919) % 1009) / 504.5 - 1.0


WEIGHTS = np.array([[1.0, 0.5, 1.0, 0.0][cell % 4] for cell in range(CELLS)])


def boxes():
    """Answers, heats, distances of the sides and how much they count."""
    answer = 2 * pattern(CELLS * (CLASSES + 4)).reshape(CELLS, CLASSES + 4)
    heats = 0.5 * (1 + pattern(CELLS * CLASSES, 5).reshape(CELLS, CLASSES))
    heats[1, 0] = heats[10, 1] = heats[18, 0] = 1.0
    sides = 24 + 20 * pattern(CELLS * 4, 7).reshape(CELLS, 4)
    counts = np.array([[0.0, 0.25, 0.75][cell % 3] for cell in range(CELLS)])
    return answer, heats, sides, counts


def box_loss(answer, heats, sides, counts):
    p = 1 / (1 + np.exp(-answer[:, :CLASSES]))
    at_centre = -((1 - p) ** 2) * np.log(p)
    elsewhere = -((1 - heats) ** 4) * p**2 * np.log(1 - p)
    focal = np.where(heats == 1, at_centre, elsewhere)
    centres = (WEIGHTS[:, None] * (heats == 1)).sum()
    loss = (WEIGHTS[:, None] * focal).sum() / max(centres, 1)
    # Corners of both boxes around the middle of the cell.
    distances = UNIT * np.exp(answer[:, CLASSES:])
    corners = lambda d: (-d[:, 0], -d[:, 1], d[:, 2], d[:, 3])
    (a, b, c, d), (e, f, g, h) = corners(distances), corners(sides)
    both = np.maximum(np.minimum(c, g) - np.maximum(a, e), 0) * np.maximum(np.minimum(d, h) - np.maximum(b, f), 0)
    union = (c - a) * (d - b) + (g - e) * (h - f) - both
    hull = (np.maximum(c, g) - np.minimum(a, e)) * (np.maximum(d, h) - np.minimum(b, f))
    giou = both / union - (hull - union) / hull
    return loss + 2 * (counts * (1 - giou)).sum() / max(counts.sum(), 1)


def instances():
    """Answers, shares of classes, ways to centres in pixels and how much they count."""
    answer = 2 * pattern(CELLS * (CLASSES + 3)).reshape(CELLS, CLASSES + 3)
    shares = 1.5 + pattern(CELLS * (CLASSES + 1), 3).reshape(CELLS, CLASSES + 1)
    shares /= shares.sum(1, keepdims=True)
    ways = 30 * pattern(CELLS * 2, 9).reshape(CELLS, 2)
    counts = np.array([[0.0, 0.25, 0.75][cell % 3] for cell in range(CELLS)])
    return answer, shares, ways, counts


def instance_loss(answer, shares, ways, counts):
    logits = answer[:, : CLASSES + 1]
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    labeled = max(WEIGHTS.sum(), CELLS / 16)
    loss = -(WEIGHTS * (shares * log_p).sum(1)).sum() / labeled
    p, q, w = np.exp(log_p)[:, 1:], shares[:, 1:], WEIGHTS[:, None]
    both, claimed, there = ((w * value).sum(0) for value in (p * q, p, q))
    loss += (1 - (2 * both + 1) / (claimed + there + 1)).mean()
    error = np.abs(answer[:, CLASSES + 1 :] - ways / UNIT)
    beta = 1 / UNIT
    smooth = np.where(error < beta, 0.5 * error**2 / beta, error - 0.5 * beta)
    return loss + (counts * smooth.sum(1)).sum() / max(counts.sum(), 1)


def golden(loss, answer, *target):
    gradient = np.zeros_like(answer)
    step = 1e-6
    for place in np.ndindex(answer.shape):
        moved = [answer.copy(), answer.copy()]
        moved[0][place] += step
        moved[1][place] -= step
        gradient[place] = (loss(moved[0], *target) - loss(moved[1], *target)) / (2 * step)
    rounded = [float(f"{slope:.7g}") for slope in gradient.ravel()]
    return {"loss": loss(answer, *target), "gradient": rounded}


def main():
    found = {"boxes": golden(box_loss, *boxes()), "instances": golden(instance_loss, *instances())}
    (HERE / "shape_losses.json").write_text(json.dumps(found, indent=0) + "\n")
    print({name: values["loss"] for name, values in found.items()})


if __name__ == "__main__":
    main()
