"""The policies of a comparison: built from their YAML, those that learn taught, and who of them asks the tracer."""

import logging
from typing import Any, Self

import numpy as np

from lernpfad.core import (
    ConfigError,
    Experience,
    FloatArray,
    IntArray,
    Interactions,
    NextBest,
    Policy,
    Rollout,
    Sequences,
    World,
    unknown_name,
)
from lernpfad.policy import spec
from lernpfad.run import parts, stack
from lernpfad.run.seeds import child

log = logging.getLogger(__name__)


def names(config: Any) -> list[str]:
    """The policies to run: those of `only` and the reference, or all; an unknown one is a ConfigError."""
    known = list(config.policies)
    wanted = known if config.only is None else [config.reference, *config.only]
    for name in [config.reference, *wanted]:
        if name not in known:
            raise ConfigError(f"{unknown_name('policy', name, known)} (add one with +policy@policies.{name}={name})")
    return [name for name in known if name in wanted]


def taught(config: Any, world: World[Any], models: stack.Models) -> dict[str, Policy]:
    """Every policy that is wanted; those that learn have learned from people of the same world who are not judged."""
    found: dict[str, Policy] = {name: parts.build(config, f"policies.{name}") for name in names(config)}
    eager = [name for name, policy in found.items() if spec.learns(policy)]
    if not eager:
        return found
    done = lessons(config, world)
    told = {"tracer": models.tracer.model, "recommender": models.affinity}
    experience = Experience(log=done.log, roles=world.roles, role=done.role, **told)
    for name in eager:
        log.info("%s learns from %d offers to %d people", name, len(done.log), config.log.learners)
        spec.learn(found[name], experience)
    return found


def lessons(config: Any, world: World[Any]) -> Rollout:
    """Other people of this world under the past policy, for policies to learn from."""
    from lernpfad.simulate.rollout import rollout

    return rollout(
        parts.build(config, "past_policy"),
        world,
        learners=config.log.learners,
        weeks=config.log.weeks,
        seed=child(config.seed, "people whom policies learn from"),
        name="lessons",
        tracer=stack.truth(world),
        progress=config.progress,
    )


class _Attentive:
    """A tracer that knows nothing and remembers whether anybody asked it."""

    asked = False

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Nothing to learn."""
        return self

    def start(self, learners: int) -> FloatArray:
        """Nothing to know, `[learners]`."""
        return np.zeros(learners)

    def update(self, state: FloatArray, seen: Interactions) -> FloatArray:
        """The same."""
        return state

    def predict(self, state: FloatArray, items: IntArray, at: FloatArray) -> FloatArray:
        """One half, `[learners, items]`."""
        self.asked = True
        return np.full(items.shape, 0.5)


def asks(policy: Policy, world: World[Any]) -> bool:
    """Whether a policy asks a tracer what learners know: tried on somebody of the world who is new to it."""
    catalog, role, tracer = world.believed, np.zeros(1, dtype=np.int64), _Attentive()
    newcomer = Sequences.of(catalog, ["newcomer"], [0], np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int8))
    wanted = world.roles.at(role, np.zeros(1))
    policy.propensities(NextBest(tracer, None, policy).situation(newcomer, role=role, requirement=wanted))
    return tracer.asked
