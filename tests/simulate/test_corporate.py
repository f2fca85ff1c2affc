from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lernpfad.core import CORRECT, NOT_ASSESSED, WRONG, Interactions, take
from lernpfad.core.laws import check_simulator
from lernpfad.core.state import copied, equal
from lernpfad.simulate import Corporate
from lernpfad.simulate.calendar import DAY, START, WEEK
from lernpfad.simulate.draws import Purpose, stream
from lernpfad.simulate.population import People
from simulate.small import people, world

LEARNERS = 30
NOW = np.full(LEARNERS, START + 600.0)


def luck(moment: int = 3) -> np.random.Generator:
    return stream(0, moment, Purpose.OFFER)


def seen(item: int, outcome: int, *, at: float = START + 600.0) -> Interactions:
    return Interactions(
        item=np.full(LEARNERS, item),
        outcome=np.full(LEARNERS, outcome, dtype=np.int8),
        accepted=np.ones(LEARNERS, dtype=bool),
        minutes=np.full(LEARNERS, 5.0),
        time=np.full(LEARNERS, at),
    )


def item_where(of: Corporate, mask: np.ndarray, *, skills: int = 1) -> int:
    breadth = (of.catalog.item_skills >= 0).sum(axis=1)
    return int(np.flatnonzero(mask & (breadth == skills))[0])


def test_laws_of_simulators() -> None:
    check_simulator(world)
    check_simulator(lambda: world(transfer=0.1, rule="min", mode="doing"))


def test_learner_j_is_the_same_in_a_larger_company() -> None:
    of = world()
    assert equal(people(of, 7), take(people(of, 40), slice(0, 7)))


def test_the_same_luck_whatever_is_offered() -> None:
    """Two policies meet the same uniform: a likelier item succeeds wherever a less likely one did."""
    of = world()
    state = people(of, 400)
    at = np.full(400, START + 600.0)
    graded = np.flatnonzero(of.catalog.assessed)
    items = np.broadcast_to(graded, (400, len(graded)))
    chance = of.success(state, items, at)
    outcomes = [of.step(state, np.full(400, item), at, luck())[1] for item in graded]
    for one in range(0, len(graded), 3):
        for other in range(len(graded)):
            both = outcomes[one].accepted & outcomes[other].accepted & (chance[:, other] >= chance[:, one])
            assert (outcomes[other].outcome[both] >= outcomes[one].outcome[both]).all()


def test_answers_are_right_as_often_as_success_says() -> None:
    of = world()
    state = people(of, 20_000)
    at = np.full(20_000, START + 600.0)
    item = item_where(of, of.catalog.assessed & of.traits.mandatory) if of.traits.mandatory.any() else 0
    _, came = of.step(state, np.full(20_000, item), at, luck())
    answered = came.outcome >= 0
    chance = of.success(state, np.full((20_000, 1), item), at)[:, 0]
    error = np.sqrt((chance * (1 - chance))[answered].sum()) / answered.sum()
    assert abs(came.outcome[answered].mean() - chance[answered].mean()) < 4 * error
    willing = of.acceptance(state, np.full(20_000, item), at)
    assert came.accepted.mean() == pytest.approx(willing.mean(), abs=0.015)


def test_nobody_declines_what_is_mandatory() -> None:
    of = Corporate()
    item = item_where(of, of.traits.mandatory)
    _, came = of.step(people(of, 200), np.full(200, item), np.full(200, START), luck())
    assert came.accepted.all()


def test_declining_costs_a_little_and_teaches_nothing() -> None:
    of = world()
    state = people(of, LEARNERS)
    item = item_where(of, ~of.traits.mandatory)
    after, came = of.step(state, np.full(LEARNERS, item), NOW, luck())
    declined = ~came.accepted
    assert declined.any()
    assert (came.minutes[declined] == 0.3).all()
    assert equal(take(after, declined), take(state, declined))


def test_practice_raises_mastery_of_what_it_touches_and_of_nothing_else() -> None:
    of = world()
    state = people(of, LEARNERS)
    item = item_where(of, of.catalog.assessed, skills=2)
    touched = of.catalog.incidence[item]
    for outcome in (CORRECT, WRONG):
        after = of.mastery(of.learn(state, seen(item, outcome)), NOW) - of.mastery(state, NOW)
        assert (after[:, touched] > 0).all()
        assert (after[:, ~touched] == 0).all()
    right, wrong = (of.mastery(of.learn(state, seen(item, o)), NOW)[:, touched] for o in (CORRECT, WRONG))
    assert (right > wrong).all()


