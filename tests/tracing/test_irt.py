"""IRT: planted difficulties come back, and ability is inferred as Bayes' rule says."""

import numpy as np
import pytest

from lernpfad.core import Catalog, ConfigError, Interactions, Sequences
from lernpfad.tracing.irt import IRT


def planted(*, slope: float = 1.0, learners: int = 1500, items: int = 30) -> tuple[Sequences, np.ndarray]:
    rng = np.random.default_rng(0)
    difficulty, ability = rng.normal(0.0, 1.0, items), rng.normal(size=learners)
    catalog = Catalog.of([f"i{n}" for n in range(items)], ["s"], [[0]] * items)
    success = 1 / (1 + np.exp(-slope * (ability[:, None] - difficulty)))
    outcome = (rng.random(success.shape) < success).astype(int)
    names = [str(j) for j in range(learners)]
    item = np.tile(np.arange(items), learners)
    return Sequences.of(catalog, names, [items] * learners, item, outcome.ravel()), difficulty


def answered(item: int, outcome: int) -> Interactions:
    one = np.ones(1)
    return Interactions(np.array([item]), np.array([outcome]), np.array([True]), one, one)


@pytest.mark.parametrize("model", ["rasch", "2pl"])
def test_planted_difficulties_come_back(model: str) -> None:
    logs, difficulty = planted(slope=1.4)
    tracer = IRT(model=model, item_spread=3.0).fit(logs)
    np.testing.assert_allclose(tracer.difficulty_, difficulty, atol=0.25)
    assert np.sqrt(np.mean((tracer.difficulty_ - difficulty) ** 2)) < 0.09
    assert np.mean(tracer.slope_) == pytest.approx(1.4, abs=0.12)


def test_the_posterior_is_bayes_rule_on_the_grid() -> None:
    logs, _ = planted(learners=100, items=5)
    tracer = IRT(model="rasch").fit(logs)
    state = tracer.update(tracer.update(tracer.start(1), answered(0, 1)), answered(3, 0))
    grid = np.linspace(-4, 4, 41)
    weight = np.exp(-0.5 * grid**2)
    for item, outcome in ((0, 1), (3, 0)):
        success = 1 / (1 + np.exp(-tracer.slope_[item] * (grid - tracer.difficulty_[item])))
        weight = weight * (success if outcome else 1 - success)
    mean, spread = tracer.ability(state)
    assert mean[0] == pytest.approx(weight @ grid / weight.sum())
    assert spread[0] == pytest.approx(np.sqrt(weight @ grid**2 / weight.sum() - mean[0] ** 2))


def test_an_able_learner_is_told_from_a_weak_one_and_evidence_narrows() -> None:
    logs, _ = planted(learners=300, items=10)
    tracer = IRT().fit(logs)
    strong = weak = tracer.start(1)
    for item in range(8):
        strong, weak = tracer.update(strong, answered(item, 1)), tracer.update(weak, answered(item, 0))
    (high, narrow), (low, _) = tracer.ability(strong), tracer.ability(weak)
    assert high[0] > 0.8 > -0.8 > low[0]
    assert narrow[0] < tracer.ability(tracer.start(1))[1][0]


def test_a_rare_item_is_like_its_skills_and_an_unknown_one_like_all() -> None:
    catalog = Catalog.of(["easy", "hard", "new easy", "new"], ["e", "h"], [[0], [1], [0], []])
    rng = np.random.default_rng(1)
    item = np.tile([0, 1], 400)
    outcome = rng.random(800) < np.where(item == 0, 0.9, 0.3)
    logs = Sequences.of(catalog, [str(j) for j in range(400)], [2] * 400, item, outcome.astype(int))
    easy, hard, new_easy, new = IRT().fit(logs).difficulty_
    assert easy < new_easy < new < hard


def test_wrong_settings_are_named() -> None:
    with pytest.raises(ConfigError, match="model is '3pl', expected 'rasch' or '2pl'"):
        IRT(model="3pl")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="points=3"):
        IRT(points=3)
