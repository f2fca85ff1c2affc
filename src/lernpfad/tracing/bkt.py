"""Bayesian knowledge tracing: one hidden bit per skill, learned by practice, seen through guesses and slips."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Self

import numpy as np

from lernpfad.core import (
    BoolArray,
    FloatArray,
    IntArray,
    Interactions,
    Listener,
    Sequences,
    fold,
    mean_over_skills,
)
from lernpfad.core.persist import require_fitted


class BKT:
    """BKT (Corbett & Anderson 1994) with prior, learn, guess and slip per skill, fitted by EM (Baum-Welch).

    forgets: whether a known skill may be lost between two answers (a fifth parameter, as in pyBKT's "forgets").
    starts: EM runs begin at the parameters pooled over all skills and at `starts - 1` random places drawn with
    `seed`; the likeliest goes on. shrinkage: observations that the pooled parameters count for, so that a rare
    skill looks like the average one; a skill never practised gets the pooled parameters. Guess and slip stay <= .5.
    tolerance: a skill has converged when no parameter moves by more. max_iterations: of EM.

    Several skills on an item: P(correct) is the mean over them, and each is updated once. An item that is
    not assessed teaches (the transition alone) without telling. State: P(known), `[learners, K]`.
    """

    prior_: FloatArray
    learn_: FloatArray
    guess_: FloatArray
    slip_: FloatArray
    forget_: FloatArray
    pooled_: FloatArray
    item_skills_: IntArray
    assessed_: BoolArray

    def __init__(
        self,
        *,
        forgets: bool = True,
        starts: int = 3,
        shrinkage: float = 2.0,
        tolerance: float = 1e-3,
        max_iterations: int = 200,
        seed: int = 0,
    ) -> None:
        self.forgets = forgets
        self.starts = starts
        self.shrinkage = shrinkage
        self.tolerance = tolerance
        self.max_iterations = max_iterations
        self.seed = seed
        self.listeners: list[Listener] = []

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """EM; `valid` is not used. Listeners hear `train/loss` (nats per answer) after every step."""
        from lernpfad.tracing.bkt_em import Expectation, Practice, fitted

        epoch = iter(range(10**9))

        def heard(objective: float, answers: int) -> None:
            step = next(epoch)
            for listener in self.listeners:
                listener(step, {"train/loss": -objective / max(answers, 1)})

        found, pooled = fitted(
            Practice.of(train),
            Expectation(self.forgets, self.shrinkage, self.tolerance, heard),
            starts=self.starts,
            steps=self.max_iterations,
            seed=self.seed,
        )
        self.prior_, self.learn_, self.guess_, self.slip_, self.forget_ = np.ascontiguousarray(found.parameters.T)
        self.pooled_ = pooled.parameters[0]
        self.item_skills_, self.assessed_ = train.catalog.item_skills, train.catalog.assessed
        return self

    def start(self, learners: int) -> FloatArray:
        """P(known) before any practice, `[learners, K]`."""
        require_fitted(self)
        return np.tile(self.prior_, (learners, 1))

    def update(self, state: FloatArray, seen: Interactions) -> FloatArray:
        """Bayes' rule on every skill of the item, then the chance to have learned it: O(skills of the item)."""
        skills = self._skills_of(seen.item)
        learner, place = np.nonzero(skills >= 0)
        skill, after = skills[learner, place], state.copy()
        after[learner, skill] = self._practised(state[learner, skill], skill, seen.outcome[learner])
        return after

    def predict(self, state: FloatArray, items: IntArray, at: FloatArray) -> FloatArray:
        """Mean success over the skills of each item, `[learners, items]`; the pooled prior's without a skill."""
        unknown = self._unknown
        return mean_over_skills(self.mastery(state, at), self._skills_of(items), default=unknown)

    def mastery(self, state: FloatArray, at: FloatArray) -> FloatArray:
        """P(success) on each skill: known and no slip, or not known and guessed, `[learners, K]`."""
        require_fitted(self)
        return self._success(state, slice(None))

    def what_if(self, state: FloatArray, items: IntArray, at: FloatArray) -> FloatArray:
        """Mastery of the touched skills after each candidate, wrong or correct: `[learners, items, 2, M]`.

        Only the candidate's own skills move, so no state is copied.
        """
        skills = self._skills_of(items)
        touched = np.where(skills >= 0, skills, 0)
        known = state[np.arange(len(items))[:, None, None], touched]
        graded = self.assessed_[np.where(items >= 0, items, 0)][..., None]
        after = [
            self._success(self._practised(known, touched, np.where(graded, outcome, -1)), touched) for outcome in (0, 1)
        ]
        return np.where((skills >= 0)[:, :, None], np.stack(after, axis=2), np.nan)

    def after(self, histories: Sequences) -> FloatArray:
        """P(known) after whole histories: every skill of every learner goes through its own answers, all in step."""
        state = self.start(len(histories.learners))
        skills = self._skills_of(histories.item)
        row, place = np.nonzero(skills >= 0)
        skill, outcome = skills[row, place], histories.outcome[row]
        chain = histories.owner[row] * state.shape[1] + skill
        order = np.argsort(chain, kind="stable")  # rows of a learner are in order of time
        start = np.flatnonzero(np.diff(chain[order], prepend=-1))
        turn = np.arange(len(order)) - np.repeat(start, np.diff(start, append=len(order)))
        order = order[np.argsort(turn, kind="stable")]
        chain, known, by = chain[order], state.reshape(-1), self._lessons(skill[order], outcome[order])
        last = 0
        for count in np.bincount(turn):
            some, last = slice(last, last + count), last + count
            known[chain[some]] = by[some].after(known[chain[some]])
        return state

    def trace(self, histories: Sequences) -> FloatArray:
        """P(correct) of every row from earlier rows, `[N]`: compiled where numba is installed, else the fold."""
        require_fitted(self)
        if find_spec("numba") is None:  # a production machine: slower, the same numbers
            return fold(self, histories)[1]
        from lernpfad.tracing.bkt_kernels import trace_rows

        parameters = np.stack([self.prior_, self.learn_, self.guess_, self.slip_, self.forget_], axis=1)
        columns = (histories.item, histories.outcome, histories.accepted)
        predicted: FloatArray = trace_rows(histories.offsets, *columns, self.item_skills_, parameters, self._unknown)
        return predicted

    def _skills_of(self, items: IntArray) -> IntArray:
        known = items >= 0
        if not len(self.item_skills_):
            return np.full((*items.shape, 1), -1)
        return np.where(known[..., None], self.item_skills_[np.where(known, items, 0)], -1)

    def _success(self, known: FloatArray, skill: IntArray | slice) -> FloatArray:
        success: FloatArray = known * (1 - self.slip_[skill]) + (1 - known) * self.guess_[skill]
        return success

    def _practised(self, known: FloatArray, skill: IntArray, outcome: IntArray) -> FloatArray:
        """P(known) after an answer (1, 0; -1 for none) on that skill, element by element."""
        return self._lessons(skill, outcome).after(known)

    def _lessons(self, skill: IntArray, outcome: IntArray) -> "_Lessons":
        guess, slip = self.guess_[skill], self.slip_[skill]
        if_known = np.where(outcome == 1, 1 - slip, slip)
        if_not = np.where(outcome == 1, guess, 1 - guess)
        silent = outcome < 0
        if_known, if_not = np.where(silent, 1.0, if_known), np.where(silent, 1.0, if_not)
        return _Lessons(if_known, if_not, self.learn_[skill], self.forget_[skill])

    @property
    def _unknown(self) -> float:
        prior, _, guess, slip, _ = self.pooled_
        return float(prior * (1 - slip) + (1 - prior) * guess)


@dataclass(frozen=True)
class _Lessons:
    """Answers: how likely each is if the skill is known, and if not; and the chances to learn and to forget it then."""

    if_known: FloatArray
    if_not: FloatArray
    learn: FloatArray
    forget: FloatArray

    def __getitem__(self, some: slice) -> "_Lessons":
        return _Lessons(self.if_known[some], self.if_not[some], self.learn[some], self.forget[some])

    def after(self, known: FloatArray) -> FloatArray:
        """P(known) after each: Bayes' rule, then the transition."""
        both = known * self.if_known
        told = both / (both + (1 - known) * self.if_not)
        after: FloatArray = told * (1 - self.forget) + (1 - told) * self.learn
        return after
