"""One company of the ablation: its log, the models fitted on it, and the people on whom every way is judged."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from hydra.utils import instantiate
from omegaconf import OmegaConf

from lernpfad.core import (
    FloatArray,
    IntArray,
    KnowledgeTracer,
    Policy,
    Recommender,
    SeesTruth,
    Sequences,
    Situation,
    state_after,
    take,
)
from lernpfad.core.next_best import counts, eligible
from lernpfad.evaluate import ranking
from lernpfad.policy import Logging
from lernpfad.policy.combine import ranked
from lernpfad.policy.distribution import greedy
from lernpfad.simulate.calendar import START, WEEK
from lernpfad.simulate.corporate import Corporate
from lernpfad.simulate.engagement import DECLINING
from lernpfad.simulate.oracle import OracleTracer
from lernpfad.simulate.oracleaffinity import OracleAffinity
from lernpfad.simulate.rollout import history, rollout

CONFIGS = Path(__file__).parents[2] / "configs"
OTHER_PEOPLE = 100_000
"""Added to a company's seed, so that those from whose log the models are fitted are not those who are judged."""

TRUTH = "taste"
"""The recommender that knows what people like; see `simulate.oracleaffinity`."""

CHANGED: dict[str, tuple[str, ...]] = {
    "sasrecplus": (
        "recommender.network.width=32",
        "recommender.network.inner=32",
        "recommender.network.window=100",
        "trainer.max_epochs=6",
        "trainer.patience=6",
        "trainer.schedule=onecycle",
        "trainer.learning_rate=0.005",
    )
}
"""What differs from the YAML: the network is small and read for six epochs, so that the whole fits into minutes."""


@dataclass(frozen=True)
class Sizes:
    """learners: judged, in each company. past: weeks that they spend under the logging policy. weeks: of the closed
    loop. later: weeks after the cut in which what was taken is to be found. logged, logged_weeks: people and weeks of
    the log that the models are fitted on; it ends at the cut."""

    learners: int = 150
    past: int = 8
    weeks: int = 16
    later: int = 4
    logged: int = 1000
    logged_weeks: int = 26


@dataclass(frozen=True)
class Way:
    """A way to choose what comes next. traced: told by a tracer. recommender: by its name, None for none."""

    policy: Policy
    traced: bool = False
    recommender: str | None = None


def settings(recommender: str, part: str = "recommender") -> Any:
    """A model as its YAML has it, with what is changed here."""
    whole = {"seed": 0, "trainer": OmegaConf.load(CONFIGS / "trainer" / "default.yaml")}
    whole[part] = OmegaConf.load(CONFIGS / part / f"{recommender}.yaml")
    fixed = ["trainer.accelerator=cpu", "trainer.progress_bar=false", *CHANGED.get(recommender, ())]
    return OmegaConf.merge(OmegaConf.create(whole), OmegaConf.from_dotlist(fixed))[part]


def told(recommender: str | None) -> Any:
    """The settings of a recommender, as JSON."""
    known = recommender not in (None, TRUTH)
    return OmegaConf.to_container(settings(str(recommender)), resolve=True) if known else recommender


