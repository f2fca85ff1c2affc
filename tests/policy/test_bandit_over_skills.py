"""Learning progress, spaced repetition and MEMORIZE: rules over the learner's own history."""

import numpy as np
import pytest

from lernpfad.core import ConfigError, memory
from lernpfad.policy import LearningProgress, Memorize, SpacedRepetition
from lernpfad.policy.memories import recall
from lernpfad.policy.recent import windows
from policy.scenes import CATALOG, scene
from policy.test_rules import DAY, record


def shares(policy, situation, learner=0):
    """Probability of each main skill: sheets, charts, talks."""
    given = policy.propensities(situation)[learner]
    return np.array([given[[0, 1]].sum(), given[[2, 3, 6]].sum(), given[[4, 5]].sum()])


def answered(skill, outcomes, learner=0):
    return [(learner, f"{skill}1", outcome) for outcome in outcomes]


def test_progress_is_the_newer_half_less_the_older_by_hand():
    histories = record(*answered("s", [1, 1, 1, 0, 0, 0, 0, 1, 1, 1]), *answered("c", [0, 1, 1]))
    seen = windows(scene(histories=histories), 8)
    # the last eight on sheets: 1 0 0 0 | 0 1 1 1; charts: 0 | 1 1
    np.testing.assert_allclose(seen.progress[0], [3 / 4 - 1 / 4, 1.0, 0.0])
    np.testing.assert_allclose(seen.count[0], [8, 3, 0])
    np.testing.assert_allclose(seen.success[0], [4 / 8, 2 / 3, 0])
    np.testing.assert_allclose(seen.progress[1], 0.0)


def test_declined_and_ungraded_rows_are_no_answers():
    seen = windows(scene(histories=record(*answered("s", [-1, 1, -1]))), 8)
    np.testing.assert_allclose(seen.count[0], [1, 0, 0])


def test_practice_goes_where_success_is_rising():
    rising, level = [0, 0, 0, 0, 1, 1, 1, 1], [1, 0] * 4
    now = scene(histories=record(*answered("s", level), *answered("t", rising)), mastery=np.zeros((2, 3)))
    # zone: sheets (progress 0 -> least) and talks (progress 1); charts wait for sheets
    expected = 0.8 * np.array([0.01, 0, 1.0]) / 1.01 + 0.2 * np.array([0.5, 0, 0.5])
    np.testing.assert_allclose(shares(LearningProgress(), now), expected)


def test_a_skill_opens_when_its_prerequisite_is_mastered_and_closes_when_it_is():
    known = answered("s", [1] * 8)
    now = scene(histories=record(*known), mastery=np.zeros((2, 3)))
    np.testing.assert_allclose(shares(LearningProgress(explore=0.0), now), [0, 0.5, 0.5])
    by_tracer = scene(histories=record(), mastery=[[0.6, 0, 0], [0, 0, 0]])
    np.testing.assert_allclose(shares(LearningProgress(), by_tracer), 1 / 3)
    np.testing.assert_allclose(shares(LearningProgress(), by_tracer, learner=1), [1, 0, 0])  # no talks in her role


def test_without_histories_every_skill_of_the_zone_is_alike():
    np.testing.assert_allclose(shares(LearningProgress(), scene(mastery=np.ones((2, 3)))), 1 / 3)


def test_items_taken_least_often_stand_for_a_skill():
    taken = np.zeros((2, 8), dtype=int)
    taken[0, [0, 2, 3]] = 1
    given = LearningProgress().propensities(scene(taken=taken, mastery=np.ones((2, 3))))[0]
    np.testing.assert_allclose(given, [0, 1 / 3, 0, 0, 1 / 6, 1 / 6, 1 / 3, 0])


def test_recall_is_that_of_fsrs_by_hand():
    now = scene(histories=record(*answered("s", [1, 0])))
    object.__setattr__(now, "at", np.array([4 * DAY, 0.0]))
    good, again = np.array([memory.GOOD]), np.array([memory.AGAIN])
    first, difficulty = memory.first_stability(good), memory.first_difficulty(good)
    stability = memory.next_stability(first, difficulty, days=np.array([1.0]), rating=again)
    left = recall(now)
    assert left[0, 0] == pytest.approx(float(memory.retrievability(np.array([3.0]), stability)[0]))
    assert np.isnan(left[0, 1:]).all()
    assert np.isnan(left[1]).all()


def later(days, *rows):
    now = scene(histories=record(*rows))
    object.__setattr__(now, "at", np.full(2, days * DAY))
    return now


def order(situation, learner=0):
    score = SpacedRepetition().score(situation)[learner]
    return [str(CATALOG.items[i]) for i in np.argsort(-score, kind="stable")]


def test_due_first_then_new_then_fresh():
    # talks were taken on day 0, sheets on day 1 three times over; after 20 days talks are due, charts are new
    rows = [(0, "t1", 0), (0, "s1", 1), (0, "s2", 1), (0, "s1", 1), (0, "s2", 1)]
    now = later(8, *rows)
    left = recall(now)[0]
    assert left[2] < 0.9 < left[0]
    assert [name[0] for name in order(now)] == ["t", "t", "c", "c", "c", "s", "s", "q"]


def test_everything_is_new_without_histories_in_the_order_of_prerequisites():
    assert order(scene())[:7] == ["s1", "s2", "c1", "c2", "c+t", "t1", "t2"]
    assert order(scene(), learner=1)[-3:] == ["t1", "t2", "quiz"]  # talks are not in her role


def test_memorize_draws_in_proportion_to_what_is_forgotten():
    now = later(30, (0, "s1", 1), (0, "t1", 1))
    left = recall(now)[0]
    forgotten = np.array([1 - left[0], 1.0, 1 - left[2]])  # charts were never taken, and sheets were
    np.testing.assert_allclose(shares(Memorize(), now), forgotten / forgotten.sum())


def test_memorize_weighs_by_the_root_and_waits_for_prerequisites():
    now = scene(mastery=np.zeros((2, 3)), weight=[[4.0, 1.0, 1.0], [1, 1, 0]])
    np.testing.assert_allclose(shares(Memorize(), now), [2 / 3, 0, 1 / 3])
    np.testing.assert_allclose(shares(Memorize(), now, learner=1), [1, 0, 0])


@pytest.mark.parametrize("make", [lambda: LearningProgress(explore=2), lambda: SpacedRepetition(retention=-1)])
def test_a_share_outside_0_to_1_is_refused(make):
    with pytest.raises(ConfigError, match="expected a share"):
        make()
