"""What every tracer promises. Hold your own to it: `check_tracer(lambda: MyTracer(...))`."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np

from lernpfad.core.arrays import Array
from lernpfad.core.laws.law import Law, between, demand, hold, same
from lernpfad.core.laws.measure import auc, auc_error, log_loss, reloaded
from lernpfad.core.laws.planted import NO_SKILL, START, UNSEEN_ITEM, UNSEEN_SKILL
from lernpfad.core.laws.tracer_case import Tracer, TracerCase
from lernpfad.core.protocols import ParallelState, ParallelTrace, WhatIf
from lernpfad.core.sequences import Interactions, Sequences
from lernpfad.core.state import copied, equal, map_state, take
from lernpfad.core.trace import fold, mastery, plain_what_if, state_after, trace, walked, what_if

SANE = 0.3
"""How far from the base rate the prediction for something never seen may lie."""

CAUSAL = 1e-6
"""How much rounding may move a prediction when a later answer changes."""

SIGMAS = 4.0
"""Standard errors that an AUC on coin flips may be away from .5."""


def probabilities(case: TracerCase) -> None:
    """Every prediction is strictly between 0 and 1, before and after any history."""
    between(trace(case.tracer, case.probe), 0, 1, what="trace", strict=True)
    predicted = case.tracer.predict(case.state, case.candidates, case.now)
    demand(
        predicted.shape == case.candidates.shape,
        f"predict gave shape {predicted.shape}, expected [learners, items] = {case.candidates.shape}",
    )
    between(predicted, 0, 1, what="predict", strict=True)


def candidate_order_irrelevant(case: TracerCase) -> None:
    """The prediction for an item depends neither on its place among the candidates nor on the others."""
    predicted = case.tracer.predict(case.state, case.candidates, case.now)
    turned = case.tracer.predict(case.state, case.candidates[:, ::-1], case.now)[:, ::-1]
    same(turned, predicted, what="predictions for reversed candidates", tolerance=case.tolerance)
    few = case.tracer.predict(case.state, case.candidates[:, 3:5], case.now)
    same(few, predicted[:, 3:5], what="predictions for two of the candidates", tolerance=case.tolerance)


def asking_changes_nothing(case: TracerCase) -> None:
    """Only `fit` changes a tracer: asked again, after any number of other questions, it says the same bits."""
    before = trace(case.tracer, case.probe)
    learners = len(case.probe.learners)
    case.tracer.predict(case.tracer.update(case.state, case.step(learners, 0)), case.candidates, case.now)
    same(trace(case.tracer, case.probe), before, what="the second trace of the same histories")


def update_leaves_its_argument_alone(case: TracerCase) -> None:
    """State is a value: update, predict and mastery leave the state, and what was seen, untouched to the bit."""
    learners = len(case.probe.learners)
    state, seen = copied(case.state), case.step(learners, 1)
    kept = Interactions(seen.item.copy(), seen.outcome.copy(), seen.accepted.copy(), seen.minutes.copy(), seen.time)
    for name, ask in (
        ("update", lambda: case.tracer.update(state, seen)),
        ("predict", lambda: case.tracer.predict(state, case.candidates, case.now)),
        ("mastery", lambda: mastery(case.tracer, state, case.now, catalog=case.planted.catalog)),
    ):
        ask()
        demand(equal(state, case.state), f"{name} changed the state it was given; return a new one")
        for column in ("item", "outcome", "accepted", "minutes"):
            same(getattr(seen, column), getattr(kept, column), what=f"column '{column}' after {name}")


def batch_partners_irrelevant(case: TracerCase) -> None:
    """What a tracer says of a learner does not depend on who else is in the batch."""
    learners = len(case.probe.learners)
    after = case.tracer.update(case.state, case.step(learners, 0))
    together = case.tracer.predict(after, case.candidates, case.now)
    for j in range(learners):
        alone = case.tracer.update(take(case.state, slice(j, j + 1)), case.step(learners, 0)[slice(j, j + 1)])
        one = case.tracer.predict(alone, case.candidates[j : j + 1], case.now[j : j + 1])[0]
        what = f"predictions for learner {j} alone instead of in a batch of {learners}"
        same(one, together[j], what=what, tolerance=case.tolerance)


def padding_irrelevant(case: TracerCase) -> None:
    """The trace of a history does not depend on longer, shorter or empty histories beside it."""
    together = trace(case.tracer, case.probe)
    backwards = np.arange(len(case.probe.learners))[::-1]
    for j in backwards:
        alone = trace(case.tracer, case.probe.select(np.array([j])))
        what = f"trace of learner {j} alone ({len(alone)} rows)"
        same(alone, together[case.probe.owner == j], what=what, tolerance=case.tolerance)
    turned = case.probe.select(backwards)
    rows = np.argsort(backwards[turned.owner], kind="stable")
    same(trace(case.tracer, turned)[rows], together, what="trace in another order", tolerance=case.tolerance)


def parallel_equals_fold(case: TracerCase) -> None:
    """The parallel trace equals predict-then-update, row by row: no model sees the future, served is measured."""
    parallel, slow = trace(case.tracer, case.probe), fold(case.tracer, case.probe)[1]
    same(parallel, slow, what="parallel trace against the fold", tolerance=case.tolerance)


def no_answer_seen_early(case: TracerCase) -> None:
    """Other answers (and minutes) from a row on never move the prediction of that row or an earlier one."""
    whole = trace(case.tracer, case.probe)
    for start in (0, 1, 2, 7, 31, 200):
        changed = case.probe.position >= start
        outcome = np.where(changed & case.probe.assessed, 1 - case.probe.outcome, case.probe.outcome)
        minutes = np.where(changed, 2 * case.probe.minutes + 1, case.probe.minutes)
        other = replace(case.probe, outcome=outcome.astype(np.int8), minutes=minutes)
        rows = case.probe.position <= start
        what = f"predictions up to row {start} of a history after the answers from there on were flipped"
        same(trace(case.tracer, other)[rows], whole[rows], what=what, tolerance=CAUSAL)


def declined_changes_nothing(case: TracerCase) -> None:
    """A declined offer teaches nothing: without its row, every other prediction is the same."""
    took = case.probe.accepted
    with_declined, without = trace(case.tracer, case.probe)[took], trace(case.tracer, case.probe.where(took))
    same(without, with_declined, what="trace without the declined offers", tolerance=case.tolerance)


def same_seed_same_numbers(case: TracerCase) -> None:
    """Another tracer with the same settings, fitted on other data first, ends with the same numbers."""
    few = case.planted.train.select(slice(0, 24))
    again = case.new().fit(few, few).fit(case.planted.train, case.planted.valid)
    what = "trace of a second tracer (fit must start afresh, from its own seed)"
    same(trace(again, case.probe), trace(case.tracer, case.probe), what=what, tolerance=1e-7)


def save_and_load_change_nothing(case: TracerCase) -> None:
    """Saved and loaded, a tracer gives the same bits."""
    assert case.reload is not None
    loaded = trace(case.reload(case.tracer), case.probe)
    same(loaded, trace(case.tracer, case.probe), what="trace after save and load")


def unknown_gets_a_sane_prior(case: TracerCase) -> None:
    """An unknown item, an unseen one, one of an unseen skill and one without skills get about the base rate."""
    base = case.planted.base_rate
    strange = {"-1": -1, "an unseen item": UNSEEN_ITEM, "an unseen skill": UNSEEN_SKILL, "no skill": NO_SKILL}
    fresh = case.tracer.predict(case.tracer.start(1), np.array([list(strange.values())]), np.full(1, START))[0]
    for name, value in zip(strange, fresh, strict=True):
        what = f"P(correct) of a new learner at {name}, with base rate {base:.2f}"
        between(value[None], max(0.0, base - SANE), min(1.0, base + SANE), what=what, strict=True)
    item = np.array(list(strange.values()))
    history = Sequences.of(case.planted.catalog, ["new"], [8], np.tile(item, 2), np.arange(8) % 2)
    between(trace(case.tracer, history), 0, 1, what="trace of a history of unknown items", strict=True)


def planted_learned(case: TracerCase) -> None:
    """On new learners of a planted world the log loss is lower than that of the base rate."""
    test = case.planted.test
    correct = test.outcome[test.assessed] == 1
    loss = log_loss(trace(case.tracer, test)[test.assessed], correct)
    base = log_loss(np.full(len(correct), case.planted.base_rate), correct)
    demand(loss < base - 0.005, f"log loss {loss:.4f} on {len(correct)} planted answers, the base rate has {base:.4f}")


def coin_flips_give_half(case: TracerCase) -> None:
    """Fitted and tried on answers that are coin flips, AUC is .5 up to its standard error: nothing leaks."""
    flips = case.planted.with_coin_flips(seed=1)
    tracer = case.new().fit(flips.train, flips.valid)
    rows = flips.test.assessed
    correct = flips.test.outcome[rows] == 1
    value, allowed = auc(trace(tracer, flips.test)[rows], correct), SIGMAS * auc_error(correct)
    demand(abs(value - 0.5) <= allowed, f"AUC {value:.4f} on coin flips, expected .5 within {allowed:.4f}")


def what_if_equals_plain(case: TracerCase) -> None:
    """The fast what-if equals repeating the state, updating it and asking for mastery."""
    assert isinstance(case.tracer, WhatIf)
    fast = case.tracer.what_if(case.state, case.candidates, case.now)
    plain = plain_what_if(case.tracer, case.state, case.candidates, case.now, catalog=case.planted.catalog)
    same(fast, plain, what="what_if against the plain one", tolerance=case.tolerance)


def after_equals_walked(case: TracerCase) -> None:
    """The short way to the state after whole histories ends where one update after the other does."""
    assert isinstance(case.tracer, ParallelState)
    _same_state(case, case.tracer, case.probe)


def _same_state(case: TracerCase, tracer: Any, probe: Sequences) -> None:
    quick, plain = state_after(tracer, probe), walked(tracer, probe)

    def compare(one: Array, other: Array) -> Array:
        same(one, other, what="the state by `after` against the plain one", tolerance=case.tolerance)
        return one

    map_state(compare, quick, plain)


def mastery_in_unit_interval(case: TracerCase) -> None:
    """Mastery is one number in [0, 1] per learner and skill."""
    known = mastery(case.tracer, case.state, case.now, catalog=case.planted.catalog)
    shape = (len(case.probe.learners), len(case.planted.catalog.skills))
    demand(known.shape == shape, f"mastery has shape {known.shape}, expected [learners, skills] = {shape}")
    between(known, 0, 1, what="mastery")


def twin_gives_the_same_numbers(case: TracerCase) -> None:
    """The exported form predicts, reads mastery and imagines as the tracer does, by its own short ways too."""
    assert case.twin is not None
    twin: Any = case.twin(case.tracer)

    def says(one: Tracer) -> tuple[Array, Array]:
        state, traced = fold(one, case.probe)
        return traced, mastery(one, state, case.now, catalog=case.planted.catalog)

    for name, got, expected in zip(("trace", "mastery"), says(twin), says(case.tracer), strict=True):
        same(got, expected, what=f"{name} of the exported twin", tolerance=case.tolerance)
    imagined = (
        what_if(one, case.state, case.candidates, case.now, catalog=case.planted.catalog) for one in (twin, case.tracer)
    )
    same(*imagined, what="what-ifs of the exported twin", tolerance=case.tolerance)
    if isinstance(twin, ParallelState):
        for learner in range(len(case.probe.learners)):  # one by one, as production answers
            _same_state(case, twin, case.probe.select(np.array([learner])))


def _refits(case: TracerCase) -> bool:
    return case.make is not None


TRACER_LAWS: Final[tuple[Law[TracerCase], ...]] = (
    Law(probabilities),
    Law(candidate_order_irrelevant),
    Law(asking_changes_nothing),
    Law(update_leaves_its_argument_alone),
    Law(batch_partners_irrelevant),
    Law(padding_irrelevant),
    Law(parallel_equals_fold, fits=lambda case: isinstance(case.tracer, ParallelTrace)),
    Law(no_answer_seen_early),
    Law(declined_changes_nothing),
    Law(same_seed_same_numbers, fits=_refits),
    Law(save_and_load_change_nothing, fits=lambda case: case.reload is not None),
    Law(unknown_gets_a_sane_prior),
    Law(planted_learned),
    Law(coin_flips_give_half, fits=_refits),
    Law(after_equals_walked, fits=lambda case: isinstance(case.tracer, ParallelState)),
    Law(what_if_equals_plain, fits=lambda case: isinstance(case.tracer, WhatIf)),
    Law(mastery_in_unit_interval),
    Law(twin_gives_the_same_numbers, fits=lambda case: case.twin is not None),
)


def check_tracer(
    make: Callable[[], Tracer],
    *,
    reload: Callable[[Any], Tracer] | None = reloaded,
    twin: Callable[[Any], Tracer] | None = None,
    tolerance: float = 1e-5,
) -> None:
    """Hold a tracer to every law that fits; LawBroken lists those it breaks.

    make: a new tracer, not fitted; called a few times. reload: saves and loads a fitted tracer, by default through
    `core.persist`; None leaves that law out. twin: gives the exported form of a fitted tracer.
    """
    hold(TRACER_LAWS, TracerCase(make, reload=reload, twin=twin, tolerance=tolerance))