class Company:
    """Skills, items, roles, people and luck of one seed.

    The log's people begin at the beginning. Those who are judged join `past` weeks before it ends, and at its end, the
    cut, all ways part: no model has seen a row after the cut, nor any row of those who are judged.
    """

    def __init__(self, seed: int, sizes: Sizes) -> None:
        self.seed, self.sizes = seed, sizes
        self.world = Corporate(seed=seed)
        self.cut = START + sizes.logged_weeks * WEEK
        self._recommenders: dict[str, Recommender] = {}

    @cached_property
    def log(self) -> Sequences:
        size, seed = self.sizes, self.seed + OTHER_PEOPLE
        done = rollout(Logging(), self.world, learners=size.logged, weeks=size.logged_weeks, seed=seed, name="logging")
        return done.log

    @cached_property
    def past(self) -> Any:
        size = self.sizes
        start = self.cut - size.past * WEEK
        return rollout(
            Logging(), self.world, learners=size.learners, weeks=size.past, seed=self.seed, name="past", start=start
        )

    @cached_property
    def future(self) -> Sequences:
        """Past and what came after the cut while the logging policy went on."""
        size = self.sizes
        more = {"learners": size.learners, "weeks": size.later, "seed": self.seed, "name": "future", "after": self.past}
        return history(rollout(Logging(), self.world, **more))

    @cached_property
    def tracer(self) -> KnowledgeTracer[Any]:
        fresh: KnowledgeTracer[Any] = instantiate(settings("bkt", "tracer"))
        return fresh.fit(self.log)

    def recommender(self, name: str) -> Recommender:
        if name not in self._recommenders:
            truth = OracleAffinity(lambda: self.world, people=self.seed)
            fresh: Recommender = truth if name == TRUTH else instantiate(settings(name))
            self._recommenders[name] = fresh.fit(self.log)
        return self._recommenders[name]

    def models(self, way: Way) -> dict[str, Any]:
        truth = getattr(way.policy, "sees_truth", False)
        tracer = OracleTracer(self.world) if truth else self.tracer if way.traced else None
        return {"tracer": tracer, "recommender": self.recommender(way.recommender) if way.recommender else None}

    def situation(self, way: Way, histories: Sequences) -> Situation:
        """Where some of the judged stand at the cut."""
        models, catalog = self.models(way), self.world.believed
        who = np.array([int(name.rpartition("-")[2]) for name in histories.learners])
        taken, last = counts(histories, len(catalog))
        at, left, role = np.full(len(who), self.cut), np.full(len(who), np.inf), self.past.role[who]
        tracer = models["tracer"]
        sees = isinstance(tracer, SeesTruth)
        state = tracer.look(take(self.people, who)) if sees else state_after(tracer, histories) if tracer else None
        return Situation(
            catalog=catalog,
            items=np.arange(len(catalog)),
            eligible=eligible(taken, catalog.minutes, left),
            at=at,
            minutes_left=left,
            requirement=self.world.roles.at(role, at),
            state=state,
            histories=histories,
            role=role,
            taken=taken,
            last_item=last,
            **models,
        )

    @cached_property
    def people(self) -> Any:
        """The judged at the cut, on an average day and not yet tired."""
        state = self.past.world_state
        return replace(state, form=np.zeros_like(state.form), done=np.zeros_like(state.done))

    @cached_property
    def acceptance(self) -> FloatArray:
        """True P(accept) of every item at the cut, `[L, I]`."""
        learners, at = len(self.people), np.full(len(self.people), self.cut)
        items = range(len(self.world.catalog))
        return np.stack([self.world.acceptance(self.people, np.full(learners, one), at) for one in items], axis=1)

    @cached_property
    def worth(self) -> FloatArray:
        """Points of true debt that an hour of offers of each item is expected to pay off at the cut, `[L, I]`."""
        truth = self.situation(Way(_SEES_ALL), self.past.log)
        gain = truth.debt_reduction(truth.candidates)
        minutes = self.acceptance * self.world.catalog.minutes + (1 - self.acceptance) * DECLINING
        return 100 * 60 * self.acceptance * gain / minutes

    def ranked(self, way: Way) -> dict[str, FloatArray]:
        """Accuracy at the cut, and what the first item is worth: `[L]` each, NaN for those who are not asked.

        ndcg: NDCG@10 of what she took in the weeks after. worth, willing: `worth` and P(accept) of the item that the
        way ranks first, the mean of those that it ranks first alike.
        """
        scored = self.future.time >= self.cut
        found = ranking.evaluate(_AtTheCut(lambda some: self._order(way, some)), self.future, scored, train=self.log)
        ndcg = np.full(self.sizes.learners, np.nan)
        ndcg[found.learners] = found.per_learner["ndcg@10"]
        situation = self.situation(way, self.past.log)
        first = greedy(ranked(way.policy, situation), situation.eligible)
        here = self.world.active(self.people)
        means = {"worth": (first * self.worth).sum(axis=1), "willing": (first * self.acceptance).sum(axis=1)}
        return {"ndcg": ndcg} | {name: np.where(here, one, np.nan) for name, one in means.items()}

    def _order(self, way: Way, histories: Sequences) -> FloatArray:
        return ranked(way.policy, self.situation(way, histories))

    def lived(self, way: Way) -> dict[str, FloatArray]:
        """The closed loop from the cut on: debt `[weeks + 1, L]`, hours `[L]`, offers and accepted ones `[L]`."""
        size = self.sizes
        done = rollout(
            way.policy,
            self.world,
            learners=size.learners,
            weeks=size.weeks,
            seed=self.seed,
            name="judged",
            after=self.past,
            **self.models(way),
        )
        taken = np.bincount(done.log.owner[done.log.accepted], minlength=size.learners)
        return {"debt": done.debt, "hours": done.hours.sum(axis=0), "offers": done.log.lengths, "accepted": taken}


@dataclass(frozen=True)
class _AtTheCut:
    """A way as a recommender of histories that end at the cut."""

    order: Callable[[Sequences], FloatArray]

    def fit(self, train: Sequences, valid: Sequences | None = None) -> "_AtTheCut":
        return self

    def score(self, histories: Sequences, items: IntArray) -> FloatArray:
        return self.order(histories)[:, items]


class _SeesAll:
    """Asks for the oracle's tracer, and for nothing else."""

    sees_truth = True

    def propensities(self, situation: Situation) -> FloatArray:
        raise NotImplementedError("nobody is offered anything by it")


_SEES_ALL = _SeesAll()
