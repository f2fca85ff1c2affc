"""The compiled walk of `metrics.AreaUnderCurve`: all resamples over answers that were sorted once."""

import numpy as np
from numba import njit

from lernpfad.core import FloatArray, IntArray


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def areas(counts: FloatArray, owner: IntArray, truth: FloatArray, block: IntArray) -> FloatArray:
    """The area under the curve of each resample, `[b]`; NaN where a resample has answers of one kind only.

    counts: how often each learner is drawn, `[b, learners]`. owner, truth: of the answers from the lowest prediction
    up, `[N]`. block: where a new prediction begins, `[P + 1]`, with N at its end; answers with one prediction are ties.
    """
    found = np.empty(len(counts))
    for b in range(len(counts)):
        count = counts[b]
        right, wrong, won = 0.0, 0.0, 0.0
        for p in range(len(block) - 1):
            right_here, wrong_here = 0.0, 0.0
            for row in range(block[p], block[p + 1]):
                here = count[owner[row]]
                right_here += here * truth[row]
                wrong_here += here * (1.0 - truth[row])
            won += right_here * (wrong + 0.5 * wrong_here)
            right += right_here
            wrong += wrong_here
        found[b] = won / (right * wrong) if right * wrong > 0 else np.nan
    return found
