"""Units of a workforce: of the roles that ask for like skills, where nobody says who works with whom."""

import numpy as np

from lernpfad.core import FloatArray, Roles, StrArray


def units_of_roles(roles: Roles, *, at: float, units: int | None = None) -> StrArray:
    """The unit of each role, `[R]`, named after the role in its middle.

    Roles whose weighted levels point the same way (cosine) are joined until `units` are left, by default the square
    root of their number; average linkage, ties by index.
    """
    count = len(roles.names)
    asked = roles.at(np.arange(count), at)
    wanted = asked.weight * asked.level
    near = wanted @ wanted.T
    size = np.sqrt(np.maximum(np.diag(near), 1e-300))
    near = near / size[:, None] / size
    groups = [[role] for role in range(count)]
    while len(groups) > max(1, units or round(count**0.5)):
        one, other = _nearest(groups, near)
        groups[one] += groups.pop(other)
    names = np.empty(count, dtype=object)
    for group in groups:
        middle = group[int(np.argmax(near[np.ix_(group, group)].sum(axis=1)))]
        names[group] = f"around {roles.names[middle]}"
    return names.astype(np.str_)


def _nearest(groups: list[list[int]], near: FloatArray) -> tuple[int, int]:
    """The two groups with the largest mean likeness, the earlier one first."""
    pairs = [(one, other) for one in range(len(groups)) for other in range(one + 1, len(groups))]
    return max(pairs, key=lambda pair: float(near[np.ix_(groups[pair[0]], groups[pair[1]])].mean()))
