"""Where worlds differ: how people answer, learn and forget. The company around them is the same in all of them."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, ClassVar, Protocol, TypeAlias

from lernpfad.core import Catalog, ConfigError, FloatArray, IntArray, Interactions
from lernpfad.simulate.catalogs import Traits
from lernpfad.simulate.knowledge import Knowledge
from lernpfad.simulate.population import People


class Psychology(Protocol):
    """The laws of what goes on in people, without luck; `Knowledge` is that of the main world.

    learned: the fields of `People` that `learn` changes. What is called effective below is whatever the psychology
    makes of a state at a moment, so that several questions share the work; nobody else looks into it.
    """

    learned: ClassVar[tuple[str, ...]]

    def begun(self, people: People) -> People:
        """A fresh workforce with all that this psychology remembers of it."""
        ...

    def effective(self, people: People, at: FloatArray) -> Any:
        """What people can call on at `at`, seconds, `[L]`; learners on axis 0."""
        ...

    def mastery_of(self, effective: Any) -> FloatArray:
        """True mastery, `[L, K]` in [0, 1]."""
        ...

    def success(self, effective: Any, form: FloatArray, items: IntArray) -> FloatArray:
        """P(correct), `[L, n]`; .5 for an unknown item. form: of the day, `[L]`, logits. items: `[L or 1, n]`."""
        ...

    def what_if(self, people: People, items: IntArray, at: FloatArray) -> FloatArray:
        """Expected mastery of the touched skills after each item and outcome, `[L, n, 2, M]`, NaN where none."""
        ...

    def learn(self, people: People, seen: Interactions) -> People:
        """What becomes of people who took an item each, with this outcome."""
        ...

    def expect(self, people: People, seen: Interactions) -> People:
        """The same as far as it can be known beforehand: what is settled, but known to nobody, is averaged over."""
        ...

    def used_at_work(self, people: People, uses: IntArray, last: FloatArray) -> People:
        """What a week at work does: skills used `uses` times, `[L, K]`, the last time at `last`, seconds."""
        ...


MakesPsychology: TypeAlias = Callable[..., Psychology]
"""Called with `catalog` and `traits`: a psychology with its settings filled in (`_partial_: true` in a YAML)."""


def make(
    psychology: MakesPsychology | None, of_knowledge: Mapping[str, Any], *, catalog: Catalog, traits: Traits
) -> Psychology:
    """The psychology of a world: `Knowledge` with these settings, or another one.

    Raises ConfigError if there is another one and a setting of `Knowledge` was changed all the same.
    """
    if psychology is None:
        return Knowledge(catalog=catalog, traits=traits, **of_knowledge)
    usual = {one.name: one.default for one in fields(Knowledge)}
    for name, value in of_knowledge.items():
        if value != usual[name]:
            raise ConfigError(
                f"corporate world: {name}={value} belongs to the psychology of the main world, and this world has "
                f"another one; leave simulator.{name} at {usual[name]}"
            )
    return psychology(catalog=catalog, traits=traits)
