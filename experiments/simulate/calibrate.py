"""Is the main world plausible? The gates of `lernpfad.simulate.gates`, and how well anybody can predict its answers.

    python experiments/simulate/calibrate.py

writes calibration.md beside this file. Settings: --learners, --weeks, --seeds.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from lernpfad.core import Sequences, trace
from lernpfad.evaluate.metrics import auc
from lernpfad.simulate import OracleTracer, rollout
from lernpfad.simulate.gates import GATES, of_log
from lernpfad.simulate.witness import Witness

HERE = Path(__file__).parent
CONFIGS = HERE.parents[1] / "configs"
BLOCKS = (0.75, 0.35)
LADDER = {
    "true probability on the day": (0.74, 0.86),
    "true probability on a usual day": None,
    "DKT": None,
    "BKT": None,
    "item mean": (0.60, 0.70),
}


def composed(*groups: str, **changes: Any) -> dict[str, Any]:
    """The parts of a configuration, built as the command line builds them."""
    from hydra import compose, initialize_config_dir
    from hydra.utils import instantiate

    overrides = [f"+{group}" for group in groups] + [f"{key}={value}" for key, value in changes.items()]
    with initialize_config_dir(str(CONFIGS), version_base=None):
        config = compose(overrides=overrides)
    return {str(name): instantiate(part) for name, part in config.items()}


def world() -> Witness:
    """The main world of configs/simulator/corporate.yaml, under observation."""
    from hydra import compose, initialize_config_dir

    with initialize_config_dir(str(CONFIGS), version_base=None):
        settings = dict(compose("simulator/corporate").simulator)
    del settings["_target_"]
    return Witness(**settings)


def lived(block: float, seed: int, *, learners: int, weeks: int) -> tuple[Sequences, Witness]:
    """A log of the main world under the logging policy, and the witness of it."""
    policy = composed("policy=logging", **{"policy.block": block})["policy"]
    watched = world()
    settings = {"learners": learners, "weeks": weeks, "seed": seed, "name": "logging"}
    return rollout(policy, watched, tracer=OracleTracer(watched), progress=True, **settings).log, watched


def ladder(log: Sequences, watched: Witness) -> dict[str, float]:
    """AUC on every third learner of the truth, and of what was fitted to the other learners."""
    held_out = np.arange(len(log.learners)) % 3 == 0
    train, test = log.select(~held_out), log.select(held_out)
    rows = held_out[log.owner]
    predicted = {
        "true probability on the day": watched.chances(log)[rows],
        "true probability on a usual day": watched.chances(log, on_the_day=False)[rows],
        "DKT": trace(composed("tracer=dkt", "trainer=fast")["tracer"].fit(train), test),
        "BKT": trace(composed("tracer=bkt")["tracer"].fit(train), test),
        "item mean": trace(composed("tracer=itemmean")["tracer"].fit(train), test),
    }
    return {name: auc(chance[test.assessed], test.outcome[test.assessed]) for name, chance in predicted.items()}


def row(name: str, interval: tuple[float, float] | None, columns: list[list[float]]) -> str:
    """A line of the table: mean over seeds (lowest to highest), and whether every seed is inside."""
    cells = [f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})" for values in columns]
    every = [value for values in columns for value in values]
    inside = "" if interval is None else "pass" if all(interval[0] <= v <= interval[1] for v in every) else "**fail**"
    wanted = "" if interval is None else f"{interval[0]} to {interval[1]}"
    return f"| {name} | {' | '.join(cells)} | {wanted} | {inside} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=600)
    parser.add_argument("--weeks", type=int, default=52)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    gates: list[list[dict[str, float]]] = []
    ladders: list[list[dict[str, float]]] = []
    for block in BLOCKS:
        logs = [lived(block, seed, learners=options.learners, weeks=options.weeks) for seed in options.seeds]
        gates.append([of_log(log) for log, _ in logs])
        ladders.append([ladder(log, watched) for log, watched in logs])
    heads = " | ".join(f"block {block}" for block in BLOCKS)
    lines = [
        "# Calibration of the main world",
        "",
        f"    python experiments/simulate/calibrate.py --learners {options.learners} --weeks {options.weeks} "
        f"--seeds {' '.join(map(str, options.seeds))}",
        "",
        "World of `configs/simulator/corporate.yaml`, logged by `configs/policy/logging.yaml` that is told the truth,",
        "at its default block rate and at a lower one. Mean over the seeds of the people (lowest to highest). A gate",
        "passes if every seed lies in the interval, which is the range of five public logs widened by a quarter on",
        "each side. All of those are of pupils, students or hobby learners: this is plausible, not proved.",
        "",
        f"| statistic | {heads} | interval | |",
        f"|---|{'---|' * len(BLOCKS)}---|---|",
        *(row(name, GATES.get(name), [[s[name] for s in seeds] for seeds in gates]) for name in gates[0][0]),
        "",
        "How well can anybody predict? AUC on every third learner, fitted on the others. On a usual day means that the",
        "form of the sitting is not known, as it is not before the first answer; DKT with `trainer=fast`.",
        "",
        f"| predictor | {heads} | interval | |",
        f"|---|{'---|' * len(BLOCKS)}---|---|",
        *(row(name, LADDER[name], [[s[name] for s in seeds] for seeds in ladders]) for name in LADDER),
        "",
    ]
    (HERE / "calibration.md").write_text("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
