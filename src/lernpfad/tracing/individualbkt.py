"""BKT that knows items and learners apart: guess and slip per item, and classes of learners who begin apart."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Self

import numpy as np

from lernpfad.core import BoolArray, ConfigError, FloatArray, IntArray, Interactions, Listener, Sequences, fold
from lernpfad.core.persist import require_fitted

PRIOR, LEARN, FORGET = range(3)


@dataclass(frozen=True)
class Known:
    """P(known | class) of each skill, `[L, C, K]`, and log P(class) up to a constant, `[L, C]`."""

    known: FloatArray
    log_class: FloatArray


class IndividualBKT:
    """BKT with guess and slip per item (KT-IDEM, Pardos & Heffernan, UMAP 2011) and learners of several classes.

    items: whether each item (and skill of it) has a guess and a slip of its own, drawn towards its skill's with the
    weight of `item_shrinkage` answers; at most `item_cap`, so that mastery never lowers success.
    classes: how many kinds of learners there are, each with a prior per skill; every answer tells the class as well, so
    that skills tell of one another (prior per student, Pardos & Heffernan, UMAP 2010, as a mixture). learning: whether
    classes learn and forget at rates of their own too. The rest is as in `BKT`, from whose parameters EM goes on.

    Several skills on an item: P(correct) is the mean over them, each is updated once, and the class hears the mean of
    their log-likelihoods. State: `Known`.
    """

    moves_: FloatArray
    skill_told_: FloatArray
    told_: FloatArray
    share_: FloatArray
    slots_: IntArray
    pooled_: FloatArray
    item_skills_: IntArray
    assessed_: BoolArray

    def __init__(
        self,
        *,
        items: bool = True,
        classes: int = 6,
        item_shrinkage: float = 10.0,
        item_cap: float = 0.5,
        learning: bool = True,
        forgets: bool = True,
        starts: int = 3,
        shrinkage: float = 10.0,
        tolerance: float = 1e-3,
        max_iterations: int = 100,
        seed: int = 0,
    ) -> None:
        if classes < 1:
            raise ConfigError(f"IndividualBKT: classes={classes}; expected 1 (no classes) or more")
        if not 0 < item_cap <= 0.5 or item_shrinkage <= 0:
            raise ConfigError(
                f"IndividualBKT: item_cap={item_cap}, item_shrinkage={item_shrinkage}; expected a cap in (0, .5] and a "
                "shrinkage above 0"
            )
        self.items = items
        self.classes = classes
        self.item_shrinkage = item_shrinkage
        self.item_cap = item_cap
        self.learning = learning
        self.forgets = forgets
        self.starts = starts
        self.shrinkage = shrinkage
        self.tolerance = tolerance
        self.max_iterations = max_iterations
        self.seed = seed
        self.listeners: list[Listener] = []

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Plain BKT, then EM; `valid` is not used. Listeners hear `train/loss` (nats per answer) after every step."""
        from lernpfad.tracing.bkt_em import Expectation, Practice, fitted
        from lernpfad.tracing.individualbkt_em import Climb

        epoch = iter(range(10**9))

        def heard(objective: float, answers: int) -> None:
            step = next(epoch)
            for listener in self.listeners:
                listener(step, {"train/loss": -objective / max(answers, 1)})

        table = train.catalog.item_skills
        self.item_skills_, self.assessed_ = table, train.catalog.assessed
        practice = Practice.of(train)
        plain, pooled = fitted(
            practice,
            Expectation(self.forgets, self.shrinkage, self.tolerance, heard),
            starts=self.starts,
            steps=self.max_iterations,
            seed=self.seed,
        )
        self.pooled_ = pooled.parameters[0]
        self.slots_, skill_of = _slots(table, len(train.catalog.skills), apart=self.items)
        found = Climb(
            practice,
            slot=self.slots_[practice.item, practice.place],
            skill_of=skill_of,
            counts_for=1.0 / (table >= 0).sum(axis=1)[practice.item],
            pooled=self.pooled_,
            forgets=self.forgets,
            shrinkage=self.shrinkage,
            item_shrinkage=self.item_shrinkage if self.items else None,
            learning=self.learning,
            cap=self.item_cap,
            heard=heard,
        ).run(plain, classes=self.classes, steps=self.max_iterations, tolerance=self.tolerance)
        self.moves_, self.skill_told_, self.told_, self.share_ = found
        return self

    def start(self, learners: int) -> Known:
        """Everybody may be of every class."""
        require_fitted(self)
        return Known(np.tile(self.moves_[..., PRIOR], (learners, 1, 1)), np.tile(np.log(self.share_), (learners, 1)))

    def update(self, state: Known, seen: Interactions) -> Known:
        """Bayes' rule on every skill of the item in every class, and on the class; then the chance to learn."""
        skills = self._skills_of(seen.item)
        learner, place = np.nonzero(skills >= 0)
        skill, slot = skills[learner, place], self._slots_of(seen.item)[learner, place]
        after, said = self._practised(state.known[learner, :, skill], skill, slot, seen.outcome[learner])
        known, log_class = state.known.copy(), state.log_class.copy()
        known[learner, :, skill] = after
        count = np.maximum((skills >= 0).sum(axis=1), 1)[learner, None]
        np.add.at(log_class, learner, said / count)
        return Known(known, log_class - log_class.max(axis=1, keepdims=True))

    def predict(self, state: Known, items: IntArray, at: FloatArray) -> FloatArray:
        """Mean success over the skills of each item, `[learners, items]`; the pooled prior's without a skill."""
        known = self._known(state)
        skills, slots = self._skills_of(items), self._slots_of(items)
        total, count = np.zeros(items.shape), (skills >= 0).sum(axis=-1)
        for skill, slot in zip(np.moveaxis(skills, -1, 0), np.moveaxis(slots, -1, 0), strict=True):
            there = skill >= 0
            if there.any():
                m, told = np.take_along_axis(known, np.where(there, skill, 0), axis=1), self.told_[slot]
                total += np.where(there, m * (1.0 - told[..., 1]) + (1.0 - m) * told[..., 0], 0.0)
        return np.where(count > 0, total / np.maximum(count, 1), self._unknown)

    def mastery(self, state: Known, at: FloatArray) -> FloatArray:
        """P(success) on each skill, with the guess and slip of its typical item, `[learners, K]`."""
        known = self._known(state)
        success: FloatArray = known * (1.0 - self.skill_told_[:, 1]) + (1.0 - known) * self.skill_told_[:, 0]
        return success

    def what_if(self, state: Known, items: IntArray, at: FloatArray) -> FloatArray:
        """Mastery of the touched skills after each candidate, wrong or correct: `[learners, items, 2, M]`.

        Only the candidate's own skills move, and the class of the learner; no state is copied.
        """
        require_fitted(self)
        skills, slots = self._skills_of(items), self._slots_of(items)
        there = skills >= 0
        after = np.full((*items.shape, 2, skills.shape[-1]), np.nan)
        learner, candidate, place = np.nonzero(there)
        skill, slot = skills[there], slots[there]
        graded = self.assessed_[np.maximum(items, 0)][learner, candidate]
        cell = learner * items.shape[1] + candidate
        count = there.sum(axis=-1)[learner, candidate][:, None]
        guess, slip = self.skill_told_[skill].T
        for outcome in (0, 1):
            known, said = self._practised(state.known[learner, :, skill], skill, slot, np.where(graded, outcome, -1))
            log_class = np.repeat(state.log_class, items.shape[1], axis=0)
            np.add.at(log_class, cell, said / count)
            mean = (known * _shares(log_class)[cell]).sum(axis=1)
            after[learner, candidate, outcome, place] = mean * (1.0 - slip) + (1.0 - mean) * guess
        return after

    def trace(self, histories: Sequences) -> FloatArray:
        """P(correct) of every row from earlier rows, `[N]`: compiled where numba is installed, else the fold."""
        require_fitted(self)
        if find_spec("numba") is None:  # a production machine: slower, the same numbers
            return fold(self, histories)[1]
        from lernpfad.tracing.individualbkt_kernels import trace_rows

        columns = (histories.offsets, histories.item, histories.outcome, histories.accepted)
        fixed = (self.item_skills_, self.slots_, self.moves_, self.told_, np.log(self.share_), self._unknown)
        predicted: FloatArray = trace_rows(*columns, *fixed)
        return predicted

    def _known(self, state: Known) -> FloatArray:
        """P(known) of each skill over the classes, `[L, K]`."""
        require_fitted(self)
        known: FloatArray = (state.known * _shares(state.log_class)[..., None]).sum(axis=1)
        return known

    def _practised(
        self, known: FloatArray, skill: IntArray, slot: IntArray, outcome: IntArray
    ) -> tuple[FloatArray, FloatArray]:
        """P(known) `[n, C]` after an answer (1, 0; -1 for none), and the log-likelihood of the answer, `[n, C]`."""
        guess, slip = self.told_[slot].T[..., None]
        moves, outcome = self.moves_[:, skill].swapaxes(0, 1), outcome[:, None]
        success = known * (1.0 - slip) + (1.0 - known) * guess
        after = np.where(outcome == 1, known * (1.0 - slip) / success, known * slip / (1.0 - success))
        after = np.where(outcome < 0, known, after)
        said = np.where(outcome < 0, 0.0, np.log(np.where(outcome == 1, success, 1.0 - success)))
        return after * (1.0 - moves[..., FORGET]) + (1.0 - after) * moves[..., LEARN], said

    def _skills_of(self, items: IntArray) -> IntArray:
        return self._looked_up(self.item_skills_, items)

    def _slots_of(self, items: IntArray) -> IntArray:
        return np.maximum(self._looked_up(self.slots_, items), 0)

    def _looked_up(self, table: IntArray, items: IntArray) -> IntArray:
        require_fitted(self)
        if not len(table):
            return np.full((*items.shape, 1), -1)
        return np.where((items >= 0)[..., None], table[np.where(items >= 0, items, 0)], -1)

    @property
    def _unknown(self) -> float:
        prior, _, guess, slip, _ = self.pooled_
        return float(prior * (1 - slip) + (1 - prior) * guess)


def _slots(item_skills: IntArray, skills: int, *, apart: bool) -> tuple[IntArray, IntArray]:
    """Where guess and slip of each item and place stand, `[I, M]` (-1: no skill), and the skill of each, `[T]`."""
    if not apart:
        return item_skills, np.arange(skills)
    there = item_skills >= 0
    slots = np.full(item_skills.shape, -1)
    slots[there] = np.arange(int(there.sum()))
    return slots, item_skills[there]


def _shares(log_class: FloatArray) -> FloatArray:
    """P(class), `[..., C]`."""
    share = np.exp(log_class - log_class.max(axis=-1, keepdims=True))
    normal: FloatArray = share / share.sum(axis=-1, keepdims=True)
    return normal
