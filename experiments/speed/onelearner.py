"""What one learner costs with each recommender: the scores of 10,000 items for a history of 50, folding in included.

    python experiments/speed/onelearner.py

Every YAML of configs/recommender in its default size, the factor models with 64 factors as well, each as it was fitted
and as production reads it back from its bundle (networks: the ONNX graph). The log is made up, and little of it is
fitted: the time does not depend on what was learned. Writes onelearner.md.
"""

import argparse
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}  # before numpy

import numpy as np
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from lernpfad.collaborative.ease import EASE
from lernpfad.collaborative.rows import share_taken
from lernpfad.core import Catalog, Recommender, Sequences
from lernpfad.run import resolvers
from lernpfad.serve.models import read_model, write_model

HERE = Path(__file__).parent
CONFIGS = HERE.parents[1] / "configs"
ITEMS, SKILLS, HISTORY, LEARNERS, FEW = 10_000, 500, 50, 3000, 64
WANTED = 5.0
WIDE = 64
SMALLER = {"hybrid": ["recommender.refit=false", "recommender.learners=100"]}
"""Settings that shorten the fit and change nothing in scoring."""


def log() -> Sequences:
    """Histories of 20 to 60 takes, some of them declined, popular items first."""
    rng = np.random.default_rng(0)
    skills = [list(rng.choice(SKILLS, rng.integers(1, 4), replace=False)) for _ in range(ITEMS)]
    catalog = Catalog.of([f"i{n}" for n in range(ITEMS)], [f"s{k}" for k in range(SKILLS)], skills)
    lengths = rng.integers(20, 61, LEARNERS)
    lengths[0], rows = HISTORY, int(lengths[1:].sum()) + HISTORY
    item = (ITEMS * rng.random(rows) ** 3).astype(int)
    days = np.concatenate([np.sort(rng.uniform(0, 365, n)) for n in lengths])
    return Sequences.of(
        catalog, [f"u{j}" for j in range(LEARNERS)], lengths, item, np.full(rows, -1),
        accepted=rng.random(rows) < 0.9, time=86_400 * days,
    )  # fmt: skip


def drawn(self: EASE, train: Sequences, valid: Sequences | None = None) -> EASE:
    """Instead of EASE's fit, which solves for 10,000 items at once: weights as dense as fitted ones."""
    size = len(train.catalog)
    self.weight_ = np.random.default_rng(1).normal(size=(size, size)).astype(np.float32)
    self.share_ = share_taken(train)
    return self


def made(name: str, *changed: str) -> Any:
    resolvers.register()
    with initialize_config_dir(version_base="1.3", config_dir=str(CONFIGS)):
        trainer = ["+trainer=fast", "trainer.max_epochs=1", "trainer.progress_bar=false", "trainer.accelerator=cpu"]
        return instantiate(
            compose(overrides=[f"+recommender={name}", *trainer, *SMALLER.get(name, []), *changed])
        ).recommender


def milliseconds(model: Recommender, one: Sequences, repeats: int) -> float:
    """The median of processor milliseconds."""
    items, taken = np.arange(len(one.catalog)), []
    for _ in range(repeats + 3):
        begun = time.process_time()
        model.score(one, items)
        taken.append(time.process_time() - begun)
    return 1000 * statistics.median(taken[3:])


def variants() -> dict[str, list[str]]:
    plain = {path.stem: [] for path in sorted((CONFIGS / "recommender").glob("*.yaml"))}
    wide = {f"{name}, {WIDE} factors": [f"recommender.factors={WIDE}"] for name in ("als", "bpr", "ials", "lmf")}
    return dict(sorted((plain | wide).items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--only", action="append", help="recommenders to measure; prints, writes nothing")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    EASE.fit = drawn
    train = log()
    one, rows = train.select(slice(0, 1)), []
    for variant, changed in variants().items():
        name = variant.partition(",")[0]
        if asked.only and name not in asked.only:
            continue
        quick = ["recommender.iterations=2"] if name in ("als", "bpr", "ials", "lmf") else []
        model = made(name, *changed, *quick)
        model.fit(train.select(slice(0, FEW)) if "network" in vars(model) else train)
        with tempfile.TemporaryDirectory() as folder:
            served = read_model(write_model(model, Path(folder)), Path(folder), threads=1)
        found = milliseconds(model, one, asked.repeats), milliseconds(served, one, asked.repeats)
        rows.append((variant, *found))
        print(f"{variant}: {found[0]:.2f} ms, served {found[1]:.2f} ms", flush=True)
    if not asked.only:
        write(rows, asked.repeats)


def write(rows: list[tuple[str, float, float]], repeats: int) -> None:
    lines = [
        "# One learner with each recommender",
        "",
        f"Scores of {ITEMS:,} items for one learner with {HISTORY} interactions, folding in included: median processor",
        f"milliseconds of {repeats} calls on one core ({platform.machine()}, one thread, no GPU). Fitted is the model "
        "itself, served what",
        "production reads back from a bundle (for networks the ONNX graph). The log is made up",
        f"({LEARNERS:,} learners, {SKILLS} skills); EASE's weights are drawn, not solved for. "
        f"Wanted: under {WANTED:.0f} ms.",
        "",
        "    python experiments/speed/onelearner.py",
        "",
        "|recommender|fitted, ms|served, ms|reached|",
        "|---|---|---|---|",
    ]
    lines += [
        f"|{name}|{fitted:.2f}|{served:.2f}|{'yes' if max(fitted, served) < WANTED else '**no**'}|"
        for name, fitted, served in rows
    ]
    (HERE / "onelearner.md").write_text("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
