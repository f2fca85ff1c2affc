"""What a decision costs with each policy: propensities of 800 items for 1,000 learners, 500 at a time, on one thread.

    python experiments/speed/policies.py

The believed catalog and the roles of the corporate world, 60 made-up offers behind every learner, BKT and item-to-item
neighbours fitted on them. Every YAML of configs/policy in its default settings; what learns from a log is fitted on
that log. Twice: with the estimates (success, mastery, affinity) at hand, which is the policy alone, and with all of
them to be made. Reasons and paths are measured for the recommended policy. Writes policies.md.
"""

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}  # before numpy

import numpy as np
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from lernpfad.collaborative.itemknn import ItemKNN
from lernpfad.core import NextBest, Sequences, Sittings, Situation, path, recommend
from lernpfad.policy import DebtPerMinute, PopularInRole
from lernpfad.simulate.corporate import Corporate
from lernpfad.tracing.bkt import BKT

HERE = Path(__file__).parent
CONFIGS = HERE.parents[1] / "configs"
LEARNERS, HISTORY, TOGETHER, DAY = 1000, 60, 500, 86_400.0


@dataclass(frozen=True)
class Log:
    """A log and the role of each of its learners."""

    log: Sequences
    role: np.ndarray


def made_up(world: Corporate) -> Log:
    rng, rows = np.random.default_rng(0), LEARNERS * HISTORY
    catalog = world.believed
    accepted = rng.random(rows) < 0.8
    log = Sequences.of(
        catalog, [f"l{j}" for j in range(LEARNERS)], [HISTORY] * LEARNERS, rng.integers(0, len(catalog), rows),
        np.where(accepted, rng.random(rows) < 0.7, -1), accepted=accepted,
        time=np.sort(rng.uniform(1.7e9, 1.7e9 + 90 * DAY, (LEARNERS, HISTORY)), axis=1).ravel(),
    )  # fmt: skip
    return Log(log, rng.integers(0, len(world.roles.names), LEARNERS))


def situations(world: Corporate, of: Log) -> list[Situation]:
    tracer, recommender = BKT().fit(of.log.select(slice(0, 100))), ItemKNN().fit(of.log)
    stack = NextBest(tracer, recommender, DebtPerMinute())
    groups = []
    for first in range(0, LEARNERS, TOGETHER):
        some = slice(first, first + TOGETHER)
        role, at = of.role[some], np.full(len(of.role[some]), 1.7e9 + 91 * DAY)
        left, asked = np.full(len(role), 24.0), world.roles.at(role, at)
        groups.append(stack.situation(of.log.select(some), requirement=asked, role=role, at=at, minutes_left=left))
    return groups


def fresh(now: Situation, *, known: bool) -> Situation:
    """The same moment without anything computed, or with the estimates alone."""
    names = ("success", "mastery", "affinity") if known else ()
    return replace(now, given={name: getattr(now, name) for name in names})


def milliseconds(ask: Callable[[Situation], Any], groups: list[Situation], repeats: int, *, known: bool) -> float:
    """Processor milliseconds for one learner, the median."""
    taken = []
    for _ in range(repeats + 1):
        shown = [fresh(one, known=known) for one in groups]
        begun = time.process_time()
        for one in shown:
            ask(one)
        taken.append(time.process_time() - begun)
    return 1000 * statistics.median(taken[1:]) / sum(len(one) for one in groups)


def policies(of: Log) -> dict[str, Any]:
    found = {}
    for file in sorted((CONFIGS / "policy").glob("*.yaml")):
        with initialize_config_dir(version_base="1.3", config_dir=str(CONFIGS)):
            policy = instantiate(compose(overrides=[f"+policy={file.stem}"]).policy)
        if not getattr(policy, "sees_truth", False):  # needs the world, not a tracer
            found[file.stem] = policy.fit(of) if isinstance(policy, PopularInRole) else policy
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    world = Corporate(seed=0)
    of = made_up(world)
    groups, rows = situations(world, of), []
    for name, policy in policies(of).items():
        alone = milliseconds(policy.propensities, groups, asked.repeats, known=True)
        whole = milliseconds(policy.propensities, groups, asked.repeats, known=False)
        rows.append((name, alone, whole))
        print(f"{name}: {alone:.3f} ms, {whole:.3f} ms with estimates", flush=True)
    best, few = DebtPerMinute(), [groups[0].select(slice(0, 100))]
    ahead = Sittings(12.0)
    for name, ask in {
        "recommend, 5 items with reasons": lambda now: recommend(best, now, k=5),
        "path, 5 steps with reasons": lambda now: path(best, now, k=5, sittings=ahead),
    }.items():
        rows.append((name, *(milliseconds(ask, few, asked.repeats, known=known) for known in (True, False))))
        print(*rows[-1], flush=True)
    write(rows, asked.repeats, items=len(world.believed), skills=len(world.believed.skills))


def write(rows: list[tuple[str, float, float]], repeats: int, *, items: int, skills: int) -> None:
    lines = [
        "# One decision with each policy",
        "",
        f"Propensities of {items} items ({skills} skills) for one of {LEARNERS:,} learners with {HISTORY} offers each,",
        f"{TOGETHER} asked about together: median processor milliseconds of {repeats} rounds on one core",
        f"({platform.machine()}, one thread). Alone: success, mastery and affinity are at hand. Whole: BKT and",
        "item-to-item neighbours make them first. The last two rows are `recommend` and `path` with",
        "`debtperminute`, 100 learners together.",
        "",
        "    python experiments/speed/policies.py",
        "",
        "|policy|alone, ms|whole, ms|",
        "|---|---|---|",
        *(f"|{name}|{alone:.3f}|{whole:.3f}|" for name, alone, whole in rows),
    ]
    (HERE / "policies.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
