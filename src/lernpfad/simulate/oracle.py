"""The tracer that looks: an upper end for every tracer and policy that have to infer."""

from typing import Any, Self

from lernpfad.core import FloatArray, IntArray, Interactions, Sequences, World
from lernpfad.simulate.draws import Purpose, stream


class OracleTracer:
    """Knows the truth: a `KnowledgeTracer` with `SkillHead`, `WhatIf` and `SeesTruth` whose state is the world's.

    world: the world whose states it is shown. Its predictions are true probabilities; luck is hidden even from it.
    """

    def __init__(self, world: World[Any]) -> None:
        self.world = world

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Nothing to learn."""
        return self

    def look(self, truth: Any) -> Any:
        """The tracer state that belongs to a world state: that very state."""
        return truth

    def start(self, learners: int) -> Any:
        """Some fresh people of the world, always the same."""
        return self.world.reset(learners, stream(0, 0, Purpose.POPULATION))

    def update(self, state: Any, seen: Interactions) -> Any:
        """What the world makes of an item that was taken with this outcome."""
        return self.world.learn(state, seen)

    def predict(self, state: Any, items: IntArray, at: FloatArray) -> FloatArray:
        """True P(correct), `[learners, n]`."""
        return self.world.success(state, items, at)

    def mastery(self, state: Any, at: FloatArray) -> FloatArray:
        """True retrievable mastery, `[learners, K]`."""
        return self.world.mastery(state, at)

    def what_if(self, state: Any, items: IntArray, at: FloatArray) -> FloatArray:
        """True mastery of the touched skills after each item and outcome, `[learners, n, 2, M]`."""
        return self.world.what_if(state, items, at)
