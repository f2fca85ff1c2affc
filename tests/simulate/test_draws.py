import numpy as np
import pytest

from lernpfad.simulate.draws import Purpose, normals, stream, uniforms


def test_luck_is_named_by_the_learner_not_by_the_batch() -> None:
    everybody = uniforms(stream(7, 3, Purpose.OFFER), np.arange(50), 4)
    some = np.array([40, 2, 17])
    np.testing.assert_array_equal(uniforms(stream(7, 3, Purpose.OFFER), some, 4), everybody[some])
    np.testing.assert_array_equal(uniforms(stream(7, 3, Purpose.OFFER), np.arange(5), 4), everybody[:5])


@pytest.mark.parametrize("first", [0, 1, 2, 3, 4, 7, 1_000, 999_997])
@pytest.mark.parametrize("width", [1, 3, 4, 7])
def test_a_cohort_has_the_luck_of_its_numbers(first: int, width: int) -> None:
    drawn = uniforms(stream(7, 3, Purpose.OFFER, first=first), np.array([2, 0, 9]), width)
    plain = stream(7, 3, Purpose.OFFER).random((first + 10) * width).reshape(-1, width)
    np.testing.assert_array_equal(drawn, plain[first + np.array([2, 0, 9])])
    np.testing.assert_array_equal(uniforms(stream(7, 3, Purpose.OFFER), first + np.array([2, 9]), width), drawn[[0, 2]])


def test_a_stream_that_was_used_already_goes_on_where_it_was() -> None:
    one, other = stream(1, 2, Purpose.WEEK), stream(1, 2, Purpose.WEEK)
    np.testing.assert_array_equal(one.random(5), other.random(5))
    np.testing.assert_array_equal(uniforms(one, np.array([6, 8]), 3), other.random((9, 3))[[6, 8]])


def test_other_generators_are_skipped_through_draw_by_draw() -> None:
    drawn = uniforms(np.random.default_rng(0), np.array([5, 7]), 2)
    np.testing.assert_array_equal(drawn, np.random.default_rng(0).random((8, 2))[[5, 7]])


def test_the_luck_of_a_late_learner_costs_no_more_than_that_of_the_first() -> None:
    rng = stream(0, 0, Purpose.POPULATION, first=10**12)  # drawn one by one, that would take hours
    assert uniforms(rng, np.arange(3), 200).shape == (3, 200)


def test_every_seed_moment_and_purpose_has_its_own_luck() -> None:
    names = [(seed, moment, purpose) for seed in (0, 1) for moment in (0, 1, 2**40) for purpose in Purpose]
    first = {float(stream(*name).random()) for name in names}
    assert len(first) == len(names)


def test_a_long_draw_does_not_run_into_the_next_moment() -> None:
    one = stream(0, 1, Purpose.OFFER).random(10_000)
    other = stream(0, 2, Purpose.OFFER).random(10_000)
    assert not np.isin(one, other).any()


def test_nobody_has_no_luck() -> None:
    assert uniforms(stream(0, 0, Purpose.WEEK), np.empty(0, dtype=np.int64), 3).shape == (0, 3)


def test_normals_are_standard_and_independent() -> None:
    drawn = normals(np.random.default_rng(0).random((40_000, 4)))
    assert drawn.shape == (40_000, 2)
    np.testing.assert_allclose(drawn.mean(axis=0), 0.0, atol=0.02)
    np.testing.assert_allclose(np.cov(drawn.T), np.eye(2), atol=0.03)
    np.testing.assert_allclose(np.quantile(drawn, [0.025, 0.975]), [-1.96, 1.96], atol=0.04)
    assert np.isfinite(normals(np.zeros((1, 2)))).all()
