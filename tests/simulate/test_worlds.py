"""What every world of the matrix has in common: the company of the main world, and a truth that an oracle can ask."""

import numpy as np
import pytest

from composing import made, names
from lernpfad.core import CORRECT, NOT_ASSESSED, WRONG, ConfigError, Interactions
from lernpfad.policy import Oracle
from lernpfad.simulate import Corporate, OracleTracer, rollout
from lernpfad.simulate.calendar import START, WEEK
from lernpfad.simulate.draws import Purpose, stream
from lernpfad.simulate.population import Fate, fate
from lernpfad.simulate.twostate import TwoState
from simulate.small import people

LEARNERS = 60
NOW = np.full(LEARNERS, START + 600.0)
WORLDS = [name for name in names("simulator") if name not in ("corporate", "tiny")]
FITTED = [name for name in WORLDS if name != "s5_neural"]  # nobody fitted the networks of the tests


def seen(item: int, outcome: int, learners: int = LEARNERS) -> Interactions:
    return Interactions(
        item=np.full(learners, item),
        outcome=np.full(learners, outcome, dtype=np.int8),
        accepted=np.ones(learners, dtype=bool),
        minutes=np.full(learners, 5.0),
        time=np.full(learners, START + 600.0),
    )


def test_the_matrix_is_complete() -> None:
    columns = {name.split("_")[0] for name in WORLDS}
    assert columns >= {"s1", "s3", "s4", "s5", "s6", "s7", "s8"}


@pytest.mark.parametrize("name", [name for name in WORLDS if name != "onet"])  # that is another company
def test_the_company_is_that_of_the_main_world(name: str) -> None:
    """Same items, skills, beliefs, roles at first and people, so what was fitted in one world runs in all."""
    of, main = made("simulator", name), made("simulator", "tiny")
    for catalog in ("catalog", "believed"):
        for column in ("items", "skills", "item_skills", "minutes", "kind", "prerequisites"):
            np.testing.assert_array_equal(
                getattr(getattr(of, catalog), column), getattr(getattr(main, catalog), column)
            )
    np.testing.assert_array_equal(of.roles.weight[0], main.roles.weight[0])
    here, there = people(of, LEARNERS), people(main, LEARNERS)
    for same in ("baseline", "taste", "role", "target", "weekly", "budget"):
        np.testing.assert_array_equal(getattr(here, same), getattr(there, same))


@pytest.mark.parametrize("name", FITTED)
def test_the_oracle_pays_off_more_than_a_week_of_it(name: str) -> None:
    """Four weeks under the oracle against one week and three of rest, the same people with the same luck."""
    of = made("simulator", name)
    settings = {"learners": 40, "seed": 2, "name": "oracle", "tracer": OracleTracer(of)}
    busy = rollout(Oracle(shortlist=12), of, weeks=4, **settings)
    resting = rollout(Oracle(shortlist=12), of, weeks=1, rest=3, **settings)
    assert len(busy.log) > 2 * len(resting.log)
    assert np.nanmean(busy.debt[-1]) < np.nanmean(resting.debt[-1]) - 0.005


@pytest.mark.parametrize("name", WORLDS)
def test_what_if_is_what_is_expected_to_come(name: str) -> None:
    """Of every item, outcome and touched skill; luck that is settled but unknown is averaged over in both."""
    of = made("simulator", name)
    state = people(of, LEARNERS)
    for item in range(len(of.catalog)):
        told = of.what_if(state, np.full((LEARNERS, 1), item), NOW)[:, 0]
        skills = of.catalog.item_skills[item]
        there = skills >= 0
        for outcome in (WRONG, CORRECT):
            given = outcome if of.catalog.assessed[item] else NOT_ASSESSED
            after = of.mastery(of.learn(state, seen(item, given)), NOW)[:, skills[there]]
            np.testing.assert_allclose(told[:, outcome][:, there], after, rtol=2e-4, atol=2e-5)
        assert np.isnan(told[..., ~there]).all()


@pytest.mark.parametrize("name", WORLDS)
def test_answers_are_sampled_as_success_says(name: str) -> None:
    of, many = made("simulator", name), 6_000
    state, at = people(of, many), np.full(many, START + 600.0)
    item = int(np.flatnonzero(of.catalog.assessed)[3])
    _, came = of.step(state, np.full(many, item), at, stream(0, 3, Purpose.OFFER))
    chance = of.success(state, np.full((many, 1), item), at)[:, 0]
    answered = came.outcome >= 0
    error = np.sqrt((chance * (1 - chance))[answered].sum()) / answered.sum()
    assert abs((came.outcome[answered] == CORRECT).mean() - chance[answered].mean()) < 4 * error
    assert came.accepted.mean() == pytest.approx(of.acceptance(state, np.full(many, item), at).mean(), abs=0.03)


