"""A world under observation: the true chances behind every offer of a log, for evaluation only."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.random import Generator

from lernpfad.core import ConfigError, FloatArray, IntArray, Outcomes, Sequences, World


class Witness:
    """Remembers P(correct) at each offer that a world was asked to make; otherwise it is that world.

    world: whose states name their learners (`learner`, `[L]`). Unlike a world a witness changes while it is used: one
    for each rollout.
    """

    def __init__(self, world: World[Any]) -> None:
        self.world = world
        self._seen: list[tuple[IntArray, FloatArray, FloatArray, FloatArray]] = []

    def __getattr__(self, name: str) -> Any:
        if name == "world":  # not made yet, as while it is copied
            raise AttributeError(name)
        return getattr(self.world, name)

    def step(self, state: Any, items: IntArray, at: FloatArray, rng: Generator) -> tuple[Any, Outcomes]:
        """As the world does, and take a note."""
        if not hasattr(state, "learner"):
            kind = type(self.world).__name__
            raise ConfigError(f"world {kind}: its states need `learner`, the number of each learner, to be observed")
        usual = replace(state, form=np.zeros_like(state.form)) if hasattr(state, "form") else state
        on_the_day, usually = (self.world.success(people, items[:, None], at)[:, 0] for people in (state, usual))
        self._seen.append((state.learner, at, on_the_day, usually))
        return self.world.step(state, items, at, rng)

    def chances(self, log: Sequences, *, on_the_day: bool = True) -> FloatArray:
        """True P(correct) of every row of the log of that rollout, accepted or not, `[N]`.

        Without `on_the_day` the learner's form counts as average: what can be known of her before a sitting.
        """
        learner, at, *chances = (np.concatenate(column) for column in zip(*self._seen, strict=True))
        order = np.lexsort((at, learner))
        assert np.array_equal(learner[order], log.owner), "a witness belongs to one rollout"
        found: FloatArray = chances[0 if on_the_day else 1][order]
        return found
