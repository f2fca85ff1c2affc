"""Bundles and requests for `latency.py`: stacks fitted a little on made-up logs; what was learned costs no time."""

import json
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from lernpfad.collaborative.als import ALS
from lernpfad.core import Catalog, FloatArray, Roles, Sequences
from lernpfad.policy.debtperminute import DebtPerMinute
from lernpfad.serve import bundle
from lernpfad.tracing.bkt import BKT

SKILLS, HISTORY, LEARNERS, FACTORS = 100, 200, 64, 16
START, HOUR = 1_767_600_000.0, 3600.0
ROLE: Final = "analyst"
WORDS: Final = ("wrong", "correct")


def catalog(items: int) -> Catalog:
    """Items of one to three skills, each skill after the one below it in tens."""
    rng = np.random.default_rng(0)
    skills = [list(rng.choice(SKILLS, rng.integers(1, 4), replace=False)) for _ in range(items)]
    return Catalog.of(
        [f"item-{n:06d}" for n in range(items)],
        [f"skill-{k:03d}" for k in range(SKILLS)],
        skills,
        minutes=rng.integers(3, 16, items).astype(float),
        prerequisites=[(k, k + 1) for k in range(SKILLS - 1) if k % 10 != 9],
    )


def log(of: Catalog) -> Sequences:
    """Learners of 200 rows whose skills differ in difficulty; no item twice where there are enough."""
    rng = np.random.default_rng(1)
    item = np.concatenate([rng.choice(len(of), HISTORY, replace=len(of) < HISTORY) for _ in range(LEARNERS)])
    ease, able = rng.normal(size=SKILLS), np.repeat(rng.normal(size=LEARNERS), HISTORY)
    outcome = rng.random(len(item)) < 1 / (1 + np.exp(-ease[of.item_skills[item, 0]] - able))
    time = START + HOUR * np.tile(np.arange(HISTORY), LEARNERS)
    names = [f"learner-{j}" for j in range(LEARNERS)]
    return Sequences.of(of, names, [HISTORY] * LEARNERS, item, outcome.astype(int), time=time)


def roles() -> Roles:
    level: FloatArray = np.full((1, 1, SKILLS), 0.8)
    return Roles(np.array([ROLE]), np.array([START]), level, np.ones((1, 1, SKILLS)))


def tracer(name: str) -> Any:
    """BKT, or a network in its default size; one epoch."""
    if name == "bkt":
        return BKT(starts=1, max_iterations=5)
    from lernpfad.tracing.akt import AKT
    from lernpfad.tracing.dkt import DKT
    from lernpfad.training import Fitting, NeuralTracer

    network: Any = {"dkt": DKT, "akt": AKT}[name]
    return NeuralTracer(partial(network), Fitting(max_epochs=1, accelerator="cpu", progress_bar=False))


def written(folder: Path, name: str, train: Sequences) -> Path:
    """The bundle of a tracer with ALS and debt per minute; for DKT the plain server's files as well."""
    model = tracer(name).fit(train)
    if name == "dkt":
        plain_files(folder.with_name("plain"), model, train.catalog)
    return bundle.write(
        folder,
        tracer=model,
        recommender=ALS(factors=FACTORS, iterations=2).fit(train),
        policy=DebtPerMinute(),
        catalog=train.catalog,
        roles=roles(),
        metrics={},
        provenance={"data": "made up"},
    )


def plain_files(folder: Path, model: Any, of: Catalog) -> None:
    """Weights and catalog for `plain_server.py`."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    save_file(model.built().state_dict(), folder / "weights.safetensors")
    facts = {"items": [str(one) for one in of.items], "item_skills": of.item_skills.tolist(), "skills": len(of.skills)}
    (folder / "catalog.json").write_text(json.dumps(facts))


def rows(of: Sequences, learner: int) -> list[dict[str, Any]]:
    """A learner's rows as the API takes them."""
    mine = range(of.offsets[learner], of.offsets[learner + 1])
    return [
        {"item": str(of.catalog.items[of.item[n]]), "outcome": WORDS[of.outcome[n]], "minutes": float(of.minutes[n])}
        | {"time": float(of.time[n])}
        for n in mine
    ]


def posted(of: Sequences, k: int) -> list[bytes]:
    """Bodies of `/v1/next-items`, one a learner."""
    return [json.dumps({"history": rows(of, j), "role": ROLE, "k": k}).encode() for j in range(LEARNERS)]


def asked(k: int) -> list[bytes]:
    """Bodies of `/v1/learners/next-items`, one a learner."""
    return [json.dumps({"learner": f"learner-{j}", "role": ROLE, "k": k}).encode() for j in range(LEARNERS)]


def batches(of: Sequences) -> list[bytes]:
    """Bodies that store all of it, one a learner."""
    known = [
        [row | {"learner": f"learner-{j}", "id": str(n)} for n, row in enumerate(rows(of, j))] for j in range(LEARNERS)
    ]
    return [json.dumps({"interactions": mine}).encode() for mine in known]


def framed(of: Sequences, k: int) -> list[bytes]:
    """Bodies of MLflow's `/invocations`, one a learner."""
    names = ["learner", "item", "outcome", "time", "role"]
    bodies = []
    for j in range(LEARNERS):
        data = [[f"learner-{j}", row["item"], WORDS.index(row["outcome"]), row["time"], ROLE] for row in rows(of, j)]
        frame = {"columns": names, "index": list(range(len(data))), "data": data}
        bodies.append(json.dumps({"dataframe_split": frame, "params": {"k": k}}).encode())
    return bodies
