import weakref
from importlib import import_module

import numpy as np
import pytest

from lernpfad.core import (
    Interactions,
    KnowledgeTracer,
    ParallelTrace,
    Sequences,
    SkillHead,
    WhatIf,
    fold,
    mastery,
    observe,
    plain_what_if,
    state_after,
    trace,
    what_if,
)
from lernpfad.core.laws import Counting
from lernpfad.core.state import equal, size


class Steps:
    """A tracer for arithmetic in the head: each correct answer adds .1 to the skills of its item, a wrong one .02.

    Mastery of a skill is its sum, success the mean over the item's skills; an unknown item has .5.
    """

    def __init__(self, catalog):
        self.catalog = catalog

    def fit(self, train, valid=None):
        return self

    def start(self, learners):
        return np.full((learners, len(self.catalog.skills)), 0.3)

    def update(self, state, seen):
        skills = self.catalog.skills_of(seen.item)
        touched = (skills[:, :, None] == np.arange(state.shape[1])).any(axis=1)
        return state + touched * np.where(seen.outcome == 1, 0.1, 0.02)[:, None]

    def predict(self, state, items, at):
        skills = self.catalog.skills_of(items)
        rows = np.arange(len(state))[:, None, None]
        known = np.where(skills >= 0, state[rows, np.maximum(skills, 0)], 0.0).sum(axis=-1)
        count = (skills >= 0).sum(axis=-1)
        return np.where(count > 0, known / np.maximum(count, 1), 0.5)


@pytest.fixture
def tracer(catalog):
    return Steps(catalog)


def history(catalog, *, accepted=None):
    """One learner answers sum (right), slope (wrong), slope (right); another one only sum (wrong); a third nothing."""
    item, outcome = np.array([0, 2, 2, 0]), np.array([1, 0, 1, 0])
    return Sequences.of(catalog, ["x", "y", "z"], [3, 1, 0], item, outcome, accepted=accepted)


def test_predict_then_update_by_hand(catalog, tracer):
    """Algebra .3, .4, .42, .52; calculus .3, .3, .32, .42; slope is their mean."""
    state, predicted = fold(tracer, history(catalog))
    assert predicted == pytest.approx([0.3, 0.35, 0.37, 0.3])
    assert state == pytest.approx(np.array([[0.52, 0.42, 0.3], [0.32, 0.3, 0.3], [0.3, 0.3, 0.3]]))


def test_a_declined_offer_is_predicted_and_teaches_nothing(catalog, tracer):
    state, predicted = fold(tracer, history(catalog, accepted=np.array([False, True, True, False])))
    assert predicted == pytest.approx([0.3, 0.3, 0.32, 0.3])
    assert state[1] == pytest.approx([0.3, 0.3, 0.3])


def test_nobody_accepting_leaves_the_very_state(catalog, tracer):
    state = tracer.start(2)
    seen = Interactions(np.array([0, 1]), np.array([1, 1]), np.zeros(2, bool), np.ones(2), np.ones(2))
    assert observe(tracer, state, seen) is state


def test_the_state_after_is_the_state_of_the_fold(planted):
    tracer = Counting().fit(planted.train)
    for histories in (planted.probe, planted.test, planted.probe.select(slice(0, 0)), Sequences.empty(planted.catalog)):
        assert equal(state_after(tracer, histories), fold(tracer, histories)[0])


def test_the_fold_does_not_depend_on_the_order_of_learners(planted):
    tracer, order = Counting().fit(planted.train), np.random.default_rng(0).permutation(10)
    turned = planted.probe.select(order)
    assert fold(tracer, turned)[1] == pytest.approx(fold(tracer, planted.probe)[1][rows_of(planted.probe, order)])


def rows_of(log, learners):
    return np.concatenate([np.arange(log.offsets[j], log.offsets[j + 1]) for j in learners])


def test_trace_takes_the_parallel_path_where_there_is_one(catalog, tracer):
    class Parallel(Steps):
        def trace(self, histories):
            return np.full(len(histories), 0.25)

    assert trace(Parallel(catalog), history(catalog)).tolist() == [0.25] * 4
    assert trace(tracer, history(catalog)) == pytest.approx([0.3, 0.35, 0.37, 0.3])


def test_learners_are_traced_in_groups_whose_states_fit(planted, monkeypatch):
    """Row for row what the fold says, with a state of several learners in memory at most."""
    tracer, most = Counting().fit(planted.train), []
    whole = trace(tracer, planted.test)

    class Watched:
        def __init__(self, inner):
            self.start, self.predict = inner.start, inner.predict
            self.inner = inner

        def update(self, state, seen):
            most.append(len(seen))
            return self.inner.update(state, seen)

    monkeypatch.setattr(import_module("lernpfad.core.trace"), "_TRACED_BYTES", 3 * size(tracer.start(1)))
    assert np.array_equal(trace(Watched(tracer), planted.test), whole)
    assert max(most) == 3 < len(planted.test.learners)


