"""After the runs: a stack of each lane's tracers, and every model beside the lane's reference on the same learners."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from lernpfad.core import DataError, FloatArray
from lernpfad.evaluate.intervals import bootstrap, percentiles
from lernpfad.evaluate.metrics import METRICS
from lernpfad.evaluate.standings import STACK
from lernpfad.run import lines, locks, suite, train
from lernpfad.run.cell import judged
from lernpfad.run.predictions import Predictions
from lernpfad.tracing.composite import logit, sigmoid
from lernpfad.tracing.stack import combined, weights

log = logging.getLogger(__name__)

COMPARISONS_FILE: Final = "comparisons.jsonl"
_PENALTY = 1.0

Group: TypeAlias = tuple[str, int]
"""A lane and one of its runs."""


@dataclass(frozen=True)
class Said:
    """One model's line, and what it predicted of the test answers, and of the validation ones if there are any."""

    line: lines.Line
    test: Predictions
    valid: Predictions | None


def write(config: Any, folder: Path, results: Path) -> None:
    """Stacks and paired leads of every lane and run whose predictions lie in `folder`, into the comparisons' file.

    What was compared before stays where the predictions of some of its models are not at hand: they are large and need
    not be kept.
    """
    path, lanes = results / COMPARISONS_FILE, suite.lanes(config)
    for group, asked in _groups(lines.newest(results, lanes)).items():
        reference = lanes[group[0]].reference
        there = [line for line in asked if _at_hand(folder, line)]
        mark = _mark(group, there, reference, config.resamples)
        before = read(path).get(group)
        if len(there) < 2 or (before and (before["key"] == mark or not _as_wide(before, there))):
            continue
        log.info("comparing %d models of lane %s, run %d", len(there), *group)
        found = {line["model"]: _said(folder, line) for line in there}
        _require_same_answers(group, found)
        compared = _compared(found, reference, resamples=config.resamples)
        with locks.alone(results / lines.LOCK_FILE):
            known = {**read(path), group: {"lane": group[0], "run": group[1], "key": mark, **compared}}
            lines.write(path, [one for _, one in sorted(known.items())])


def read(path: Path) -> dict[Group, dict[str, Any]]:
    """Comparisons by lane and run."""
    return {(one["lane"], one["run"]): one for one in lines.read(path)}


def _groups(found: Sequence[lines.Line]) -> dict[Group, list[lines.Line]]:
    groups: dict[Group, list[lines.Line]] = {}
    for line in found:
        groups.setdefault((line["lane"], line["run"]), []).append(line)
    return groups


def _mark(group: Group, there: Sequence[lines.Line], reference: str | None, resamples: int) -> str:
    """What a comparison depends on, as a hash."""
    whole = [*group, sorted(line["key"] for line in there), reference, resamples]
    return hashlib.sha256(json.dumps(whole).encode()).hexdigest()[:16]


def _as_wide(before: Mapping[str, Any], there: Sequence[lines.Line]) -> bool:
    """Whether all that was compared before is at hand again."""
    return set(before["models"]) <= {line["model"] for line in there}


def _place(home: Path, line: lines.Line) -> Path:
    return lines.folder(home, line["lane"], line["model"], line["run"], line["key"])


def _at_hand(home: Path, line: lines.Line) -> bool:
    return (_place(home, line) / train.TEST_PREDICTIONS).is_dir()


def _said(home: Path, line: lines.Line) -> Said:
    test, valid = (_place(home, line) / side for side in (train.TEST_PREDICTIONS, train.VALID_PREDICTIONS))
    return Said(line, Predictions.read(test), Predictions.read(valid) if valid.is_dir() else None)


def _require_same_answers(group: Group, found: Mapping[str, Said]) -> None:
    """DataError where two models were asked about other answers: their figures are no comparison."""
    first, *others = found
    for other in others:
        one, two = found[first].test, found[other].test
        if not (np.array_equal(one.outcome, two.outcome) and np.array_equal(one.owner, two.owner)):
            raise DataError(
                f"lane {group[0]}, run {group[1]}: {first} and {other} were tested on other answers; "
                "give them the same data and split"
            )


def _compared(found: Mapping[str, Said], reference: str | None, *, resamples: int) -> dict[str, Any]:
    """Leads of all over the reference; the stack's metrics, and its lead over its best member, where there is one."""
    members, every = _members(found), {name: said.test for name, said in found.items()}
    told: dict[str, Any] = {"models": sorted(found), "reference": reference}
    if len(members) > 1:
        every[STACK], learned = _stacked(members)
        told[STACK] = {**learned, **judged(every[STACK], resamples=resamples)}
    drawn = {name: _drawn(said, resamples=resamples) for name, said in every.items()}
    if STACK in drawn:
        best = max(members, key=lambda name: float(members[name].line["valid"]["auc"]))
        told |= {"best_member": best, "stack_over_best_member": _lead(drawn[STACK], drawn[best])}
    others = [name for name in drawn if reference in drawn and name != reference]
    return told | {"leads": {name: _lead(drawn[name], drawn[str(reference)]) for name in others}}


def _members(found: Mapping[str, Said]) -> dict[str, Said]:
    """The models that validated on the same answers as most, from histories of the same length.

    One that trained on all learners, or that was shown more than the lane's windows, is no member of the stack.
    """
    shown = {name: said.valid.before.tobytes() for name, said in found.items() if said.valid is not None}
    most = max(shown.values(), key=list(shown.values()).count, default=b"")
    return {name: found[name] for name, before in shown.items() if before == most}


def _stacked(members: Mapping[str, Said]) -> tuple[Predictions, dict[str, Any]]:
    """The stack of `tracing.stack`, fitted on the validation answers: what it says of the test, and its weights."""
    valid = [said.valid for said in members.values() if said.valid is not None]
    test = [said.test for said in members.values()]
    right = (valid[0].outcome == 1).astype(np.float64)
    told, asked = (
        np.stack([logit(one.predicted.astype(np.float64)) for one in side], axis=1) for side in (valid, test)
    )
    weight, bias = weights(told, valid[0].before, right, by_length=True, penalty=_PENALTY)
    predicted = sigmoid(combined(asked, test[0].before, weight, bias))
    learned = {
        "members": list(members),
        "weight": [[round(float(one), 4) for one in row] for row in weight],
        "bias": [round(float(one), 4) for one in bias],
    }
    return replace(test[0], predicted=predicted), learned


def _drawn(said: Predictions, *, resamples: int) -> FloatArray:
    """The AUC, then what it is on each resample of the learners, `[1 + resamples]`."""
    predicted = said.predicted.astype(np.float64)
    drawn = bootstrap("auc", predicted, said.outcome, said.owner, resamples=resamples)
    return np.concatenate([[METRICS["auc"](predicted, said.outcome)], drawn])


def _lead(one: FloatArray, other: FloatArray) -> list[float]:
    """Difference of AUC, and the ends of its interval on the same learners."""
    apart = one - other
    return [round(float(value), 6) for value in (apart[0], *percentiles(apart[1:]))]
