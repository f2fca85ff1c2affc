"""Every policy from one common past, on the same learners with the same luck."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from lernpfad.core import Policy, Rollout, Sequences, World
from lernpfad.evaluate.belief import BeliefError, GainWitness, spread
from lernpfad.evaluate.books import Bookkeeper
from lernpfad.evaluate.returns import Account
from lernpfad.run import compared, parts, stack
from lernpfad.run.seeds import child

log = logging.getLogger(__name__)

WATCHED: Final = 500
"""Learners at most whose true mastery is kept."""
BELIEVED: Final = 100
"""Learners at most on whom the tracer's belief is held against the truth: its expectations are worked out again."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of it: the past of all populations, side by side, and by policy what followed.

    accounts: what these people owed and did about it. beliefs: of the policies that ask the tracer.
    """

    world: World[Any]
    policies: Mapping[str, Policy]
    past: Rollout
    rollouts: dict[str, Rollout] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    beliefs: dict[str, BeliefError] = field(default_factory=dict)

    @cached_property
    def known(self) -> Sequences:
        """What everybody knows of the learners when the policies begin."""
        from lernpfad.simulate.rollout import history

        return history(self.past)


def run(config: Any, models: stack.Models) -> Outcome:
    """Roll out the policies that the config names, `repeats` populations with luck of their own side by side."""
    compared.names(config)  # one that nobody knows is told of now
    world = parts.build(config, "simulator")
    stack.for_items(models, world.believed, where="this world")
    policies = compared.taught(config, world, models)
    outcome = Outcome(world, policies, _past(config, world))
    for name in policies:
        log.info("%s: %d learners, %d weeks", name, config.learners * config.repeats, config.weeks)
        _branch(config, outcome, name, models)
    return outcome


def seeds(config: Any) -> list[int]:
    """One for each population that is judged."""
    return [child(config.seed, f"evaluated people {repeat}") for repeat in range(config.repeats)]


def _past(config: Any, world: World[Any]) -> Rollout:
    from lernpfad.simulate.rollout import rollout

    return rollout(
        parts.build(config, "past_policy"),
        world,
        learners=config.learners,
        weeks=config.past_weeks,
        seed=seeds(config),
        name="past",
        tracer=stack.truth(world),
        progress=config.progress,
    )


def _branch(config: Any, outcome: Outcome, name: str, models: stack.Models) -> None:
    """Roll a policy out, and keep its books and what the tracer believed beside it."""
    from lernpfad.simulate.rollout import rollout

    world, policy = outcome.world, outcome.policies[name]
    tracer, keeper = stack.told(policy, models.tracer.model, world), Bookkeeper(world.roles, world.catalog)
    witness = None
    if tracer is models.tracer.model and compared.asks(policy, world):
        witness = GainWitness(world, spread(config.learners * config.repeats, BELIEVED))
    done = rollout(
        policy,
        world if witness is None else witness,
        learners=config.learners,
        weeks=config.weeks,
        seed=seeds(config),
        name=name,
        tracer=tracer,
        recommender=models.affinity,
        after=outcome.past,
        watched=WATCHED,
        rest=config.rest,
        observers=[keeper],
        progress=config.progress,
    )
    outcome.rollouts[name] = done
    outcome.accounts[name] = Account.of(name, keeper.books(), done.log, done.hours)
    if witness is not None:
        sure = {"resamples": config.resamples, "seed": config.seed}
        outcome.beliefs[name] = witness.error(models.tracer.model, outcome.known, done.log, **sure)
