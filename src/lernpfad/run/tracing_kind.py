"""Benchmarks of tracers: AUC and what the predictions tell, and a stack of each lane's models."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from lernpfad.core import ConfigError, DataError, FloatArray
from lernpfad.evaluate.intervals import bootstrap, by_learner, percentiles
from lernpfad.evaluate.metrics import METRICS, tracing_metrics
from lernpfad.evaluate.slices import cold_start
from lernpfad.evaluate.standings import HEADLINE, STACK
from lernpfad.run import train
from lernpfad.run.kinds import Entrant, Page, Ran
from lernpfad.run.lines import DIGITS, Line, rounded
from lernpfad.run.predictions import Predictions
from lernpfad.run.suite import Lane
from lernpfad.run.tracing_page import TracingPage
from lernpfad.serve.files import jsonable
from lernpfad.tracing.composite import logit, sigmoid
from lernpfad.tracing.stack import combined, weights

_PENALTY: Final = 1.0


@dataclass(frozen=True)
class Said:
    """One model's line, and what it predicted of the test answers, and of the validation ones if there are any."""

    line: Line
    test: Predictions
    valid: Predictions | None


class TracingKind:
    """A `Kind` of `run.kinds`: how well answers are predicted."""

    headline: str = HEADLINE
    page: Page = TracingPage()

    def require(self, lanes: Mapping[str, Lane]) -> None:
        """No lane chooses what its table shows."""
        for lane in lanes.values():
            if lane.shown:
                raise ConfigError(
                    f"suite.lanes.{lane.name}: shown is for suites that are judged by ranking; take it out"
                )

    def measured(self, ran: Ran, *, resamples: int) -> dict[str, Any]:
        """See `judged`."""
        if not self.kept(ran.folder):
            raise ConfigError("it trains no tracer, and the suite is judged by tracing: choose tracer=...")
        return judged(Predictions.read(ran.folder / train.TEST_PREDICTIONS), resamples=resamples)

    def kept(self, folder: Path) -> bool:
        """Whether the predictions of the test answers are there."""
        return (folder / train.TEST_PREDICTIONS).is_dir()

    def compared(self, lane: Lane, found: Mapping[str, Entrant], *, where: str, resamples: int) -> dict[str, Any]:
        """Leads of all over the reference; the stack's metrics, and its lead over its best member, if there is one."""
        told = {name: _said(one) for name, one in found.items()}
        _require_same_answers(where, told)
        return _compared(told, lane.reference, resamples=resamples)


def judged(said: Predictions, *, resamples: int) -> dict[str, Any]:
    """What the tables show of predictions: metrics, the interval of the AUC by learner, cold starts, unseen items."""
    predicted, outcome = said.predicted.astype(float), said.outcome
    low, high = by_learner("auc", predicted, outcome, said.owner, resamples=resamples)
    slices = {row["answers"]: _few(row) for row in cold_start(predicted, outcome, said.number)}
    slices["items never trained on"] = _few(
        {"n": int((~said.met).sum()), **tracing_metrics(predicted[~said.met], outcome[~said.met])}
    )
    return jsonable(  # type: ignore[no-any-return]
        {
            "answers": len(outcome),
            "test": rounded(tracing_metrics(predicted, outcome)),
            "auc_interval": [round(low, DIGITS), round(high, DIGITS)],
            "slices": slices,
        }
    )


def _few(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"n": row["n"], "auc": row["auc"], "log_loss": row["log_loss"]}


def _said(one: Entrant) -> Said:
    test, valid = (one.folder / side for side in (train.TEST_PREDICTIONS, train.VALID_PREDICTIONS))
    return Said(one.line, Predictions.read(test), Predictions.read(valid) if valid.is_dir() else None)


def _require_same_answers(where: str, found: Mapping[str, Said]) -> None:
    """DataError where two models were asked about other answers: their figures are no comparison."""
    first, *others = found
    for other in others:
        one, two = found[first].test, found[other].test
        if not (np.array_equal(one.outcome, two.outcome) and np.array_equal(one.owner, two.owner)):
            raise DataError(
                f"{where}: {first} and {other} were tested on other answers; give them the same data and split"
            )


def _compared(found: Mapping[str, Said], reference: str | None, *, resamples: int) -> dict[str, Any]:
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
