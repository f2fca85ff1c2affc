"""How a suite of tracers is shown to people: tables of AUC, stacks, cold starts and cost."""

import json
from collections.abc import Iterator, Mapping, Sequence
from textwrap import fill
from typing import Any

from lernpfad.evaluate import standings, tables
from lernpfad.evaluate.benchmark_figures import cold_start, cost
from lernpfad.evaluate.results import label
from lernpfad.run.cost import CANDIDATES, HISTORY
from lernpfad.run.kinds import Drawing
from lernpfad.run.lines import Line
from lernpfad.run.suite import Lane


class TracingPage:
    """A `Page` of `run.kinds`."""

    def head(self, suite: str) -> str:
        """What the figures of all lanes are."""
        return _HEAD.format(name=suite)

    def section(self, lane: Lane, mine: Sequence[Line], beside: Sequence[Line]) -> str:
        """Accuracy, stacks if there are any, cold starts, cost."""
        machines = sorted({line["machine"] for line in mine})
        over = f"; leads are over {label(beside[0]['reference'])}" if beside and beside[0]["reference"] else ""
        parts = [
            f"## {lane.title}\n\n{fill(lane.protocol, 120)}\n",
            f"{_scored(mine)}; measured on {' and '.join(machines)}{over}.\n",
            tables.markdown(standings.accuracy_rows(mine, lane.published, beside, runs=len(lane.runs))) + "\n",
        ]
        stacks = standings.stack_rows(beside, lane.best)
        if stacks:
            parts.append("Stacks of the lane's models, weights fitted on the validation answers:\n")
            parts.append(tables.markdown(stacks) + "\n")
        parts.append("Cold start, AUC by answer of the learner, and of items without a training answer (n):\n")
        parts.append(tables.markdown(standings.cold_rows(mine)) + "\n")
        parts.append(f"Cost; a decision is an update and {CANDIDATES:,} predictions, after {HISTORY} answers:\n")
        parts.append(tables.markdown(standings.cost_rows(mine)) + "\n")
        return "\n".join(parts)

    def short(self, lane: Lane, mine: Sequence[Line]) -> list[dict[str, Any]]:
        """AUC, log loss and gates."""
        shown = ("model", "runs", "AUC", "95 % by learner", "log loss", "reached")
        rows = standings.accuracy_rows(mine, lane.published, [], runs=len(lane.runs))
        return [{key: row[key] for key in shown} for row in rows]

    def flat(self, every: Sequence[Line]) -> list[dict[str, Any]]:
        """Test and validation metrics, cost, and how to repeat each run."""
        return [_flat(line) for line in every]

    def drawings(self, lane: Lane, mine: Sequence[Line]) -> Iterator[Drawing]:
        """How models fare with newcomers, and what their accuracy costs."""
        yield Drawing("cold", "AUC by how many answers of the learner came before", cold_start(mine))
        yield Drawing("cost", "Test AUC against the processor seconds of a fit", cost(mine))


_HEAD = """# Benchmark: {name}

Made by `lernpfad benchmark suite={name}` from `results.jsonl` (a line a run: command, settings' hash, metrics, cost,
machine, versions, data hash) and `comparisons.jsonl`; every run again as a row in `results.csv`. A run is repeated
alone by the command in its line. AUC is pooled over the scored answers, mean ± sample deviation over the runs; "95 % by
learner" is the mean of the runs' bootstrap intervals over learners; "lead" is the difference of AUC to the lane's
reference, on the same learners of the first run, with its paired interval. A gate is for the mean of all runs of the
lane; "1 of 5" says that it is not that yet. Processor seconds are those of the whole fit with its validation.
"""


def _scored(mine: Sequence[Line]) -> str:
    """How many answers are behind a figure, which differs where every run has test learners of its own."""
    counts = sorted({line["answers"] for line in mine})
    return f"{counts[0]:,} answers scored" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,} answers scored"


def _flat(line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{key: line[key] for key in ("lane", "model", "run", "seed", "key", "answers", "epochs", "train_rows")},
        **{f"test_{name}": value for name, value in line["test"].items()},
        "test_auc_low": line["auc_interval"][0],
        "test_auc_high": line["auc_interval"][1],
        **{f"valid_{name}": line["valid"].get(name) for name in line["test"]},
        **{f"cost_{name}": value for name, value in line["cost"].items()},
        "machine": line["machine"],
        "data": line["data"],
        "commit": line["commit"],
        "versions": json.dumps(line["versions"]),
        "command": line["command"],
    }
