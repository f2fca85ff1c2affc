"""The world of BKT: its own parameters come back from what people do in it."""

from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from lernpfad.core import CORRECT, ConfigError, Interactions
from lernpfad.simulate import Corporate
from lernpfad.simulate.calendar import START
from lernpfad.simulate.population import People
from lernpfad.simulate.twostate import TwoState
from simulate.small import people, world

MANY = 20_000


def of_bkt(**changes: float) -> Corporate:
    return world(form_sd=0.0, psychology=partial(TwoState, **changes))


def taken(item: int) -> Interactions:
    return Interactions(
        item=np.full(MANY, item),
        outcome=np.full(MANY, CORRECT, dtype=np.int8),
        accepted=np.ones(MANY, dtype=bool),
        minutes=np.full(MANY, 5.0),
        time=np.full(MANY, START),
    )


def practised(of: Corporate, state: People, item: int) -> People:
    """What really becomes of people, whose patience is known to the world alone."""
    return of._psychology.learn(state, taken(item))


def test_initial_and_transition_come_back() -> None:
    of = of_bkt()
    state = people(of, MANY)
    item = int(np.flatnonzero((of.catalog.item_skills >= 0).sum(axis=1) == 1)[0])
    skill = of.catalog.item_skills[item, 0]
    shares = [float(state.mind["known"][:, skill].mean())]
    for _ in range(4):
        state = practised(of, state, item)
        shares.append(float(state.mind["known"][:, skill].mean()))
    assert shares[0] == pytest.approx(0.35, abs=0.02)
    clicked = [1 - (1 - after) / (1 - before) for before, after in pairwise(shares)]
    np.testing.assert_allclose(clicked, 0.12, atol=0.015)
    others = np.setdiff1d(np.arange(8), [skill])
    np.testing.assert_array_equal(state.mind["known"][:, others], people(of, MANY).mind["known"][:, others])


def test_whether_it_clicks_has_nothing_to_do_with_who_one_is() -> None:
    of = of_bkt()
    before = people(of, MANY, seed=1)
    after = practised(of, before, 0)
    skill = of.catalog.item_skills[0, 0]
    waiting = before.mind["known"][:, skill] == 0
    clicked = after.mind["known"][waiting, skill]
    assert abs(np.corrcoef(clicked, before.weekly[waiting])[0, 1]) < 0.03
    assert abs(np.corrcoef(clicked, before.baseline[waiting, skill])[0, 1]) < 0.03


def test_what_is_expected_is_the_mean_of_what_happens() -> None:
    of = of_bkt(transition=0.3)
    state, at = people(of, MANY), np.full(MANY, START)
    expected = of.mastery(of.learn(state, taken(1)), at).mean(axis=0)
    really = of.mastery(practised(of, state, 1), at).mean(axis=0)
    np.testing.assert_allclose(expected, really, atol=0.01)
    again = of.learn(of.learn(state, taken(1)), taken(1)).mind
    np.testing.assert_array_equal(again["patience"], state.mind["patience"])


def test_an_answer_by_hand() -> None:
    """Guess .2, slip .1, an item easier by e: logit(.2) + e, or logit(.9) + e where the skill is known."""
    of = of_bkt()
    state = people(of, 50)
    item = int(np.flatnonzero((of.catalog.item_skills >= 0).sum(axis=1) == 1)[0])
    skill = of.catalog.item_skills[item, 0]
    harder = float(of.traits.difficulty[item] - of.traits.skill_level[skill])
    odds = np.where(state.mind["known"][:, skill] > 0, 9.0, 0.25) * np.exp(-harder)
    chance = of.success(state, np.full((50, 1), item), np.full(50, START))[:, 0]
    np.testing.assert_allclose(chance, odds / (1 + odds), rtol=1e-5)
    known = of.mastery(state, np.full(50, START))[:, skill]
    np.testing.assert_allclose(known, np.where(state.mind["known"][:, skill] > 0, 0.9, 0.2), rtol=1e-6)


def test_chances_are_chances() -> None:
    with pytest.raises(ConfigError, match=r"transition is 1\.5, expected between 0 and 1"):
        of_bkt(transition=1.5)
