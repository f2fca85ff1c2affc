"""A law: one promise, checked on a case; broken, it says in one line what differed, where and by how much."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from lernpfad.core.arrays import Array
from lernpfad.core.errors import LawBroken


class Case(Protocol):
    """What laws are checked on: a model, with the data that the laws need, under a name for the messages."""

    @property
    def subject(self) -> str:
        """Name of what is held to the laws."""
        ...


C = TypeVar("C", bound=Case)


def _always(case: object) -> bool:
    return True


@dataclass(frozen=True)
class Law(Generic[C]):
    """A promise and to whom it applies. Calling it with a case returns nothing, or raises LawBroken.

    check: the law proper. fits: whether the law says anything about this case (a tracer without a parallel
    path has none to compare).
    """

    check: Callable[[C], None]
    fits: Callable[[C], bool] = _always

    @property
    def name(self) -> str:
        """The name of the function, as in `dkt-parallel_equals_fold`."""
        return self.check.__name__

    @property
    def promise(self) -> str:
        """What the law says, in one line."""
        return (self.check.__doc__ or "").strip().splitlines()[0]

    def __call__(self, case: C) -> None:
        """Hold `case` to the law; whatever the model raises on the way breaks it, too."""
        try:
            self.check(case)
        except LawBroken as problem:
            raise LawBroken(f"{case.subject} breaks {self.name}: {problem}") from None
        except Exception as problem:
            kind = type(problem).__name__
            raise LawBroken(f"{case.subject} breaks {self.name}: it raised {kind}: {problem}") from problem


def that_fit(laws: Iterable[Law[C]], case: C) -> tuple[Law[C], ...]:
    """The laws that say something about this case, in order."""
    return tuple(law for law in laws if law.fits(case))


def hold(laws: Iterable[Law[C]], case: C) -> None:
    """Apply every law that fits; LawBroken names all that are broken, one line each."""
    broken: list[LawBroken] = []
    for law in that_fit(laws, case):
        try:
            law(case)
        except LawBroken as problem:
            broken.append(problem)
    if broken:
        raise LawBroken("\n".join(str(problem) for problem in broken)) from broken[0]


def demand(holds: bool | np.bool_, otherwise: str) -> None:
    """Raise LawBroken(otherwise) unless it holds."""
    if not holds:
        raise LawBroken(otherwise)


def same(got: Array, expected: Array, *, what: str, tolerance: float = 0.0) -> None:
    """Demand equal shapes and values within an absolute tolerance; NaN equals NaN. Names the worst place."""
    got, expected = np.asarray(got), np.asarray(expected)
    demand(got.shape == expected.shape, f"{what}: shape {got.shape}, expected {expected.shape}")
    if not got.size:
        return
    unlike = np.isnan(got) != np.isnan(expected)
    if unlike.any():
        raise LawBroken(f"{what}: NaN in one but not in the other at {place(unlike)}")
    apart = np.abs(np.where(np.isnan(got), 0.0, got) - np.where(np.isnan(expected), 0.0, expected))
    worst = float(apart.max())
    if worst > tolerance:
        at = np.unravel_index(int(apart.argmax()), apart.shape)
        raise LawBroken(
            f"{what}: {got[at]:.6g} instead of {expected[at]:.6g} at {place(apart)}, {int((apart > tolerance).sum())} "
            f"of {apart.size} values differ, by up to {worst:.2g} (tolerance {tolerance:.0g})"
        )


def between(values: Array, low: float, high: float, *, what: str, strict: bool = False) -> None:
    """Demand every value finite and in [low, high], or in (low, high) if strict. Names the first place."""
    inside = (values > low) & (values < high) if strict else (values >= low) & (values <= high)
    if not inside.all():
        at = np.unravel_index(int(np.argmin(inside)), inside.shape)
        bounds = f"({low:g}, {high:g})" if strict else f"[{low:g}, {high:g}]"
        raise LawBroken(f"{what}: {values[at]:.6g} at {place(~inside)} is outside {bounds}")


def place(values: Array) -> str:
    """Where the largest value (the first True) is, as in `[3, 17]`."""
    at = np.unravel_index(int(np.argmax(values)), values.shape)
    return "[" + ", ".join(str(int(i)) for i in at) + "]"
