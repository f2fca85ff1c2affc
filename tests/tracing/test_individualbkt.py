import numpy as np
import pytest

from lernpfad.core import (
    Catalog,
    ConfigError,
    Interactions,
    NotFittedError,
    Sequences,
    fold,
    plain_what_if,
    state_after,
)
from lernpfad.core.laws.planted import PlantedAnswers
from lernpfad.tracing import individualbkt as module
from lernpfad.tracing.bkt import BKT
from lernpfad.tracing.individualbkt import IndividualBKT


def told(catalog: Catalog, *, guess: float = 0.2, slip: float = 0.1) -> IndividualBKT:
    """Two classes, the second three times as frequent: priors .2 and .6, learning .1 and .3, on every skill."""
    model, skills = IndividualBKT(classes=2), len(catalog.skills)
    model.moves_ = np.stack([np.tile([0.2, 0.1, 0.0], (skills, 1)), np.tile([0.6, 0.3, 0.0], (skills, 1))])
    model.skill_told_ = np.tile([guess, slip], (skills, 1))
    model.slots_, of = module._slots(catalog.item_skills, skills, apart=True)
    model.told_ = model.skill_told_[of].copy()
    model.share_, model.pooled_ = np.array([0.25, 0.75]), np.array([0.5, 0.1, 0.2, 0.1, 0.0])
    model.item_skills_, model.assessed_ = catalog.item_skills, catalog.assessed
    return model


def seen(item: int, outcome: int) -> Interactions:
    one = np.ones(1)
    return Interactions(np.array([item]), np.array([outcome]), one > 0, one, one)


def test_one_answer_by_hand(catalog: Catalog) -> None:
    """A right answer: .34 in the first class (.2 * .9 + .8 * .2), .62 in the second (.6 * .9 + .4 * .2).

    The second class then has .75 * .62 / (.25 * .34 + .75 * .62) = .465 / .55. Its P(known) is .54 / .62 and then what
    learning adds; the other skills stay where they were within a class, and rise with the class.
    """
    model = told(catalog)
    start = model.start(1)
    base = 0.25 * 0.34 + 0.75 * 0.62
    np.testing.assert_allclose(model.predict(start, np.array([[0, 4, -1]]), np.zeros(1))[0], [base, 0.55, 0.55])
    after = model.update(start, seen(0, 1))
    low, high = 0.18 / 0.34, 0.54 / 0.62
    np.testing.assert_allclose(after.known[0, :, 0], [low + (1 - low) * 0.1, high + (1 - high) * 0.3])
    np.testing.assert_allclose(after.known[0, :, 1], [0.2, 0.6])
    share = 0.465 / 0.55
    np.testing.assert_allclose(np.exp(after.log_class[0, 1]) / np.exp(after.log_class[0]).sum(), share)
    known = (1 - share) * 0.2 + share * 0.6
    np.testing.assert_allclose(model.mastery(after, np.zeros(1))[0, 1:], known * 0.9 + (1 - known) * 0.2)


def test_an_item_tells_with_its_own_guess_and_slip(catalog: Catalog) -> None:
    """Item 1 is easy: guessed with .5, missed with .02; its skill keeps .2 and .1."""
    model = told(catalog)
    model.told_[model.slots_[1, 0]] = [0.5, 0.02]
    start = model.start(1)
    known = 0.25 * 0.2 + 0.75 * 0.6
    said = model.predict(start, np.array([[0, 1]]), np.zeros(1))[0]
    np.testing.assert_allclose(said, [known * 0.9 + (1 - known) * 0.2, known * 0.98 + (1 - known) * 0.5])
    low, high = 0.2 * 0.02 / (1 - 0.596), 0.6 * 0.02 / (1 - 0.788)
    after = model.update(start, seen(1, 0))
    np.testing.assert_allclose(after.known[0, :, 0], [low + (1 - low) * 0.1, high + (1 - high) * 0.3])


def test_several_skills_tell_the_class_their_mean(catalog: Catalog) -> None:
    """Item 2 trains two skills that are alike here: the class hears one answer, not two."""
    model = told(catalog)
    one, two = (model.update(model.start(1), seen(item, 1)) for item in (0, 2))
    np.testing.assert_allclose(two.log_class, one.log_class)
    np.testing.assert_allclose(two.known[0, :, :2], np.stack([one.known[0, :, 0]] * 2, axis=1))
    text = model.update(model.start(1), seen(3, -1))
    np.testing.assert_allclose(text.log_class - text.log_class.max(), model.start(1).log_class - np.log(0.75))


