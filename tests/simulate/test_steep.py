"""World S4: what is out of reach costs its minutes and teaches nothing."""

from dataclasses import replace

import numpy as np

from lernpfad.core import CORRECT, Interactions
from lernpfad.simulate import Corporate
from lernpfad.simulate.calendar import START
from lernpfad.simulate.draws import Purpose, stream
from lernpfad.simulate.population import People
from lernpfad.simulate.steep import Steep
from simulate.small import people, world

LEARNERS = 30
NOW = np.full(LEARNERS, START)


def of_steep() -> Corporate:
    return world(form_sd=0.0, psychology=Steep)


def able(of: Corporate, ability: float) -> People:
    return replace(people(of, LEARNERS), mind={"ability": np.full((LEARNERS, 8), ability, dtype=np.float32)})


def seen(item: int) -> Interactions:
    one = np.ones(LEARNERS)
    return Interactions(np.full(LEARNERS, item), np.full(LEARNERS, CORRECT), one.astype(bool), 5 * one, NOW)


def test_nothing_is_learned_beyond_the_fringe_but_its_minutes_are_spent() -> None:
    of = of_steep()
    before, after = of.catalog.prerequisites[0]
    item = int(np.flatnonzero(of.catalog.item_skills[:, 0] == after)[0])
    state = able(of, -3.0)
    np.testing.assert_array_equal(of.learn(state, seen(item)).mind["ability"], state.mind["ability"])
    assert of.mastery(state, NOW)[:, before].max() < 0.5
    came = of.step(state, np.full(LEARNERS, item), NOW, stream(0, 1, Purpose.OFFER))[1]
    assert (came.minutes[came.accepted] > 0.5).all()


def test_a_practice_by_hand() -> None:
    """A skill without prerequisites at 1 gains .5 (5 - 1) = 2, and half of that reaches each direct successor."""
    of = of_steep()
    single = (of.catalog.item_skills >= 0).sum(axis=1) == 1
    roots = np.setdiff1d(of.catalog.prerequisites[:, 0], of.catalog.prerequisites[:, 1])
    item = int(np.flatnonzero(single & np.isin(of.catalog.item_skills[:, 0], roots))[0])
    skill = of.catalog.item_skills[item, 0]
    learned = of.learn(able(of, 1.0), seen(item)).mind["ability"]
    np.testing.assert_allclose(learned[:, skill], 3.0)
    direct = of.catalog.prerequisites[of.catalog.prerequisites[:, 0] == skill, 1]
    assert (learned[:, direct] >= 2.0 - 1e-6).all()
    assert learned.max() <= 5.0


def test_a_missing_prerequisite_slows_down_exponentially() -> None:
    of = of_steep()
    before, after = of.catalog.prerequisites[0]
    assert (of.catalog.prerequisites[:, 1] == after).sum() == 1
    item = int(np.flatnonzero((of.catalog.item_skills[:, 0] == after) & (of.catalog.item_skills[:, 1] < 0))[0])
    gains = []
    for held in (4.0, 5.0):
        state = able(of, 2.0)
        ability = state.mind["ability"].copy()
        ability[:, before] = held
        learned = of.learn(replace(state, mind={"ability": ability}), seen(item)).mind["ability"]
        gains.append(float(learned[0, after] - 2.0))
    np.testing.assert_allclose(gains, [1.5 * np.exp(-1.0), 1.5], rtol=1e-5)
