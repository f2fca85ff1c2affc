import numpy as np

from lernpfad.simulate.draws import Purpose, normals, stream, uniforms


def test_luck_is_named_by_the_learner_not_by_the_batch() -> None:
    everybody = uniforms(stream(7, 3, Purpose.OFFER), np.arange(50), 4)
    some = np.array([40, 2, 17])
    np.testing.assert_array_equal(uniforms(stream(7, 3, Purpose.OFFER), some, 4), everybody[some])
    np.testing.assert_array_equal(uniforms(stream(7, 3, Purpose.OFFER), np.arange(5), 4), everybody[:5])


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
