"""Answers about stored learners: the same engine, started from what the store knows of them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final, TypeVar
from uuid import uuid4

import numpy as np

from lernpfad.core import Recommendation, Sequences, Situation, choose, recommend
from lernpfad.policy.random import Random
from lernpfad.serve.decisions import Decision, packed
from lernpfad.serve.engine import OUTCOMES, Engine, RequestError, check_row, step_told, told
from lernpfad.serve.files import canonical
from lernpfad.serve.schema import NextItem
from lernpfad.serve.states import forward, pack, unpack
from lernpfad.serve.store import Cached, ConflictError, Interaction, Known, MovedError, Receipt, Recorded, Store
from lernpfad.serve.stored import (
    InteractionPost,
    LearnerItems,
    LearnerItemsRequest,
    LearnerPath,
    LearnerPathRequest,
    LearnerProfile,
    LearnerProfileRequest,
)

T = TypeVar("T")

TRIES: Final = 3
"""How often an answer is begun anew because the learner was erased while it was computed."""


class Learners:
    """Stored learners under one bundle. Keeps nothing itself, so any number of these may share one database."""

    def __init__(self, engine: Engine, store: Store) -> None:
        self.engine = engine
        self.store = store
        self._tracer = engine.bundle.next_best.tracer
        self._start = self._tracer.start(1)
        described = dict(engine.bundle.manifest.models["policy"])
        settings = sha256(canonical(described)).hexdigest()[:12]
        self.policy = f"{type(engine.bundle.next_best.policy).__name__}@{settings}"

    def record(self, posted: Sequence[InteractionPost], *, now: float, batch: bool) -> Recorded:
        """Store posted interactions, all or none. Raises RequestError that names the row."""
        where = [f"interactions[{place}]." if batch else "" for place in range(len(posted))]
        for field, row in zip(where, posted, strict=True):
            check_row(row, field)
        try:
            return self.store.record([(row.learner, _stored(row)) for row in posted], now=now)
        except ConflictError as problem:
            raise RequestError(f"{where[problem.place]}id", str(problem), status=409) from problem

    def next_items(self, request: LearnerItemsRequest, *, now: float) -> LearnerItems:
        """The k best items for a stored learner; the decision is in the log before it is answered."""
        return self._again(lambda: self._next_items(request, now=now))

    def path(self, request: LearnerPathRequest, *, now: float) -> LearnerPath:
        """What lies ahead of a stored learner; the plan is in the log before it is answered."""
        return self._again(lambda: self._path(request, now=now))

    def profile(self, request: LearnerProfileRequest, *, now: float) -> LearnerProfile:
        """Mastery, requirement, gap and debt of a stored learner, and why the next item would be the next."""
        return self._again(lambda: self._profile(request, now=now))

    def erase(self, learner: str, *, now: float) -> Receipt:
        """Remove every trace of a learner."""
        return self.store.erase(learner, now=now)

    def _next_items(self, request: LearnerItemsRequest, *, now: float) -> LearnerItems:
        known = self.store.known(request.learner)
        history, state, cached = self._standing(known)
        situation = self.engine.situation(request, history, now=now, minutes=request.minutes, state=state)
        name = uuid4().hex
        found = self._offered(situation, request, seed=int(name, 16))
        answer = LearnerItems(
            items=[told(one) for one in found],
            **self.engine.common(situation),
            warnings=self.engine.warnings(known.rows.item, history),
            decision=name,
            covers=len(known.rows),
        )
        decision = self._decision(answer, request, known, situation, now=now, items=answer.items, drawn=request.draw)
        self.store.keep(request.learner, known, cached, decision)
        return answer

    def _path(self, request: LearnerPathRequest, *, now: float) -> LearnerPath:
        known = self.store.known(request.learner)
        history, state, cached = self._standing(known)
        situation = self.engine.situation(request, history, now=now, minutes=request.minutes, state=state)
        planned = self.engine.planned(situation, request, k=request.k, language=request.language)
        answer = LearnerPath(
            steps=[step_told(one) for one in planned.steps],
            **self.engine.common(situation),
            warnings=self.engine.warnings(known.rows.item, history),
            decision=uuid4().hex,
            covers=len(known.rows),
        )
        decision = self._decision(answer, request, known, situation, now=now, items=answer.steps, drawn=False)
        self.store.keep(request.learner, known, cached, decision)
        return answer

    def _decision(
        self,
        answer: LearnerItems | LearnerPath,
        request: LearnerItemsRequest | LearnerPathRequest,
        known: Known,
        situation: Situation,
        *,
        now: float,
        items: Sequence[NextItem],
        drawn: bool,
    ) -> Decision:
        return Decision(
            id=answer.decision,
            made=now,
            at=answer.at,
            bundle=answer.bundle,
            policy=self.policy,
            covers=len(known.rows),
            digest=known.rows.digest(len(known.rows)),
            asked=request.model_dump(exclude={"learner"}, exclude_none=True),
            eligible=packed(situation.eligible[0]),
            items=[one.model_dump() for one in items],
            drawn=drawn,
        )

    def _profile(self, request: LearnerProfileRequest, *, now: float) -> LearnerProfile:
        known = self.store.known(request.learner)
        history, state, cached = self._standing(known)
        situation = self.engine.situation(request, history, now=now, state=state)
        if cached is not None:
            self.store.keep(request.learner, known, cached)
        return LearnerProfile(
            skills=self.engine.skills(situation),
            **self.engine.common(situation),
            warnings=self.engine.warnings(known.rows.item, history),
            covers=len(known.rows),
        )

    def _standing(self, known: Known) -> tuple[Sequences, Any, Cached | None]:
        """History, state after it, and what is to be cached of it: None where the cache says so already."""
        history = known.rows.history(self.engine.bundle.catalog)
        state, covers = self._resumed(known)
        if covers == len(known.rows):
            return history, state, None
        state = forward(self._tracer, state, history, covers=covers)
        digest, rows = known.rows.digest(len(known.rows)), len(known.rows)
        return history, state, Cached(self.engine.bundle.version, rows, digest, pack(state, self._start))

    def _resumed(self, known: Known) -> tuple[Any, int]:
        """The cached state and the rows it covers, if it is of this bundle and of the first rows as they now stand."""
        cached = known.cached
        fits = (
            cached is not None
            and cached.bundle == self.engine.bundle.version
            and cached.covers <= len(known.rows)
            and cached.digest == known.rows.digest(cached.covers)
        )
        state = unpack(cached.arrays, self._start) if fits and cached is not None else None
        return (self._start, 0) if state is None or cached is None else (state, cached.covers)

    def _offered(self, situation: Situation, request: LearnerItemsRequest, *, seed: int) -> list[Recommendation]:
        policy = self.engine.bundle.next_best.policy
        ranked = recommend(policy, situation, k=request.k, language=request.language)[0]
        if not request.draw:
            return ranked
        propensities = policy.propensities(situation)
        column = int(choose(propensities, np.random.default_rng(seed))[0])
        if column < 0:
            return []
        alone = np.zeros_like(situation.eligible)
        alone[0, column] = True
        # by a policy without a score: what is drawn may be something that the order leaves out
        [first] = recommend(Random(), situation.among(alone), k=1, language=request.language)[0]
        first = replace(first, propensity=float(propensities[0, column]))
        return [first, *(one for one in ranked if one.item != first.item)][: request.k]

    def _again(self, answer: Callable[[], T]) -> T:
        for _ in range(TRIES - 1):
            try:
                return answer()
            except MovedError:
                continue
        return answer()


def _stored(row: InteractionPost) -> Interaction:
    outcome = OUTCOMES[row.outcome]
    return Interaction(row.id, row.item, outcome, row.accepted, row.minutes, row.time, row.decision)
