"""Writes active_lab.json: answers of five readers with probabilities of a model, and the scores that
cleanlab (ActiveLab on the consensus of CROWDLAB) gives to labeled and unlabeled images.

cleanlab first fits a temperature to the answers; our function takes calibrated probabilities, so that
step is switched off here. The last reader shares no image with another one. The second case has one
answer an image. Needs cleanlab (2.9). Run it in this folder: python3 make_active_lab.py
"""
import json

import numpy as np
from cleanlab import multiannotator

multiannotator.find_best_temp_scaler = lambda *_: 1.0
multiannotator.temp_scale_pred_probs = lambda probabilities, _: probabilities
rng = np.random.default_rng(4)
CLASSES, LABELED, IMAGES = 3, 70, 100


def case(single):
    truth = rng.choice(CLASSES, size=IMAGES, p=[0.5, 0.3, 0.2])
    logits = rng.normal(size=(IMAGES, CLASSES)) + 1.6 * np.eye(CLASSES)[truth]
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    p = np.round(p, 6).astype(np.float32).astype(np.float64)
    answers = np.full((LABELED, 5), np.nan)
    for image in range(LABELED):
        for reader, skill in enumerate((0.9, 0.8, 0.65, 0.5, 0.7)):
            alone = image >= 60
            if single and reader != image % 5 or not single and alone != (reader == 4):
                continue
            if not single and not alone and rng.random() < 0.3:
                continue
            others = [c for c in range(CLASSES) if c != truth[image]]
            answers[image, reader] = truth[image] if rng.random() < skill else rng.choice(others)
        if np.isnan(answers[image]).all():
            answers[image, 0] = truth[image]
    labeled, unlabeled = multiannotator.get_active_learning_scores(answers, p[:LABELED], p[LABELED:])
    if single:
        consensus = np.nanmax(answers, axis=1).astype(int)
        quality = p[np.arange(LABELED), consensus]
        readers, model = np.ones(5), 1.0
    else:
        info = multiannotator.get_label_quality_multiannotator(
            answers, p[:LABELED], return_weights=True, return_annotator_stats=False,
            return_detailed_quality=False, verbose=False)
        consensus = info["label_quality"]["consensus_label"].to_numpy()
        quality = info["label_quality"]["consensus_quality_score"].to_numpy()
        readers, model = info["annotator_weight"], info["model_weight"]
        assert min(readers) > 1e-3 and model > 1e-3
    rows = [(int(i), int(a), int(answers[i, a])) for i, a in zip(*np.nonzero(~np.isnan(answers)))]
    rounded = lambda values: np.round(np.asarray(values, dtype=float), 9).tolist()
    return {
        "labels": rows, "class_count": CLASSES, "probabilities": [round(float(v), 6) for v in p.ravel()],
        "scores": rounded(np.concatenate([labeled, unlabeled])),
        "consensus": [int(c) for c in consensus] + [None] * (IMAGES - LABELED),
        "consensus_quality": rounded(np.concatenate([quality, p[LABELED:].max(1)])),
        "reader_weights": rounded(readers), "model_weight": float(model),
    }


with open("active_lab.json", "w", encoding="utf-8") as file:
    json.dump([case(single=False), case(single=True)], file, separators=(",", ":"))
    file.write("\n")
