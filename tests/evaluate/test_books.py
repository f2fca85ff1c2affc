from typing import Any

import numpy as np
import pytest

from evaluate.handmade import MONDAY, catalog, roles
from lernpfad.core import FloatArray, Rollout, debt
from lernpfad.evaluate.books import Bookkeeper, Books
from lernpfad.evaluate.waste import WEEK
from simulate.small import Uniform, lived, world


def kept(**changes: Any) -> tuple[Rollout, Books]:
    """A rollout of a small world whose people move and whose roles drift, with its books."""
    of = world(arrivals=2.0, departures=0.5, moving=0.9, **changes)
    keeper = Bookkeeper(of.roles, of.catalog)
    done = lived(of, Uniform(), learners=60, weeks=6, observers=[keeper])
    return done, keeper.books()


def test_the_books_agree_with_the_rollout_and_add_up_over_all_weeks() -> None:
    done, books = kept()
    np.testing.assert_allclose(books.debt, done.debt, atol=1e-6)
    np.testing.assert_allclose(books.change.net, np.diff(done.debt, axis=0), atol=1e-6)
    assert books.weeks == 6
    assert books.start == done.start
    assert (np.abs(books.change.roles) > 0).any()
    assert (np.abs(books.change.drift) > 0).any()
    moved = (np.diff(books.role, axis=0) != 0).astype(bool)
    assert not books.change.roles[~moved].any()


def test_skills_that_were_learned_fade_and_nothing_unlearns() -> None:
    _, books = kept()
    assert (books.change.forgetting >= -1e-6).all()
    assert books.change.forgetting[1:].sum() > 0
    assert not books.change.forgetting[0].any()  # nobody had learned anything that could fade
    assert books.change.learning.sum() > 0


def test_a_week_in_which_nothing_is_taken_up_is_without_learning() -> None:
    done, books = kept(job_use=0.0, minutes=8.0)
    took = np.zeros((6, 60), dtype=bool)
    took[done.log.extra["week"][done.log.accepted], done.log.owner[done.log.accepted]] = True
    assert 0 < took.sum() < took.size
    assert not books.change.learning[~took].any()


def test_hours_on_offer_are_those_of_the_people_who_are_there() -> None:
    done, books = kept()
    assert not books.budget[~done.active].any()
    assert (books.budget[done.active] > 0).all()
    assert done.hours.sum() < 1.5 * books.budget.sum()


def test_debt_against_the_role_that_people_aim_at() -> None:
    of = world(aiming=0.5)
    keeper = Bookkeeper(of.roles, of.catalog)
    done = lived(of, Uniform(), learners=60, weeks=2, observers=[keeper])
    aims, end = done.world_state.target, np.full(60, done.start + 2 * WEEK)
    found = keeper.books().target[-1]
    assert 10 < (aims >= 0).sum() < 50
    assert (np.isnan(found) == (aims < 0)).all()
    expected = debt(of.roles.at(aims, end), of.mastery(done.world_state, end))
    np.testing.assert_allclose(found[aims >= 0], expected[aims >= 0])


def entered(before: FloatArray, after: FloatArray, role: list[int]) -> Books:
    keeper = Bookkeeper(roles((0.8, 0.6), (1.0, 0.5)), catalog().with_prerequisites(np.asarray([[0, 1]])))
    held = np.asarray(role)
    keeper.enter(MONDAY, (held, held), before=before, decayed=before, after=after)
    return keeper.books()


def test_what_is_met_wanted_and_too_early_by_hand() -> None:
    books = entered(np.asarray([[0.4, 0.7], [0.9, 0.1]]), np.asarray([[0.8, 0.7], [0.9, 0.1]]), [0, 0])
    # weighted levels: .8 and .3; the first learner meets the second skill, then both
    np.testing.assert_allclose(books.met, [[0.3 / 1.1, 0.8 / 1.1], [1.0, 0.8 / 1.1]])
    assert books.passed.tolist() == [[1, 1], [2, 1]]
    assert books.asked.tolist() == [[2, 2], [2, 2]]
    assert books.wanted[0].tolist() == [[True, False], [False, True]]
    assert books.early[0].tolist() == [[False, True], [False, False]]
    np.testing.assert_allclose(books.debt, [[0.4 / 1.1, 0.25 / 1.1], [0.0, 0.25 / 1.1]])
    assert np.isnan(books.budget).all()


def test_nobody_without_a_role_owes_anything() -> None:
    books = entered(np.zeros((2, 2)), np.ones((2, 2)), [-1, 0])
    assert np.isnan(books.debt[:, 0]).all()
    assert books.debt[:, 1] == pytest.approx([1.0, 0.0])
    assert books.asked[:, 0].tolist() == [0, 0]
    assert not books.wanted[:, 0].any()


def test_books_of_two_populations_lie_side_by_side() -> None:
    one = entered(np.zeros((1, 2)), np.ones((1, 2)), [0])
    other = entered(np.ones((2, 2)), np.ones((2, 2)), [0, -1])
    both = Books.join([one, other])
    np.testing.assert_array_equal(both.debt, np.concatenate([one.debt, other.debt], axis=1))
    np.testing.assert_array_equal(both.change.learning, [[1.0, 0.0, np.nan]])
    assert both.wanted.shape == (1, 3, 2)
    assert both.start + both.weeks * WEEK == MONDAY + WEEK