def test_learning_slows_down_towards_the_ceiling() -> None:
    of = world()
    state = people(of, LEARNERS)
    for k in range(400):
        state = of.learn(state, seen(0, CORRECT, at=START + 60.0 * k))
    assert state.gained.max() <= 4.0
    assert state.gained[:, of.catalog.item_skills[0, 0]].min() > 0.5


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 39), st.booleans(), st.floats(0.01, 40)), min_size=1, max_size=8))
def test_forgetting_never_raises_performance(life: list[tuple[int, bool, float]]) -> None:
    of, at = world(), START
    state = people(of, LEARNERS)
    items = np.broadcast_to(np.arange(40), (LEARNERS, 40))
    for item, right, days in life:
        state = of.learn(state, seen(item, int(right), at=at))
        at += days * DAY
    moments = [np.full(LEARNERS, at + days * DAY) for days in (0, 1, 30, 365, 3650)]
    for earlier, later in pairwise(moments):
        assert (of.mastery(state, later) <= of.mastery(state, earlier)).all()
        assert (of.success(state, items, later) <= of.success(state, items, earlier)).all()
    untaught = replace(state, gained=np.zeros_like(state.gained))
    assert (of.mastery(state, moments[-1]) >= of.mastery(untaught, moments[-1])).all()


def test_kappa_slows_forgetting_down() -> None:
    later = np.full(LEARNERS, START + 60 * DAY)
    known = {}
    for kappa in (0.9, 3.0, 9.0):
        of = world(kappa=kappa)
        state = of.learn(people(of, LEARNERS), seen(0, CORRECT, at=START))
        known[kappa] = of.mastery(state, later)[:, of.catalog.item_skills[0, 0]]
    assert (known[0.9] < known[3.0]).all()
    assert (known[3.0] < known[9.0]).all()


def test_what_fades_by_hand() -> None:
    """Gain g at once, S = 2.3065 days after a first right answer, kappa 3: R(7 d, 6.9195 d) = .899 of g is left."""
    of = world(job_use=0.0)
    before = people(of, LEARNERS)
    state = of.learn(before, seen(0, CORRECT, at=START))
    skill = of.catalog.item_skills[0, 0]
    level = float(of.traits.skill_level[skill])
    left = (1 + (0.9 ** (-1 / 0.1542) - 1) * 7 / (3 * 2.3065)) ** -0.1542
    able = before.baseline[:, skill] + left * state.gained[:, skill]
    week_later = of.mastery(state, np.full(LEARNERS, START + WEEK))[:, skill]
    np.testing.assert_allclose(week_later, 1 / (1 + np.exp(level - able)), rtol=1e-5)


def test_a_response_and_a_lesson_by_hand() -> None:
    of = world(job_use=0.0)
    state = people(of, LEARNERS)
    item = item_where(of, of.catalog.assessed & (of.traits.guess > 0))
    skill, t = of.catalog.item_skills[item, 0], of.traits
    z = t.discrimination[item] * (state.baseline[:, skill] + state.form - t.difficulty[item])
    chance = t.guess[item] + (1 - t.slip[item] - t.guess[item]) / (1 + np.exp(-z))
    np.testing.assert_allclose(of.success(state, np.full((LEARNERS, 1), item), NOW)[:, 0], chance, rtol=1e-5)
    ready = np.ones(LEARNERS)
    for before in t.before[skill][t.before[skill] >= 0]:
        ready *= 1 / (1 + np.exp(-1.5 * (state.baseline[:, before] - t.skill_level[before] + 1)))
    zone = 0.3 + 0.7 * np.exp(-(((chance - 0.8) / 0.25) ** 2) / 2)
    kind = [1.0, 0.6, 0.8, 1.2][of.catalog.kind[item]]
    gain = 0.3 * state.rate * t.skill_factor[skill] * kind * np.maximum(0.15, ready) * zone
    for outcome, factor in ((CORRECT, 1.0), (WRONG, 0.8)):
        learned = of.learn(state, seen(item, outcome))
        np.testing.assert_allclose(learned.gained[:, skill], factor * gain, rtol=1e-4)


@pytest.mark.parametrize("changes", [{}, {"transfer": 0.1}, {"rule": "min"}, {"mode": "watching"}])
def test_what_if_is_what_step_does(changes: dict[str, object]) -> None:
    of = world(**changes)
    state = of.learn(people(of, LEARNERS), seen(5, CORRECT, at=START - 9 * DAY))
    for item in range(len(of.catalog)):
        told = of.what_if(state, np.full((LEARNERS, 1), item), NOW)[:, 0]
        after, came = of.step(state, np.full(LEARNERS, item), NOW, luck(item))
        skills = of.catalog.item_skills[item]
        known = of.mastery(after, NOW)[:, np.where(skills >= 0, skills, 0)]
        took = np.flatnonzero(came.accepted)
        right = np.where(came.outcome[took] == NOT_ASSESSED, 1, came.outcome[took])
        told_then = told[took, right]
        np.testing.assert_allclose(told_then[:, skills >= 0], known[took][:, skills >= 0], rtol=1e-5)
        assert np.isnan(told_then[:, skills < 0]).all()
        if not of.catalog.assessed[item]:
            np.testing.assert_array_equal(told[:, 0], told[:, 1])


