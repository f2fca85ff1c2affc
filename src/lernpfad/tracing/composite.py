"""Tracers made of tracers: what a stack and a calibrated tracer share."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np

from lernpfad.core import (
    ConfigError,
    FloatArray,
    IntArray,
    Interactions,
    KnowledgeTracer,
    Listener,
    Reports,
    Sequences,
    SkillHead,
    state_after,
    trace,
)
from lernpfad.core.persist import require_fitted

CompositeState: TypeAlias = dict[str, Any]
"""The members' states by name, and "answers so far", the number of rows seen, `[L]`."""

_SEEN = "answers so far"
_SURE = 1e-6
"""Members that claim more certainty than this are not believed."""


class Composite:
    """A tracer that makes one probability of its members'. Members are fitted one after the other, each in its own way.

    How members are combined is learned from the validation learners, or, where the data give none, from a share
    `holdout` of the training learners, drawn with `seed`, whom no member is trained on. Members may stop early on the
    same learners: what is learned here is a handful of numbers. members: by name; the constructor's, never shared.
    """

    mastery: Callable[[CompositeState, FloatArray], FloatArray]

    def __init__(self, members: Mapping[str, KnowledgeTracer[Any]], *, holdout: float = 0.1, seed: int = 0) -> None:
        if not members or _SEEN in members:
            raise ConfigError(f"{type(self).__name__}: no members; expected a tracer by name, such as bkt: ...")
        if not 0 < holdout < 1:
            raise ConfigError(f"{type(self).__name__}: holdout={holdout}, expected a share between 0 and 1")
        self.members = dict(members)
        self.holdout = holdout
        self.seed = seed
        self.listeners: list[Listener] = []
        if all(isinstance(one, SkillHead) for one in self.members.values()):
            self.mastery = self._mastery

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Fit the members, then what combines them. Listeners hear every member's metrics as `<member>/<metric>`."""
        if valid is None or not _targets(valid).any():
            train, valid = self._held_out(train)
        for name, member in self.members.items():
            if isinstance(member, Reports):
                member.listeners = [self._told(name)]
            with place_of_its_own(member, name):
                member.fit(train, valid)
        rows = _targets(valid)
        self._learn(self._logits(valid)[rows], _rows_before(valid)[rows], valid.outcome[rows] == 1)
        return self

    def start(self, learners: int) -> CompositeState:
        """The members' start states."""
        states = {name: member.start(learners) for name, member in self.members.items()}
        return {_SEEN: np.zeros(learners, dtype=np.int64), **states}

    def update(self, state: CompositeState, seen: Interactions) -> CompositeState:
        """Every member's update."""
        after = {name: member.update(state[name], seen) for name, member in self.members.items()}
        return {_SEEN: state[_SEEN] + 1, **after}

    def after(self, histories: Sequences) -> CompositeState:
        """Every member's state after whole histories of accepted rows."""
        states = {name: state_after(member, histories) for name, member in self.members.items()}
        return {_SEEN: np.asarray(histories.lengths, dtype=np.int64), **states}

    def predict(self, state: CompositeState, items: IntArray, at: FloatArray) -> FloatArray:
        """P(correct), `[learners, items]`."""
        require_fitted(self)
        told = [member.predict(state[name], items, at) for name, member in self.members.items()]
        return self._combined(logit(np.stack(told, axis=-1)), state[_SEEN][:, None])

    def trace(self, histories: Sequences) -> FloatArray:
        """P(correct) of every row, `[N]`, from the members' traces."""
        require_fitted(self)
        return self._combined(self._logits(histories), _rows_before(histories))

    def _mastery(self, state: CompositeState, at: FloatArray) -> FloatArray:
        """Mastery by the members' skill heads, combined as predictions are, `[learners, K]`."""
        heads = [(name, member) for name, member in self.members.items() if isinstance(member, SkillHead)]
        told = [member.mastery(state[name], at) for name, member in heads]
        return self._combined(logit(np.stack(told, axis=-1)), state[_SEEN][:, None])

    def _learn(self, logits: FloatArray, before: IntArray, right: Any) -> None:
        """Learn to combine. logits: `[rows, members]`. before: rows before each. right: `[rows]`, boolean."""
        raise NotImplementedError

    def _combined(self, logits: FloatArray, before: IntArray) -> FloatArray:
        """Probabilities `[...]` from logits `[..., members]` and numbers of rows before, which broadcast to `[...]`."""
        raise NotImplementedError

    def _logits(self, histories: Sequences) -> FloatArray:
        return logit(np.stack([trace(member, histories) for member in self.members.values()], axis=-1))

    def _told(self, name: str) -> Listener:
        def hear(epoch: int, metrics: Mapping[str, float]) -> None:
            for listener in self.listeners:
                listener(epoch, {f"{name}/{metric}": value for metric, value in metrics.items()})

        return hear

    def _held_out(self, train: Sequences) -> tuple[Sequences, Sequences]:
        useful = np.unique(train.owner[_targets(train)])
        if len(useful) < 2:
            return train, train  # a single learner is on both sides, or there would be nothing to learn from
        order = np.random.default_rng([self.seed, 1]).permutation(useful)
        count = min(max(1, round(self.holdout * len(useful))), len(useful) - 1)
        return train.select(np.sort(order[count:])), train.select(np.sort(order[:count]))


@contextmanager
def place_of_its_own(member: Any, name: str) -> Iterator[None]:
    """Where members keep checkpoints each has a folder, or the second would refuse to go on from the first one's."""
    fitting = getattr(member, "fitting", None)
    if fitting is None or fitting.checkpoints is None:
        yield
        return
    member.fitting = replace(fitting, checkpoints=str(Path(fitting.checkpoints) / name))
    try:
        yield
    finally:
        member.fitting = fitting


def _targets(histories: Sequences) -> Any:
    scored = histories.extra.get("scored")
    return histories.assessed if scored is None else histories.assessed & scored


def _rows_before(histories: Sequences) -> IntArray:
    """Accepted rows of the learner before each row, `[N]`."""
    took = np.concatenate([[0], np.cumsum(histories.accepted)])
    before: IntArray = took[:-1] - np.repeat(took[histories.offsets[:-1]], histories.lengths)
    return before


def logit(probability: FloatArray) -> FloatArray:
    """Probabilities as logits, those beyond `_SURE` cut."""
    sure = np.clip(probability, _SURE, 1 - _SURE)
    logits: FloatArray = np.log(sure) - np.log1p(-sure)
    return logits


def sigmoid(logit: FloatArray) -> FloatArray:
    """Logits as probabilities that are never exactly 0 or 1."""
    return 1.0 / (1.0 + np.exp(-np.clip(logit, -30.0, 30.0)))