def test_one_class_without_items_is_plain_bkt(planted: PlantedAnswers) -> None:
    settings = {"shrinkage": 2.0, "tolerance": 1e-4, "max_iterations": 200}
    plain = BKT(**settings).fit(planted.train)
    model = IndividualBKT(items=False, classes=1, learning=False, **settings).fit(planted.train)
    np.testing.assert_allclose(model.trace(planted.probe), plain.trace(planted.probe), rtol=0, atol=0.02)


def simulated(*, learners: int, seed: int) -> Sequences:
    """Two kinds of learners (priors .1 and .8, learning .05 and .3), five items of one skill that differ."""
    rng, length = np.random.default_rng(seed), 20
    guess, slip = np.array([0.05, 0.15, 0.25, 0.35, 0.45]), np.array([0.4, 0.3, 0.2, 0.1, 0.03])
    quick = rng.random(learners) < 0.4
    known = rng.random(learners) < np.where(quick, 0.8, 0.1)
    item, outcome = rng.integers(0, 5, (learners, length)), np.empty((learners, length), dtype=int)
    for t in range(length):
        outcome[:, t] = rng.random(learners) < np.where(known, 1 - slip[item[:, t]], guess[item[:, t]])
        known = known | (rng.random(learners) < np.where(quick, 0.3, 0.05))
    catalog = Catalog.of([str(i) for i in range(5)], ["x"], [[0]] * 5)
    names = [str(j) for j in range(learners)]
    return Sequences.of(catalog, names, [length] * learners, item.ravel(), outcome.ravel())


def test_recovers_planted_items_and_classes() -> None:
    model = IndividualBKT(classes=2, forgets=False, shrinkage=1.0, tolerance=1e-5, max_iterations=600)
    model.fit(simulated(learners=6000, seed=0))
    np.testing.assert_allclose(model.told_[:, 0], [0.05, 0.15, 0.25, 0.35, 0.45], atol=0.04)
    np.testing.assert_allclose(model.told_[:, 1], [0.4, 0.3, 0.2, 0.1, 0.03], atol=0.04)
    np.testing.assert_allclose(model.moves_[:, 0, 0], [0.1, 0.8], atol=0.12)
    np.testing.assert_allclose(model.moves_[:, 0, 1], [0.05, 0.3], atol=0.15)
    np.testing.assert_allclose(model.share_, [0.6, 0.4], atol=0.1)


@pytest.mark.parametrize("settings", [{}, {"items": False}, {"classes": 1}])
def test_likelihood_hardly_falls(planted: PlantedAnswers, settings: dict[str, object]) -> None:
    """EM climbs the likelihood with the priors of its shrinkage; the bare likelihood may slip a little at the end."""
    losses: list[float] = []
    model = IndividualBKT(starts=1, **settings)
    model.listeners.append(lambda step, metrics: losses.append(metrics["train/loss"]))
    begun = BKT(starts=1, shrinkage=10.0, max_iterations=100)
    steps: list[float] = []
    begun.listeners.append(lambda step, metrics: steps.append(metrics["train/loss"]))
    begun.fit(planted.train)
    model.fit(planted.train)
    own = np.array(losses[len(steps) :])
    assert len(own) > 2
    assert np.diff(own).max() < 2e-3
    assert own[-1] < own[0]


@pytest.mark.parametrize("settings", [{}, {"items": False}, {"classes": 1}])
def test_trace_without_numba_is_the_same(
    planted: PlantedAnswers, monkeypatch: pytest.MonkeyPatch, settings: dict[str, object]
) -> None:
    model = IndividualBKT(**settings).fit(planted.train)
    compiled = model.trace(planted.probe)
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    np.testing.assert_allclose(model.trace(planted.probe), compiled, rtol=0, atol=1e-12)
    np.testing.assert_allclose(fold(model, planted.probe)[1], compiled, rtol=0, atol=1e-12)


def test_what_if_is_what_update_and_mastery_say(planted: PlantedAnswers) -> None:
    model = IndividualBKT().fit(planted.train)
    state = state_after(model, planted.probe)
    learners = len(planted.probe.learners)
    items = np.tile(np.append(np.arange(len(planted.catalog)), -1), (learners, 1))
    plain = plain_what_if(model, state, items, np.zeros(learners), catalog=planted.catalog)
    np.testing.assert_allclose(model.what_if(state, items, np.zeros(learners)), plain, rtol=0, atol=1e-12)


def test_bad_settings_and_asked_too_early() -> None:
    with pytest.raises(ConfigError, match=r"IndividualBKT: classes=0; expected 1 \(no classes\) or more"):
        IndividualBKT(classes=0)
    with pytest.raises(ConfigError, match=r"item_cap=0\.8, item_shrinkage=10\.0; expected a cap in \(0, \.5\]"):
        IndividualBKT(item_cap=0.8)
    with pytest.raises(NotFittedError, match=r"call IndividualBKT\.fit"):
        IndividualBKT().start(1)
