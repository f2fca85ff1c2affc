"""Training speed of SASRec beside RecTools' SASRecModel: takes a second on one core, both sides in one run.

    python experiments/speed/sasrec.py --peer-python PEER/bin/python

PEER is an environment of its own with `rectools[torch]` and the same torch. Both are trained by their own step under
their own Lightning trainer on the last 201 takes of every learner of MovieLens 1M: width 64, two blocks, one head,
window 200. RecTools puts 128 learners in a batch, each padded to 200; lernpfad as many takes as 128 learners have on
average, learners of like length together. Seconds are the processor's, so that other work on the machine counts for
neither side; the sides take turns. Writes sasrec.md.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
BATCH, WARM, WINDOW, WANTED = 128, 3, 200, 2.0
LOSSES = {"BCE": "BCE, one negative", "softmax": "softmax over the catalog"}
ONE_CORE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}


def last_takes() -> object:
    """The last takes of every learner: all that RecTools looks at, so that both sides see the same."""
    from lernpfad.data.sources import itemsequence

    folder = Path(os.environ.get("LERNPFAD_DATA", HERE.parents[2] / "shared" / "data"))
    log = itemsequence.read(folder / "ml-1m-sasrec", file="ml-1m.txt").sequences
    return log.where(log.position >= np.repeat(log.lengths, log.lengths) - WINDOW - 1)


def ours(loss: str, steps: int) -> float:
    """Takes a second of our training steps."""
    import torch
    from lightning.pytorch import Callback, Trainer

    from lernpfad.collaborative.sasrec import SASRec
    from lernpfad.core.events import Seen
    from lernpfad.training import Fitting
    from lernpfad.training.losses import BinaryCrossEntropy, CrossEntropy
    from lernpfad.training.module import SequenceTraining
    from lernpfad.training.nextitem import NextItem

    torch.set_num_threads(1)
    train = last_takes()

    class Clock(Callback):
        rows, begun, seconds = 0, 0.0, 0.0

        def on_train_batch_end(self, trainer, module, outputs, batch, index):
            if trainer.global_step == WARM:
                self.rows, self.begun = 0, time.process_time()
            elif trainer.global_step > WARM:
                self.rows += int((batch.wanted[:, 1:] >= 0).sum())
                self.seconds = time.process_time() - self.begun

    clock = Clock()
    objective = NextItem(
        BinaryCrossEntropy(negatives=1) if loss == "BCE" else CrossEntropy(), Seen(len(train.catalog), WINDOW)
    )
    network = SASRec(items=len(train.catalog), width=64, heads=1, blocks=2, inner=64, dropout=0.2, window=WINDOW)
    rows = round(BATCH * float(train.lengths.mean()))
    trainer = Trainer(
        max_steps=WARM + steps, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, callbacks=[clock], use_distributed_sampler=False,
    )  # fmt: skip
    trainer.fit(SequenceTraining(network, Fitting(), objective, []), objective.batches(train, rows, seed=0))
    return clock.rows / clock.seconds


def run(python: str, *arguments: str) -> float:
    done = subprocess.run([python, *arguments], capture_output=True, text=True, check=False, env=os.environ | ONE_CORE)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} failed:\n{done.stderr[-3000:]}")
    return float(json.loads(done.stdout.strip().splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--ours", choices=list(LOSSES), help="measure our side alone and print the speed")
    asked = parser.parse_args()
    if asked.ours:
        print(ours(asked.ours, asked.steps))
        return
    train = last_takes()
    found = {loss: {"rectools": [], "lernpfad": []} for loss in LOSSES}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.npz"
        np.savez(log, owner=train.owner, item=train.item)
        for _ in range(asked.repeats):
            for loss, sides in found.items():
                peer = [str(HERE / "peer_sasrec.py"), str(log), loss, str(asked.steps)]
                sides["rectools"].append(run(asked.peer_python, *peer))
                sides["lernpfad"].append(run(sys.executable, __file__, "--ours", loss, "--steps", str(asked.steps)))
                print(loss, {side: round(speeds[-1]) for side, speeds in sides.items()}, flush=True)
    write(found, asked)


def write(found: dict[str, dict[str, list[float]]], asked: argparse.Namespace) -> None:
    import torch

    lines = [
        "# Training speed of SASRec beside RecTools",
        "",
        f"Takes that were trained on (padding does not count) a second of one core ({platform.machine()}, no GPU;",
        f"torch {torch.__version__.partition('+')[0]} on both sides): medians of {asked.repeats} turns",
        f"of {asked.steps} steps, in processor time, the sides taking turns. MovieLens 1M, of every learner the last",
        "201 takes; width 64, two blocks, one head, window 200, 128 learners in a batch on average.",
        "Each side runs its own step under its own Lightning trainer.",
        "",
        "    python experiments/speed/sasrec.py --peer-python PEER/bin/python",
        "",
        "PEER holds RecTools 0.19.0 (`rectools[torch]`). What differs: RecTools pads every history to the window and",
        "scores the padding as well; lernpfad draws four chances of dropout from one random number, and keeps one",
        "table of scores where the plain softmax keeps four.",
        "",
        "|loss|RecTools|lernpfad|ratio|wanted|reached|",
        "|---|---|---|---|---|---|",
    ]
    for loss, sides in found.items():
        peer, mine = (statistics.median(sides[side]) for side in ("rectools", "lernpfad"))
        reached = "yes" if mine / peer >= WANTED else "**no**"
        lines.append(f"|{LOSSES[loss]}|{peer:,.0f}|{mine:,.0f}|{mine / peer:.1f}|{WANTED:.0f}|{reached}|")
    (HERE / "sasrec.md").write_text("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
