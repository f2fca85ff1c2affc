"""A log is walked offer by offer: what was believed before and after each."""

from dataclasses import replace

import numpy as np
import pytest

from lernpfad.core import DataError, Experience, mastery, state_after
from policy.experiences import small


def test_every_offer_is_met_once_in_the_situation_that_it_was_made_in():
    experience = small()
    log = experience.log
    rows = np.concatenate([one.rows for one in experience.decisions()])
    assert sorted(rows) == list(range(len(log)))
    for one in experience.decisions():
        each = np.arange(len(one))
        assert one.situation.eligible[each, one.offered].all()
        np.testing.assert_array_equal(one.situation.items[one.offered], log.item[one.rows])
        np.testing.assert_array_equal(one.accepted, log.accepted[one.rows])
        np.testing.assert_array_equal(one.propensity, log.extra["propensity"][one.rows])


def test_the_belief_after_is_that_of_the_history_with_the_offer_and_before_that_without():
    experience = small()
    log, tracer = experience.log, experience.tracer
    third = next(one for step, one in enumerate(experience.decisions()) if step == 2)
    who = np.flatnonzero(log.lengths > 2)
    for seen, believed in ((2, third.situation.mastery), (3, third.after)):
        state = state_after(tracer, log.where(log.position < seen).select(who))
        np.testing.assert_allclose(believed, mastery(tracer, state, third.situation.at, catalog=log.catalog))


def test_a_declined_offer_moves_no_belief():
    for one in small().decisions():
        np.testing.assert_array_equal(one.after[~one.accepted], one.situation.mastery[~one.accepted])


def test_a_log_without_propensities_or_without_rows_is_refused():
    log = small().log
    with pytest.raises(DataError, match="no column 'propensity'; log it"):
        Experience(replace(log, extra={}))
    with pytest.raises(DataError, match="has none; give another log"):
        Experience(log.where(np.zeros(len(log), dtype=bool)))
