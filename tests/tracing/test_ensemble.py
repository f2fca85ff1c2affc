"""An ensemble is the mean of its members and tells them apart; more learners, more agreement."""

import numpy as np
import pytest

from lernpfad.core import ConfigError, Opinions, WhatIf, plain_what_if, state_after, what_if
from lernpfad.core.laws.planted import planted_answers
from lernpfad.tracing.bkt import BKT
from lernpfad.tracing.composite import logit
from lernpfad.tracing.ensemble import Ensemble
from lernpfad.tracing.itemmean import ItemMean


def made(share=0.6):
    return Ensemble({name: BKT(starts=1) for name in ("a", "b", "c")}, share=share)


@pytest.fixture(scope="module")
def planted():
    return planted_answers(learners=120, seed=0)


@pytest.fixture(scope="module")
def ensemble(planted):
    return made().fit(planted.train)


def asked(planted):
    at = np.full(len(planted.probe.learners), planted.probe.time.max() + 60.0)
    return np.tile(np.arange(len(planted.catalog)), (len(at), 1)), at


def test_its_log_odds_are_the_mean_of_its_opinions(planted, ensemble):
    items, at = asked(planted)
    state = state_after(ensemble, planted.probe)
    assert isinstance(ensemble, Opinions)
    told = [logit(tracer.predict(part, items, at)) for tracer, part in ensemble.opinions(state)]
    np.testing.assert_allclose(logit(ensemble.predict(state, items, at)), np.mean(told, axis=0), atol=1e-9)


def test_opinions_differ_and_agree_where_all_saw_the_same(planted, ensemble):
    items, at = asked(planted)

    def spread(of):
        state = state_after(of, planted.probe)
        return np.std([tracer.predict(part, items, at) for tracer, part in of.opinions(state)], axis=0).mean()

    assert spread(ensemble) > 1e-3
    assert spread(made(share=1.0).fit(planted.train)) < 1e-9


def test_its_fast_what_if_is_the_plain_one(planted, ensemble):
    items, at = asked(planted)
    state = state_after(ensemble, planted.probe)
    assert isinstance(ensemble, WhatIf)
    np.testing.assert_allclose(
        what_if(ensemble, state, items, at, catalog=planted.catalog),
        plain_what_if(ensemble, state, items, at, catalog=planted.catalog),
        atol=1e-9,
    )


def test_without_skill_heads_there_is_no_fast_way():
    assert not isinstance(Ensemble({"a": ItemMean()}), WhatIf)


def test_a_share_that_cannot_be_is_refused():
    with pytest.raises(ConfigError, match="Ensemble: share=0, expected a share above 0"):
        Ensemble({"a": ItemMean()}, share=0)
