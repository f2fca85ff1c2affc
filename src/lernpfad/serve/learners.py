"""Answers about stored learners: the same engine, started from what the store knows of them."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final, TypeVar
from uuid import uuid4

import numpy as np

from lernpfad.core import Policy, Recommendation, Sequences, Situation, choose, recommend
from lernpfad.policy.random import Random
from lernpfad.serve import curriculum
from lernpfad.serve.database import StoreError
from lernpfad.serve.decisions import Decision, packed
from lernpfad.serve.engine import OUTCOMES, Engine, RequestError, check_row
from lernpfad.serve.files import canonical
from lernpfad.serve.metrics import Metrics
from lernpfad.serve.schema import Wanted
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

    def __init__(self, engine: Engine, store: Store, *, metrics: Metrics | None = None) -> None:
        self.engine = engine
        self.store = store
        self.metrics = metrics or Metrics()
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
            done = self.store.record([(row.learner, _stored(row)) for row in posted], now=now)
        except ConflictError as problem:
            raise RequestError(f"{where[problem.place]}id", str(problem), status=409) from problem
        self.metrics.count("interactions", done.stored, came="new")
        self.metrics.count("interactions", done.repeated, came="repeated")
        return done

    def next_items(self, request: LearnerItemsRequest, *, now: float, why: str = "") -> LearnerItems:
        """The k best items for a stored learner; the decision is in the log before it is answered.

        why: a reason for which the fixed curriculum decides; it does as well where the model raises.
        """
        mine = (RequestError, StoreError, MovedError)

        def decide(why: str) -> LearnerItems:
            return self._next_items(request, now=now, why=why)

        return self._again(lambda: curriculum.decided(decide, why=why, mine=mine))

    def path(self, request: LearnerPathRequest, *, now: float, why: str = "") -> LearnerPath:
        """What lies ahead of a stored learner; the plan is in the log before it is answered. why: see `next_items`."""
        mine = (RequestError, StoreError, MovedError)

        def decide(why: str) -> LearnerPath:
            return self._path(request, now=now, why=why)

        return self._again(lambda: curriculum.decided(decide, why=why, mine=mine))

    def profile(self, request: LearnerProfileRequest, *, now: float) -> LearnerProfile:
        """Mastery, requirement, gap and debt of a stored learner. Raises ModelError where the model raises."""
        mine = (RequestError, StoreError, MovedError)
        return self._again(lambda: curriculum.estimated(lambda: self._profile(request, now=now), mine=mine))

    def erase(self, learner: str, *, now: float) -> Receipt:
        """Remove every trace of a learner."""
        return self.store.erase(learner, now=now)

    def _next_items(self, request: LearnerItemsRequest, *, now: float, why: str) -> LearnerItems:
        known = self.store.known(request.learner)
        with self.engine.turn:
            decision, answer, cached = self.decide(request, known, now=now, why=why, name=uuid4().hex)
        self._kept(request.learner, known, cached, decision, answer, why=why)
        return answer

    def decide(
        self, request: LearnerItemsRequest, known: Known, *, now: float, why: str, name: str
    ) -> tuple[Decision, LearnerItems, Cached | None]:
        """What is logged, answered and cached of one decision; nothing is stored. name: its id, seed of the draw."""
        situation, warnings, cached = self._situation(request, known, now=now, minutes=request.minutes, why=why)
        policy = curriculum.FIXED if why else self.engine.bundle.next_best.policy
        found = _offered(policy, situation, request, seed=int(name, 16))
        fields = self.engine.answered(found, situation, warnings, why=why, language=request.language)
        answer = LearnerItems(**fields, decision=name, covers=len(known.rows))
        items = [one.model_dump() for one in answer.items]
        decision = self._logged(answer, request, known, situation, now=now, why=why, items=items, drawn=request.draw)
        return decision, answer, cached

    def _path(self, request: LearnerPathRequest, *, now: float, why: str) -> LearnerPath:
        known = self.store.known(request.learner)
        with self.engine.turn:
            decision, answer, cached = self.plan(request, known, now=now, why=why, name=uuid4().hex)
        self._kept(request.learner, known, cached, decision, answer, why=why)
        return answer

    def plan(
        self, request: LearnerPathRequest, known: Known, *, now: float, why: str, name: str
    ) -> tuple[Decision, LearnerPath, Cached | None]:
        """What is logged, answered and cached of one path; see `decide`."""
        situation, warnings, cached = self._situation(request, known, now=now, minutes=request.minutes, why=why)
        planned = self.engine.planned(situation, request, k=request.k, language=request.language, why=why)
        fields = self.engine.laid_out(planned, situation, warnings, why=why, language=request.language)
        answer = LearnerPath(**fields, decision=name, covers=len(known.rows))
        items = [one.model_dump() for one in answer.steps]
        decision = self._logged(answer, request, known, situation, now=now, why=why, items=items, drawn=False)
        return decision, answer, cached

    def _kept(
        self,
        learner: str,
        known: Known,
        cached: Cached | None,
        decision: Decision,
        answer: LearnerItems | LearnerPath,
        *,
        why: str,
    ) -> None:
        """Put the decision into the log, and count it."""
        self.store.keep(learner, known, cached, decision)
        self.metrics.count("decisions", by=answer.decided_by)
        self.metrics.count("fallbacks", int(why == curriculum.FAILED))

    def _logged(
        self,
        answer: LearnerItems | LearnerPath,
        request: LearnerItemsRequest | LearnerPathRequest,
        known: Known,
        situation: Situation,
        *,
        now: float,
        why: str,
        items: list[dict[str, Any]],
        drawn: bool,
    ) -> Decision:
        """A decision as the log keeps it."""
        return Decision(
            id=answer.decision,
            made=now,
            at=answer.at,
            bundle=answer.bundle,
            policy=curriculum.NAME if why else self.policy,
            covers=len(known.rows),
            digest=known.rows.digest(len(known.rows)),
            asked=request.model_dump(exclude={"learner"}, exclude_none=True) | ({"curriculum": why} if why else {}),
            eligible=packed(situation.eligible[0]),
            items=items,
            drawn=drawn,
        )

    def _profile(self, request: LearnerProfileRequest, *, now: float) -> LearnerProfile:
        known = self.store.known(request.learner)
        with self.engine.turn:
            situation, warnings, cached = self._situation(request, known, now=now)
            skills, common = self.engine.skills(situation), self.engine.common(situation)
        if cached is not None:
            with suppress(StoreError):  # what is only kept for the next time, a full disk may lose
                self.store.keep(request.learner, known, cached)
        return LearnerProfile(skills=skills, **common, warnings=warnings, covers=len(known.rows))

    def _situation(
        self, request: Wanted, known: Known, *, now: float, minutes: float | None = None, why: str = ""
    ) -> tuple[Situation, list[str], Cached | None]:
        """Where she stands, what to warn of, and what is to be cached of it; without the models for a reason why."""
        history = known.rows.history(self.engine.bundle.catalog)
        state, cached = (None, None) if why else self._standing(known, history)
        situation = self.engine.situation(request, history, now=now, minutes=minutes, state=state, why=why)
        return situation, self.engine.warnings(known.rows.item, history), cached

    def _standing(self, known: Known, history: Sequences) -> tuple[Any, Cached | None]:
        """The state after the history, and what is to be cached of it: None where the cache says so already."""
        state, covers = self._resumed(known)
        if covers == len(known.rows):
            return state, None
        self.metrics.count("states_rebuilt", int(covers == 0 and known.cached is not None))
        state = forward(self._tracer, state, history, covers=covers)
        digest, rows = known.rows.digest(len(known.rows)), len(known.rows)
        return state, Cached(self.engine.bundle.version, rows, digest, pack(state, self._start))

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

    def _again(self, answer: Callable[[], T]) -> T:
        for _ in range(TRIES - 1):
            try:
                return answer()
            except MovedError:
                continue
        return answer()


def _offered(policy: Policy, situation: Situation, request: LearnerItemsRequest, *, seed: int) -> list[Recommendation]:
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


def _stored(row: InteractionPost) -> Interaction:
    outcome = OUTCOMES[row.outcome]
    return Interaction(row.id, row.item, outcome, row.accepted, row.minutes, row.time, row.decision)