@pytest.mark.parametrize("name", ["s1_bkt", "s4_kss", "s5_neural"])
def test_nothing_fades_where_nothing_should(name: str) -> None:
    of = made("simulator", name)
    state = people(of, LEARNERS)
    state = of.learn(state, seen(int(np.flatnonzero(of.catalog.assessed)[0]), CORRECT))
    later = of.open_week(state, START + 40 * WEEK, stream(0, 5, Purpose.WEEK))
    np.testing.assert_array_equal(of.mastery(later, NOW + 40 * WEEK), of.mastery(state, NOW))


@pytest.mark.parametrize("name", ["s1_bkt", "s4_kss", "s5_neural"])
def test_an_unknown_item_is_even_odds(name: str) -> None:
    of = made("simulator", name)
    state = people(of, LEARNERS)
    assert (of.success(state, np.full((LEARNERS, 2), -1), NOW) == 0.5).all()
    assert np.isnan(of.what_if(state, np.full((LEARNERS, 2), -1), NOW)).all()
    everybody = np.broadcast_to(np.arange(len(of.catalog)), (LEARNERS, len(of.catalog)))
    np.testing.assert_allclose(of.success(state, everybody, NOW), of.success(state, everybody.copy(), NOW), rtol=1e-6)


def test_settings_of_the_main_psychology_are_refused_with_another_one() -> None:
    with pytest.raises(ConfigError, match=r"kappa=9\.0 belongs to the psychology of the main world.*at 3\.0"):
        Corporate(kappa=9.0, psychology=TwoState)


def test_a_fraction_of_people_click_through() -> None:
    of = made("simulator", "s7_people")
    state, calm = people(of, 4_000), people(made("simulator", "tiny"), 4_000)
    lazy = state.form < -20
    assert lazy.mean() == pytest.approx(0.1, abs=0.02)
    np.testing.assert_array_equal(state.form[~lazy], calm.form[~lazy])
    assert np.log(state.rate).std() == pytest.approx(0.5, abs=0.02)
    at, item = np.full(4_000, START + 600.0), int(np.flatnonzero(of.catalog.assessed & (of.traits.guess > 0))[0])
    np.testing.assert_allclose(of.success(state, np.full((4_000, 1), item), at)[lazy], of.traits.guess[item], rtol=1e-4)
    came = of.step(state, np.full(4_000, item), at, stream(0, 3, Purpose.OFFER))[1]
    took = came.accepted
    ratio = came.minutes[took & lazy].mean() / came.minutes[took & ~lazy].mean()
    assert ratio == pytest.approx(1 / 3, rel=0.05)
    later = of.open_sitting(
        of.open_week(state, START + WEEK, stream(0, 9, Purpose.WEEK)), START + WEEK, stream(0, 9, 2)
    )
    np.testing.assert_array_equal(later.form < -20, lazy)


def test_the_shock_comes_within_every_evaluation_and_changes_nothing_else() -> None:
    hit, calm = (Corporate(shock=shock).roles for shock in (True, False))
    moment = START + 13.05 * WEEK
    for weeks in (0, 8, 12.9):
        role = np.arange(12)
        np.testing.assert_array_equal(
            hit.at(role, START + weeks * WEEK).weight, calm.at(role, START + weeks * WEEK).weight
        )
    for when in (moment, START + 26 * WEEK, START + 38 * WEEK):
        ours, theirs = hit.at(np.arange(12), when), calm.at(np.arange(12), when)
        changed = (ours.weight != theirs.weight) | (ours.level != theirs.level)
        assert changed.any(axis=1).sum() == 4
        assert changed.any(axis=0).sum() == 1
        assert (ours.weight[changed] == 1.0).all()
    asked_before = calm.at(np.arange(12), moment).weight[changed]
    assert (asked_before == 0).all()


@pytest.mark.parametrize("name", WORLDS)
def test_the_same_fate_whoever_else_is_there(name: str) -> None:
    of = made("simulator", name)
    some, many = (of.reset(count, stream(3, 0, Purpose.POPULATION)) for count in (5, 9))
    np.testing.assert_allclose(of.mastery(many, NOW[:9])[:5], of.mastery(some, NOW[:5]), rtol=1e-12)
    np.testing.assert_array_equal(fate(many, Fate.PATIENCE, 7)[:5], fate(some, Fate.PATIENCE, 7))


def test_fate_is_uniform_and_its_parts_have_nothing_to_do_with_each_other() -> None:
    somebody = made("simulator", "tiny").reset(20_000, stream(0, 0, Purpose.POPULATION))
    drawn = np.concatenate([fate(somebody, Fate.PATIENCE, 2), fate(somebody, Fate.EFFORT, 1)], axis=1)
    assert ((drawn >= 0) & (drawn < 1)).all()
    np.testing.assert_allclose(drawn.mean(axis=0), 0.5, atol=0.01)
    np.testing.assert_allclose(drawn.var(axis=0), 1 / 12, atol=0.002)
    together = np.corrcoef(np.column_stack([drawn, somebody.role, somebody.baseline[:, 0]]).T)
    np.testing.assert_allclose(together[:3, :3], np.eye(3), atol=0.03)
    np.testing.assert_allclose(together[:3, 3:], 0.0, atol=0.03)
