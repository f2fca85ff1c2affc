"""Where people work: what is offered, what jobs ask for, and who moves where. A world takes one made elsewhere."""

from dataclasses import dataclass
from typing import Protocol

from numpy.random import Generator

from lernpfad.core import Catalog, FloatArray, Roles
from lernpfad.simulate.catalogs import Traits


@dataclass(frozen=True, eq=False)
class Setting:
    """catalog, traits: the truth about items and skills. believed: the catalog as the platform sees it.

    roles: requirements with their drift. near: where people move, probability of the next role, `[R, R]`.
    credit: the line that whoever passes something of it on has to pass on as well.
    """

    catalog: Catalog
    traits: Traits
    believed: Catalog
    roles: Roles
    near: FloatArray
    credit: str


class MakesSetting(Protocol):
    """What gives a world its setting."""

    def __call__(self, rng: Generator, *, items: int, wrong: float, start: float, years: float) -> Setting:
        """A setting with `items` items, a share `wrong` of the edges wrong in what is believed, for some years."""
        ...
