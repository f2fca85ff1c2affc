"""`lernpfad simulate`: learners of a world live under a policy; the log, with propensities and roles, is written."""

import logging
from pathlib import Path
from typing import Any

import numpy as np

from lernpfad.core import KnowledgeTracer, Rollout, World
from lernpfad.data import table
from lernpfad.data.dataset import Dataset
from lernpfad.run import parts, stack, store
from lernpfad.run.record import Start
from lernpfad.run.seeds import child
from lernpfad.serve.files import write_json

log = logging.getLogger(__name__)

SUMMARY_FILE = "summary.json"


def run(config: Any) -> None:
    """Roll the policy out, write the log as a data set, and print what happened."""
    world = parts.build(config, "simulator")
    start = Start(f"{config.learners} learners, {config.weeks} weeks", parts.folder(), parts.resolved(config))
    with parts.build(config, "tracking").start(start) as record:
        from lernpfad.simulate.rollout import rollout

        lived = rollout(
            parts.build(config, "policy"),
            world,
            learners=config.learners,
            weeks=config.weeks,
            seed=child(config.seed, "simulated people"),
            name=" ".join(parts.choices("policy")),
            tracer=_told(config.models.tracer, world),
            recommender=_recommender(config.models.recommender, world),
            progress=config.progress,
        )
        data = dataset(lived, world, name=Path(config.folder).name)
        table.write(data, config.folder, format=config.format)
        numbers = summary(lived)
        write_json(start.folder / SUMMARY_FILE, numbers)
        record.metrics(numbers)
        record.data(data.name, data.fingerprint, config.folder)
        print("\n".join(f"{name:<14}{value:>12,.3f}" for name, value in numbers.items()))
        log.info("log: %s", config.folder)


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


def dataset(lived: Rollout, world: World[Any], *, name: str) -> Dataset:
    """The log of a roll-out as a data set: believed catalog, roles, and who has which."""
    learner = {"role": lived.role}
    if (target := getattr(lived.world_state, "target", None)) is not None:
        learner["target_role"] = target
    return Dataset(name, lived.log, learner=learner, roles=world.roles)


def summary(lived: Rollout) -> dict[str, float]:
    """What a roll-out looks like in a few numbers: sizes, rates, hours and true learning debt."""
    offers, answered = lived.log, lived.log.assessed
    return {
        "learners": float(len(offers.learners)),
        "offers": float(len(offers)),
        "accepted": float(offers.accepted.mean()) if len(offers) else float("nan"),
        "correct": float((offers.outcome[answered] == 1).mean()) if answered.any() else float("nan"),
        "hours": float(lived.hours.sum()),
        "dropped_out": float(1 - lived.active[-1].mean()),
        "debt_start": float(np.nanmean(lived.debt[0])),
        "debt_end": float(np.nanmean(lived.debt[-1])),
    }


def _recommender(folder: str | None, world: World[Any]) -> Any:
    if folder is None:
        return None
    fitted = store.load(folder, part="recommender")
    store.same_items(fitted, world.believed, where="this world")
    return fitted.model
