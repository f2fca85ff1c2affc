"""Array types of the public interfaces, and the two ids that stand for "none"."""

from typing import Any, Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

IntArray: TypeAlias = NDArray[np.integer[Any]]
FloatArray: TypeAlias = NDArray[np.floating[Any]]
BoolArray: TypeAlias = NDArray[np.bool_]
StrArray: TypeAlias = NDArray[np.str_]
Array: TypeAlias = NDArray[Any]
D = TypeVar("D", bound=np.generic)

UNKNOWN: Final = -1
"""Index of an item or a skill that the catalog does not hold."""

NOBODY: Final = -1
"""Index returned where no choice was possible, or where a learner gets no offer."""


def at_columns(values: NDArray[D], columns: IntArray) -> NDArray[D]:
    """Some columns of each row, `[rows, C, ...]` at `[rows, n]` to `[rows, n, ...]`; -1 is the last one.

    What `np.take_along_axis` does on axis 1, without making its indices for every axis.
    """
    return values[np.arange(len(values))[:, None], columns]
