"""A learner log small enough to train on in a blink, with something in it to learn."""

from pathlib import Path

import numpy as np

from lernpfad.core import Catalog, Sequences
from lernpfad.data import table
from lernpfad.data.dataset import Dataset

SKILLS, ITEMS = 4, 24


def log(learners: int = 60, rows: int = 20, seed: int = 0) -> Dataset:
    """Learners of different skill who practise random items, and get better at it."""
    rng = np.random.default_rng(seed)
    catalog = Catalog.of(
        [f"item-{i:02d}" for i in range(ITEMS)],
        [f"skill-{k}" for k in range(SKILLS)],
        [[i % SKILLS] for i in range(ITEMS)],
        minutes=rng.uniform(2, 9, ITEMS),
    )
    item = rng.integers(0, ITEMS, learners * rows)
    ability = np.repeat(rng.normal(0, 1.5, learners), rows) + 0.1 * np.tile(np.arange(rows), learners)
    outcome = rng.random(len(item)) < 1 / (1 + np.exp(-ability))
    names = [f"learner-{j:03d}" for j in range(learners)]
    time = 1.7e9 + 3600.0 * (7 * np.tile(np.arange(rows), learners) + np.repeat(np.arange(learners), rows) % 7)
    outcome = outcome.astype(np.int8)
    return Dataset("tiny", Sequences.of(catalog, names, [rows] * learners, item, outcome, time=time))


def written(folder: Path, **size: int) -> Path:
    """The folder, with such a log in our table layout in it."""
    table.write(log(**size), folder)
    return folder
