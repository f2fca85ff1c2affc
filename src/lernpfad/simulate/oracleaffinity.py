"""The recommender that looks: what the people behind a simulated log really like, for the evaluation only."""

from collections.abc import Callable
from typing import Any, Final, Literal, Self, TypeAlias, get_args

import numpy as np

from lernpfad.core import ConfigError, DataError, FloatArray, IntArray, Sequences, state_after, unknown_name
from lernpfad.core.persist import require_fitted
from lernpfad.core.state import take
from lernpfad.simulate.calendar import START
from lernpfad.simulate.corporate import Corporate
from lernpfad.simulate.draws import Purpose, stream
from lernpfad.simulate.oracle import OracleTracer
from lernpfad.simulate.population import People, names

Sees: TypeAlias = Literal["taste", "acceptance"]

_DAY: Final = 86_400.0
_LITTLE: Final = 1e-6


class OracleAffinity:
    """Draws the workforce of a simulated log again and asks it: an upper end for recommenders, as far as taste goes.

    world: makes the world of the log (`Corporate` with the settings of its YAML). people: seed of the roll-out that
    wrote the log. A log's learners are named by their number, and learner j is the same in any workforce, so nothing
    else is needed. sees: "taste", how much the taste of a learner and of an item agree, by which people accept (the
    `affinity` of `engagement.accepts`); "acceptance", the true P(accept) of an offer the day after her history, at the
    start of a sitting: taste, minutes, and what she needs and can do once she has learned from what she took. Practice
    at work and moves to other roles, which no log shows, are not lived again.

    "acceptance" breaks ties by taste, for what is mandatory is accepted by everybody.

    Neither knows what the platform will offer, which is half of what is taken up next. Learned: `items_`
    `[I, TASTES]`, the tastes of the items.
    """

    items_: FloatArray

    def __init__(self, world: Callable[[], Corporate], people: int, sees: Sees = "taste") -> None:
        if sees not in get_args(Sees):
            raise ConfigError(f"OracleAffinity: {unknown_name('sight', sees, get_args(Sees))}")
        self.world = world
        self.people = people
        self.sees = sees

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Nothing to learn; DataError if the log is not of this world."""
        world = self.world()
        if not np.array_equal(train.catalog.items, world.catalog.items):
            raise DataError(
                f"OracleAffinity: the log has {len(train.catalog)} items, the world {len(world.catalog)} other ones; "
                "give the settings of the simulator that wrote the log"
            )
        self.items_ = world.traits.taste
        return self

    def score(self, histories: Sequences, items: IntArray) -> FloatArray:
        """True affinity or acceptance, `[learners, items]`; -inf for an item that the world does not have."""
        require_fitted(self)
        world, number = self.world(), _numbers(histories)
        everybody = world.reset(int(number.max(initial=-1)) + 1, stream(self.people, 0, Purpose.POPULATION))
        known = (items >= 0) & (items < len(self.items_))
        scores = np.full((len(number), len(items)), -np.inf)
        scores[:, known] = everybody.taste[number] @ self.items_[items[known]].T
        if self.sees == "acceptance" and len(number):
            people = _now(world, everybody, number, histories)
            scores[:, known] = _accepted(world, people, histories, items[known]) + _LITTLE * scores[:, known]
        return scores


class _Acquainted(OracleTracer):
    """An oracle that starts with certain people."""

    def __init__(self, world: Corporate, people: People) -> None:
        super().__init__(world)
        self.people = people

    def start(self, learners: int) -> Any:
        """They themselves, however many that are."""
        return self.people


def _now(world: Corporate, everybody: People, number: IntArray, histories: Sequences) -> People:
    """The learners of the histories after what they took."""
    # in the order in which histories are walked through
    longest_first = np.argsort(-histories.lengths, kind="stable")
    fresh = take(everybody, number[longest_first])
    later: People = state_after(_Acquainted(world, fresh), histories.select(longest_first))
    return take(later, np.argsort(longest_first))


def _accepted(world: Corporate, people: People, histories: Sequences, items: IntArray) -> FloatArray:
    last = np.full(len(people), START)
    some = histories.lengths > 0
    last[some] = histories.time[histories.offsets[1:][some] - 1]
    asked = [world.acceptance(people, np.full(len(people), item), last + _DAY) for item in items]
    return np.stack(asked, axis=1) if asked else np.empty((len(people), 0))


def _numbers(histories: Sequences) -> IntArray:
    """Which of the workforce each learner is, `[J]`; DataError for a learner that no roll-out named."""
    digits = np.char.rpartition(histories.learners, "-")[:, 2] if len(histories.learners) else np.empty(0, np.str_)
    whole = np.char.isdecimal(digits) if len(digits) else np.empty(0, bool)
    number = np.where(whole, digits, "0").astype(np.int64)
    odd = histories.learners != names(int(number.max(initial=-1)) + 1)[number] if len(number) else whole
    if odd.any():
        raise DataError(
            f"OracleAffinity: learner '{histories.learners[np.argmax(odd)]}' is nobody of a simulated workforce, "
            f"whose ids are like '{names(1)[0]}'; use it on logs of lernpfad simulate"
        )
    return number
