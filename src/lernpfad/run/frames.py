"""Between frames of interactions, as people hold them, and histories."""

from typing import Any

import numpy as np

from lernpfad.core import Catalog, DataError, IntArray, Sequences

COLUMNS = ("learner", "item", "outcome", "time")


def histories_of(frame: Any, catalog: Catalog) -> tuple[Sequences, IntArray]:
    """Histories from a frame with the columns learner, item, outcome, time; and the frame's row of each of theirs.

    Learners come in the order of their ids, their rows in the order of time, ties as in the frame. Items that
    the catalog does not hold become unknown ones. Raises DataError for a missing column or another outcome.
    """
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing:
        raise DataError(f"the frame lacks column '{missing[0]}'; expected {', '.join(COLUMNS)}")
    outcome = frame["outcome"].to_numpy()
    if not np.isin(outcome, (-1, 0, 1)).all():
        row = int(np.flatnonzero(~np.isin(outcome, (-1, 0, 1)))[0])
        raise DataError(f"row {row}: outcome is {outcome[row]}, expected 1, 0, or -1 for not assessed")
    learners, owner = np.unique(frame["learner"].astype(str).to_numpy(dtype=np.str_), return_inverse=True)
    time = frame["time"].to_numpy(dtype=np.float64)
    order = np.lexsort((np.arange(len(owner)), time, owner))
    histories = Sequences.of(
        catalog,
        learners,
        np.bincount(owner, minlength=len(learners)),
        catalog.indices(frame["item"].astype(str).to_numpy(dtype=np.str_))[order],
        outcome[order],
        time=time[order],
    )
    return histories, order
