"""From a history to recommendations and to a competence profile, with the code that was judged."""

import os
from collections.abc import Sequence
from operator import attrgetter
from threading import Semaphore
from typing import Any, Final

import numpy as np

from lernpfad.core import (
    CORRECT,
    NOT_ASSESSED,
    WRONG,
    LernpfadError,
    Path,
    Recommendation,
    Requirement,
    Sequences,
    Sittings,
    Situation,
    path,
    recommend,
    unknown_name,
)
from lernpfad.serve import curriculum
from lernpfad.serve.bundle import Bundle
from lernpfad.serve.history import Rows
from lernpfad.serve.schema import (
    Ahead,
    BundleAnswer,
    NextItemsAnswer,
    NextItemsRequest,
    PathAnswer,
    PathRequest,
    PostedInteraction,
    ProfileAnswer,
    ProfileRequest,
    SkillProfile,
    Wanted,
)
from lernpfad.serve.telling import step_told, told

OUTCOMES: Final = {"correct": CORRECT, "wrong": WRONG, "not_assessed": NOT_ASSESSED}
MAX_WARNINGS: Final = 20
_COLUMNS: Final = attrgetter("item", "outcome", "accepted", "minutes", "time")


class RequestError(LernpfadError):
    """A request that is well-formed but cannot be meant; `field` says where, `status` is the HTTP status."""

    def __init__(self, field: str, problem: str, *, status: int = 422) -> None:
        super().__init__(problem)
        self.field = field
        self.status = status


