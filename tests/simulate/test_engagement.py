from dataclasses import replace

import numpy as np
import pytest

from lernpfad.simulate import engagement
from lernpfad.simulate.calendar import START, WEEK
from lernpfad.simulate.draws import Purpose, stream
from simulate.small import people, world


def test_acceptance_by_hand() -> None:
    def willing(**changes: float) -> float:
        plain = {"need": 0.2, "minutes": 6.0, "success": 0.7, "affinity": 0.0, "done": 0.0} | changes
        return float(engagement.accepts(**{name: np.array([value]) for name, value in plain.items()})[0])

    assert willing() == pytest.approx(1 / (1 + np.exp(-1.2)))
    assert willing(minutes=10.0, success=0.9, affinity=1.0, done=2) == pytest.approx(
        1 / (1 + np.exp(-(0.8 + 0.4 - 0.2 + 0.1 + 0.5 - 0.15)))
    )


def test_people_leave_at_the_measured_hazards() -> None:
    of = world()
    state = of.reset(20_000, stream(1, 0, Purpose.POPULATION))
    stayed = []
    for week in range(13):
        state = of.open_week(state, START + week * WEEK, stream(1, week, Purpose.WEEK))
        stayed.append(state.active.mean())
    assert stayed[0] == 1.0
    expected = np.cumprod(1 - np.array([*engagement.HAZARDS, engagement.HAZARDS[-1]]))
    np.testing.assert_allclose(stayed[1:], expected, atol=0.008)


def test_failing_drives_people_out_and_who_left_stays_away() -> None:
    of = world()
    state = replace(people(of, 20_000), week=np.full(20_000, 2))
    luck = np.random.default_rng(0).random(20_000)
    calm = engagement.leaves(state, luck).mean()
    sour = engagement.leaves(replace(state, streak=np.full(20_000, 9)), luck).mean()
    assert sour / calm == pytest.approx(np.exp(0.75), rel=0.1)
    gone = of.open_week(replace(state, active=np.zeros(20_000, dtype=bool)), START + WEEK, stream(0, 5, Purpose.WEEK))
    assert not gone.active.any()
    assert not of.minutes(of.open_sitting(gone, START, stream(0, 5, Purpose.SITTING))).any()


def test_weekly_minutes_have_their_mean_and_two_or_three_sittings() -> None:
    of = world(minutes=24.0)
    state = of.reset(20_000, stream(2, 0, Purpose.POPULATION))
    assert state.weekly.mean() == pytest.approx(24.0, rel=0.03)
    week = of.open_week(state, START, stream(2, 1, Purpose.WEEK))
    assert (week.budget.sum(axis=1) / state.weekly).mean() == pytest.approx(1.0, rel=0.02)
    sittings = (week.budget > 0).sum(axis=1)
    np.testing.assert_allclose(np.bincount(sittings, minlength=4) / 20_000, [0, 0, 0.8, 0.2], atol=0.02)
    given = np.zeros(20_000)
    for sitting in range(of.sittings):
        week = of.open_sitting(week, START, stream(2, sitting, Purpose.SITTING))
        given += of.minutes(week)
    np.testing.assert_allclose(given, week.budget.sum(axis=1))


def test_a_world_of_one_sitting_gives_it_everything() -> None:
    state = people(world(sittings=1))
    np.testing.assert_allclose(world(sittings=1).minutes(state), state.budget[:, 0])
    assert (state.budget > 0).all()


def test_items_take_their_minutes_on_average() -> None:
    taken = engagement.spent(np.full(50_000, 6.0), np.random.default_rng(0).random((50_000, 2)))
    assert taken.mean() == pytest.approx(6.0, rel=0.01)
    assert taken.min() > 0


def test_few_change_roles_and_some_reach_the_one_they_wished_for() -> None:
    of = world(roles=6, moving=0.08)
    state = start = of.reset(20_000, stream(3, 0, Purpose.POPULATION))
    assert (start.target >= 0).mean() == pytest.approx(0.3, abs=0.01)
    assert (start.target != start.role).all()
    for week in range(52):
        state = of.open_week(state, START + week * WEEK, stream(3, week, Purpose.WEEK))
    moved = state.role != start.role
    assert moved.mean() == pytest.approx(0.08, abs=0.008)
    wished = moved & (start.target >= 0)
    assert (state.role[wished] == start.target[wished]).mean() > 0.9
    assert (state.target[wished & (state.role == start.target)] == -1).all()
