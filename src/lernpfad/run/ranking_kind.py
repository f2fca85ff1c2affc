"""Benchmarks of recommenders: where they put what learners took up later, one value a learner."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from lernpfad.core import ConfigError, DataError, unknown_name
from lernpfad.evaluate import leads
from lernpfad.evaluate.hits import NAMES
from lernpfad.evaluate.intervals import percentiles, resampled_sums
from lernpfad.evaluate.ranking_slices import by_history, by_popularity
from lernpfad.evaluate.ranking_standings import HEADLINE, shown
from lernpfad.run import train
from lernpfad.run.kinds import Entrant, Page, Ran
from lernpfad.run.lines import DIGITS, rounded
from lernpfad.run.ranking_page import RankingPage
from lernpfad.run.rankings import RANKINGS_FILE, Rankings
from lernpfad.run.suite import Lane
from lernpfad.serve.files import jsonable

_SURE: Final = ("hr", "truncated_recall", "mrr", "ndcg")
"""Metrics that get an interval, at every cut-off."""

_OF_SLICES: Final = "ndcg@"


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
        found = Rankings.read(ran.folder / train.TEST_RANKINGS)
        sure = [name for name in found.values if name.split("@")[0] in _SURE]
        few = [name for name in sure if name.startswith(_OF_SLICES)]
        return jsonable(  # type: ignore[no-any-return]
            {
                "learners": len(found.learner),
                "test": rounded(test),
                "intervals": _intervals(found, sure, resamples=resamples),
                "slices": {
                    "history": _rounded(by_history(found.values, found.history, few)),
                    "targets": _rounded(by_popularity(found.values, found.rarity, few)),
                },
            }
        )

    def kept(self, folder: Path) -> bool:
        """Whether the ranks of every learner are there."""
        return (folder / train.TEST_RANKINGS / RANKINGS_FILE).is_file()

    def compared(self, lane: Lane, found: Mapping[str, Entrant], *, where: str, resamples: int) -> dict[str, Any]:
        """Paired leads over the reference in the lane's first metric, and p values adjusted for their number."""
        told = {name: Rankings.read(one.folder / train.TEST_RANKINGS) for name, one in found.items()}
        _require_same_learners(where, told)
        metric = shown(lane.shown)[0]
        values = {name: one.values[metric] for name, one in told.items()}
        ahead: dict[str, leads.Lead] = {}
        if lane.reference in values:
            others = {name: one for name, one in values.items() if name != lane.reference}
            ahead = leads.over(values[lane.reference], others, resamples=resamples)
        return {
            "models": sorted(found),
            "reference": lane.reference,
            "metric": metric,
            "leads": {name: [round(value, DIGITS) for value in one.estimate] for name, one in ahead.items()},
            "p": {name: round(one.p, DIGITS) for name, one in ahead.items()},
        }


def _at_ten() -> list[str]:
    return [f"{name}@10" for name in NAMES]


def _below(prefix: str, metrics: Mapping[str, float]) -> dict[str, float]:
    return {name.removeprefix(prefix): value for name, value in metrics.items() if name.startswith(prefix)}


def _intervals(found: Rankings, names: Iterable[str], *, resamples: int) -> dict[str, list[float]]:
    """The 95 % interval of each metric by bootstrap over learners."""
    table = np.stack([found.values[name] for name in names], axis=1)
    drawn = resampled_sums(table, resamples=resamples) / len(table)
    return {name: [round(end, DIGITS) for end in percentiles(drawn[:, n])] for n, name in enumerate(names)}


def _rounded(slices: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        name: {key: value if key == "n" else round(value, DIGITS) for key, value in row.items()}
        for name, row in slices.items()
    }


def _require_same_learners(where: str, found: Mapping[str, Rankings]) -> None:
    """DataError where two models were asked about other learners or targets: their figures are no comparison."""
    first, *others = found
    for other in others:
        one, two = found[first], found[other]
        if not (np.array_equal(one.learner, two.learner) and np.array_equal(one.targets, two.targets)):
            raise DataError(
                f"{where}: {first} and {other} were tested on other learners; give them the same data and split"
            )
