"""How fast are logged interactions made? A year of a large company under the logging policy.

    python experiments/simulate/speed.py

writes speed.md beside this file. Settings: --learners, --weeks.
"""

import argparse
import os
import time
from pathlib import Path

from lernpfad.core import Rollout
from lernpfad.simulate import OracleTracer, rollout

HERE = Path(__file__).parent
CONFIGS = HERE.parents[1] / "configs"


def lived(told: str, *, learners: int, weeks: int) -> Rollout:
    """A rollout of the main world under the logging policy, which is told nothing, or the truth."""
    from hydra import compose, initialize_config_dir
    from hydra.utils import instantiate

    with initialize_config_dir(str(CONFIGS), version_base=None):
        config = compose(overrides=["+simulator=corporate", "+policy=logging"])
    policy, world = instantiate(config.policy), instantiate(config.simulator)
    tracer = OracleTracer(world) if told == "the truth" else None
    settings = {"learners": learners, "weeks": weeks, "seed": 0, "name": "logging", "progress": True}
    return rollout(policy, world, tracer=tracer, **settings)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=7000)
    parser.add_argument("--weeks", type=int, default=52)
    options = parser.parse_args()
    lines = [
        "# Speed of the simulator",
        "",
        f"    python experiments/simulate/speed.py --learners {options.learners} --weeks {options.weeks}",
        "",
        f"{options.learners} learners, {options.weeks} weeks, 800 items, all propensities made for every offer;",
        f"one process on {os.cpu_count()} cores, of which others claimed {os.getloadavg()[0]:.1f} when it began.",
        "Where that is more than there are to spare, processor seconds tell more than seconds.",
        "",
        "| the policy is told | offers | seconds | processor seconds | for a million: seconds | processor seconds |",
        "|---|---|---|---|---|---|",
    ]
    for told in ("nothing", "the truth"):
        began, worked = time.perf_counter(), time.process_time()
        offers = len(lived(told, learners=options.learners, weeks=options.weeks).log)
        wall, work = time.perf_counter() - began, time.process_time() - worked
        lines.append(
            f"| {told} | {offers:,} | {wall:.1f} | {work:.1f} | {wall / offers * 1e6:.1f} | {work / offers * 1e6:.1f} |"
        )
    (HERE / "speed.md").write_text("\n".join([*lines, ""]))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
