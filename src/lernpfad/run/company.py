"""The simulated company of a config: a world, a policy, what the policy is told; and what came of it in numbers."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lernpfad.core import KnowledgeTracer, Policy, Recommender, Rollout, World
from lernpfad.data.dataset import Dataset
from lernpfad.run import parts, stack, store
from lernpfad.run.seeds import child

log = logging.getLogger(__name__)

CREDIT_FILE = "CREDIT.txt"

Tally = dict[str, float]
"""Counts and sums of a roll-out, which add up over cohorts."""


@dataclass(frozen=True, eq=False)
class Company:
    """Everything that a roll-out needs but the people. policy_name: for the record."""

    world: World[Any]
    policy: Policy
    policy_name: str
    weeks: int
    seed: int
    tracer: KnowledgeTracer[Any] | None
    recommender: Recommender | None

    def lived(self, learners: int, *, first: int = 0, progress: bool = False) -> Rollout:
        """What `learners` people from number `first` on live through."""
        from lernpfad.simulate.rollout import rollout

        return rollout(
            self.policy,
            self.world,
            learners=learners,
            first=first,
            weeks=self.weeks,
            seed=self.seed,
            name=self.policy_name,
            tracer=self.tracer,
            recommender=self.recommender,
            progress=progress,
        )


def founded(config: Any) -> Company:
    """The company that the config of `lernpfad simulate` describes."""
    world = parts.build(config, "simulator")
    return Company(
        world=world,
        policy=parts.build(config, "policy"),
        policy_name=" ".join(parts.choices("policy")),
        weeks=config.weeks,
        seed=child(config.seed, "simulated people"),
        tracer=_told(config.models.tracer, world),
        recommender=_recommender(config.models.recommender, world),
    )


def dataset(lived: Rollout, world: World[Any], *, name: str) -> Dataset:
    """The log of a roll-out as a data set: believed catalog, roles, and who has which."""
    learner = {"role": lived.role}
    if (target := getattr(lived.world_state, "target", None)) is not None:
        learner["target_role"] = target
    return Dataset(name, lived.log, learner=learner, roles=world.roles)


def give_credit(world: World[Any], folder: str | Path) -> None:
    """Write and say whom a world owes what it is made of, if it does: whoever passes the log on passes this on."""
    if credit := getattr(world, "credit", ""):
        (Path(folder) / CREDIT_FILE).write_text(f"{credit}\n", encoding="utf-8")
        log.info("%s", credit)


def tally(lived: Rollout) -> Tally:
    """What adds up: sizes, hours, true learning debt at the start and at the end, and of how many people that is."""
    offers, answered = lived.log, lived.log.assessed
    start, end = lived.debt[0], lived.debt[-1]
    return {
        "learners": float(len(offers.learners)),
        "offers": float(len(offers)),
        "accepted": float(offers.accepted.sum()),
        "answered": float(answered.sum()),
        "correct": float((offers.outcome[answered] == 1).sum()),
        "hours": float(lived.hours.sum()),
        "there": float(lived.active[-1].sum()),
        "debt_start": float(np.nansum(start)),
        "debt_end": float(np.nansum(end)),
        "in_debt_start": float(np.isfinite(start).sum()),
        "in_debt_end": float(np.isfinite(end).sum()),
    }


def summary(tallies: Iterable[Tally]) -> dict[str, float]:
    """What roll-outs of cohorts look like together in a few numbers: sizes, rates, hours and true learning debt."""
    every = list(tallies)
    total = {name: sum(one[name] for one in every) for name in every[0]}
    return {
        "learners": total["learners"],
        "offers": total["offers"],
        "accepted": _share(total["accepted"], total["offers"]),
        "correct": _share(total["correct"], total["answered"]),
        "hours": total["hours"],
        "dropped_out": 1 - _share(total["there"], total["learners"]),
        "debt_start": _share(total["debt_start"], total["in_debt_start"]),
        "debt_end": _share(total["debt_end"], total["in_debt_end"]),
    }


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def _told(tracer: str | None, world: World[Any]) -> KnowledgeTracer[Any] | None:
    """The tracer through which the policy sees learners: the truth, nothing, or one that was fitted."""
    if tracer is None:
        return None
    if tracer == stack.TRUTH:
        return stack.truth(world)
    fitted = store.load(tracer, part="tracer")
    store.same_items(fitted, world.believed, where="this world")
    model: KnowledgeTracer[Any] = fitted.model
    return model


def _recommender(folder: str | None, world: World[Any]) -> Any:
    if folder is None:
        return None
    fitted = store.load(folder, part="recommender")
    store.same_items(fitted, world.believed, where="this world")
    return fitted.model
