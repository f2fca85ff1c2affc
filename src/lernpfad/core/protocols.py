"""The interfaces everything hangs on. Axis 0 is always learners; only `fit` changes a model."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, runtime_checkable

from numpy.random import Generator

from lernpfad.core.arrays import FloatArray, IntArray
from lernpfad.core.sequences import Interactions, Sequences

if TYPE_CHECKING:
    from lernpfad.core.experience import Experience
    from lernpfad.core.situation import Situation
    from lernpfad.core.world import Outcomes

S = TypeVar("S")


@runtime_checkable
class KnowledgeTracer(Protocol[S]):
    """What does the learner know? A state per learner, predicted success per item."""

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Learn from histories; `valid` (other learners) is for early stopping and calibration only."""
        ...

    def start(self, learners: int) -> S:
        """The state of learners of whom nothing is known yet."""
        ...

    def update(self, state: S, seen: Interactions) -> S:
        """The state after one accepted interaction of each learner; the argument is left untouched."""
        ...

    def predict(self, state: S, items: IntArray, at: FloatArray) -> FloatArray:
        """P(correct) of each learner at each of her items: `[learners, items]` in (0, 1).

        items: `[learners, items]` indices, -1 for an unknown one. at: `[learners]`, seconds.
        """
        ...


@runtime_checkable
class ParallelTrace(Protocol):
    """Optional: a tracer that predicts whole histories at once, equal to the predict-then-update fold."""

    def trace(self, histories: Sequences) -> FloatArray:
        """P(correct) of every row from the learner's earlier rows only, `[N]`."""
        ...


@runtime_checkable
class ParallelState(Protocol):
    """Optional: a tracer that comes to the state after whole histories by a shorter way than row by row."""

    def after(self, histories: Sequences) -> Any:
        """The state of each learner after her whole history; every row is an accepted one.

        `lernpfad.core.state_after` takes this way where it is there, `lernpfad.core.trace.walked` is the definition.
        """
        ...


@runtime_checkable
class SkillHead(Protocol):
    """Optional: a tracer that reads mastery off its state without probing items."""

    def mastery(self, state: Any, at: FloatArray) -> FloatArray:
        """Estimated probability of success per skill, `[learners, K]` in [0, 1]."""
        ...


@runtime_checkable
class WhatIf(Protocol):
    """Optional: the fast way to the mastery that each candidate would leave behind."""

    def what_if(self, state: Any, items: IntArray, at: FloatArray) -> FloatArray:
        """Mastery of the touched skills after each candidate and outcome: `[learners, items, 2, M]`.

        Axis 2 is the outcome (0 wrong, 1 correct); the last axis follows `Catalog.skills_of(items)`, with
        NaN where that is -1. `lernpfad.core.trace.plain_what_if` is the definition.
        """
        ...


@runtime_checkable
class Recommender(Protocol):
    """What will the learner take up? A score for a history, never for a row number."""

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Learn from histories; declined offers are in there, with `accepted` False."""
        ...

    def score(self, histories: Sequences, items: IntArray) -> FloatArray:
        """Affinity of each history for each item, higher is better: `[learners, items]`.

        items: `[items]` indices, the same candidates for everybody.
        """
        ...


@runtime_checkable
class FoldsIn(Protocol):
    """Optional: a recommender that makes factors of a history, with those of the items frozen as `fit` left them."""

    trained: FloatArray | None
    """What `fit` ended with for the training learners, `[learners, factors]`; None in a model that was loaded."""

    def fold_in(self, histories: Sequences) -> FloatArray:
        """The factors of these learners, `[learners, factors]`."""
        ...

    def affinity(self, factors: FloatArray, items: IntArray) -> FloatArray:
        """Scores of learners with these factors, `[learners, items]`; `score` is that of what was folded in."""
        ...


@runtime_checkable
class Similar(Protocol):
    """Optional: a recommender that knows which items are alike by other means than scoring a history of one."""

    def similar(self, items: IntArray) -> FloatArray:
        """How alike these items and all items are, higher is more: `[items, I]`.

        `lernpfad.core.similar.plain_similar` is the definition for those who do not say.
        """
        ...


@runtime_checkable
class Policy(Protocol):
    """What next? A distribution over the candidates."""

    def propensities(self, situation: "Situation") -> FloatArray:
        """`[learners, items]`: non-negative, 0 where not eligible.

        A row sums to 1 where anything is eligible, else to 0.
        """
        ...


@runtime_checkable
class Ranking(Protocol):
    """Optional: a policy that ranks the candidates by a score; `recommend` lists by it."""

    def score(self, situation: "Situation") -> FloatArray:
        """Higher is better, `[learners, items]`; -inf where not eligible."""
        ...


@runtime_checkable
class RankedDraw(Ranking, Protocol):
    """Optional: a ranking policy whose propensities follow from its score, so that nobody computes that twice."""

    def drawn(self, score: FloatArray, situation: "Situation") -> FloatArray:
        """`propensities(situation)`, given what `score(situation)` was: both `[learners, items]`."""
        ...


@runtime_checkable
class Reasoned(Protocol):
    """Optional: a policy that says what its order is made of; `core.reasons` names what decided."""

    def parts(self, situation: "Situation") -> Mapping[str, FloatArray]:
        """Addends by reason code, each `[learners, items]`, whose sum orders the candidates as the policy does.

        NaN, in every addend, for a candidate that was not weighed; it stands below all that were.
        """
        ...


@runtime_checkable
class LearnsFromLog(Protocol):
    """Optional: a policy that is fitted on the offers of a log; what it learned are arrays whose names end in `_`."""

    def fit(self, experience: "Experience") -> Self:
        """Learn from what came of logged offers, as far as the tracer believes it."""
        ...


@runtime_checkable
class Opinions(Protocol):
    """Optional: a tracer made of tracers that tells them apart, for those who mind how far they agree."""

    def opinions(self, state: Any) -> "list[tuple[KnowledgeTracer[Any], Any]]":
        """Each member with its part of the state."""
        ...


class Simulator(Protocol[S]):
    """Learners whose true knowledge is known to the evaluation, and to nobody else."""

    def reset(self, learners: int, rng: Generator) -> S:
        """A fresh population."""
        ...

    def step(self, state: S, items: IntArray, at: FloatArray, rng: Generator) -> "tuple[S, Outcomes]":
        """Offer `items[j]` to learner j (-1: no offer) at `at[j]`; the argument is left untouched.

        The same learner, item and generator give the same outcome, whoever else is in the batch.
        """
        ...

    def mastery(self, state: S, at: FloatArray) -> FloatArray:
        """True retrievable mastery, `[learners, K]`; for the evaluation only."""
        ...
