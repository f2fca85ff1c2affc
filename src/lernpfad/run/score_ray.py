"""The same scoring spread by Ray Data: a file is a task, so that who computes it makes no difference to the result."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lernpfad.run.scoring import Scored

if TYPE_CHECKING:
    from lernpfad.run.score import ScoreSettings


class Worker:
    """A process of Ray that holds the bundle and scores one file after the other."""

    def __init__(self, settings: "ScoreSettings") -> None:
        self.settings = settings
        self.scorer = settings.scorer()

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """One row a file: its path goes in, how many learners it held comes out."""
        sources = [Path(str(one)) for one in batch["path"]]
        done = [self.scorer.score(source, self.settings.out / source.name) for source in sources]
        told = {"learners": np.array([one.learners for one in done]), "fresh": np.array([one.fresh for one in done])}
        return {"path": batch["path"]} | told


def spread(settings: "ScoreSettings", files: Sequence[Path]) -> Iterator[tuple[Path, Scored]]:
    """Score the files on the cluster that Ray is connected to, or on this machine; all see the same folders."""
    import ray

    absolute = {str(one.resolve()): one for one in files}
    found = ray.data.from_items([{"path": path} for path in absolute], override_num_blocks=len(absolute)).map_batches(
        Worker,
        fn_constructor_args=(_absolute(settings),),
        batch_size=1,
        num_cpus=0.5,  # whole cores for every worker leave none for the rest of the pipeline on a small machine
        compute=ray.data.ActorPoolStrategy(size=settings.workers),
    )
    for row in found.iter_rows():
        yield absolute[str(row["path"])], Scored(int(row["learners"]), fresh=bool(row["fresh"]))


def _absolute(settings: "ScoreSettings") -> "ScoreSettings":
    from dataclasses import replace

    return replace(settings, bundle=settings.bundle.resolve(), out=settings.out.resolve())
