"""What a benchmark leaves for people: README.md, a CSV of every run, figures; the same in MLflow."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

from lernpfad.evaluate import standings, tables
from lernpfad.evaluate.benchmark_figures import cold_start, cost
from lernpfad.evaluate.results import label
from lernpfad.run import compare, lines, locks, suite
from lernpfad.run.cost import CANDIDATES, HISTORY
from lernpfad.run.record import Record
from lernpfad.run.suite import Lane

README, CSV, NOTES = "README.md", "results.csv", "notes.md"


def write_standings(config: Any, results: Path, record: Record) -> None:
    """Tables and figures of all lines in `results` that the suite knows, whoever ran them; prints the headline."""
    lanes = suite.lanes(config)
    with locks.alone(results / lines.LOCK_FILE):
        every = lines.newest(results, lanes)
        compared = compare.read(results / compare.COMPARISONS_FILE)
        text = [_head(config.suite.name)]
        for lane in lanes.values():
            mine = [line for line in every if line["lane"] == lane.name]
            if mine:
                beside = [one for (name, _), one in sorted(compared.items()) if name == lane.name]
                text += [_section(lane, mine, beside), *_figures(lane.name, mine, results, record)]
                print(f"\n{lane.title}\n{tables.text(_short(lane, mine))}")
        notes = results / NOTES
        text.append(notes.read_text(encoding="utf-8") if notes.is_file() else "")
        (results / README).write_text("\n".join(text).rstrip() + "\n", encoding="utf-8")
        (results / CSV).write_text(tables.to_csv([_flat(line) for line in every]), encoding="utf-8")
    for name in (README, CSV):
        record.file(results / name)


def _figures(lane: str, mine: Sequence[lines.Line], results: Path, record: Record) -> Iterator[str]:
    """Drawn, kept, and as they stand in the page."""
    for what, figure in (("cold", cold_start(mine)), ("cost", cost(mine))):
        figure.savefig(results / f"{what}-{lane}.png", dpi=150)
        record.figure(figure, f"{what}-{lane}")
        yield f"![{_CAPTIONS[what]}]({what}-{lane}.png)\n"


_CAPTIONS = {
    "cold": "AUC by how many answers of the learner came before",
    "cost": "Test AUC against the processor seconds of a fit",
}


def _head(name: str) -> str:
    return f"""# Benchmark: {name}

Made by `lernpfad benchmark suite={name}` from `results.jsonl` (a line a run: command, settings' hash, metrics, cost,
machine, versions, data hash) and `comparisons.jsonl`; every run again as a row in `results.csv`. A run is repeated
alone by the command in its line. AUC is pooled over the scored answers, mean ± sample deviation over the runs; "95 % by
learner" is the mean of the runs' bootstrap intervals over learners; "lead" is the difference of AUC to the lane's
reference, on the same learners of the first run, with its paired interval. A gate is for the mean of all runs of the
lane; "1 of 5" says that it is not that yet. Processor seconds are those of the whole fit with its validation.
"""


def _section(lane: Lane, mine: Sequence[lines.Line], beside: Sequence[lines.Line]) -> str:
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


def _scored(mine: Sequence[lines.Line]) -> str:
    """How many answers are behind a figure, which differs where every run has test learners of its own."""
    counts = sorted({line["answers"] for line in mine})
    return f"{counts[0]:,} answers scored" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,} answers scored"


def _short(lane: Lane, mine: Sequence[lines.Line]) -> list[dict[str, Any]]:
    shown = ("model", "runs", "AUC", "95 % by learner", "log loss", "reached")
    rows = standings.accuracy_rows(mine, lane.published, [], runs=len(lane.runs))
    return [{key: row[key] for key in shown} for row in rows]


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
