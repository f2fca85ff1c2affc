"""`lernpfad evaluate`: fitted models on held-out histories, and policies against each other in closed loop."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf

from lernpfad.core import BoolArray, ConfigError, Policy, Sequences, StrArray
from lernpfad.evaluate import beside, tables
from lernpfad.evaluate import closed_loop as judged
from lernpfad.evaluate.dashboard import standard
from lernpfad.evaluate.gallery import gallery
from lernpfad.evaluate.results import Results, label
from lernpfad.evaluate.robustness import best_oracle
from lernpfad.policy import spec
from lernpfad.run import closed_loop, conditions, measure, offpolicy, parts, provenance, stack
from lernpfad.run.closed_loop import Outcome
from lernpfad.run.conditions import MEASURED
from lernpfad.run.record import Record, Start
from lernpfad.run.stack import Models
from lernpfad.serve.files import jsonable, write_arrays, write_json

log = logging.getLogger(__name__)

RESULT_FILE, TABLE_FILE, REPORT_FILE = "evaluation.json", "policies.txt", "report.html"
OFFPOLICY_FILE = "offpolicy.txt"
WINNER = "winner"
"""Folder of the arrays that the best policy learned, beside the result file, if it learned any."""


def run(config: Any) -> None:
    """Measure, compare, and write the table, the numbers and the report into the run folder."""
    loop, on_data = parts.chosen(config, "simulator"), parts.chosen(config, "data")
    if not loop and not on_data:
        raise ConfigError("nothing to evaluate on: choose simulator=..., data=... or both")
    if offpolicy.estimators(config) and not on_data:
        raise ConfigError("offpolicy needs a log with propensities: choose data=..., or leave offpolicy out")
    models, folder = stack.models(config.models), parts.folder()
    start = Start(f"evaluate {models.tracer.name}", folder, parts.resolved(config))
    with parts.build(config, "tracking").start(start) as record:
        found: dict[str, Any] = {"models": models.folders()}
        if on_data:
            found |= _on_data(config, models, record, folder)
        if loop:
            found |= _in_closed_loop(config, models, record, folder)
        write_json(folder / RESULT_FILE, jsonable(found))
        record.file(folder / RESULT_FILE)
        log.info("run folder: %s", folder)
        if record.place():
            log.info("MLflow: %s", record.place())


def _on_data(config: Any, models: Models, record: Record, folder: Path) -> dict[str, Any]:
    """The models on the test part of a data set, and the policies if it is to be asked about them."""
    dataset, split = parts.data(config)
    stack.for_items(models, dataset.catalog, where=f"data set '{dataset.name}'")
    record.data(dataset.name, dataset.fingerprint, str(config.data.source.get("folder", "")))
    measured = _measured(config, models, split.test, split.test_scored, train=split.train)
    standing = offpolicy.run(config, models, dataset, split) if offpolicy.estimators(config) else None
    facts = _provenance(config, record) | {"data hash": dataset.fingerprint}
    results = replace(measured, offpolicy=standing, provenance=facts)
    _reported(results, record, folder / f"{dataset.name}-{REPORT_FILE}", title=f"Models on {dataset.name}")
    found = {"on_data": _rows(config, results, record, prefix=dataset.name)}
    if standing is None:
        return found
    (folder / OFFPOLICY_FILE).write_text(standing.text() + "\n", encoding="utf-8")
    record.file(folder / OFFPOLICY_FILE)
    print(f"\n{standing.text()}\n")
    return found | {"off_policy": standing.record()}


def _in_closed_loop(config: Any, models: Models, record: Record, folder: Path) -> dict[str, Any]:
    """The models on the past of new learners, and the policies from there on."""
    outcome = closed_loop.run(config, models)
    past = outcome.known.select(slice(config.learners))
    measured = _measured(config, models, past, np.ones(len(past), dtype=bool))
    results = replace(
        measured,
        rollouts=outcome.rollouts,
        roles=outcome.world.roles,
        catalog=outcome.world.catalog,
        accounts=outcome.accounts,
        beliefs=outcome.beliefs,
        groups={"role": _roles(outcome)},
        reference=config.reference,
        oracle=best_oracle(outcome.rollouts, config.reference) or judged.ORACLE,
        provenance=_provenance(config, record),
    )
    found = {"on_past": _rows(config, results, record, prefix="new_learners")}
    text = judged.table(results.policies)
    (folder / TABLE_FILE).write_text(text + "\n", encoding="utf-8")
    print(f"\n{text}\n\n{tables.text(beside.rows(results))}\n\n{tables.text(beside.lasting_rows(results))}\n")
    _reported(results, record, folder / REPORT_FILE, title="What next? Policies compared in closed loop")
    _recorded(results, record, folder)
    how = {MEASURED: conditions.of_closed_loop(config, outcome.world)}
    return found | _judged(results, outcome, folder) | {"beside": beside.facts(results)} | how


def _roles(outcome: Outcome) -> StrArray:
    """The role that each learner held when the policies began, as a label."""
    return np.append(outcome.world.roles.names, "without a role")[outcome.past.role]


def _judged(results: Results, outcome: Outcome, folder: Path) -> dict[str, Any]:
    """Every policy's numbers, and the best one of those that production could run, with its lead."""
    rows = [one.row() for one in results.policies]
    fair = [one.policy for one in results.policies if not getattr(outcome.policies[one.policy], "sees_truth", False)]
    if not fair:  # nothing but oracles: there is nothing to export
        return {"policies": rows}
    winner = fair[-1]
    leads = {
        other: judged.difference(
            results.rollouts,
            winner,
            other,
            reference=results.reference,
            resamples=results.resamples,
            seed=results.seed,
        )._asdict()
        for other in results.rollouts
        if other != winner
    }
    return {
        "policies": rows,
        "winner": winner,
        "winner_leads_by": leads,
        **_kept(outcome.policies[winner], folder),
    }


