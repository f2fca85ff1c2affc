"""Array types of the public interfaces, and the two ids that stand for "none"."""

from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

IntArray: TypeAlias = NDArray[np.integer[Any]]
FloatArray: TypeAlias = NDArray[np.floating[Any]]
BoolArray: TypeAlias = NDArray[np.bool_]
StrArray: TypeAlias = NDArray[np.str_]
Array: TypeAlias = NDArray[Any]

UNKNOWN: Final = -1
"""Index of an item or a skill that the catalog does not hold."""

NOBODY: Final = -1
"""Index returned where no choice was possible, or where a learner gets no offer."""
