"""What every simulator promises, and what its log must show. `check_simulator(lambda: MyWorld(...))`."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.random import Generator, default_rng

from lernpfad.core.arrays import FloatArray, IntArray
from lernpfad.core.catalog import Catalog
from lernpfad.core.errors import LawBroken
from lernpfad.core.laws.law import Law, between, demand, hold, same
from lernpfad.core.laws.planted import START
from lernpfad.core.protocols import Simulator
from lernpfad.core.sequences import NOT_ASSESSED, Sequences
from lernpfad.core.state import copied, equal, take
from lernpfad.core.world import Outcomes

SIGMAS = 4.5
"""Standard errors that a frequency may be away from its probability; some hundred items are tried at once."""

ENOUGH = 5.0
"""Items expected less often than this are counted together."""


@dataclass(frozen=True, eq=False)
class SimulatorCase:
    """A simulator that is held to the laws. make: a new one, with its catalog as `catalog`. seed: of its generators."""

    make: Callable[[], Simulator[Any]]
    learners: int = 24
    seed: int = 0

    @property
    def subject(self) -> str:
        """Name of the simulator's class."""
        return type(self.simulator).__name__

    @cached_property
    def simulator(self) -> Simulator[Any]:
        """The simulator; shared by the laws, which do not change it."""
        return self.make()

    @property
    def catalog(self) -> Catalog:
        """What it offers."""
        catalog: Catalog = self.simulator.catalog  # type: ignore[attr-defined]
        return catalog

    @cached_property
    def state(self) -> Any:
        """A population after a few steps."""
        return self.lived(self.simulator)[0]

    @property
    def at(self) -> FloatArray:
        """When the next offer is made."""
        return np.full(self.learners, START + 7_200.0)

    def luck(self, which: int = 0) -> Generator:
        """A generator that starts afresh with every call."""
        return default_rng([self.seed, which])

    def offers(self, step: int = 0) -> IntArray:
        """An item for each learner."""
        return default_rng([self.seed, 7, step]).integers(0, len(self.catalog), self.learners)

    def lived(self, simulator: Simulator[Any]) -> tuple[Any, list[Outcomes]]:
        """State and outcomes after a fresh population met five offers, in an open week where there are weeks."""
        state = opened(simulator, simulator.reset(self.learners, self.luck(1)), START, self.luck)
        outcomes = []
        for step in range(5):
            at = np.full(self.learners, START + 600.0 * (step + 1))
            state, outcome = simulator.step(state, self.offers(step), at, self.luck(4 + step))
            outcomes.append(outcome)
        return state, outcomes


def opened(simulator: Any, state: Any, at: float, luck: Callable[[int], Generator]) -> Any:
    """The state with a week and a sitting opened, where the simulator has such (see `World`)."""
    for which, name in ((2, "open_week"), (3, "open_sitting")):
        if hasattr(simulator, name):
            state = getattr(simulator, name)(state, at, luck(which))
    return state


def repeatable(case: SimulatorCase) -> None:
    """The same seeds give the same lives: outcomes, state and mastery, to the bit."""
    one, first = case.lived(case.simulator)
    other, second = case.lived(case.make())
    for step, (a, b) in enumerate(zip(first, second, strict=True)):
        _same_outcomes(b, a, what=f"step {step} lived again")
    demand(equal(one, other), "the state after five steps lived again differs")
    same(case.simulator.mastery(other, case.at), case.simulator.mastery(one, case.at), what="mastery lived again")


def batch_partners_irrelevant(case: SimulatorCase) -> None:
    """The same learner, item and generator give the same outcome, whoever else is in the batch."""
    items = case.offers(9)
    after, together = case.simulator.step(case.state, items, case.at, case.luck(9))
    for some in (np.array([2]), np.arange(5, 12), np.array([20, 3, 11])):
        part, alone = case.simulator.step(take(case.state, some), items[some], case.at[some], case.luck(9))
        _same_outcomes(alone, _only(together, some), what=f"learners {some.tolist()} without the others")
        known = case.simulator.mastery(part, case.at[some])
        expected = case.simulator.mastery(take(after, some), case.at[some])
        same(known, expected, what=f"mastery of learners {some.tolist()} without the others", tolerance=1e-12)


def others_offers_irrelevant(case: SimulatorCase) -> None:
    """What is offered to one learner changes nothing for another."""
    items = case.offers(9)
    other = np.where(np.arange(case.learners) % 2 == 0, items, (items + 1) % len(case.catalog))
    _, before = case.simulator.step(case.state, items, case.at, case.luck(9))
    _, after = case.simulator.step(case.state, other, case.at, case.luck(9))
    even = np.arange(0, case.learners, 2)
    _same_outcomes(_only(after, even), _only(before, even), what="even learners when odd ones get other offers")


def step_leaves_its_argument_alone(case: SimulatorCase) -> None:
    """State is a value: step and mastery leave the one they were given untouched to the bit."""
    state = copied(case.state)
    for name, ask in (
        ("step", lambda: case.simulator.step(state, case.offers(3), case.at, case.luck(5))),
        ("mastery", lambda: case.simulator.mastery(state, case.at)),
    ):
        ask()
        demand(equal(state, case.state), f"{name} changed the state it was given; return a new one")


