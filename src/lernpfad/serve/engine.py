"""From a posted history to recommendations and to a competence profile, with the code that was judged."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from lernpfad.core import (
    CORRECT,
    NOT_ASSESSED,
    WRONG,
    LernpfadError,
    Recommendation,
    Requirement,
    Sequences,
    Situation,
    recommend,
    unknown_name,
)
from lernpfad.serve.bundle import Bundle
from lernpfad.serve.schema import (
    BundleAnswer,
    Gap,
    NextItem,
    NextItemsAnswer,
    NextItemsRequest,
    PostedInteraction,
    ProfileAnswer,
    ProfileRequest,
    SkillProfile,
)

OUTCOMES: Final = {"correct": CORRECT, "wrong": WRONG, "not_assessed": NOT_ASSESSED}
MAX_WARNINGS: Final = 20


class RequestError(LernpfadError):
    """A request that is well-formed but cannot be meant; `field` says where."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(problem)
        self.field = field


class Engine:
    """Answers for one posted history at a time; keeps nothing."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self._roles = {str(name): index for index, name in enumerate(bundle.roles.names)} if bundle.roles else {}

    def next_items(self, request: NextItemsRequest, *, now: float) -> NextItemsAnswer:
        """The k best items with reasons. now: the clock, used where the request names no time."""
        history = self._history(request.history)
        situation = self._situation(request, history, now=now, minutes=request.minutes)
        found = recommend(self.bundle.next_best.policy, situation, k=request.k)[0]
        return NextItemsAnswer(
            items=[_item(one) for one in found],
            bundle=self.bundle.version,
            at=float(situation.at[0]),
            debt=_finite(situation.debt[0]),
            warnings=self._warnings(request.history, history),
        )

    def profile(self, request: ProfileRequest, *, now: float) -> ProfileAnswer:
        """Mastery, requirement and gap of every skill, and the debt."""
        history = self._history(request.history)
        situation = self._situation(request, history, now=now)
        level, weight = situation.requirement.level[0], situation.requirement.weight[0]
        gap, mastery = situation.gap[0], situation.mastery[0]
        skills = [
            SkillProfile(
                skill=str(self.bundle.catalog.skills[k]),
                mastery=float(mastery[k]),
                level=float(level[k]),
                weight=float(weight[k]),
                gap=float(gap[k]),
            )
            for k in np.argsort(-weight * gap, kind="stable")
        ]
        return ProfileAnswer(
            skills=skills,
            bundle=self.bundle.version,
            at=float(situation.at[0]),
            debt=_finite(situation.debt[0]),
            warnings=self._warnings(request.history, history),
        )

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

    def _history(self, rows: Sequence[PostedInteraction]) -> Sequences:
        _check_rows(rows)
        catalog = self.bundle.catalog
        item = catalog.indices([row.item for row in rows])
        usual = catalog.minutes[item] if len(catalog) else np.zeros(len(rows))
        expected = np.where(item >= 0, usual, 0.0)
        spent = [row.minutes if row.minutes is not None else expected[n] for n, row in enumerate(rows)]
        return Sequences.of(
            catalog,
            ["posted"],
            [len(rows)],
            item,
            np.asarray([OUTCOMES[row.outcome] for row in rows], dtype=np.int8),
            accepted=np.asarray([row.accepted for row in rows], dtype=bool),
            minutes=np.asarray(spent, dtype=np.float32),
            time=np.asarray([row.time for row in rows], dtype=np.float64),
        )

    def _situation(
        self, request: ProfileRequest, history: Sequences, *, now: float, minutes: float | None = None
    ) -> Situation:
        at = _moment(request, now=now)
        role = self._role(request)
        return self.bundle.next_best.situation(
            history,
            requirement=self._requirement(request, role, at=at),
            role=np.array([role]),
            minutes_left=None if minutes is None else np.array([minutes]),
            at=np.array([at]),
            catalog=self.bundle.catalog,
        )

    def _role(self, request: ProfileRequest) -> int:
        if request.role is None:
            return -1
        if request.requirement is not None:
            raise RequestError("requirement", "give a role or a requirement, not both")
        if request.role not in self._roles:
            raise RequestError("role", unknown_name("role", request.role, self._roles))
        return self._roles[request.role]

    def _requirement(self, request: ProfileRequest, role: int, *, at: float) -> Requirement | None:
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

    def _warnings(self, rows: Sequence[PostedInteraction], history: Sequences) -> list[str]:
        strange = np.flatnonzero(history.item < 0)
        lines = [
            f"history[{n}].item: no item named '{rows[n].item}' in this bundle; counted as an unknown item"
            for n in strange[:MAX_WARNINGS]
        ]
        more = len(strange) - len(lines)
        return [*lines, f"{more} more unknown items"] if more else lines


def _check_rows(rows: Sequence[PostedInteraction]) -> None:
    for n, row in enumerate(rows):
        if n and row.time < rows[n - 1].time:
            raise RequestError(
                f"history[{n}].time", f"{row.time} is before the row above it ({rows[n - 1].time}); post oldest first"
            )
        if not row.accepted and row.outcome != "not_assessed":
            raise RequestError(
                f"history[{n}].outcome", f"a declined offer has no outcome, got '{row.outcome}'; leave it out"
            )


def _moment(request: ProfileRequest, *, now: float) -> float:
    last = request.history[-1].time if request.history else 0.0
    if request.at is None:
        return max(now, last)
    if request.at < last:
        raise RequestError("at", f"{request.at} is before the last interaction ({last}); answer for a later moment")
    return request.at


def _item(found: Recommendation) -> NextItem:
    return NextItem(
        item=found.item,
        reason=found.reason,
        propensity=found.propensity,
        debt_reduction=found.debt_reduction,
        minutes=found.minutes,
        success=found.success,
        affinity=found.affinity,
        gaps=[Gap(skill=skill, gap=gap) for skill, gap in found.gaps],
    )


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
