"""Stacks of tracers on the published lanes, from the predictions that lanes.py kept; no tracer is trained again.

    python experiments/tracing/blend.py

Weights are those of `lernpfad.tracing.stack`, fitted on the validation learners, who also stopped the members'
training; the test answers are predicted once. Every stack is compared with its best member on the same learners.
Writes blend.md.
"""

from pathlib import Path

import numpy as np
from lanes import KEPT, MODELS, Run, finished, runs

from lernpfad.evaluate.intervals import by_learner, paired_difference
from lernpfad.evaluate.metrics import METRICS
from lernpfad.tracing.composite import sigmoid
from lernpfad.tracing.stack import combined, weights

HERE = Path(__file__).parent
BEST_PUBLISHED = {"A": 0.7285, "B": 0.77, "C": 0.7702}


def kept(run: Run) -> dict[str, np.ndarray] | None:
    path = KEPT / f"{run.lane}-{run.model}-{run.fold}-{run.seed}-{run.key()}.npz"
    if run.key() not in finished(run.lane) or not path.exists():
        return None
    found = dict(np.load(path))
    return found if "test_before" in found else None


def logits(parts: list[dict[str, np.ndarray]], side: str) -> np.ndarray:
    said = np.clip(np.stack([one[f"{side}_predicted"] for one in parts], axis=1).astype(np.float64), 1e-6, 1 - 1e-6)
    return np.log(said) - np.log1p(-said)


def row(lane: str, number: int) -> str | None:
    there = {}
    for model in MODELS[lane]:
        found = kept(list(runs(lane, model))[number])
        if found is not None and model != "itemmean":
            there[model] = found
    if len(there) < 2:
        return None
    parts = list(there.values())
    one = parts[0]
    right = (one["valid_outcome"] == 1).astype(np.float64)
    weight, bias = weights(logits(parts, "valid"), one["valid_before"], right, by_length=True, penalty=1.0)
    said = sigmoid(combined(logits(parts, "test"), one["test_before"], weight, bias))
    outcome, owner = one["test_outcome"], one["test_learner"]
    auc = METRICS["auc"]
    alone = {model: auc(part["test_predicted"].astype(np.float64), outcome) for model, part in there.items()}
    best = max(alone, key=lambda model: auc(there[model]["valid_predicted"].astype(np.float64), one["valid_outcome"]))
    low, high = by_learner("auc", said, outcome, owner)
    lead = paired_difference("auc", said, there[best]["test_predicted"].astype(np.float64), outcome, owner)
    published = BEST_PUBLISHED[lane]
    cells = [
        f"{lane}, run {number}",
        ", ".join(there),
        f"{len(said):,}",
        f"**{auc(said, outcome):.4f}** [{low:.4f}, {high:.4f}]",
        f"{METRICS['log_loss'](said, outcome):.4f}",
        f"{METRICS['ece'](said, outcome):.4f}",
        f"{best} {alone[best]:.4f}",
        f"{lead.value:+.4f} [{lead.low:+.4f}, {lead.high:+.4f}]",
        f"{published:.4f}",
        "yes" if auc(said, outcome) > published else "**no**",
    ]
    return f"|{'|'.join(cells)}|".replace("0.", ".")


def main() -> None:
    lines = [
        "# Stacks on the published lanes",
        "",
        "Made by `python experiments/tracing/blend.py` from the predictions of lanes.py. Weights by log-odds and",
        "length of history, fitted on the validation learners of the run. Intervals: 95 %, bootstrap of 1,000 over",
        "test learners; the lead is paired, over the member that validated best. One fold or seed a row, where the",
        "published value is a mean of five.",
        "",
        "|lane|members|scored|AUC|log loss|ECE|best member|lead over it|best published|above|",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [found for lane in MODELS for number in range(5) if (found := row(lane, number))]
    (HERE / "blend.md").write_text("\n".join([*lines, ""]))
    print("\n".join(lines[8:]))


if __name__ == "__main__":
    main()
