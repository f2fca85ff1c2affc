"""Which groups may be shown: at least five people each, and nobody to be found by taking groups from each other."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from lernpfad.core import Array, BoolArray, FloatArray

FEWEST: Final = 5
"""People in a group that is shown: a floor, not a safe harbour (docs/return.md)."""
_EXACT: Final = 1e-9
_NOTHING: Final = 1e-6


def shown(groupings: Mapping[str, Array], *, fewest: int = FEWEST) -> dict[str, dict[str, bool]]:
    """For each grouping, which of its labels may be shown beside the total of all; groupings: labels, `[L]`.

    Groups below `fewest` are hidden. While the shown ones and the total still give a hidden group away, or any set of
    fewer than `fewest` that is told apart by the groupings, by adding and taking away, one more group is hidden: the
    smallest of those that are still shown (complementary suppression). Nothing at all is shown of fewer people.
    """
    marks = {name: np.asarray(labels).astype(np.str_) for name, labels in groupings.items()}
    cells, people = _cells(marks)
    names = [(name, str(label)) for name, column in cells.items() for label in np.unique(column)]
    if not names:
        return {name: {} for name in marks}
    member = np.stack([cells[name] == label for name, label in names]).astype(np.float64)
    sizes = member @ people
    there = sizes >= fewest
    while there.any() and _given_away([name for name, _ in names], member, there, people, fewest):
        there[int(np.argmin(np.where(there, sizes, np.inf)))] = False
    found: dict[str, dict[str, bool]] = {name: {} for name in marks}
    for (name, label), visible in zip(names, there, strict=True):
        found[name][label] = bool(visible)
    return found


def _cells(marks: Mapping[str, Array]) -> tuple[dict[str, Array], FloatArray]:
    """The combinations of labels that occur, by grouping `[C]`, and how many people each has, `[C]`."""
    if not marks:
        return {}, np.zeros(0)
    codes = {name: np.unique(labels, return_inverse=True) for name, labels in marks.items()}
    table, people = np.unique(np.stack([code for _, code in codes.values()], axis=1), axis=0, return_counts=True)
    cells = {name: values[table[:, place]] for place, (name, (values, _)) in enumerate(codes.items())}
    return cells, people.astype(np.float64)


def _given_away(of: Sequence[str], member: FloatArray, there: BoolArray, people: FloatArray, fewest: int) -> bool:
    """Whether some small set of people is a sum or difference of what is published (the total is)."""
    hidden = [member[~there & np.asarray([name == one for one in of])] for name in dict.fromkeys(of)]
    together = [rows.sum(axis=0) for rows in hidden if len(rows)]
    secret = np.concatenate([np.eye(len(people)), *hidden, np.reshape(together, (-1, len(people)))])
    count = secret @ people
    secret = secret[(count > 0) & (count < fewest)]
    published = np.concatenate([np.ones((1, len(people))), member[there]])
    _, size, basis = np.linalg.svd(published, full_matrices=False)
    basis = basis[size > _EXACT * size.max()]
    left = np.abs(secret - (secret @ basis.T) @ basis).max(axis=1, initial=0.0)
    return bool((left < _NOTHING).any())
