from dataclasses import replace

import numpy as np

from lernpfad.core import plain_what_if, recommend
from lernpfad.core.ahead import Moment, WhatIfs
from lernpfad.core.laws import planted_situations
from lernpfad.policy import DebtPerMinute


class Counted:
    """A tracer that counts how many candidates it was asked to imagine."""

    def __init__(self, tracer, catalog):
        self.tracer, self.catalog, self.imagined = tracer, catalog, []

    def __getattr__(self, name):
        return getattr(self.tracer, name)

    def what_if(self, state, items, at):
        self.imagined.append(items.shape[1])
        return plain_what_if(self.tracer, state, items, at, catalog=self.catalog)


def moment():
    now = planted_situations()["computed"]
    return Moment(Counted(now.tracer, now.catalog), now.state, now.at, now.catalog), now.candidates


def test_what_was_imagined_is_not_imagined_again():
    here, items = moment()
    memo = WhatIfs()
    after, correct = memo.of(here, items[:, :6])
    few = items[:, [4, 1]]
    again = memo.of(replace(here), few)
    assert here.tracer.imagined == [6]
    np.testing.assert_array_equal(again[0], after[:, [4, 1]])
    np.testing.assert_array_equal(again[1], correct[:, [4, 1]])


def test_each_learner_has_her_own_items():
    here, items = moment()
    memo, mixed = WhatIfs(), items.copy()
    mixed[0] = mixed[0, ::-1]
    memo.of(here, items)
    plain = plain_what_if(here.tracer.tracer, here.state, mixed, here.at, catalog=here.catalog)
    np.testing.assert_array_equal(memo.of(here, mixed)[0], plain)


def test_another_moment_and_another_item_are_imagined():
    here, items = moment()
    memo = WhatIfs()
    memo.of(here, items[:, :3])
    memo.of(here, items[:, 2:5])
    later = replace(here, at=here.at + 1)
    memo.of(later, items[:, 2:5])
    memo.of(replace(later, state=here.tracer.start(len(here.at))), items[:, 2:5])
    assert here.tracer.imagined == [3, 3, 3, 3]


def test_score_reasons_and_answer_share_one_look_ahead():
    now = planted_situations()["computed"]
    tracer = Counted(now.tracer, now.catalog)
    found = recommend(DebtPerMinute(shortlist=8), replace(now, tracer=tracer), k=3)
    assert tracer.imagined == [8]
    assert [one.debt_reduction for one in found[0]] == [
        one.debt_reduction for one in recommend(DebtPerMinute(shortlist=8), now, k=3)[0]
    ]


def test_some_of_the_learners_are_asked_anew():
    now = planted_situations()["computed"]
    whole = now.debt_reduction(now.candidates)
    some = now.select(np.array([3, 1]))
    np.testing.assert_allclose(some.debt_reduction(some.candidates), whole[[3, 1]], atol=1e-12)


def test_a_view_of_other_candidates_decides_anew():
    now = planted_situations()["computed"]
    first = now.once("count", lambda: now.eligible.sum())
    few = now.among(np.zeros_like(now.eligible))
    assert (first, now.once("count", lambda: -1)) == (now.eligible.sum(),) * 2
    assert few.once("count", lambda: few.eligible.sum()) == 0
