"""Every policy from one common past, on the same learners with the same luck."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lernpfad.core import ConfigError, Policy, Rollout, World, unknown_name
from lernpfad.run import parts, stack
from lernpfad.run.seeds import child

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of it: the past of each population, and policy to its roll-out of each population."""

    world: World[Any]
    policies: Mapping[str, Policy]
    pasts: list[Rollout] = field(default_factory=list)
    rollouts: dict[str, list[Rollout]] = field(default_factory=dict)


def run(config: Any, models: stack.Models) -> Outcome:
    """Roll out the policies that the config names, `repeats` times with other people and other luck."""
    chosen, world = names(config), parts.build(config, "simulator")
    stack.for_items(models, world.believed, where="this world")
    outcome = Outcome(world, {name: parts.build(config, f"policies.{name}") for name in chosen})
    for repeat in range(config.repeats):
        seed = child(config.seed, f"evaluated people {repeat}")
        past = _past(config, world, seed)
        outcome.pasts.append(past)
        for name, policy in outcome.policies.items():
            log.info("%s: %d learners, %d weeks", name, config.learners, config.weeks)
            outcome.rollouts.setdefault(name, []).append(_branch(config, outcome, name, policy, past, seed, models))
    return outcome


def _past(config: Any, world: World[Any], seed: int) -> Rollout:
    from lernpfad.simulate.rollout import rollout

    return rollout(
        parts.build(config, "past_policy"),
        world,
        learners=config.learners,
        weeks=config.past_weeks,
        seed=seed,
        name="past",
        tracer=stack.truth(world),
        progress=config.progress,
    )


def _branch(
    config: Any, outcome: Outcome, name: str, policy: Policy, past: Rollout, seed: int, models: stack.Models
) -> Rollout:
    from lernpfad.simulate.rollout import rollout

    return rollout(
        policy,
        outcome.world,
        learners=config.learners,
        weeks=config.weeks,
        seed=seed,
        name=name,
        tracer=stack.told(policy, models.tracer.model, outcome.world),
        recommender=models.affinity,
        after=past,
        progress=config.progress,
    )


def names(config: Any) -> list[str]:
    """The policies to run: those of `only` and the reference, or all; an unknown one is a ConfigError."""
    known = list(config.policies)
    wanted = known if config.only is None else [config.reference, *config.only]
    for name in [config.reference, *wanted]:
        if name not in known:
            raise ConfigError(f"{unknown_name('policy', name, known)} (add one with +policy@policies.{name}={name})")
    return [name for name in known if name in wanted]
