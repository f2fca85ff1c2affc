"""Loads bundles as a production machine does, where nothing of the research is installed, and tells what they say."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lernpfad.core import NextBest, fold
from lernpfad.core import Sequences as Histories
from lernpfad.serve.twin import random_histories

ABSENT = ("torch", "pandas", "lightning", "hydra", "omegaconf", "mlflow", "scipy", "numba", "sklearn", "implicit")
"""What the serve extra does not bring."""

SECONDS = 120.0


def told(stack: NextBest, histories: Histories) -> dict[str, Any]:
    """What a stack says of histories: predictions along them and after them, affinity, and what is offered."""
    learners = len(histories.learners)
    at = np.full(learners, histories.time.max(initial=0.0) + 3600.0)
    items = np.arange(len(histories.catalog))
    state, along = fold(stack.tracer, histories)
    after = stack.tracer.predict(state, np.tile(items, (learners, 1)), at)
    affinity = None if stack.recommender is None else stack.recommender.score(histories, items)
    given = stack.policy.propensities(stack.situation(histories, at=at))
    found = {"along": along, "after": after, "affinity": affinity, "propensities": given}
    return {name: np.asarray(one, dtype=np.float64) for name, one in found.items() if one is not None}


def told_apart(folders: Sequence[Path], out: Path) -> list[dict[str, Any]]:
    """The same of each bundle, from one process in which what is `ABSENT` cannot be imported."""
    words = [sys.executable, "-m", "serve.apart", str(out), *map(str, folders)]
    path = os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])
    done = subprocess.run(
        words, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    with np.load(out) as arrays:
        found: list[dict[str, Any]] = [{} for _ in folders]
        for name in arrays.files:
            number, what = name.split("/")
            found[int(number)][what] = arrays[name]
    return found


def main(out: str, *folders: str) -> None:
    """Load every bundle, ask it, and keep what it said."""
    for name in ABSENT:
        sys.modules[name] = None  # type: ignore[assignment]  # an import of it fails from here on
    from lernpfad.serve.bundle import load

    said: dict[str, Any] = {}
    for number, folder in enumerate(folders):
        try:
            bundle = load(folder)
            histories = random_histories(bundle.catalog, np.random.default_rng(1))
            said |= {f"{number}/{what}": array for what, array in told(bundle.next_best, histories).items()}
        except Exception as problem:
            problem.add_note(json.dumps({"bundle": folder}))
            raise
    np.savez(out, **said)


if __name__ == "__main__":
    main(*sys.argv[1:])