def _kept(winner: Policy, folder: Path) -> dict[str, Any]:
    """The policy as data; what it learned goes into a folder of its own."""
    learned = spec.arrays(winner)
    if learned:
        write_arrays(folder / WINNER, learned)
    described = jsonable(spec.describe(winner), exact=True)
    return {"winner_spec": described, "winner_learned": WINNER if learned else None}


def _measured(
    config: Any, models: Models, histories: Sequences, scored: BoolArray, *, train: Sequences | None = None
) -> Results:
    """Tracing and ranking of the models on some histories."""
    tracers = {one.name: measure.tracing(one.model, histories, scored) for one in models.tracers}
    ranked = {
        one.name: measure.ranking(one.model, histories, scored, train=train, **measure.protocol(config))
        for one in models.recommenders
    }
    return Results(
        tracers=tracers,
        recommenders=ranked,
        training={one.name: one.facts.get("epochs", []) for one in models.tracers},
        resamples=config.resamples,
        seed=config.seed,
    )


def _rows(config: Any, results: Results, record: Record, *, prefix: str) -> dict[str, measure.Rows]:
    """The models' metrics as rows by model; printed and recorded on the way."""
    sure = {"resamples": config.resamples, "seed": config.seed}
    found = {name: measure.tracing_rows(one, **sure) for name, one in results.tracers.items()}
    found |= {name: measure.ranking_rows(one, **sure) for name, one in results.recommenders.items()}
    for name, rows in found.items():
        record.metrics(measure.flat(rows, f"{prefix}/{name}"))
        print(f"\n{label(name)} on {prefix.replace('_', ' ')}\n{measure.text(rows)}")
    return found


def _reported(results: Results, record: Record, path: Path, *, title: str) -> None:
    drawn = gallery(results)
    record.file(standard(results, title=title, drawn=drawn).write(path))
    for name, one in drawn.items():
        record.figure(one.figure, name)
    log.info("report: %s", path)


def _recorded(results: Results, record: Record, folder: Path) -> None:
    """The policies' numbers in the record."""
    record.table([one.row() for one in results.policies], "policies")
    record.file(folder / TABLE_FILE)
    for one in results.policies:
        numbers = {key: value for key, value in one.row().items() if isinstance(value, float)}
        record.metrics({f"closed_loop/{one.policy}/{key}": value for key, value in numbers.items()})


def _provenance(config: Any, record: Record) -> dict[str, Any]:
    """What one needs to do it again."""
    return {
        "command": provenance.command_line(),
        "commit": provenance.commit() or "no git",
        "seed": config.seed,
        "MLflow": record.place() or "not recorded",
        "versions": ", ".join(f"{name} {number}" for name, number in provenance.versions().items()),
        "configuration": OmegaConf.to_yaml(config, resolve=True),
    }
