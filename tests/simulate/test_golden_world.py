"""The main world is frozen: whoever moves one of these numbers moves every published figure."""

import hashlib

import numpy as np
import pytest

from lernpfad.core import Rollout
from simulate.small import Leaning, lived, world


def digest(of: Rollout) -> str:
    """A short hash of what was offered and what came of it."""
    log, hashed = of.log, hashlib.sha256()
    for column in (log.offsets, log.item, log.outcome, log.accepted):
        hashed.update(np.ascontiguousarray(column).astype(np.int64).tobytes())
    return hashed.hexdigest()[:16]


def means(of: Rollout) -> tuple[float, float, float]:
    """Mean debt and mastery, and all hours."""
    return float(of.debt.mean()), float(of.mastery.mean()), float(of.hours.sum())


def test_the_log_of_the_small_main_world_is_what_it_was() -> None:
    of = lived(world(), Leaning(), learners=40, weeks=5, seed=11, watched=8)
    assert digest(of) == "355c9e18a18483d7"
    assert means(of) == pytest.approx((0.3144202, 0.6008165, 148.0374897), abs=1e-6)


def test_so_it_is_with_other_memories_rules_and_moves() -> None:
    of = lived(world(kappa=0.9, transfer=0.1, rule="min", moving=0.9), Leaning(), learners=40, weeks=5, seed=11)
    assert digest(of) == "3431af833bd7a619"
    assert means(of) == pytest.approx((0.3169435, 0.5926126, 147.4055424), abs=1e-6)
