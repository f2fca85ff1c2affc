"""Benchmarks of recommenders: where they put what learners took up later, one value a learner."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from lernpfad.core import ConfigError, DataError, unknown_name
from lernpfad.evaluate import ranking, ranking_slices
from lernpfad.evaluate.hits import NAMES
from lernpfad.evaluate.intervals import percentiles, resampled_sums
from lernpfad.evaluate.ranking import RankingResult
from lernpfad.evaluate.ranking_standings import HEADLINE, shown
from lernpfad.run import rankings, train
from lernpfad.run.kinds import Entrant, Page, Ran
from lernpfad.run.lines import DIGITS, rounded
from lernpfad.run.ranking_page import RankingPage
from lernpfad.run.suite import Lane
from lernpfad.serve.files import jsonable

_SURE: Final = ("hr", "truncated_recall", "mrr", "ndcg")
"""Metrics that get an interval, at every cut-off."""

_OF_SLICES: Final = "ndcg@"

_LEAD: Final = ("difference", "low", "high")


class RankingKind:
    """A `Kind` of `run.kinds`: how well what learners take up is ranked."""

    headline: str = HEADLINE
    page: Page = RankingPage()

    def require(self, lanes: Mapping[str, Lane]) -> None:
        """What a table shows is a metric of each learner at some cut-off."""
        for lane in lanes.values():
            for metric in lane.shown:
                name, _, k = metric.partition("@")
                if name not in NAMES or not k.isdecimal():
                    raise ConfigError(
                        f"suite.lanes.{lane.name}.shown: {unknown_name('ranking metric', metric, _at_ten())}; "
                        "after the @ stands a cut-off"
                    )

    def measured(self, ran: Ran, *, resamples: int) -> dict[str, Any]:
        """Metrics, their intervals by learner, and slices; for models as for files, metrics are named `ndcg@10`."""
        if not self.kept(ran.folder):
            raise ConfigError("it trains no recommender, and the suite is judged by ranking: choose recommender=...")
        test = {name.replace("_at_", "@"): value for name, value in _below("test/", ran.metrics).items()}
        if HEADLINE not in test:
            raise ConfigError(f"its ranking_ks are {list(ran.config.ranking_ks)}; a benchmark needs 10 among them")
        found = rankings.read(ran.folder / train.TEST_RANKINGS)
        sliced = tuple(name for name in found.per_learner if name.startswith(_OF_SLICES))
        return jsonable(  # type: ignore[no-any-return]
            {
                "learners": len(found.learners),
                "targets": int(found.asked.count.sum()),
                "test": rounded(test),
                "intervals": _intervals(found, resamples=resamples),
                "slices": _rounded(ranking_slices.tables(found, metrics=sliced, resamples=0)),
            }
        )

    def kept(self, folder: Path) -> bool:
        """Whether the ranks of every learner are there."""
        return (folder / train.TEST_RANKINGS / rankings.RANKINGS_FILE).is_file()

    def compared(self, lane: Lane, found: Mapping[str, Entrant], *, where: str, resamples: int) -> dict[str, Any]:
        """Paired leads over the reference in the lane's first metric, and p values adjusted for their number."""
        told = {name: rankings.read(one.folder / train.TEST_RANKINGS) for name, one in found.items()}
        _require_same_targets(where, told)
        metric, ahead = shown(lane.shown)[0], []
        if lane.reference in told:
            ahead = ranking.leads(told, lane.reference, metric=metric, resamples=resamples)
        return {
            "models": sorted(found),
            "reference": lane.reference,
            "metric": metric,
            "leads": {row["recommender"]: [round(row[key], DIGITS) for key in _LEAD] for row in ahead},
            "p": {row["recommender"]: round(row["holm"], DIGITS) for row in ahead},
        }


def _at_ten() -> list[str]:
    return [f"{name}@10" for name in NAMES]


def _below(prefix: str, metrics: Mapping[str, float]) -> dict[str, float]:
    return {name.removeprefix(prefix): value for name, value in metrics.items() if name.startswith(prefix)}


def _intervals(found: RankingResult, *, resamples: int) -> dict[str, list[float]]:
    """The 95 % interval of each metric of `_SURE` by bootstrap over learners, all from the same resamples."""
    sure = [name for name in found.per_learner if name.split("@")[0] in _SURE]
    table = np.stack([found.per_learner[name] for name in sure], axis=1)
    drawn = resampled_sums(table, resamples=resamples) / len(table)
    return {name: [round(end, DIGITS) for end in percentiles(drawn[:, n])] for n, name in enumerate(sure)}


def _rounded(value: Any) -> Any:
    """The same with every fraction as lines have it."""
    if isinstance(value, Mapping):
        return {name: _rounded(one) for name, one in value.items()}
    return round(value, DIGITS) if isinstance(value, float) else value


def _require_same_targets(where: str, found: Mapping[str, RankingResult]) -> None:
    """DataError where two models were asked about other learners or targets: their figures are no comparison."""
    first, *others = found
    for other in others:
        one, two = found[first].asked, found[other].asked
        if not (np.array_equal(one.names, two.names) and np.array_equal(one.item, two.item)):
            raise DataError(
                f"{where}: {first} and {other} were tested on other targets; give them the same data and split"
            )
