"""Between frames of interactions, as people hold them, and histories."""

from typing import Any

import numpy as np

from lernpfad.core import Catalog, DataError, IntArray, Requirement, Sequences, recommend, unknown_name
from lernpfad.core.next_best import last_time
from lernpfad.serve.bundle import Bundle

COLUMNS = ("learner", "item", "outcome", "time")
_NUMBERS = ("propensity", "success", "debt_reduction", "minutes", "affinity")


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


def next_items_of(frame: Any, bundle: Bundle, *, k: int) -> Any:
    """The k best next items of every learner in a frame of interactions, as a frame.

    Columns learner, place (from 1), item, propensity, success, debt_reduction, minutes, affinity, reason. A column
    "role" in the frame names the requirement; where it is empty every skill is wanted in full. Raises DataError.
    """
    import pandas as pd

    histories, order = histories_of(frame, bundle.catalog)
    role = _roles_of(frame.iloc[order], histories, bundle)
    situation = bundle.next_best.situation(histories, requirement=_requirement(role, histories, bundle), role=role)
    found = recommend(bundle.next_best.policy, situation, k=k)
    rows = [
        {"learner": str(learner), "place": place} | {name: getattr(one, name) for name in ("item", *_NUMBERS, "reason")}
        for learner, mine in zip(histories.learners, found, strict=True)
        for place, one in enumerate(mine, start=1)
    ]
    return pd.DataFrame(rows, columns=["learner", "place", "item", *_NUMBERS, "reason"])


def _roles_of(sorted_frame: Any, histories: Sequences, bundle: Bundle) -> IntArray | None:
    """Each learner's last role as an index into the bundle's, -1 without one; None if nobody has any."""
    if "role" not in sorted_frame.columns:
        return None
    last = histories.offsets[1:] - 1
    given = sorted_frame["role"].iloc[last]
    named = ["" if missing else str(one) for one, missing in zip(given, given.isna(), strict=True)]
    known = [] if bundle.roles is None else [str(one) for one in bundle.roles.names]
    unheard = next((one for one in named if one and one not in known), None)
    if unheard is not None:
        raise DataError(unknown_name("role", unheard, known))
    return np.asarray([known.index(one) if one else -1 for one in named]) if any(named) else None


def _requirement(role: IntArray | None, histories: Sequences, bundle: Bundle) -> Requirement | None:
    if role is None or bundle.roles is None:
        return None
    asked = bundle.roles.at(np.maximum(role, 0), last_time(histories))
    some = (role >= 0)[:, None]
    return Requirement(np.where(some, asked.level, 1.0), np.where(some, asked.weight, 1.0))
