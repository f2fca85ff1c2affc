"""`lernpfad calibrate`: does a world's log look like the public logs, and how well can anybody predict it?"""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from lernpfad.core import ConfigError, FloatArray, LernpfadError, Sequences, trace
from lernpfad.evaluate.metrics import auc
from lernpfad.run import calibration_page, parts, provenance, stack
from lernpfad.run.record import Record, Start
from lernpfad.serve.files import jsonable, write_json
from lernpfad.simulate.calibration import OBSERVED, ON_THE_DAY, USUALLY, Column, result
from lernpfad.simulate.gates import of_log
from lernpfad.simulate.observer import Observer
from lernpfad.simulate.witness import Witness

log = logging.getLogger(__name__)

RESULT_FILE, TABLE_FILE, REPORT_FILE = "calibration.json", "calibration.md", "report.html"
HELD_OUT: Final = 3
"""Every third learner is predicted, by what was fitted on the others."""


def run(config: Any) -> None:
    """Live, measure, compare; write the figures into the run folder; refuse a world that fails if `strict`."""
    folder = parts.folder()
    start = Start(f"calibrate {' '.join(parts.choices('simulator'))}", folder, parts.resolved(config))
    with parts.build(config, "tracking").start(start) as record:
        beside = _measured(config, record)
        columns = [_column(config, block) for block in config.blocks or [None]]
        found = result(columns, beside)
        _written(found, columns, beside, folder, record, facts=_facts(config))
        failed = found["failed"]
        log.info("report: %s", folder / REPORT_FILE)
        if failed and config.strict:
            raise LernpfadError(f"{len(failed)} gates failed: {'; '.join(failed)} (see {folder / REPORT_FILE})")


def _column(config: Any, block: float | None) -> Column:
    """One logging policy under every seed."""
    column = Column("as logged" if block is None else f"block {block:g}")
    for seed in config.seeds:
        log.info("%s, seed %d: %d learners, %d weeks", column.name, seed, config.learners, config.weeks)
        lived, witness = _lived(config, block, seed)
        column.statistics.append(of_log(lived))
        if config.ladder:
            column.ladder.append(ladder(config, lived, witness))
    return column


def _lived(config: Any, block: float | None, seed: int) -> tuple[Sequences, Any]:
    """A log of the world, and the witness of it."""
    from lernpfad.simulate.rollout import rollout

    world: Any = Witness(parts.build(config, "simulator"))
    settings = {"learners": config.learners, "weeks": config.weeks, "seed": seed, "progress": config.progress}
    policy = parts.build(_with_block(config, block), "policy")
    return rollout(policy, world, tracer=stack.truth(world), name="logging", **settings).log, world


def _with_block(config: Any, block: float | None) -> Any:
    if block is None:
        return config
    if "block" not in config.policy:
        raise ConfigError(f"policy {' '.join(parts.choices('policy'))} has no block rate to set; give blocks=null")
    import copy

    changed = copy.deepcopy(config)
    changed.policy.block = block
    return changed


def ladder(config: Any, lived: Sequences, witness: Any) -> dict[str, float]:
    """AUC on every third learner: of the truth, and of each tracer of the config, fitted to the other learners."""
    held_out = np.arange(len(lived.learners)) % HELD_OUT == 0
    train, test = lived.select(~held_out), lived.select(held_out)
    rows = held_out[lived.owner]
    predicted: dict[str, FloatArray] = {
        ON_THE_DAY: witness.chances(lived)[rows],
        USUALLY: witness.chances(lived, on_the_day=False)[rows],
    }
    if Observer.understands(witness.world):
        predicted[OBSERVED] = trace(Observer(witness.world), test)
    for name in config.tracers:
        log.info("fitting %s", name)
        predicted[NAMES.get(name, name)] = trace(parts.build(config, f"tracers.{name}").fit(train), test)
    return {name: auc(chance[test.assessed], test.outcome[test.assessed]) for name, chance in predicted.items()}


NAMES: Final[Mapping[str, str]] = {"itemmean": "item mean", "dkt": "DKT", "bkt": "BKT", "elo": "Elo"}


def _measured(config: Any, record: Record) -> dict[str, dict[str, float]]:
    """The same statistics of a data set, where one is given."""
    if not parts.chosen(config, "data"):
        return {}
    from hydra.utils import instantiate

    parts.require_data(config.data)
    data = instantiate(config.data.source)
    record.data(data.name, data.fingerprint, str(config.data.source.get("folder", "")))
    return {data.name: of_log(data.sequences, sets=config.sets)}


def _written(
    found: Mapping[str, Any],
    columns: list[Column],
    beside: Mapping[str, Mapping[str, float]],
    folder: Path,
    record: Record,
    *,
    facts: Mapping[str, str],
) -> None:
    """JSON, Markdown and the page, in the run folder and in the record."""
    write_json(folder / RESULT_FILE, jsonable(found))
    markdown = calibration_page.markdown(columns, beside, facts)
    (folder / TABLE_FILE).write_text(markdown, encoding="utf-8")
    page, drawn = calibration_page.page(columns, beside, facts)
    for path in (folder / RESULT_FILE, folder / TABLE_FILE, page.write(folder / REPORT_FILE)):
        record.file(path)
    for name, figure in drawn.items():
        record.figure(figure, name)
    record.metrics(dict(_numbers(columns)))
    print("\n" + markdown)


def _numbers(columns: list[Column]) -> Iterator[tuple[str, float]]:
    for one in columns:
        place = one.name.replace(" ", "_")
        yield f"calibration/{place}/gates_passed", float(sum(one.passed.values()))
        for step in one.headroom:
            yield f"calibration/{place}/{step.replace(' ', '_')}", float(np.mean(one.headroom[step]))


def _facts(config: Any) -> dict[str, str]:
    from omegaconf import OmegaConf

    return {
        "command": provenance.command_line(),
        "world": " ".join(parts.choices("simulator")),
        "policy": f"{' '.join(parts.choices('policy'))}, told the truth",
        "learners": str(config.learners),
        "weeks": str(config.weeks),
        "seeds": " ".join(map(str, config.seeds)),
        "commit": provenance.commit() or "no git",
        "configuration": OmegaConf.to_yaml(config, resolve=True),
    }
