from typing import Any

import numpy as np

from lernpfad.core import FloatArray, debt
from lernpfad.simulate.calendar import START, WEEK
from simulate.small import lived, world
from simulate.test_rollout import same_log


class Watching:
    """Remembers the debt at both ends of every week."""

    def __init__(self) -> None:
        self.began: list[float] = []
        self.debt: list[tuple[FloatArray, FloatArray]] = []

    def week(self, at: float, world: Any, before: Any, after: Any) -> None:
        self.began.append(at)
        ends = []
        for people, when in ((before, at), (after, at + WEEK)):
            then = np.full(len(people), when)
            ends.append(debt(world.roles.at(world.role(people), then), world.mastery(people, then)))
        self.debt.append((ends[0], ends[1]))


def test_an_observer_is_shown_both_ends_of_every_week_and_changes_nothing() -> None:
    of, watching = world(), Watching()
    seen, unseen = lived(of, observers=[watching]), lived(of)
    same_log(seen.log, unseen.log)
    assert watching.began == [START, START + WEEK, START + 2 * WEEK]
    np.testing.assert_array_equal(np.stack([first for first, _ in watching.debt]), seen.debt[:-1])
    np.testing.assert_array_equal(np.stack([last for _, last in watching.debt]), seen.debt[1:])
