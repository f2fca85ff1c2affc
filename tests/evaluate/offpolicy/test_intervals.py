"""Intervals cover what they promise, and the tempting wrong one is seen not to."""

import numpy as np
import pytest

from evaluate.offpolicy.oracle import rows
from evaluate.offpolicy.planted import VALUE, planted
from lernpfad.evaluate.offpolicy import DR, IPS, SNDR, SNIPS, Terms, bernstein, bootstrap, clustered, normal
from lernpfad.evaluate.offpolicy.intervals import clustered_error, standard_error

WRONG = (0.5, 0.5, 0.5)


def covered(bounds, estimator, *, logs=200, **settings):
    """Share of planted logs whose interval holds the true value."""
    held = []
    for seed in range(logs):
        interval = bounds(estimator.terms(planted(np.random.default_rng(seed), **settings)))
        held.append(not interval.excludes(VALUE))
    return np.mean(held)


@pytest.mark.parametrize("estimator", [IPS(), SNIPS(), DR(), SNDR()], ids=lambda one: type(one).__name__)
def test_clustered_intervals_cover_the_truth(estimator):
    """200 logs: a share of .95 has a standard error of .015."""
    assert 0.90 <= covered(clustered, estimator, model=WRONG) <= 0.99


def test_rows_of_a_learner_are_not_independent():
    """Twelve offers a learner whose luck is alike: by learner the truth is covered, by row it is not."""
    alike = {"learners": 60, "offers": 12, "alike": 0.2, "model": WRONG}
    assert 0.90 <= covered(clustered, DR(), **alike) <= 0.99
    assert covered(normal, DR(), **alike) < 0.90


def test_copies_of_a_row_are_no_news():
    """Each row twice, as two offers of one learner: the error by learner stays, the naive one shrinks."""
    terms = SNDR().terms(rows())
    twice = Terms(terms.above.repeat(2, axis=0), terms.below.repeat(2, axis=0), terms.owner.repeat(2))
    assert twice.value == pytest.approx(terms.value)
    assert clustered_error(twice) == pytest.approx(clustered_error(terms))
    assert standard_error(twice) < 0.75 * standard_error(terms)


def test_influence_is_the_derivative_of_the_estimate():
    """Giving a unit a little more weight moves a ratio as its influence says."""
    terms = SNDR().terms(rows())
    step = 1e-6
    for unit in range(len(terms.above)):
        more = np.ones((len(terms.above), 1))
        more[unit] += step
        moved = Terms(terms.above * more, terms.below * more, terms.owner).value
        assert (moved - terms.value) / step == pytest.approx(terms.influence[unit] / len(terms.above), abs=1e-5)
    assert terms.influence.sum() == pytest.approx(0, abs=1e-12)


def test_bootstrap_agrees_with_the_influence_on_a_large_log():
    terms = SNDR().terms(planted(np.random.default_rng(3), learners=500, offers=3, alike=0.2, model=WRONG))
    drawn, formula = bootstrap(terms, resamples=2000), clustered(terms)
    assert drawn.high - drawn.low == pytest.approx(formula.high - formula.low, rel=0.1)
    assert bootstrap(terms, seed=1) == bootstrap(terms, seed=1)


def test_the_bound_is_wider_than_any_approximation():
    terms = IPS().terms(planted(np.random.default_rng(3)))
    bound, formula = bernstein(terms, largest=6.0), normal(terms)
    assert bound.low < formula.low
    assert bound.high > formula.high
