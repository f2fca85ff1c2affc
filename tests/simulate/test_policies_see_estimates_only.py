"""Nothing of the truth can be reached from what a policy is shown, by whatever path, unless it is an oracle."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from lernpfad.collaborative.popularity import Popularity
from lernpfad.core import FloatArray, Recommender, Situation
from lernpfad.core.laws import Counting
from lernpfad.simulate import Corporate, OracleTracer, rollout
from lernpfad.simulate.catalogs import Traits
from lernpfad.simulate.knowledge import Knowledge
from lernpfad.simulate.population import People
from simulate.small import Uniform, lived, world

HIDDEN = (Corporate, Traits, People, Knowledge)


def reachable(thing: Any, path: str = "situation", known: set[int] | None = None) -> Iterator[tuple[str, Any]]:
    """Every object that can be reached from a thing by attributes, keys and places, with the way there."""
    known = set() if known is None else known
    if id(thing) in known or isinstance(thing, (str, bytes, int, float, bool, type(None), type)):
        return
    known.add(id(thing))
    yield path, thing
    if isinstance(thing, np.ndarray):
        if thing.base is not None:
            yield from reachable(thing.base, f"{path}.base", known)
        return
    if isinstance(thing, dict):
        inner = [(f"{path}[{key!r}]", value) for key, value in thing.items()]
    elif isinstance(thing, (list, tuple, set)):
        inner = [(f"{path}[{place}]", value) for place, value in enumerate(thing)]
    else:
        inner = [(f"{path}.{name}", value) for name, value in vars(thing).items()] if hasattr(thing, "__dict__") else []
    for name in ("__self__", "__func__", "func", "args", "keywords"):
        if hasattr(thing, name):
            inner.append((f"{path}.{name}", getattr(thing, name)))
    for cell in getattr(thing, "__closure__", None) or ():
        inner.append((f"{path}.<closure>", cell.cell_contents))
    for way, value in inner:
        yield from reachable(value, way, known)


def leaks(situation: Situation, of: Corporate) -> list[str]:
    """Ways from a situation to the truth: to objects that hold it, and to any of its arrays or a copy of one."""
    secret = {
        name: value
        for holder in (of.traits, of.catalog)
        for name, value in vars(holder).items()
        if isinstance(value, np.ndarray) and name in ("prerequisites", *Traits.__dataclass_fields__)
    }
    secret.pop("cluster"), secret.pop("tool"), secret.pop("mandatory")  # small whole numbers, that others may equal
    found = []
    for path, thing in reachable(situation):
        if isinstance(thing, HIDDEN) or thing is of or thing is of.catalog:
            found.append(f"{path} is {type(thing).__name__}")
        if isinstance(thing, np.ndarray):
            found += [f"{path} is {name}" for name, value in secret.items() if same(thing, value)]
    return found


def same(one: np.ndarray, other: np.ndarray) -> bool:
    return np.shares_memory(one, other) or (one.shape == other.shape and np.array_equal(one, other))


@dataclass
class Looking(Uniform):
    """Uniform, and keeps every situation that it is shown, with the estimates that were asked for."""

    shown: list[Situation] = field(default_factory=list)

    def propensities(self, situation: Situation) -> FloatArray:
        for estimate in ("success", "mastery", "affinity", "gap", "debt", "ready"):
            getattr(situation, estimate)
        self.shown.append(situation)
        return super().propensities(situation)


@pytest.fixture(scope="module")
def of() -> Corporate:
    return world(skills=20, cluster_size=10)  # enough edges that a fifth of them is some


def looked(of: Corporate, tracer: Any, recommender: Recommender | None = None) -> list[Situation]:
    policy = Looking()
    rollout(policy, of, learners=12, weeks=2, seed=1, name="looking", tracer=tracer, recommender=recommender)
    return policy.shown


def test_a_policy_sees_estimates_only(of: Corporate) -> None:
    past = lived(of).log
    shown = looked(of, Counting().fit(past), Popularity().fit(past))
    assert len(shown) > 5
    for situation in shown[:: len(shown) // 5]:
        assert leaks(situation, of) == []
        assert situation.catalog is of.believed
    wrong = set(map(tuple, of.catalog.prerequisites.tolist())) ^ set(map(tuple, of.believed.prerequisites.tolist()))
    assert wrong


def test_what_is_seen_of_mastery_is_not_the_truth(of: Corporate) -> None:
    past = lived(of)
    situation = looked(of, Counting().fit(past.log))[-1]
    truth = of.mastery(past.world_state, np.full(25, past.start))
    assert abs(situation.mastery[:12] - truth[: len(situation)]).max() > 0.05


def test_the_walk_finds_what_an_oracle_sees(of: Corporate) -> None:
    found = leaks(looked(of, OracleTracer(of))[0], of)
    assert any("People" in way for way in found)
    assert any("Traits" in way for way in found)
    assert any("is difficulty" in way for way in found)


class Hiding(Counting):
    """A tracer that carries a secret in a corner."""

    def __init__(self, secret: Any) -> None:
        super().__init__()
        self.corner = {"deep": [lambda: secret]}


@pytest.mark.parametrize("secret", ["difficulty", "prerequisites", "people", "world", "view"])
def test_the_walk_finds_what_is_hidden(of: Corporate, secret: str) -> None:
    hidden = {
        "difficulty": of.traits.difficulty.copy(),
        "prerequisites": of.catalog.prerequisites.copy(),
        "people": lived(of).world_state,
        "world": of,
        "view": of.traits.slip[3:],
    }[secret]
    assert leaks(looked(of, Hiding(hidden).fit(lived(of).log))[0], of)
