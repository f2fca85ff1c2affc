"""Everything that a report is made of, in one value; what was not evaluated is left empty."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Self

import numpy as np

from lernpfad.core import Array, BoolArray, Catalog, FloatArray, IntArray, Roles, Rollout, Sequences
from lernpfad.evaluate.belief import BeliefError
from lernpfad.evaluate.closed_loop import ORACLE, REFERENCE, PolicyResult, compare
from lernpfad.evaluate.intervals import RESAMPLES
from lernpfad.evaluate.offpolicy.standing import Standing
from lernpfad.evaluate.paired import Paired
from lernpfad.evaluate.ranking import RankingResult
from lernpfad.evaluate.returns import Account
from lernpfad.evaluate.robustness import ORACLES
from lernpfad.evaluate.secondary import Secondary, secondary
from lernpfad.evaluate.slices import LearningCurve, answer_number, learning_curve

LABELS: Final[Mapping[str, str]] = {
    "wateringcan": "watering can",
    "rolecurriculum": "role curriculum",
    "legalrandom": "legal random",
    "affinityonly": "affinity only",
    "masterythreshold": "mastery threshold",
    "debtperminute": "debt per minute",
    "popularinrole": "popular in role",
    "learningprogress": "learning progress",
    "spacedrepetition": "spaced repetition",
    "gapgreedy": "gap-greedy",
    "zpd": "ZPD",
    "linucb": "LinUCB",
    "thompson": "Thompson sampling",
    "cql": "CQL",
    "oracleplanner": "oracle that plans",
    "itemmean": "item mean",
    "bkt": "BKT",
    "bkt-plain": "BKT without forgetting",
    "bkt_items": "BKT by item",
    "bkt_learners": "BKT with classes",
    "bkt_items_learners": "BKT by item, classes",
    "elo": "Elo",
    "irt": "IRT",
    "pfa": "PFA",
    "bestlr": "Best-LR",
    "itemmean-all": "item mean, all learners",
    "pfa-all": "PFA, all learners",
    "bestlr-all": "Best-LR, all learners",
    "pfa-whole": "PFA, whole histories",
    "bestlr-whole": "Best-LR, whole histories",
    "das3h": "DAS3H",
    "fsrs": "FSRS-6",
    "hlr": "half-life",
    "dkt": "DKT",
    "dkt-skills": "DKT, skills only",
    "qdkt": "qDKT",
    "dktplus": "DKT+",
    "dkvmn": "DKVMN",
    "deepirt": "Deep-IRT",
    "sakt": "SAKT",
    "saint": "SAINT",
    "simplekt": "simpleKT",
    "stablekt": "stableKT",
    "akt": "AKT",
    "akt-skills": "AKT, skills only",
    "qikt": "QIKT",
    "slotkt": "SlotKT",
    "als": "ALS",
    "ials": "iALS",
    "bpr": "BPR",
    "lmf": "logistic MF",
    "markov": "Markov",
    "ease": "EASE",
    "itemknn": "item kNN",
    "recentpopularity": "recent popularity",
    "sasrec": "SASRec",
    "sasrecplus": "SASRec+",
    "gsasrec": "gSASRec",
    "oracle-taste": "oracle, taste",
    "oracle-acceptance": "oracle, acceptance",
}
"""How a configuration's stem is written for people; any other name stands for itself."""


@dataclass(frozen=True, eq=False)
class TracerScores:
    """The predictions of one tracer for the scored answers, all `[scored]`, and its learning curve.

    owner: learner of each answer. number: which of her answers it is, from 1; in windows, which of her rows. before:
    rows that the tracer had to go by. item: what was answered. In windows, the curve counts from their start.
    """

    predicted: FloatArray
    outcome: IntArray
    owner: IntArray
    number: IntArray
    before: IntArray
    item: IntArray
    curve: LearningCurve

    @classmethod
    def of(cls, histories: Sequences, predicted: FloatArray, scored: BoolArray) -> Self:
        """From what `trace` gave for whole histories, `[N]`; scored: `[N]`, of which the assessed rows count."""
        rows = scored & histories.assessed
        # windows tell whose they are and where they begin; those of one learner belong together
        owner, place = histories.extra.get("learner"), histories.extra.get("position")
        number = answer_number(histories) if place is None else np.asarray(place) + 1
        return cls(
            predicted=predicted[rows],
            outcome=histories.outcome[rows],
            owner=(histories.owner if owner is None else np.asarray(owner))[rows],
            number=number[rows],
            before=histories.position[rows],
            item=histories.item[rows],
            curve=learning_curve(histories, predicted, rows),
        )


@dataclass(frozen=True, eq=False)
class Results:
    """What was found out.

    rollouts: by policy, the reference among them. roles, catalog: the true ones of the world. accounts, beliefs: by
    policy, what people owed and did, and what the tracer expected of their items. groups: labels of learners, `[L]`.
    tracers, recommenders: by name. training: metrics of each epoch, by tracer. offpolicy: policies on a log.
    provenance: what one needs to do it again (configuration, data hash, commit, seeds, versions, commands).
    """

    rollouts: Mapping[str, Rollout | Sequence[Rollout]] = field(default_factory=dict)
    roles: Roles | None = None
    catalog: Catalog | None = None
    accounts: Mapping[str, Account] = field(default_factory=dict)
    beliefs: Mapping[str, BeliefError] = field(default_factory=dict)
    groups: Mapping[str, Array] = field(default_factory=dict)
    tracers: Mapping[str, TracerScores] = field(default_factory=dict)
    recommenders: Mapping[str, RankingResult] = field(default_factory=dict)
    training: Mapping[str, Sequence[Mapping[str, float]]] = field(default_factory=dict)
    offpolicy: Standing | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    reference: str = REFERENCE
    oracle: str = ORACLE
    resamples: int = RESAMPLES
    seed: int = 0

    @cached_property
    def policies(self) -> list[PolicyResult]:
        """The roll-outs compared, worst first; empty without any."""
        if not self.rollouts:
            return []
        return compare(
            self.rollouts,
            reference=self.reference,
            oracle=self.oracle,
            resamples=self.resamples,
            seed=self.seed,
            roles=self.roles,
            catalog=self.catalog,
        )

    @cached_property
    def beside(self) -> list[Secondary]:
        """What stands beside the scores; empty without accounts."""
        if not self.accounts or self.catalog is None:
            return []
        return secondary(
            self.rollouts,
            self.accounts,
            reference=self.reference,
            catalog=self.catalog,
            groups=self.groups,
            resamples=self.resamples,
            seed=self.seed,
        )

    @cached_property
    def paired(self) -> Paired:
        """The roll-outs laid side by side."""
        return Paired.of(self.rollouts, reference=self.reference)

    @cached_property
    def best(self) -> PolicyResult | None:
        """The policy with the most debt-weeks avoided per hour, the reference and who sees the truth aside."""
        aside = (self.reference, self.oracle, *ORACLES)
        fair = [one for one in self.policies if one.policy not in aside]
        return max((one for one in fair if one.per_hour == one.per_hour), key=lambda one: one.per_hour, default=None)


def label(name: str) -> str:
    """The name as people write it."""
    return LABELS.get(name, name)
