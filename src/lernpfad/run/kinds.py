"""What a suite is judged by: tracing or ranking. Each has its own part of a line, comparison, tables and figures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lernpfad.core import ConfigError, unknown_name
from lernpfad.run.lines import Line
from lernpfad.run.suite import Lane

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TRACING, RANKING = "tracing", "ranking"


@dataclass(frozen=True, eq=False)
class Ran:
    """A training run that is done. config: composed. metrics: as `train.trained` gave them. folder: of the run."""

    config: Any
    metrics: Mapping[str, float]
    folder: Path


@dataclass(frozen=True, eq=False)
class Entrant:
    """One model in a comparison: its line, and the folder of its training run."""

    line: Line
    folder: Path


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure of the page. name: of its file, before the lane. caption: for who cannot see it."""

    name: str
    caption: str
    figure: "Figure"


class Page(Protocol):
    """How the lines of a suite are shown to people."""

    def head(self, suite: str) -> str:
        """What stands above all lanes."""
        ...

    def section(self, lane: Lane, mine: Sequence[Line], beside: Sequence[Line]) -> str:
        """The tables of a lane, as Markdown, from its lines and its comparisons."""
        ...

    def short(self, lane: Lane, mine: Sequence[Line]) -> list[dict[str, Any]]:
        """The headline as rows, for a terminal."""
        ...

    def flat(self, every: Sequence[Line]) -> list[dict[str, Any]]:
        """Every line as a row of the CSV."""
        ...

    def drawings(self, lane: Lane, mine: Sequence[Line]) -> Iterator[Drawing]:
        """The figures of a lane."""
        ...


class Kind(Protocol):
    """What a benchmark needs to know of the kind of its models.

    headline: the test metric that is told of a run when it is done.
    """

    headline: str
    page: Page

    def require(self, lanes: Mapping[str, Lane]) -> None:
        """Refuse, as a ConfigError, what the suite says of its lanes and means nothing here."""
        ...

    def measured(self, ran: Ran, *, resamples: int) -> dict[str, Any]:
        """The part of a line that says how good a model is; ConfigError if the run trained none of this kind."""
        ...

    def kept(self, folder: Path) -> bool:
        """Whether a run's folder still has what a comparison needs."""
        ...

    def compared(self, lane: Lane, found: Mapping[str, Entrant], *, where: str, resamples: int) -> dict[str, Any]:
        """Leads over the lane's reference, and what else one tells of models side by side.

        where: the lane and its run, for the DataError of models that were asked about different things.
        """
        ...


def of(config: Any) -> Kind:
    """The kind that the suite names as `judged`, tracing if it names none."""
    from lernpfad.run.ranking_kind import RankingKind
    from lernpfad.run.tracing_kind import TracingKind

    kinds: dict[str, type[Kind]] = {TRACING: TracingKind, RANKING: RankingKind}
    named = config.suite.get("judged") or TRACING
    if named not in kinds:
        raise ConfigError(f"suite '{config.suite.get('name')}': {unknown_name('way to be judged', str(named), kinds)}")
    return kinds[named]()
