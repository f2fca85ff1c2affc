"""After the runs: a stack of each lane's tracers, and every model beside the lane's reference on the same learners."""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from lernpfad.core import FloatArray
from lernpfad.evaluate.intervals import bootstrap, percentiles
from lernpfad.evaluate.metrics import METRICS
from lernpfad.run import lines, train
from lernpfad.run.cell import judged
from lernpfad.run.predictions import Predictions
from lernpfad.tracing.composite import sigmoid
from lernpfad.tracing.stack import combined, weights

log = logging.getLogger(__name__)

STACK: Final = "stack"
COMPARISONS_FILE: Final = "comparisons.jsonl"
_SURE = 1e-6
_PENALTY = 1.0

Said = dict[str, tuple[lines.Line, Predictions, Predictions]]
"""By model: its line, and what it predicted of the validation and of the test answers."""


def write(config: Any, folder: Path, results: Path) -> None:
    """Stacks and paired leads of every lane and run whose predictions lie in `folder`, into the comparisons' file.

    What was compared before of other runs stays there: predictions are large and need not be kept.
    """
    path = results / COMPARISONS_FILE
    known = read(path)
    for (lane, number), there in _kept(folder, lines.newest(results, config.suite.lanes)).items():
        marks = sorted(line["key"] for line, _, _ in there.values())
        mark = hashlib.sha256(json.dumps([lane, number, marks]).encode()).hexdigest()[:16]
        if len(there) < 2 or known.get((lane, number), {}).get("key") == mark:
            continue
        log.info("comparing %d models of lane %s, run %d", len(there), lane, number)
        reference = config.suite.lanes[lane].get("reference")
        compared = _compared(there, reference, resamples=config.resamples)
        known[lane, number] = {"lane": lane, "run": number, "key": mark, **compared}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(one) + "\n" for _, one in sorted(known.items())), encoding="utf-8")


def read(path: Path) -> dict[tuple[str, int], dict[str, Any]]:
    """Comparisons by lane and run."""
    return {(one["lane"], one["run"]): one for one in lines.read(path)}


def _kept(home: Path, found: Sequence[lines.Line]) -> dict[tuple[str, int], Said]:
    there: dict[tuple[str, int], Said] = {}
    for line in found:
        place = lines.folder(home, line["lane"], line["model"], line["run"], line["key"])
        sides = [place / one for one in (train.VALID_PREDICTIONS, train.TEST_PREDICTIONS)]
        if all(one.is_dir() for one in sides):
            valid, test = (Predictions.read(one) for one in sides)
            there.setdefault((line["lane"], line["run"]), {})[line["model"]] = (line, valid, test)
    return there


def _compared(there: Said, reference: str | None, *, resamples: int) -> dict[str, Any]:
    """The stack's metrics, and leads: of all over the reference, and of the stack over its best member."""
    members = _members(there)
    stacked, weight = _stacked(members)
    best = max(members, key=lambda name: members[name][0]["valid"]["auc"])
    every = {name: test for name, (_, _, test) in there.items()} | {STACK: stacked}
    drawn = {name: _drawn(said, resamples=resamples) for name, said in every.items()}
    return {
        STACK: {
            "members": {name: round(float(share), 4) for name, share in zip(members, weight, strict=True)},
            **judged(stacked, resamples=resamples),
        },
        "best_member": best,
        "stack_over_best_member": _lead(drawn[STACK], drawn[best]),
        "reference": reference,
        "leads": {
            name: _lead(one, drawn[reference])
            for name, one in drawn.items()
            if reference in drawn and name != reference
        },
    }


def _members(there: Said) -> Said:
    """The models that saw the same validation answers as most; a floor that validates on nobody is no member."""
    sizes = [len(valid.outcome) for _, valid, _ in there.values()]
    most = max(set(sizes), key=sizes.count)
    return {name: one for name, one in there.items() if len(one[1].outcome) == most}


def _stacked(members: Said) -> tuple[Predictions, FloatArray]:
    """Weights as in `tracing.stack`, fitted on the validation learners, for the test answers; and those weights."""
    _, valid, test = next(iter(members.values()))
    right = (valid.outcome == 1).astype(np.float64)
    told = np.stack([_logit(one.predicted) for _, one, _ in members.values()], axis=1)
    asked = np.stack([_logit(one.predicted) for _, _, one in members.values()], axis=1)
    weight, bias = weights(told, valid.before, right, by_length=True, penalty=_PENALTY)
    return replace(test, predicted=sigmoid(combined(asked, test.before, weight, bias))), weight[0]


def _drawn(said: Predictions, *, resamples: int) -> FloatArray:
    """The AUC, then what it is on each resample of the learners, `[1 + resamples]`."""
    predicted = said.predicted.astype(np.float64)
    drawn = bootstrap("auc", predicted, said.outcome, said.owner, resamples=resamples)
    return np.concatenate([[METRICS["auc"](predicted, said.outcome)], drawn])


def _lead(one: FloatArray, other: FloatArray) -> list[float]:
    """Difference of AUC, and the ends of its interval on the same learners."""
    apart = one - other
    return [round(float(value), 6) for value in (apart[0], *percentiles(apart[1:]))]


def _logit(predicted: FloatArray) -> FloatArray:
    p = np.clip(predicted.astype(np.float64), _SURE, 1 - _SURE)
    logit: FloatArray = np.log(p) - np.log1p(-p)
    return logit
