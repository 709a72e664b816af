"""Writes dawid_skene.json: answers of five readers, and what crowd-kit's Dawid-Skene makes of them.

Needs crowd-kit (1.4). Run it in this folder: python3 make_dawid_skene.py
"""
import json

import numpy as np
import pandas as pd
from crowdkit.aggregation import DawidSkene

rng = np.random.default_rng(8)
CLASSES = 3
rows = []
for image in range(120):
    truth = rng.choice(CLASSES, p=[0.5, 0.3, 0.2])
    for reader, skill in enumerate((0.9, 0.8, 0.7, 0.55, 0.5)):
        if rng.random() < 0.25:
            continue
        label = truth if rng.random() < skill else rng.choice([c for c in range(CLASSES) if c != truth])
        rows.append((image, reader, int(label)))
frame = pd.DataFrame(rows, columns=["task", "worker", "label"])
assert frame.groupby("worker").label.nunique().min() == CLASSES
assert frame.task.nunique() == 120
# A fixed number of rounds: crowd-kit's stopping rule counts the class shares once for each answer
# instead of once for each image, so it stops at another round than the true lower bound would.
ROUNDS = 20
model = DawidSkene(n_iter=ROUNDS, tol=-np.inf)
classes = model.fit_predict_proba(frame).sort_index()[list(range(CLASSES))]
skills = [[[float(model.errors_.loc[(reader, said), truth]) for said in range(CLASSES)]
           for truth in range(CLASSES)] for reader in range(5)]
with open("dawid_skene.json", "w", encoding="utf-8") as file:
    json.dump({"labels": rows, "class_count": CLASSES, "rounds": ROUNDS,
               "classes": [round(float(x), 9) for x in classes.to_numpy().ravel()],
               "shares": [round(float(model.priors_[c]), 9) for c in range(CLASSES)],
               "skills": [round(x, 9) for x in np.ravel(skills).tolist()]}, file, separators=(",", ":"))
    file.write("\n")