def test_transfer_reaches_successors_only_when_asked_for() -> None:
    plain, linked = world(job_use=0.0), world(transfer=0.1, job_use=0.0)
    before, after = plain.catalog.prerequisites[0]
    item = item_where(plain, plain.catalog.item_skills[:, 0] == before)
    for of, share in ((plain, 0.0), (linked, 0.1)):
        learned = of.learn(people(of, LEARNERS), seen(item, CORRECT))
        np.testing.assert_allclose(learned.gained[:, after], share * learned.gained[:, before], rtol=1e-5)


def test_modes_decide_what_teaches() -> None:
    doing, watching = world(mode="doing", job_use=0.0), world(mode="watching", job_use=0.0)
    exercise, video = (item_where(doing, doing.catalog.kind == kind) for kind in (0, 2))
    for item, teaches, silent in ((exercise, doing, watching), (video, watching, doing)):
        assert (teaches.learn(people(teaches, LEARNERS), seen(item, CORRECT)).gained.sum(axis=1) > 0).all()
        assert (silent.learn(people(silent, LEARNERS), seen(item, CORRECT)).gained == 0).all()


def test_the_weakest_skill_decides_under_the_rule_of_the_minimum() -> None:
    mean, weakest = world(rule="mean"), world(rule="min")
    items = np.broadcast_to(np.arange(40), (LEARNERS, 40))
    lower = weakest.success(people(weakest, LEARNERS), items, NOW)
    upper = mean.success(people(mean, LEARNERS), items, NOW)
    several = (mean.catalog.item_skills >= 0).sum(axis=1) > 1
    assert (lower <= upper + 1e-6).all()
    assert (lower[:, several] < upper[:, several]).mean() > 0.9
    np.testing.assert_allclose(lower[:, ~several], upper[:, ~several], rtol=1e-6)


def test_work_keeps_role_skills_fresh_and_no_others() -> None:
    of = world(job_use=0.5, roles=1)
    state = of.reset(2_000, stream(0, 0, Purpose.POPULATION))
    after = of.open_week(state, START, stream(0, 9, Purpose.WEEK))
    weight = of.roles.weight[0, 0]
    assert (after.gained[:, weight == 0] == 0).all()
    uses = after.gained / (0.02 * after.rate[:, None])
    np.testing.assert_allclose(uses.mean(axis=0), 5 * 0.5 * weight, atol=0.12)
    met = after.stability > 0
    assert (after.contact[met] < START - 2 * DAY).all()
    assert (after.contact[met] >= START - WEEK).all()


def test_who_left_takes_nothing() -> None:
    of = world()
    state = replace(people(of, LEARNERS), active=np.zeros(LEARNERS, dtype=bool))
    after, came = of.step(state, np.full(LEARNERS, 1), NOW, luck())
    assert not came.accepted.any()
    assert not came.minutes.any()
    assert equal(after, state)


def test_form_is_of_the_sitting_and_tiredness_ends_with_it() -> None:
    of = world()
    state = people(of, 5_000)
    assert state.form.std() == pytest.approx(0.85, abs=0.03)
    tired = replace(state, done=np.full(5_000, 3))
    fresh = of.open_sitting(tired, START, stream(0, 2, Purpose.SITTING))
    assert not fresh.done.any()
    assert abs(np.corrcoef(fresh.form, state.form)[0, 1]) < 0.06


def test_wrong_answers_in_a_row_are_counted() -> None:
    of = world()
    state: People = people(of, 300)
    at = np.full(300, START + 600.0)
    item = item_where(of, of.catalog.assessed)
    streak = np.zeros(300, dtype=int)
    for k in range(6):
        kept = copied(state)
        after, came = of.step(state, np.full(300, item), at + 600.0 * k, luck(k))
        assert equal(state, kept)
        streak = np.where(came.outcome == WRONG, streak + 1, np.where(came.outcome == CORRECT, 0, streak))
        np.testing.assert_array_equal(after.streak, streak)
        state = after
    assert streak.max() > 1


def test_an_unknown_item_is_even_odds() -> None:
    of = world()
    assert (of.success(people(of, LEARNERS), np.full((LEARNERS, 2), -1), NOW) == 0.5).all()
    assert np.isnan(of.what_if(people(of, LEARNERS), np.full((LEARNERS, 2), -1), NOW)).all()
