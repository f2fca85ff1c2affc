import numpy as np

from lernpfad.core.arrays import at_columns


def test_columns_are_those_of_numpy() -> None:
    rng = np.random.default_rng(0)
    values, columns = rng.normal(size=(4, 7, 2)), rng.integers(0, 7, (4, 5))
    assert np.array_equal(at_columns(values, columns), np.take_along_axis(values, columns[:, :, None], axis=1))
    assert np.array_equal(at_columns(values[:, :, 0], columns), np.take_along_axis(values[:, :, 0], columns, axis=1))
    assert at_columns(values[:, :, 0], np.full((4, 1), -1)).tolist() == values[:, -1:, 0].tolist()
    assert at_columns(values[:0], columns[:0]).shape == (0, 5, 2)
