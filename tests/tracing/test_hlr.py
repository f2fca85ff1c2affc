import numpy as np
import pytest

from lernpfad.core import Catalog, ConfigError, Interactions, NotFittedError, Sequences, fold, state_after
from lernpfad.core.laws.planted import PlantedAnswers
from lernpfad.tracing.hlr import HLR
from lernpfad.tracing.memory import DAY


def told(*, unit: list[float]) -> HLR:
    """Half-lives from 2^(right root - wrong root + .5 + unit), success between .1 and .9."""
    model = HLR()
    model.theta_, model.unit_, model.range_ = np.array([1.0, -1.0, 0.5]), np.array(unit), np.array([0.1, 0.9])
    return model


def test_half_life_by_hand() -> None:
    """Three right and none wrong: roots 2 and 1, so log2 h = 2 - 1 + .5 + .5 = 2; after 4 days half is left."""
    model = told(unit=[0.5])
    memory, unit = np.array([[3.0, 0.0]]), np.array([0])
    assert model.half_life(memory, unit)[0] == pytest.approx(4.0)
    np.testing.assert_allclose(
        model._said(np.repeat(memory, 3, axis=0), np.array([0.0, 4.0, 8.0]), np.zeros(3, int)), [0.9, 0.5, 0.3]
    )
    assert model.half_life(np.array([[0.0, 10_000.0]]), unit)[0] == pytest.approx(15 / (24 * 60))
    assert model.half_life(np.array([[10_000.0, 0.0]]), unit)[0] == pytest.approx(274)


def planted_half_lives(seed: int = 0) -> tuple[Sequences, np.ndarray]:
    """Answers from half-lives 2^(.8 right root - .4 wrong root - .5 + unit), guessed with .2 at worst."""
    rng = np.random.default_rng(seed)
    learners, length, unit = 2000, 16, np.array([-0.5, 0.5])
    item = rng.integers(0, 2, (learners, length))
    time = np.cumsum(rng.exponential(2.0, (learners, length)), axis=1)
    counts, last = np.zeros((learners, 2, 2)), np.full((learners, 2), -np.inf)
    outcome, who = np.empty((learners, length), dtype=int), np.arange(learners)
    for t in range(length):
        k = item[:, t]
        roots = np.sqrt(1 + counts[who, k])
        h = 2 ** (0.8 * roots[:, 0] - 0.4 * roots[:, 1] - 0.5 + unit[k])
        p = np.where(last[who, k] < 0, 0.5, 0.2 + 0.75 * 2 ** (-(time[:, t] - np.maximum(last[who, k], 0)) / h))
        outcome[:, t] = rng.random(learners) < p
        counts[who, k, 1 - outcome[:, t]] += 1
        last[who, k] = time[:, t]
    catalog = Catalog.of(["a", "b"], ["x", "y"], [[0], [1]])
    names, lengths = [str(j) for j in range(learners)], [length] * learners
    return Sequences.of(catalog, names, lengths, item.ravel(), outcome.ravel(), time=time.ravel() * DAY), unit


def test_recovers_planted_half_lives() -> None:
    logs, unit = planted_half_lives()
    model = HLR(penalty=0.01).fit(logs)
    np.testing.assert_allclose(model.range_, [0.2, 0.95], atol=0.05)
    np.testing.assert_allclose(np.diff(model.unit_), np.diff(unit), atol=0.25)
    memory = np.array([[1.0, 0.0], [0.0, 1.0], [4.0, 2.0], [2.0, 4.0]])
    roots = np.sqrt(1 + memory)
    truth = 0.8 * roots[:, 0] - 0.4 * roots[:, 1] - 0.5 + unit[0]
    np.testing.assert_allclose(np.log2(model.half_life(memory, np.zeros(4, int))), truth, atol=0.35)


@pytest.mark.parametrize("of", ["skills", "items"])
def test_mastery_falls_while_nothing_is_answered(of: str) -> None:
    logs, _ = planted_half_lives()
    model = HLR(of=of).fit(logs)
    state = state_after(model, logs)
    last = logs.time[logs.offsets[1:] - 1]
    known = np.stack([model.mastery(state, last + days * DAY) for days in (0, 1, 7, 60)])
    assert (np.diff(known, axis=0) <= 1e-12).all()
    assert known[0].mean() - known[-1].mean() > 0.2


@pytest.mark.parametrize("of", ["skills", "items"])
def test_trace_is_the_fold(planted: PlantedAnswers, of: str) -> None:
    model = HLR(of=of).fit(planted.train)
    np.testing.assert_allclose(model.trace(planted.probe), fold(model, planted.probe)[1], rtol=0, atol=1e-12)


def test_counts_right_and_wrong(catalog: Catalog, planted: PlantedAnswers) -> None:
    """Item 2 trains skills 0 and 1; a text says nothing of recall."""
    model = HLR().fit(Sequences.of(catalog, ["a"], [3], np.array([0, 2, 0]), np.array([1, 0, 1])))
    one = np.ones(1)
    state = model.start(1)
    for item, outcome in ((2, 1), (2, 0), (0, 1), (3, -1)):
        state = model.update(state, Interactions(np.array([item]), np.array([outcome]), one > 0, one, one))
    assert state.memory[0].tolist() == [[2, 1], [1, 1], [0, 0]]


def test_bad_settings_and_asked_too_early() -> None:
    with pytest.raises(ConfigError, match="HLR: of='cards'; expected 'skills' or 'items'"):
        HLR(of="cards")
    with pytest.raises(ConfigError, match="HLR: penalty=0, max_iterations=100; expected both above 0"):
        HLR(penalty=0)
    with pytest.raises(NotFittedError, match=r"call HLR\.fit"):
        HLR().start(1)
