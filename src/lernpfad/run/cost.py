"""What a model costs: numbers learned, seconds to fit, bytes of a tracer's state, milliseconds of one answer."""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from lernpfad.core import IntArray, Interactions, Sequences, state_after
from lernpfad.core.persist import learned, members
from lernpfad.core.state import size

CANDIDATES: Final = 1000
HISTORY: Final = 200
BATCH: Final = 1000
_REPEATS: Final = 30
_PATIENCE: Final = 3.0
"""Seconds after which a slow recommender is not asked again."""

_DAY: Final = 86_400.0


@dataclass
class Stopwatch:
    """Seconds between entering and leaving: wall, and of the processors of this process."""

    wall: float = 0.0
    processor: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count what happens inside."""
        wall, processor = time.perf_counter(), time.process_time()
        yield
        self.wall += time.perf_counter() - wall
        self.processor += time.process_time() - processor


def of(tracer: Any, histories: Sequences) -> dict[str, float]:
    """Learned numbers; bytes of a learner's state, and milliseconds of a decision of hers, after `HISTORY` answers.

    A decision is an update with one answer, then a prediction for `CANDIDATES` items. The history is the longest one
    of `histories`, repeated until it is long enough; the catalog likewise. As many threads as the process has.
    """
    history = _long(histories)
    state = state_after(tracer, history)
    now = float(history.time[-1]) + _DAY
    seen = Interactions(history.item[:1], np.ones(1, np.int8), np.ones(1, bool), np.ones(1), np.array([now]))
    items = np.resize(np.arange(len(histories.catalog)), CANDIDATES)[None]
    taken = []
    for _ in range(_REPEATS):
        begun = time.perf_counter()
        tracer.predict(tracer.update(state, seen), items, np.array([now + 60.0]))
        taken.append(1000 * (time.perf_counter() - begun))
    return {"parameters": parameters(tracer), "state_bytes": size(state), "step_ms": statistics.median(taken)}


def of_recommender(recommender: Any, histories: Sequences) -> dict[str, float]:
    """Learned numbers; milliseconds to score the full catalog for one learner, and learners a second in a batch.

    The one learner is she with the longest history, of which the last `HISTORY` rows; the batch is the first `BATCH`
    learners. As many threads as the process has.
    """
    items = np.arange(len(histories.catalog))
    longest = int(np.argmax(histories.lengths))
    one = histories.where((histories.owner == longest) & (histories.position >= histories.lengths.max() - HISTORY))
    one, some = one.select(np.array([longest])), histories.select(np.arange(min(BATCH, len(histories.learners))))
    taken: list[float] = []
    while len(taken) < _REPEATS and sum(taken) < _PATIENCE:
        taken.append(_seconds(recommender, one, items))
    return {
        "parameters": parameters(recommender),
        "score_ms": 1000 * statistics.median(taken),
        "learners_per_s": len(some.learners) / max(_seconds(recommender, some, items), 1e-9),
    }


def _seconds(recommender: Any, histories: Sequences, items: IntArray) -> float:
    begun = time.perf_counter()
    recommender.score(histories, items)
    return time.perf_counter() - begun


def parameters(tracer: Any) -> int:
    """Real numbers that were learned, those of its members included."""
    own = sum(array.size for array in learned(tracer).values() if array.dtype.kind == "f")
    return own + sum(parameters(one) for one in members(tracer).values())


def _long(histories: Sequences) -> Sequences:
    """One learner with `HISTORY` rows, an hour apart."""
    start = histories.offsets[int(np.argmax(histories.lengths))]
    rows = start + np.resize(np.arange(histories.lengths.max()), HISTORY)
    first = float(histories.time[start])
    return Sequences.of(
        histories.catalog,
        ["one"],
        [HISTORY],
        histories.item[rows],
        histories.outcome[rows],
        time=first + 3600.0 * np.arange(HISTORY),
    )
