"""How a suite of recommenders is shown to people: tables of accuracy, of slices and of cost."""

import json
from collections.abc import Iterator, Mapping, Sequence
from textwrap import fill
from typing import Any

from lernpfad.evaluate import cells, ranking_standings, tables
from lernpfad.evaluate.benchmark_figures import accuracy_and_coverage, by_history
from lernpfad.evaluate.ranking_standings import shown, written
from lernpfad.evaluate.results import label
from lernpfad.run.cost import BATCH, HISTORY
from lernpfad.run.kinds import Drawing
from lernpfad.run.lines import Line
from lernpfad.run.suite import Lane


class RankingPage:
    """A `Page` of `run.kinds`."""

    def head(self, suite: str) -> str:
        """What the figures of all lanes are."""
        return _HEAD.format(name=suite)

    def section(self, lane: Lane, mine: Sequence[Line], beside: Sequence[Line]) -> str:
        """Accuracy, slices, cost."""
        metric = shown(lane.shown)[0]
        machines = sorted({line["machine"] for line in mine})
        over = f"; leads are over {label(beside[0]['reference'])}" if beside and beside[0]["reference"] else ""
        parts = [
            f"## {lane.title}\n\n{fill(lane.protocol, 120)}\n",
            f"{_ranked(mine)}; measured on {' and '.join(machines)}{over}.{_best(lane, metric)}\n",
            tables.markdown(self._rows(lane, mine, beside)) + "\n",
            f"{written(metric)} by rows of the learner's history, and of the targets in each fifth of all that was "
            "taken in training, from the most to the least popular (learners):\n",
            tables.markdown(ranking_standings.slice_rows(mine, metric)) + "\n",
            f"Cost; one learner: the full catalog scored for her, from her last {HISTORY} items at most; "
            f"learners/s: the same in a batch of up to {BATCH:,}:\n",
            tables.markdown(ranking_standings.cost_rows(mine, metric)) + "\n",
        ]
        return "\n".join(parts)

    def short(self, lane: Lane, mine: Sequence[Line]) -> list[dict[str, Any]]:
        """The lane's metrics and gates."""
        columns = ("model", "runs", *map(written, shown(lane.shown)), "95 % by learner", "reached")
        return [{key: row[key] for key in columns} for row in self._rows(lane, mine, [])]

    def flat(self, every: Sequence[Line]) -> list[dict[str, Any]]:
        """Test and validation metrics, intervals, cost, and how to repeat each run; lanes may have other cut-offs."""
        rows = [_flat(line) for line in every]
        columns = dict.fromkeys(key for row in rows for key in row)
        return [{key: row.get(key) for key in columns} for row in rows]

    def drawings(self, lane: Lane, mine: Sequence[Line]) -> Iterator[Drawing]:
        """What accuracy there is for how much of the catalog, and for whom of how long a history."""
        metric = shown(lane.shown)[0]
        figure = accuracy_and_coverage(mine, metric)
        yield Drawing("coverage", f"{written(metric)} against the share of the catalog that is recommended", figure)
        yield Drawing("history", f"{written(metric)} by rows of the learner's history", by_history(mine, metric))

    def _rows(self, lane: Lane, mine: Sequence[Line], beside: Sequence[Line]) -> list[dict[str, Any]]:
        return ranking_standings.accuracy_rows(mine, lane.published, beside, runs=len(lane.runs), metrics=lane.shown)


_HEAD = """# Benchmark: {name}

Made by `lernpfad benchmark suite={name}` from `results.jsonl` (a line a run: command, settings' hash, metrics, cost,
machine, versions, data hash) and `comparisons.jsonl`; every run again as a row in `results.csv`. A run is repeated
alone by the command in its line. The full catalog is ranked, without what the learner had taken, ties by mid-rank;
metrics are means over learners, ± the sample deviation over the runs. "95 % by learner" is the mean of the runs'
bootstrap intervals over learners; "lead" is the mean difference to the lane's reference on the same learners of the
first run, with its paired interval, and an asterisk where p < .05 after Holm's correction for all models of the lane.
Coverage: share of the catalog in any list; Gini of how often items are shown; popularity lift: mean popularity of a
list over that of the learner's past; novelty: mean -log2 of the share of
training learners who took the item. A gate is for the mean of all runs of the lane; "1 of 3" says that it is not that
yet. Processor seconds are those of the whole fit with its validation.
"""


def _ranked(mine: Sequence[Line]) -> str:
    """How many learners are behind a figure, which differs where runs have test learners of their own."""
    counts = sorted({line["learners"] for line in mine})
    return f"{counts[0]:,} learners" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,} learners"


def _best(lane: Lane, metric: str) -> str:
    if metric not in lane.best:
        return ""
    return f" The best published {written(metric)} is {cells.points(lane.best[metric])} ({lane.best['source']})."


def _flat(line: Mapping[str, Any]) -> dict[str, Any]:
    ends = {f"test_{name}": ends for name, ends in line["intervals"].items()}
    return {
        **{key: line[key] for key in ("lane", "model", "run", "seed", "key", "learners", "epochs", "train_rows")},
        **{f"test_{name}": value for name, value in line["test"].items()},
        **{f"{name}_low": low for name, (low, _) in ends.items()},
        **{f"{name}_high": high for name, (_, high) in ends.items()},
        **{f"valid_{name}": line["valid"].get(name) for name in line["test"]},
        **{f"cost_{name}": value for name, value in line["cost"].items()},
        "machine": line["machine"],
        "data": line["data"],
        "commit": line["commit"],
        "versions": json.dumps(line["versions"]),
        "command": line["command"],
    }
