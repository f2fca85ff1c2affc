"""`lernpfad world`: fit networks on logs and keep them as the truth of a neural world."""

import logging
from pathlib import Path
from typing import Any

import numpy as np

from lernpfad.core import ConfigError, Sequences, persist
from lernpfad.evaluate import tables
from lernpfad.run import measure, parts
from lernpfad.run.record import Start
from lernpfad.simulate import ensemble

log = logging.getLogger(__name__)

NETWORK = "lernpfad.tracing.dkt.DKT"
_WEIGHT = "weight."


def run(config: Any) -> None:
    """Fit the members, say how well each predicts the test answers, and write the world's folder."""
    network = config.tracer.get("network")
    if network is None or network["_target_"] != NETWORK:
        raise ConfigError(f"a neural world is made of {NETWORK} alone; leave tracer=dkt")
    folder = Path(config.folder)
    start = Start(f"{config.members} members on {config.data.name}", parts.folder(), parts.resolved(config))
    with parts.build(config, "tracking").start(start) as record:
        dataset, split = parts.data(config)
        record.data(dataset.name, dataset.fingerprint, str(config.data.source.get("folder", "")))
        members, auc = [], []
        for number in range(config.members):
            log.info("fitting member %d on %d interactions", number, len(split.train))
            tracer = parts.build(config, "tracer", seed_of=f"member {number}")
            tracer.fit(split.train, split.valid if len(split.valid) else None)
            auc.append(_auc(tracer, split.test, split.test_scored))
            members.append(weights(tracer))
        facts = {"data": dataset.name, "fingerprint": dataset.fingerprint, "seed": config.seed, "test_auc": auc}
        ensemble.write(folder, members, source(split.train), facts=facts)
        record.metrics({f"member_{number}/auc": one for number, one in enumerate(auc)})
    print(f"test AUC of the members: {', '.join(tables.number(one, 4) for one in auc)}\nneural world: {folder}")


def weights(tracer: Any) -> dict[str, Any]:
    """The weights of a fitted neural tracer by their names in the network."""
    learned = persist.learned(tracer)
    return {name.removeprefix(_WEIGHT)[:-1]: array for name, array in learned.items() if name.startswith(_WEIGHT)}


def source(train: Sequences) -> ensemble.Source:
    """What the items of a log were like, as far as its assessed answers tell."""
    rows, items = train.assessed, len(train.catalog)
    answers = np.bincount(train.item[rows], minlength=items)
    right = np.bincount(train.item[rows], weights=train.outcome[rows], minlength=items)
    mean = float(right.sum() / max(answers.sum(), 1))
    share = np.where(answers > 0, right / np.maximum(answers, 1), mean)
    return ensemble.Source(len(train.catalog.skills), train.catalog.item_skills, answers, share)


def _auc(tracer: Any, test: Sequences, scored: Any) -> float:
    if not (scored & test.assessed).any():
        return float("nan")
    found = measure.tracing_rows(measure.tracing(tracer, test, scored), resamples=0, seed=0)
    return float({row["metric"]: row["value"] for row in found}["auc"])
