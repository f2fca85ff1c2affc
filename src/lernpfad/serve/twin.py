"""Holds what was exported to what was fitted: the same numbers over random histories, or no bundle."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.random import Generator

from lernpfad.core import (
    NOT_ASSESSED,
    UNKNOWN,
    Array,
    BundleError,
    Catalog,
    NextBest,
    Roles,
    Sequences,
    Situation,
    fold,
    mastery,
    state_after,
    what_if,
)

TOLERANCE: Final = 1e-5
_LEARNERS, _LONGEST, _CANDIDATES, _IMAGINED = 6, 24, 64, 16


def check_twin(original: NextBest, twin: NextBest, *, catalog: Catalog, roles: Roles | None, seed: int = 0) -> None:
    """Raise BundleError unless both give the same numbers, to 1e-5, over random histories."""
    rng = np.random.default_rng(seed)
    histories = random_histories(catalog, rng)
    items = np.sort(rng.permutation(len(catalog))[:_CANDIDATES])
    for what, one, other in _compared(original, twin, histories, items):
        worst = _distance(one, other)
        if not worst <= TOLERANCE:
            raise BundleError(
                f"the exported {what} differs from the original by {worst:.1e}, allowed is {TOLERANCE:.0e}; "
                "nothing was written. Mend the model's export (or its settings and arrays ending in '_')"
            )
    _check_policies(original, twin, _situation(twin, histories, items, roles=roles))


def random_histories(catalog: Catalog, rng: Generator) -> Sequences:
    """Histories of any kind: empty ones, unknown items, declined offers, items that are not assessed."""
    lengths = rng.integers(1, _LONGEST, _LEARNERS)
    lengths[0] = 0
    rows = int(lengths.sum())
    accepted = rng.random(rows) < 0.9
    outcome = np.where(accepted, rng.integers(NOT_ASSESSED, 2, rows), NOT_ASSESSED)
    item = rng.integers(UNKNOWN, len(catalog), rows)
    time = np.cumsum(rng.exponential(86_400.0, rows))
    names = [f"random-{j}" for j in range(_LEARNERS)]
    return Sequences.of(catalog, names, lengths, item, outcome, accepted=accepted, time=time)


def _compared(
    original: NextBest, twin: NextBest, histories: Sequences, items: Array
) -> Iterator[tuple[str, Array, Array]]:
    at = np.full(len(histories.learners), histories.time.max(initial=0.0) + 3600.0)
    asked = np.broadcast_to(items, (len(at), len(items)))
    (state, before), (state_of_twin, before_of_twin) = (fold(one.tracer, histories) for one in (original, twin))
    yield "tracer's predictions along a history", before, before_of_twin
    yield (
        "tracer's predictions after a history",
        original.tracer.predict(state, asked, at),
        twin.tracer.predict(state_of_twin, asked, at),
    )
    at_once = state_after(twin.tracer, histories)  # as a posted history is read
    yield (
        "tracer's predictions after a history read at once",
        original.tracer.predict(state, asked, at),
        twin.tracer.predict(at_once, asked, at),
    )
    few = asked[:, :_IMAGINED]
    yield (
        "tracer's what-ifs",
        what_if(original.tracer, state, few, at, catalog=histories.catalog),
        what_if(twin.tracer, at_once, few, at, catalog=histories.catalog),
    )
    yield (
        "tracer's mastery",
        mastery(original.tracer, state, at, catalog=histories.catalog),
        mastery(twin.tracer, state_of_twin, at, catalog=histories.catalog),
    )
    if original.recommender is not None and twin.recommender is not None:
        yield (
            "recommender's affinity",
            original.recommender.score(histories, items),
            twin.recommender.score(histories, items),
        )


def _check_policies(original: NextBest, twin: NextBest, situation: Situation) -> None:
    # both see the same situation: a rounding error of a tracer may turn a tie, which is not the policy's fault
    worst = _distance(original.policy.propensities(situation), twin.policy.propensities(situation))
    if not worst <= TOLERANCE:
        raise BundleError(
            f"the exported policy's propensities differ from the original's by {worst:.1e}; nothing was written. "
            "Mend how lernpfad.policy.spec describes it"
        )


def _situation(twin: NextBest, histories: Sequences, items: Array, *, roles: Roles | None) -> Situation:
    learners = len(histories.learners)
    if roles is None or not len(roles.names):
        return twin.situation(histories, items)
    role = np.arange(learners) % len(roles.names)
    at = np.full(learners, max(histories.time.max(initial=0.0), roles.valid_from[-1]))
    return twin.situation(histories, items, requirement=roles.at(role, at), role=role, at=at)


def _distance(one: Any, other: Any) -> float:
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if one.shape != other.shape:
        return np.inf
    with np.errstate(invalid="ignore"):  # infinite on both sides is equal, see below
        away = np.abs(one - other) / np.maximum(1.0, np.abs(one))
    away[(one == other) | (np.isnan(one) & np.isnan(other))] = 0.0
    return float(away.max(initial=0.0))
