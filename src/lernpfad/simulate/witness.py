"""The corporate world under observation: the true chances behind every offer of a log, for evaluation only."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.random import Generator

from lernpfad.core import FloatArray, IntArray, Outcomes, Sequences
from lernpfad.simulate.corporate import Corporate
from lernpfad.simulate.population import People


class Witness(Corporate):
    """A `Corporate` that remembers P(correct) at each offer it was asked to make; otherwise the same world.

    Unlike a world it changes while it is used: one witness for one rollout.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._seen: list[tuple[IntArray, FloatArray, FloatArray, FloatArray]] = []

    def step(self, state: People, items: IntArray, at: FloatArray, rng: Generator) -> tuple[People, Outcomes]:
        """As the world does, and take a note."""
        usual = replace(state, form=np.zeros_like(state.form))
        on_the_day, usually = (self.success(people, items[:, None], at)[:, 0] for people in (state, usual))
        self._seen.append((state.learner, at, on_the_day, usually))
        return super().step(state, items, at, rng)

    def chances(self, log: Sequences, *, on_the_day: bool = True) -> FloatArray:
        """True P(correct) of every row of the log of that rollout, accepted or not, `[N]`.

        Without `on_the_day` the learner's form counts as average: what can be known of her before a sitting.
        """
        learner, at, *chances = (np.concatenate(column) for column in zip(*self._seen, strict=True))
        order = np.lexsort((at, learner))
        assert np.array_equal(learner[order], log.owner), "a witness belongs to one rollout"
        found: FloatArray = chances[0 if on_the_day else 1][order]
        return found