def test_a_walk_keeps_no_states_that_are_over(catalog):
    """Histories end at different steps; what is kept of those that ended must not hold the others' states."""
    made, alive = [], []

    class Watched(Steps):
        def update(self, state, seen):
            after = super().update(state, seen)
            assert after.base is None  # it owns its memory
            made.append(weakref.ref(after))
            alive.append(sum(one() is not None for one in made))
            return after

    histories = Sequences.of(catalog, [*"abcdef"], [6, 1, 5, 2, 4, 3], np.zeros(21, int), np.ones(21, int))
    state, _ = fold(Watched(catalog), histories)
    assert len(made) == 6
    assert max(alive) == 2  # the one before, and the one just made
    assert state[:, 0] == pytest.approx([0.9, 0.4, 0.8, 0.5, 0.7, 0.6])


def test_probes_are_the_narrowest_items_of_a_skill(catalog):
    assert catalog.probing(2).tolist() == [[0, 1], [2, -1], [3, -1]]
    assert catalog.probing(3)[0].tolist() == [0, 1, 2]


def test_mastery_is_the_mean_over_the_probes(catalog, tracer):
    """Algebra: sum .4, product .4, slope (.4 + .3) / 2, so 1.15 / 3. Calculus: slope alone."""
    known = mastery(tracer, np.array([[0.4, 0.3, 0.7]]), np.zeros(1), catalog=catalog)
    assert known == pytest.approx(np.array([[1.15 / 3, 0.35, 0.7]]))


def test_a_skill_without_items_has_the_mastery_of_an_unknown_item(catalog, tracer):
    lonely = catalog.of(["sum"], ["algebra", "nothing"], [[0]])
    assert mastery(Steps(lonely), np.array([[0.4, 0.9]]), np.zeros(1), catalog=lonely).tolist() == [[0.4, 0.5]]


def test_mastery_from_the_skill_head_where_there_is_one(catalog):
    class Head(Steps):
        def mastery(self, state, at):
            return state

    assert mastery(Head(catalog), np.array([[0.4, 0.3, 0.7]]), np.zeros(1), catalog=catalog).tolist() == [
        [0.4, 0.3, 0.7]
    ]


def test_a_what_if_by_hand(catalog, tracer):
    """From algebra .4, calculus .3. Slope wrong: .42, .32, so algebra (.42 + .42 + .37) / 3 and calculus .37."""
    after = plain_what_if(tracer, np.array([[0.4, 0.3, 0.7]]), np.array([[2, 4, 3]]), np.zeros(1), catalog=catalog)
    assert after.shape == (1, 3, 2, 2)
    assert after[0, 0] == pytest.approx(np.array([[1.21 / 3, 0.37], [(0.5 + 0.5 + 0.45) / 3, 0.45]]))
    assert np.isnan(after[0, 1]).all()  # the riddle has no skill
    assert after[0, 2, :, 0] == pytest.approx([0.72, 0.72])  # a text has no outcome: the same either way


def test_what_ifs_leave_the_state_alone_and_agree_in_pieces(planted, monkeypatch):
    tracer = Counting().fit(planted.train)
    state, items = state_after(tracer, planted.probe), np.tile(np.arange(24), (10, 1))
    whole = plain_what_if(tracer, state, items, np.zeros(10), catalog=planted.catalog)
    monkeypatch.setattr(import_module("lernpfad.core.trace"), "_BRANCH_ROWS", 50)
    pieces = plain_what_if(tracer, state, items, np.zeros(10), catalog=planted.catalog)
    np.testing.assert_array_equal(pieces, whole)
    assert equal(state, state_after(tracer, planted.probe))


def test_what_if_takes_the_fast_way_where_there_is_one(catalog, tracer):
    class Fast(Steps):
        def what_if(self, state, items, at):
            return np.zeros((*items.shape, 2, 2))

    items = np.array([[0]])
    assert (what_if(Fast(catalog), tracer.start(1), items, np.zeros(1), catalog=catalog) == 0).all()
    assert what_if(tracer, tracer.start(1), items, np.zeros(1), catalog=catalog)[0, 0, 1, 0] == pytest.approx(1.15 / 3)


def test_protocols_are_recognised_by_their_methods(tracer):
    assert isinstance(tracer, KnowledgeTracer)
    assert not isinstance(tracer, (ParallelTrace, SkillHead, WhatIf))
