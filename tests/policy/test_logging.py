"""The logging policy against its definition, item by item, in plain Python."""

from math import exp

import numpy as np
import pytest

from lernpfad.core import ConfigError
from lernpfad.policy import Logging
from lernpfad.policy.logging import _popularity
from policy.scenes import CATALOG, crowd, scene


def by_definition(policy, situation):
    """simple loops over learners and items"""
    catalog = situation.catalog
    popularity = _popularity(catalog, policy.item_spread, policy.skill_spread, policy.seed)
    table = np.zeros(situation.eligible.shape)
    for j in range(len(situation)):
        skills = [[int(k) for k in row if k >= 0] for row in catalog.item_skills]
        weight, gap = situation.requirement.weight[j], situation.gap[j]
        fits = [i for i in range(len(catalog)) if situation.eligible[j, i]]
        open_ = [i for i in fits if not skills[i] or any(situation.mastery[j, k] <= policy.mastered for k in skills[i])]
        open_ = open_ or fits
        popular = {i: popularity[i] * ((weight[skills[i][0]] if skills[i] else 0) + 0.02) for i in open_}
        last = -1 if situation.last_item is None else situation.last_item[j]
        goes_on = {i: popular[i] for i in open_ if last >= 0 and skills[i] and skills[last][:1] == skills[i][:1]}
        need = {i: np.mean([weight[k] * gap[k] for k in skills[i]]) if skills[i] else 0.0 for i in open_}
        off = {i: (situation.success[j, i] - policy.target) / policy.width for i in open_}
        greedy = {i: ((need[i] + 0.001) * exp(-(off[i] ** 2) / 2)) ** 2 for i in open_}
        block = policy.block if goes_on else 0.0
        for share, part in (
            (block, goes_on),
            ((1 - block) * policy.popular, popular),
            ((1 - block) * policy.greedy, greedy),
            ((1 - block) * policy.uniform, dict.fromkeys(open_, 1.0)),
        ):
            for i, mass in part.items():
                table[j, i] += share * mass / sum(part.values())
    return table


@pytest.mark.parametrize("block", [0.0, 0.35, 0.75, 1.0])
def test_equals_its_definition(block):
    situation = crowd(300, 40, 7)
    policy = Logging(block=block, mastered=0.7)
    np.testing.assert_allclose(policy.propensities(situation), by_definition(policy, situation), atol=2e-6)


def test_a_golden_row_by_hand():
    # no spread: every popularity is 1. Two open items of sheets and one of talks, last taken: s1.
    eligible = np.zeros((1, 8), dtype=bool)
    eligible[0, [0, 1, 4]] = True
    situation = scene(
        mastery=[[0.3, 0.95, 0.6]],
        level=[[0.8, 0.8, 0.8]],
        weight=[[1.0, 0.5, 0.5]],
        eligible=eligible,
        last_item=[0],
        given={"success": np.array([[0.75, 0.63, 0, 0, 0.75, 0, 0, 0]])},
    )
    # continue: 1/2 1/2 0. popular: 1.02 1.02 .52 of 2.56. need .5 .5 .1; greedy .501^2, .501^2 e^-1, .101^2
    greedy = np.array([0.501**2, 0.501**2 * exp(-1), 0.101**2])
    popular = np.array([1.02, 1.02, 0.52]) / 2.56
    expected = 0.75 * np.array([0.5, 0.5, 0]) + 0.25 * (0.45 * popular + 0.30 * greedy / greedy.sum() + 0.25 / 3)
    row = Logging(item_spread=0.0, skill_spread=0.0).propensities(situation)[0]
    np.testing.assert_allclose(row[[0, 1, 4]], expected, rtol=1e-5)


def test_mastered_skills_leave_the_offer():
    situation = scene(mastery=[[0.95, 0.2, 0.95], [0.95, 0.95, 0.95]])
    row = Logging().propensities(situation)
    assert set(np.flatnonzero(row[0])) == {2, 3, 6, 7}  # charts, charts with talks, and what trains no skill
    assert set(np.flatnonzero(row[1])) == {7}


def test_where_all_is_mastered_the_eligible_remain():
    eligible = np.ones((1, 8), dtype=bool)
    eligible[0, 7] = False
    row = Logging().propensities(scene(mastery=[[0.95] * 3], level=[[0.8] * 3], weight=[[1.0] * 3], eligible=eligible))
    assert set(np.flatnonzero(row[0])) == set(range(7))


def test_rows_are_distributions_in_float32():
    situation = crowd(500, 60, 6)
    propensities = Logging().propensities(situation)
    assert propensities.dtype == np.float32
    np.testing.assert_allclose(propensities.sum(axis=1), situation.eligible.any(axis=1), atol=1e-5)
    assert (propensities >= 0).all()
    assert (propensities[~situation.eligible] == 0).all()


def test_who_else_is_in_the_batch_does_not_matter():
    from dataclasses import replace

    situation = crowd(300, 40, 7)
    some = np.array([250, 3, 131])
    alone = replace(
        situation,
        eligible=situation.eligible[some],
        at=situation.at[some],
        requirement=situation.requirement[some],
        last_item=situation.last_item[some],
        given={name: table[some] for name, table in situation.given.items()},
    )
    together = Logging().propensities(situation)[some]
    np.testing.assert_allclose(Logging().propensities(alone), together, atol=1e-6)


def test_a_subset_of_the_catalog_as_candidates():
    items = np.array([6, 0, 4])
    few = scene(items=items)
    eligible = np.zeros((2, 8), dtype=bool)
    eligible[:, items] = True
    np.testing.assert_allclose(
        Logging().propensities(few), Logging().propensities(scene(eligible=eligible))[:, items], atol=1e-6
    )


def test_popularity_belongs_to_catalog_and_seed():
    one = _popularity(CATALOG, 0.5, 1.6, 0)
    np.testing.assert_array_equal(one, _popularity(CATALOG, 0.5, 1.6, 0))
    assert (one != _popularity(CATALOG, 0.5, 1.6, 1)).all()
    np.testing.assert_array_equal(_popularity(CATALOG, 0.0, 0.0, 0), 1.0)


def test_without_a_tracer_it_goes_by_need_alone():
    row = Logging(popular=0.0, uniform=1e-9).propensities(scene())[0]
    np.testing.assert_allclose(row[0] / row[4], (0.601 / 0.101) ** 2, rtol=1e-4)  # gaps .6 and .1


@pytest.mark.parametrize("settings", [{"block": 1.1}, {"popular": -0.1}, {"uniform": 0}, {"width": 0}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ConfigError, match="expected a"):
        Logging(**settings)
