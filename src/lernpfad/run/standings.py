"""What a benchmark leaves for people: README.md, a CSV of every run, figures; the same in MLflow."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lernpfad.evaluate import standings, tables
from lernpfad.evaluate.benchmark_figures import cold_start, cost
from lernpfad.run import compare, lines
from lernpfad.run.record import Record

README, CSV, NOTES = "README.md", "results.csv", "notes.md"


def write_standings(config: Any, results: Path, record: Record) -> None:
    """Tables and figures of all lines in `results` that the suite knows, whoever ran them; prints the headline."""
    every = lines.newest(results, config.suite.lanes)
    compared = compare.read(results / compare.COMPARISONS_FILE)
    text = [_head(config.suite.name)]
    for lane in config.suite.lanes:
        mine = [line for line in every if line["lane"] == lane]
        if mine:
            beside = [one for (name, _), one in sorted(compared.items()) if name == lane]
            text.append(_section(config.suite.lanes[lane], mine, beside))
            for what, figure in (("cold", cold_start(mine)), ("cost", cost(mine))):
                figure.savefig(results / f"{what}-{lane}.png", dpi=150)
                record.figure(figure, f"{what}-{lane}")
                text.append(f"![{_CAPTIONS[what]}]({what}-{lane}.png)\n")
            print(f"\n{config.suite.lanes[lane].title}\n{tables.text(_short(mine))}")
    notes = results / NOTES
    text.append(notes.read_text(encoding="utf-8") if notes.is_file() else "")
    (results / README).write_text("\n".join(text).rstrip() + "\n", encoding="utf-8")
    (results / CSV).write_text(tables.to_csv([_flat(line) for line in every]), encoding="utf-8")
    for name in (README, CSV):
        record.file(results / name)


_CAPTIONS = {
    "cold": "AUC by how many answers of the learner came before",
    "cost": "Test AUC against the processor seconds of a fit",
}


def _head(name: str) -> str:
    return f"""# Benchmark: {name}

Made by `lernpfad benchmark suite={name}` from `results.jsonl` (a line a run: command, settings' hash, metrics, cost,
machine, versions, data hash), `comparisons.jsonl` and `notes.md`; every run again as a row in `results.csv`. A run is
repeated alone by the command in its line. Settings were chosen on validation learners, the test answers are predicted
once. AUC is pooled over the scored answers, mean ± sample deviation over the runs; "95 % by learner" is the mean of the
runs' bootstrap intervals over learners; "lead" is the difference of AUC to the lane's reference, on the same learners
of the first run, with its paired interval. Processor seconds are those of the whole fit with its validation.
"""


def _section(lane: Any, mine: Sequence[lines.Line], beside: Sequence[lines.Line]) -> str:
    machines = sorted({line["machine"] for line in mine})
    published = lane.get("published") or {}
    reference = lane.get("reference")
    parts = [
        f"## {lane.title}\n\n{lane.protocol}\n",
        f"{_scored(mine)}; measured on {' and '.join(machines)}; leads are over {reference}.\n",
        tables.markdown(standings.accuracy_rows(mine, published, beside)) + "\n",
    ]
    if beside:
        parts.append("Stacks of all of them, weights fitted on the validation learners:\n")
        parts.append(tables.markdown(standings.stack_rows(beside, lane.get("best") or {})) + "\n")
    parts.append("Cold start, AUC by answer of the learner, and of items without a training answer (n):\n")
    parts.append(tables.markdown(standings.cold_rows(mine)) + "\n")
    parts.append("Cost; a decision is an update and 1,000 predictions after 200 answers, on one thread:\n")
    parts.append(tables.markdown(standings.cost_rows(mine)) + "\n")
    return "\n".join(parts)


def _scored(mine: Sequence[lines.Line]) -> str:
    """How many answers are behind a figure, which differs where every run has test learners of its own."""
    counts = sorted({line["answers"] for line in mine})
    return f"{counts[0]:,} answers scored" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,} answers scored"


def _short(mine: Sequence[lines.Line]) -> list[dict[str, Any]]:
    shown = ("model", "runs", "AUC", "95 % by learner", "log loss")
    return [{key: row[key] for key in shown} for row in standings.accuracy_rows(mine, {}, [])]


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
