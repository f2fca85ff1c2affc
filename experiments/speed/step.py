"""What one decision costs with each tracer: update with an answer, then predict 1,000 candidates, on one thread.

    python experiments/speed/step.py

One learner with 200 answers behind her, a catalog of 1,000 items and 50 skills, every YAML of configs/tracer in its
default size, fitted for one epoch on made-up answers (the time does not depend on what was learned). Writes step.md.
"""

import os
import statistics
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from lernpfad.core import Catalog, Interactions, Sequences, state_after
from lernpfad.core.state import size
from lernpfad.run import resolvers
from lernpfad.run.cost import parameters

HERE = Path(__file__).parent
CONFIGS = HERE.parents[1] / "configs"
ITEMS, SKILLS, HISTORY, REPEATS = 1000, 50, 200, 50
WANTED = 5.0


def logs() -> Sequences:
    rng = np.random.default_rng(0)
    skills = [list(rng.choice(SKILLS, rng.integers(1, 4), replace=False)) for _ in range(ITEMS)]
    catalog = Catalog.of([f"i{n}" for n in range(ITEMS)], [f"s{k}" for k in range(SKILLS)], skills)
    learners, rows = 60, 60 * HISTORY
    time_ = np.sort(rng.uniform(0, 1e7, (learners, HISTORY)), axis=1).ravel()
    item, outcome = rng.integers(0, ITEMS, rows), rng.integers(0, 2, rows)
    return Sequences.of(catalog, [str(j) for j in range(learners)], [HISTORY] * learners, item, outcome, time=time_)


def made(name: str) -> object:
    resolvers.register()
    with initialize_config_dir(version_base="1.3", config_dir=str(CONFIGS)):
        trainer = ["+trainer=fast", "trainer.max_epochs=1", "trainer.progress_bar=false", "trainer.accelerator=cpu"]
        return instantiate(compose(overrides=[f"+tracer={name}", *trainer]).tracer)


def main() -> None:
    histories = logs()
    lines = [
        "# One decision with each tracer",
        "",
        "Made by `python experiments/speed/step.py`: update with an answer, then predict 1,000 candidates, of a",
        f"learner with {HISTORY} answers behind her. Median and least of {REPEATS}, and the median of processor",
        "time, in which what else the machine had to do does not count. One thread, no GPU,",
        f"the tracer itself (not its ONNX twin). Wanted: a median under {WANTED:.0f} ms.",
        "",
        "|tracer|learned numbers|bytes of state|ms|least ms|processor ms|reached|",
        "|---|---|---|---|---|---|---|",
    ]
    busy = []
    for path in sorted((CONFIGS / "tracer").glob("*.yaml")):
        tracer = made(path.stem).fit(histories)
        torch.set_num_threads(1)  # once more for each: DKVMN's walk over all cores sets it for torch as well
        state = state_after(tracer, histories.select([0]))
        seen = Interactions(np.array([3]), np.array([1]), np.array([True]), np.ones(1), np.array([1.1e7]))
        candidates, at, taken, worked = np.arange(ITEMS)[None], np.array([1.2e7]), [], []
        for _ in range(REPEATS):
            begun, began = time.perf_counter(), time.process_time()
            tracer.predict(tracer.update(state, seen), candidates, at)
            taken.append(1000 * (time.perf_counter() - begun))
            worked.append(1000 * (time.process_time() - began))
        cost = statistics.median(taken)
        reached = "yes" if cost < WANTED else "**no**"
        lines.append(
            f"|{path.stem}|{parameters(tracer):,}|{size(state):,}|{cost:.2f}|{min(taken):.2f}|{statistics.median(worked):.2f}|{reached}|"
        )
        busy.append(os.getloadavg()[0])
        print(lines[-1], flush=True)
    busiest = f"Other work beside it: a load of {min(busy):.1f} to {max(busy):.1f} on {os.cpu_count()} cores meanwhile."
    (HERE / "step.md").write_text("\n".join([*lines, "", busiest, ""]))


if __name__ == "__main__":
    main()