def outcomes_well_formed(case: SimulatorCase) -> None:
    """Outcomes are -1, 0 or 1, and -1 for what is declined or never graded; minutes are finite and not negative."""
    for step, outcome in enumerate(case.lived(case.simulator)[1]):
        accepted, result = outcome.accepted, outcome.outcome
        demand(np.isin(result, (-1, 0, 1)).all(), f"step {step}: an outcome is not -1, 0 or 1")
        silent = ~accepted | ~case.catalog.assessed[case.offers(step)]
        wrong = silent & (result != NOT_ASSESSED)
        demand(not wrong.any(), f"step {step}: learner {np.argmax(wrong)} has an outcome for what was never answered")
        open_ended = ~silent & (result == NOT_ASSESSED)
        demand(not open_ended.any(), f"step {step}: learner {np.argmax(open_ended)} has no outcome for a graded item")
        between(outcome.minutes, 0.0, np.inf, what=f"minutes of step {step}")
        demand(np.isfinite(outcome.minutes).all(), f"step {step}: minutes are not finite")


def no_offer_nothing_happens(case: SimulatorCase) -> None:
    """A learner without an offer (-1) accepts nothing, answers nothing and spends no minutes."""
    items = np.where(np.arange(case.learners) % 2 == 0, -1, case.offers(2))
    _, outcome = case.simulator.step(case.state, items, case.at, case.luck(6))
    nothing = _only(outcome, np.flatnonzero(items < 0))
    demand(not nothing.accepted.any(), "a learner without an offer accepted it")
    demand((nothing.outcome == NOT_ASSESSED).all(), "a learner without an offer has an outcome")
    demand((nothing.minutes == 0).all(), "a learner without an offer spent minutes")


def luck_comes_from_the_generator(case: SimulatorCase) -> None:
    """Other generators give other outcomes: the luck is not wired in."""
    items = case.offers(2)
    lives = [case.simulator.step(case.state, items, case.at, case.luck(20 + k))[1] for k in range(8)]
    seen = {(life.accepted.tobytes(), life.outcome.tobytes()) for life in lives}
    demand(len(seen) > 1, f"{len(lives)} generators gave the same outcomes to {case.learners} learners")


def mastery_in_unit_interval(case: SimulatorCase) -> None:
    """True mastery is one number in [0, 1] per learner and skill."""
    known = case.simulator.mastery(case.state, case.at)
    shape = (case.learners, len(case.catalog.skills))
    demand(known.shape == shape, f"mastery has shape {known.shape}, expected [learners, skills] = {shape}")
    between(known, 0, 1, what="mastery")


def propensities_are_frequencies(propensities: FloatArray, chosen: IntArray) -> None:
    """Every candidate was chosen as often as the distributions said that it would be.

    propensities: the whole distribution behind each choice, `[N, C]`, rows summing to one. chosen: column, `[N]`.
    A candidate expected less than five times is counted together with the other rare ones.
    """
    seen = np.bincount(chosen, minlength=propensities.shape[1]).astype(np.float64)
    impossible = propensities[np.arange(len(chosen)), chosen] <= 0
    demand(not impossible.any(), f"choice {int(np.argmax(impossible))} had propensity 0")
    expected, spread = propensities.sum(axis=0), (propensities * (1 - propensities)).sum(axis=0)
    rare = expected < ENOUGH
    groups = [*np.flatnonzero(~rare)[:, None], np.flatnonzero(rare)]
    for group in groups:
        share = propensities[:, group].sum(axis=1)
        error = np.sqrt((share * (1 - share)).sum()) if len(group) > 1 else np.sqrt(spread[group].sum())
        off = abs(seen[group].sum() - expected[group].sum())
        if off > SIGMAS * error + 1e-9:
            raise LawBroken(
                f"candidate {group[0]} was chosen {seen[group].sum():.0f} times, its propensities sum to "
                f"{expected[group].sum():.1f} (standard error {error:.1f})"
            )


def logged_propensities_match(log: Sequences) -> None:
    """A log of offers agrees with its own propensities, for a policy that may offer anything eligible.

    Uses `extra["propensity"]` (of the offered item) and `extra["eligible"]` (how many were eligible): the mean of
    `1 / (propensity eligible)` is one, whatever the policy.
    """
    propensity, eligible = log.extra["propensity"], log.extra["eligible"]
    wrong = ~((propensity > 0) & (propensity <= 1 + 1e-9))
    demand(
        not wrong.any(), f"row {int(np.argmax(wrong))}: propensity {propensity[np.argmax(wrong)]:.3g} is not in (0, 1]"
    )
    weight = 1 / (propensity.astype(np.float64) * eligible)
    error = weight.std() / np.sqrt(len(weight))
    demand(
        abs(weight.mean() - 1) <= SIGMAS * error + 1e-9,
        f"1 / (propensity x eligible) is {weight.mean():.4f} in the mean of {len(weight)} offers, expected 1 "
        f"(standard error {error:.4f})",
    )


def _only(outcome: Outcomes, some: IntArray) -> Outcomes:
    return Outcomes(outcome.accepted[some], outcome.outcome[some], outcome.minutes[some])


def _same_outcomes(got: Outcomes, expected: Outcomes, *, what: str) -> None:
    for name in ("accepted", "outcome", "minutes"):
        ours, theirs = getattr(got, name).astype(np.float64), getattr(expected, name).astype(np.float64)
        same(ours, theirs, what=f"{name} of {what}", tolerance=1e-12)


SIMULATOR_LAWS: Final[tuple[Law[SimulatorCase], ...]] = (
    Law(repeatable),
    Law(batch_partners_irrelevant),
    Law(others_offers_irrelevant),
    Law(step_leaves_its_argument_alone),
    Law(outcomes_well_formed),
    Law(no_offer_nothing_happens),
    Law(luck_comes_from_the_generator),
    Law(mastery_in_unit_interval),
)


def check_simulator(make: Callable[[], Simulator[Any]], *, learners: int = 24, seed: int = 0) -> None:
    """Hold a simulator to every law; LawBroken lists those it breaks. make: a new one, with a `catalog`."""
    hold(SIMULATOR_LAWS, SimulatorCase(make, learners=learners, seed=seed))
