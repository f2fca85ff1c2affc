from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lernpfad.core import Interactions, trace
from lernpfad.evaluate.metrics import auc
from lernpfad.simulate.draws import Purpose, stream
from lernpfad.simulate.observer import BREAK, MEAN, Observer
from lernpfad.simulate.witness import Witness
from simulate.small import Uniform, lived, world

MONDAY = 1.7e9


def answers(item: int, outcomes: list[int], at: float = MONDAY) -> Interactions:
    count = len(outcomes)
    return Interactions(
        np.full(count, item), np.array(outcomes), np.ones(count, bool), np.full(count, 3.0), np.full(count, at)
    )


def test_the_start_is_what_people_are_drawn_from() -> None:
    """Means and covariances of many people, within four standard errors."""
    of = world()
    people = of.reset(20_000, stream(0, 0, Purpose.POPULATION))
    spread = Observer(of).start(1).spread[0]
    assert people.baseline.mean(axis=0) == pytest.approx(np.full(8, MEAN), abs=0.05)
    np.testing.assert_allclose(np.cov(people.baseline.T), spread[:-1, :-1], atol=0.06)
    assert spread[-1, -1] == pytest.approx(of.form_sd**2)


def test_a_right_answer_raises_what_is_near_and_narrows_it() -> None:
    """One skill: the posterior of a Gaussian under a logistic answer, integrated on a fine grid."""
    of = world()
    item = int(np.flatnonzero((of.catalog.item_skills[:, 1:] < 0).all(axis=1) & of.catalog.assessed)[0])
    skill, traits = int(of.catalog.item_skills[item, 0]), of.traits
    observer = Observer(of)
    before = observer.start(2)
    after = observer.update(before, answers(item, [1, 0]))
    sd = np.sqrt(0.8**2 + 0.4**2 + 1.0 + of.form_sd**2)
    grid = MEAN + sd * np.linspace(-8, 8, 4001)
    logit = traits.discrimination[item] * (grid - traits.difficulty[item])
    chance = traits.guess[item] + (1 - traits.slip[item] - traits.guess[item]) / (1 + np.exp(-logit))
    prior = np.exp(-0.5 * ((grid - MEAN) / sd) ** 2)
    prior /= prior.sum()
    assert observer.predict(before, np.array([[item], [item]]), np.full(2, MONDAY))[0, 0] == pytest.approx(
        float(prior @ chance), abs=1e-3
    )
    for row, told in enumerate((prior * chance, prior * (1 - chance))):
        mean = float(told @ grid / told.sum())
        moved = float(after.people.baseline[row, skill]) - MEAN
        assert moved == pytest.approx((mean - MEAN) * (sd**2 - of.form_sd**2) / sd**2, abs=2e-3)
    assert (after.spread[:, skill, skill] < before.spread[:, skill, skill]).all()


def test_it_reasons_with_the_laws_of_the_main_world_alone() -> None:
    assert Observer.understands(world(kappa=1.0))
    assert not Observer.understands(object())


def test_a_good_day_is_over_the_next_day() -> None:
    of = world()
    observer = Observer(of)
    item = int(np.flatnonzero(of.catalog.assessed)[0])
    after = observer.update(observer.start(1), answers(item, [1]))
    assert after.people.form[0] > 0
    later = observer.update(after, answers(item, [1], at=MONDAY + 2 * BREAK))
    again = observer.update(replace(after, last=np.array([-np.inf])), answers(item, [1], at=MONDAY + 2 * BREAK))
    np.testing.assert_array_equal(later.people.form, again.people.form)
    assert observer._sat_down(after, np.array([MONDAY + 2 * BREAK])).people.form[0] == 0


def test_it_stands_between_the_base_rate_and_the_truth_and_is_calibrated() -> None:
    watched: Any = Witness(world())
    log = lived(watched, Uniform(), learners=150, weeks=8).log
    said = trace(Observer(world()), log)[log.assessed]
    right, true = log.outcome[log.assessed], watched.chances(log, on_the_day=False)[log.assessed]
    assert 0.62 < auc(said, right) < auc(watched.chances(log)[log.assessed], right)
    error = np.sqrt((said * (1 - said)).sum())
    assert abs(right.sum() - said.sum()) < 6 * error  # it does not know of the use at work
    half = len(said) // 2
    assert np.corrcoef(said[half:], true[half:])[0, 1] > 0.5
