"""Policies that learn from a log and those that plan, beside the formula; on tuning seeds.

    python experiments/policies/learned.py --seeds 1000 1001 1002 --learners 200 --weeks 12

Each seed has its own company: its world, a log from which tracer, recommender and policies are fitted (other people
than those who are judged), and eight weeks under the logging policy, from which all policies branch.
"""

import argparse
import json
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

from lernpfad.collaborative.als import ALS
from lernpfad.core import Experience, Policy, Rollout
from lernpfad.evaluate.closed_loop import compare, difference, table
from lernpfad.policy import (
    CQL,
    DebtPerMinute,
    LinUCB,
    Oracle,
    OraclePlanner,
    Planner,
    RoleCurriculum,
    Thompson,
    WateringCan,
)
from lernpfad.policy.logging import Logging
from lernpfad.policy.spec import learn
from lernpfad.simulate.corporate import Corporate
from lernpfad.simulate.oracle import OracleTracer
from lernpfad.simulate.rollout import rollout
from lernpfad.tracing.bkt import BKT

OTHER_PEOPLE = 100_000
"""Added to a seed, so that those from whose log the models are fitted are not those who are judged."""


def policies() -> dict[str, Policy]:
    """Fresh ones for each company."""
    return {
        "wateringcan": WateringCan(),
        "rolecurriculum": RoleCurriculum(),
        "debtperminute": DebtPerMinute(),
        "linucb": LinUCB(),
        "thompson": Thompson(),
        "cql": CQL(),
        "planner": Planner(),
        "oracle": Oracle(),
        "oracleplanner": OraclePlanner(),
    }


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--seeds", type=int, nargs="+", default=[1000, 1001, 1002])
    words.add_argument("--learners", type=int, default=200)
    words.add_argument("--past-weeks", type=int, default=8)
    words.add_argument("--weeks", type=int, default=12)
    words.add_argument("--logged", type=int, default=600, help="learners of the log that the models are fitted on")
    words.add_argument("--only", nargs="+", help="names of policies; the reference and debtperminute always run")
    words.add_argument("--out", type=Path, help="JSON with the numbers of the table and the paired differences")
    asked = words.parse_args()
    began = perf_counter()
    runs = [roll_out(seed, asked) for seed in asked.seeds]
    rollouts = {name: [one[name] for one in runs] for name in runs[0]}
    results = compare(rollouts)
    print(table(results))
    leads = []
    for name in rollouts:
        for other in ("debtperminute", "rolecurriculum"):
            if other in rollouts and name not in ("debtperminute", "rolecurriculum", "wateringcan"):
                lead = difference(rollouts, name, other)
                value, low, high = (round(100 * bound, 3) for bound in (lead.value, lead.low, lead.high))
                leads.append({"policy": name, "minus": other, "per_100_h": value, "low": low, "high": high})
                print(f"{name} - {other}: {value:.2f} debt-weeks per 100 h, 95 % [{low:.2f}, {high:.2f}]")
    print(f"{perf_counter() - began:.0f} s")
    if asked.out:
        made = {"asked": {k: v for k, v in vars(asked).items() if k != "out"}, "table": [one.row() for one in results]}
        asked.out.write_text(json.dumps(made | {"differences": leads}, indent=2) + "\n")


def roll_out(seed: int, asked: argparse.Namespace) -> dict[str, Rollout]:
    """Every policy in one company."""
    world = Corporate(seed=seed)
    logged = rollout(Logging(), world, learners=asked.logged, weeks=26, seed=seed + OTHER_PEOPLE, name="logging")
    tracer, recommender = BKT().fit(logged.log), ALS().fit(logged.log)
    past = rollout(Logging(), world, learners=asked.learners, weeks=asked.past_weeks, seed=seed, name="logging")
    experience = Experience(logged.log, tracer, recommender, world.roles, logged.role)
    wanted = {"wateringcan", "debtperminute", *(asked.only or policies())}
    found = {}
    for name, policy in policies().items():
        if name not in wanted:
            continue
        began = process_time()
        learn(policy, experience)
        fitted = process_time()
        found[name] = rollout(
            policy,
            world,
            learners=asked.learners,
            weeks=asked.weeks,
            seed=seed,
            name=name,
            tracer=OracleTracer(world) if getattr(policy, "sees_truth", False) else tracer,
            recommender=recommender,
            after=past,
        )
        took = 1000 * (process_time() - fitted) / len(found[name].log)
        print(
            f"seed {seed} {name}: debt {np.nanmean(found[name].debt[-1]):.4f}, fitted in {fitted - began:.0f} s, "
            f"{took:.2f} ms an offer",
            flush=True,
        )
    return found


if __name__ == "__main__":
    main()
