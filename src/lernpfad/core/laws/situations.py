"""Situations made by hand for the policy laws: full, computed, bare, and with nothing on offer."""

import numpy as np
from numpy.random import default_rng

from lernpfad.core.arrays import FloatArray, IntArray
from lernpfad.core.laws.counting import Counting
from lernpfad.core.laws.planted import DAY, START, PlantedAnswers, planted_answers
from lernpfad.core.next_best import counts
from lernpfad.core.roles import Requirement, Roles
from lernpfad.core.sequences import Sequences
from lernpfad.core.situation import Situation
from lernpfad.core.trace import state_after


def planted_situations(*, seed: int = 0) -> dict[str, Situation]:
    """Four situations, by name, on the planted answers.

    given: estimates handed in, extreme ones among them; one learner with nothing eligible, one with a single item.
    computed: estimates from a fitted tracer, affinity from a recommender, over real histories.
    bare: no tracer, no recommender, no role, a learner without requirements. empty: no candidates at all.
    """
    planted = planted_answers(learners=60, seed=seed)
    given = _given(planted, seed)
    nobody: IntArray = np.empty(0, dtype=np.int64)
    learners = len(given)
    return {
        "given": given,
        "computed": _computed(planted, seed),
        "bare": _bare(planted),
        "empty": Situation(
            catalog=planted.catalog,
            items=nobody,
            eligible=np.empty((learners, 0), dtype=bool),
            at=given.at,
            minutes_left=given.minutes_left,
            requirement=given.requirement,
        ),
    }


def planted_roles(skills: int) -> Roles:
    """Two roles over `skills` skills; the second version of the requirements asks for more."""
    level = np.stack([np.linspace(0.9, 0.3, skills), np.linspace(0.2, 0.8, skills)])
    weight = np.stack([np.linspace(1.0, 0.0, skills), np.full(skills, 0.5)])
    return Roles(
        names=np.array(["analyst", "engineer"]),
        valid_from=np.array([0.0, START + 30 * DAY]),
        level=np.stack([level, np.minimum(1.0, level + 0.1)]),
        weight=np.stack([weight, weight]),
    )


def _given(planted: PlantedAnswers, seed: int) -> Situation:
    rng, catalog = default_rng(seed), planted.catalog
    learners, items = 6, rng.permutation(len(catalog))[:15]
    role, at = np.arange(learners) % 2, START + 20 * DAY * np.arange(learners)
    eligible = rng.random((learners, len(items))) < 0.6
    eligible[1] = False
    eligible[2] = np.arange(len(items)) == 4
    affinity = rng.normal(0, 1, eligible.shape)
    affinity[3] *= 1e4
    success = rng.uniform(0.02, 0.98, eligible.shape)
    mastery = rng.uniform(0, 1, (learners, len(catalog.skills)))
    mastery[4], mastery[5] = 0.0, 1.0
    return Situation(
        catalog=catalog,
        items=items,
        eligible=eligible,
        at=at,
        minutes_left=np.linspace(4, 40, learners),
        requirement=planted_roles(len(catalog.skills)).at(role, at),
        role=role,
        taken=rng.integers(0, 2, eligible.shape),
        last_item=np.array([-1, 3, 17, 19, 22, 23]),
        given={"affinity": affinity, "success": success, "mastery": mastery},
    )


def _computed(planted: PlantedAnswers, seed: int) -> Situation:
    catalog, histories = planted.catalog, planted.probe
    learners = len(histories.learners)
    tracer = Counting().fit(planted.train)
    taken, last_item = counts(histories, len(catalog))
    role, at = np.arange(learners) % 2, np.full(learners, histories.time.max() + DAY)
    minutes_left = np.linspace(2.5, 30, learners)
    return Situation(
        catalog=catalog,
        items=np.arange(len(catalog)),
        eligible=(taken < 3) & (catalog.minutes <= minutes_left[:, None]),
        at=at,
        minutes_left=minutes_left,
        requirement=planted_roles(len(catalog.skills)).at(role, at),
        tracer=tracer,
        state=state_after(tracer, histories),
        recommender=_Affine(seed),
        histories=histories,
        role=role,
        taken=taken,
        last_item=last_item,
    )


def _bare(planted: PlantedAnswers) -> Situation:
    catalog, learners = planted.catalog, 3
    wanted = np.ones((learners, len(catalog.skills)))
    wanted[1] = 0.0
    return Situation(
        catalog=catalog,
        items=np.arange(len(catalog)),
        eligible=np.ones((learners, len(catalog)), dtype=bool),
        at=np.full(learners, START),
        minutes_left=np.full(learners, np.inf),
        requirement=Requirement(wanted, wanted),
    )


class _Affine:
    """A recommender with fixed item scores, lifted by the length of the history."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def fit(self, train: Sequences, valid: Sequences | None = None) -> "_Affine":
        return self

    def score(self, histories: Sequences, items: IntArray) -> FloatArray:
        fixed = default_rng(self.seed).normal(0, 1, len(histories.catalog))
        return fixed[items] + 0.01 * histories.lengths[:, None]
