"""How fast are logged interactions made? A cohort of the corporate preset under the logging policy, on one core.

    python experiments/simulate/speed.py

writes speed.md beside this file. Settings: --learners, --weeks (those of the preset by default), --repeats.
"""

import argparse
import os
import resource
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).parent
CONFIGS = HERE.parents[1] / "configs"
TARGET = 1e6
"""Interactions a minute and core."""

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


def preset() -> Any:
    """The settings of `lernpfad simulate scenario=corporate`."""
    from hydra import compose, initialize_config_dir

    from lernpfad.run import resolvers, schema

    resolvers.register()
    schema.register()
    with initialize_config_dir(str(CONFIGS), version_base=None):
        return compose("simulate", overrides=["scenario=corporate"])


def lived(config: Any, told: str, *, learners: int, weeks: int, seed: int) -> tuple[int, int, float, float]:
    """Offers, accepted ones, seconds and processor seconds of one cohort; the policy is told nothing, or the truth."""
    from hydra.utils import instantiate

    from lernpfad.simulate import OracleTracer, rollout

    policy, world = instantiate(config.policy), instantiate(config.simulator)
    tracer = OracleTracer(world) if told == "the truth" else None
    began, worked = time.perf_counter(), time.process_time()
    done = rollout(policy, world, tracer=tracer, learners=learners, weeks=weeks, seed=seed, name="logging")
    wall, work = time.perf_counter() - began, time.process_time() - worked
    return len(done.log), int(done.log.accepted.sum()), wall, work


def row(told: str, runs: list[tuple[int, int, float, float]]) -> str:
    """A line of the table: medians over the runs."""
    offers, accepted, wall, work = (median(column) for column in zip(*runs, strict=True))
    rate = median(60.0 * run[0] / run[3] for run in runs)
    taken = median(60.0 * run[1] / run[3] for run in runs)
    return (
        f"| {told} | {offers:,.0f} | {accepted:,.0f} | {wall:.1f} | {work:.1f} | {rate / 1e6:.2f} | "
        f"{rate / TARGET:.2f} | {taken / 1e6:.2f} | {taken / TARGET:.2f} |"
    )


def head(options: argparse.Namespace) -> list[str]:
    """What stands above the table."""
    return [
        "# Speed of the simulator",
        "",
        f"    {' '.join(['python experiments/simulate/speed.py', *sys.argv[1:]])}",
        "",
        f"People of the corporate preset: {options.learners:,} learners, {options.weeks} weeks, 60 skills, 800 items,",
        "all propensities made for every offer; one process on one core, one thread. An interaction is an offer with",
        "what came of it, declined ones included, as the log keeps it; the last columns count accepted offers alone.",
        f"Medians of {options.repeats} runs, each with a seed of its own. Rates are per minute of processor time, as",
        f"others claimed {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores when it began.",
        "The target is a million a minute and core.",
        "",
        "| the policy is told | interactions | accepted | seconds | processor seconds | million a minute | over target "
        "| accepted: million a minute | over target |",
        "|---|---|---|---|---|---|---|---|---|",
    ]


def main() -> None:
    if any(os.environ.get(name) != "1" for name in ONE_THREAD):  # libraries read it when they are loaded
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ONE_THREAD})
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    config = preset()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=config.cohort)
    parser.add_argument("--weeks", type=int, default=config.weeks)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    sizes = {"learners": options.learners, "weeks": options.weeks}
    lines = head(options)
    for told in ("nothing", "the truth"):
        lines.append(row(told, [lived(config, told, seed=seed, **sizes) for seed in range(options.repeats)]))
        print(lines[-1], flush=True)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    lines += ["", f"Peak memory of the process: {memory:,.0f} MB."]
    (HERE / "speed.md").write_text("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
