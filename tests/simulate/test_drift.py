import numpy as np
import pytest

from lernpfad.simulate import Corporate
from lernpfad.simulate.calendar import DAY, START, YEAR
from lernpfad.simulate.drift import related


def test_roles_ask_for_some_skills_at_sane_levels() -> None:
    roles = Corporate().roles
    asked = roles.weight[0] > 0
    assert (asked.sum(axis=1) == 12).all()
    assert ((roles.level[0][asked] >= 0.6) & (roles.level[0][asked] <= 0.95)).all()
    assert ((roles.weight[0][asked] >= 0.2) & (roles.weight[0][asked] <= 1.0)).all()
    assert (roles.level[0][~asked] == 0).all()
    assert roles.valid_from[0] == START
    assert (np.diff(roles.valid_from) > 0).all()


def test_tool_skills_come_and_go_at_their_rates_and_the_others_stay() -> None:
    made = Corporate(roles=400, years=4.0, arrivals=0.08, departures=0.03)
    weight, tool = made.roles.weight, made.traits.tool
    np.testing.assert_array_equal(weight[:, :, ~tool], np.broadcast_to(weight[0][:, ~tool], weight[:, :, ~tool].shape))
    held = (weight[:, :, tool] > 0).astype(int)
    change = np.diff(held, axis=0)
    skill_years = held[:-1].sum() / 12
    assert (change > 0).sum() / skill_years == pytest.approx(0.08, rel=0.15)
    assert (change < 0).sum() / skill_years == pytest.approx(0.03, rel=0.25)


def test_a_shock_asks_a_third_of_the_roles_for_something_new() -> None:
    calm, hit = (Corporate(shock=shock, arrivals=0.0, departures=0.0).roles for shock in (False, True))
    assert len(calm.valid_from) == 1
    assert len(hit.valid_from) == 2
    assert hit.valid_from[1] - START == pytest.approx(91 * DAY, abs=2 * DAY)
    changed = (hit.weight[1] != hit.weight[0]) | (hit.level[1] != hit.level[0])
    assert changed.any(axis=1).sum() == 4
    assert changed.any(axis=0).sum() == 1
    assert (hit.weight[1][changed] == 1.0).all()


def test_people_move_to_roles_that_resemble_theirs() -> None:
    roles = Corporate(roles=30, years=1 / 12).roles
    near = related(roles)
    np.testing.assert_allclose(near.sum(axis=1), 1.0)
    assert (np.diag(near) == 0).all()
    overlap = roles.weight[0] @ roles.weight[0].T
    assert np.corrcoef(near[~np.eye(30, dtype=bool)], overlap[~np.eye(30, dtype=bool)])[0, 1] > 0.5
    assert related(Corporate(roles=1).roles).tolist() == [[1.0]]


def test_requirements_hold_from_their_version_on() -> None:
    roles = Corporate(years=3.0).roles
    late = roles.at(np.arange(12), START + 3 * YEAR)
    np.testing.assert_array_equal(late.level, roles.level[-1])