class Engine:
    """Answers for one history at a time; keeps nothing.

    at_once: how many threads compute an answer at a time, each within `turn`; the others wait. More than there are
    processors would be no sooner done, and each of them holds memory that stays in pieces.
    """

    def __init__(self, bundle: Bundle, *, at_once: int | None = None) -> None:
        self.bundle = bundle
        self.turn = Semaphore(at_once or processors() + 1)  # one more, so that a long path does not stop them all
        self._roles = {str(name): index for index, name in enumerate(bundle.roles.names)} if bundle.roles else {}

    def next_items(self, request: NextItemsRequest, *, now: float, why: str = "") -> NextItemsAnswer:
        """The k best items with reasons. now: the clock, used where the request names no time.

        why: the reason for which the fixed curriculum decides, "" for the policy; see `curriculum`.
        """
        history = self._history(request.history)
        with self.turn:
            situation = self.situation(request, history, now=now, minutes=request.minutes, why=why)
            policy = curriculum.FIXED if why else self.bundle.next_best.policy
            found = recommend(policy, situation, k=request.k, language=request.language)[0]
            warnings = self.warnings([row.item for row in request.history], history)
            return NextItemsAnswer(**self.answered(found, situation, warnings, why=why, language=request.language))

    def path(self, request: PathRequest, *, now: float, why: str = "") -> PathAnswer:
        """The next k items one after the other, with the debt expected after each. why: as in `next_items`."""
        history = self._history(request.history)
        with self.turn:
            situation = self.situation(request, history, now=now, minutes=request.minutes, why=why)
            planned = self.planned(situation, request, k=request.k, language=request.language, why=why)
            warnings = self.warnings([row.item for row in request.history], history)
            return PathAnswer(**self.laid_out(planned, situation, warnings, why=why, language=request.language))

    def planned(self, situation: Situation, ahead: Ahead, *, k: int, language: str, why: str = "") -> Path:
        """The path of the one learner."""
        stack, minutes = self.bundle.next_best, ahead.sitting_minutes
        policy = curriculum.FIXED if why else stack.policy
        sittings = None if minutes is None else Sittings(minutes, every=86_400.0 * ahead.sitting_days)
        return path(policy, situation, k=k, sittings=sittings, max_repeats=stack.max_repeats, language=language)[0]

    def laid_out(
        self, planned: Path, situation: Situation, warnings: Sequence[str], *, why: str, language: str
    ) -> dict[str, Any]:
        """The fields of a `PathAnswer`; see `answered`."""
        steps = [
            step_told(one, curriculum.listed(one.item, language) if why else told(one.item)) for one in planned.steps
        ]
        if why:
            steps = [one.model_copy(update={"debt_after": None}) for one in steps]
        return {"steps": steps} | self._said(situation, warnings, why=why)

    def profile(self, request: ProfileRequest, *, now: float) -> ProfileAnswer:
        """Mastery, requirement and gap of every skill, and the debt."""
        history = self._history(request.history)
        with self.turn:
            situation = self.situation(request, history, now=now)
            warnings = self.warnings([row.item for row in request.history], history)
            return ProfileAnswer(skills=self.skills(situation), **self.common(situation), warnings=warnings)

    def answered(
        self,
        found: Sequence[Recommendation],
        situation: Situation,
        warnings: Sequence[str],
        *,
        why: str,
        language: str,
    ) -> dict[str, Any]:
        """The fields of a `NextItemsAnswer`; what the curriculum decided says why, and has no estimates."""
        items = [curriculum.listed(one, language) if why else told(one) for one in found]
        return {"items": items} | self._said(situation, warnings, why=why)

    def _said(self, situation: Situation, warnings: Sequence[str], *, why: str) -> dict[str, Any]:
        """Who decided, and what holds for the whole answer."""
        unasked = {"bundle": self.bundle.version, "at": float(situation.at[0]), "debt": None}
        return {
            "decided_by": "curriculum" if why else "policy",
            "warnings": [*([curriculum.warning(why)] if why else []), *warnings],
            **(unasked if why else self.common(situation)),
        }

    def skills(self, situation: Situation) -> list[SkillProfile]:
        """Every skill of the one learner, the widest weighted gap first."""
        level, weight = situation.requirement.level[0], situation.requirement.weight[0]
        gap, mastery = situation.gap[0], situation.mastery[0]
        return [
            SkillProfile(
                skill=str(self.bundle.catalog.skills[k]),
                mastery=float(mastery[k]),
                level=float(level[k]),
                weight=float(weight[k]),
                gap=float(gap[k]),
            )
            for k in np.argsort(-weight * gap, kind="stable")
        ]

    def common(self, situation: Situation) -> dict[str, Any]:
        """What every answer says of the moment: `bundle`, `at`, `debt`."""
        debt = float(situation.debt[0])
        return {
            "bundle": self.bundle.version,
            "at": float(situation.at[0]),
            "debt": debt if np.isfinite(debt) else None,
        }

    def about(self) -> BundleAnswer:
        """What is being served."""
        facts = self.bundle.manifest
        return BundleAnswer(
            bundle=self.bundle.version,
            schema_version=facts.schema,
            lernpfad=facts.lernpfad,
            written=facts.written,
            models=dict(facts.models),
            metrics=dict(facts.metrics),
            data_hash=facts.data_hash,
            provenance=dict(facts.provenance),
            items=len(self.bundle.catalog),
            skills=len(self.bundle.catalog.skills),
            roles=list(self._roles),
        )

    def situation(
        self,
        request: Wanted,
        history: Sequences,
        *,
        now: float,
        minutes: float | None = None,
        state: Any = None,
        why: str = "",
    ) -> Situation:
        """Where the one learner of `history` stands. state: of the tracer after it, if it is known already.

        why: a reason to ask no model, see `next_items`.
        """
        at = _moment(request, history, now=now)
        role = self._role(request)
        found = self.bundle.next_best.situation(
            history,
            requirement=self._requirement(request, role, at=at),
            role=np.array([role]),
            minutes_left=None if minutes is None else np.array([minutes]),
            at=np.array([at]),
            catalog=self.bundle.catalog,
            state=() if why else state,
        )
        return curriculum.unasked(found) if why else found

    def warnings(self, items: Sequence[str], history: Sequences, *, where: str = "history") -> list[str]:
        """A line for each item that the bundle does not know, the first twenty."""
        strange = np.flatnonzero(history.item < 0)
        lines = [
            f"{where}[{n}].item: no item named '{items[n]}' in this bundle; counted as an unknown item"
            for n in strange[:MAX_WARNINGS]
        ]
        more = len(strange) - len(lines)
        return [*lines, f"{more} more unknown items"] if more else lines

    def _history(self, posted: Sequence[PostedInteraction]) -> Sequences:
        _check_order(posted)
        return rows_of(posted).history(self.bundle.catalog)

    def _role(self, request: Wanted) -> int:
        if request.role is None:
            return -1
        if request.requirement is not None:
            raise RequestError("requirement", "give a role or a requirement, not both")
        if request.role not in self._roles:
            raise RequestError("role", unknown_name("role", request.role, self._roles))
        return self._roles[request.role]

    def _requirement(self, request: Wanted, role: int, *, at: float) -> Requirement | None:
        if role >= 0:
            assert self.bundle.roles is not None
            return self.bundle.roles.at(np.array([role]), at)
        if request.requirement is None:
            return None
        level, weight = (np.zeros((1, len(self.bundle.catalog.skills))) for _ in range(2))
        index = self.bundle.catalog.skill_indices(list(request.requirement))
        for k, (skill, wanted) in zip(index, request.requirement.items(), strict=True):
            if k < 0:
                known = [str(one) for one in self.bundle.catalog.skills]
                raise RequestError(f"requirement.{skill}", unknown_name("skill", skill, known))
            level[0, k], weight[0, k] = wanted.level, wanted.weight
        return Requirement(level, weight)


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def rows_of(posted: Sequence[PostedInteraction]) -> Rows:
    """Posted rows in columns, in the order given."""
    if not posted:
        return Rows()
    item, outcome, accepted, minutes, time = zip(*map(_COLUMNS, posted), strict=True)
    return Rows(item, tuple(OUTCOMES[one] for one in outcome), accepted, minutes, time)


def check_row(row: PostedInteraction, field: str) -> None:
    """Refuse a declined offer that has an outcome. field: where the row stands in the request."""
    if not row.accepted and row.outcome != "not_assessed":
        raise RequestError(f"{field}outcome", f"a declined offer has no outcome, got '{row.outcome}'; leave it out")


def _check_order(posted: Sequence[PostedInteraction]) -> None:
    for n, row in enumerate(posted):
        if n and row.time < posted[n - 1].time:
            raise RequestError(
                f"history[{n}].time",
                f"{row.time} is before the row above it ({posted[n - 1].time}); post oldest first",
            )
        if not row.accepted:  # for the others there is nothing to check, and no need to spell out the place
            check_row(row, f"history[{n}].")


def _moment(request: Wanted, history: Sequences, *, now: float) -> float:
    last = float(history.time[-1]) if len(history) else 0.0
    if request.at is None:
        return max(now, last)
    if request.at < last:
        raise RequestError("at", f"{request.at} is before the last interaction ({last}); answer for a later moment")
    return request.at
