"""Every policy in the corporate world, on the same people with the same luck; prints the table of README.md.

    python experiments/policies/closed_loop.py --seeds 2000 2001 2002 --learners 300 --weeks 16

Each seed has its own company: its world, a log from which tracer and recommender are fitted (other people than
those who are judged), and eight weeks under the logging policy, from which all policies branch.
"""

import argparse
import json
from pathlib import Path
from time import perf_counter

import numpy as np

from lernpfad.collaborative.als import ALS
from lernpfad.core import Policy, Rollout
from lernpfad.evaluate.closed_loop import compare, difference, table
from lernpfad.policy import (
    AffinityOnly,
    DebtPerMinute,
    Legal,
    Logging,
    MasteryThreshold,
    Oracle,
    Random,
    RoleCurriculum,
    WateringCan,
)
from lernpfad.simulate.corporate import Corporate
from lernpfad.simulate.oracle import OracleTracer
from lernpfad.simulate.rollout import rollout
from lernpfad.tracing.fsrs import FSRS

POLICIES: dict[str, Policy] = {
    "wateringcan": WateringCan(),
    "rolecurriculum": RoleCurriculum(),
    "random": Random(),
    "legalrandom": Legal(Random()),
    "affinityonly": AffinityOnly(),
    "masterythreshold": MasteryThreshold(),
    "debtperminute": DebtPerMinute(),
    "oracle": Oracle(),
}
OTHER_PEOPLE = 100_000
"""Added to a seed, so that those from whose log the models are fitted are not those who are judged."""


STEPS: dict[str, Policy] = {
    "wateringcan": WateringCan(),
    "debtperminute": DebtPerMinute(),
    "plain formula": DebtPerMinute(aim=0.0, trust=1.0, unready=1.0, unsuited=1.0, crowding=0.0),
    "without aim": DebtPerMinute(aim=0.0),
    "trust 1": DebtPerMinute(trust=1.0),
    "trust 0": DebtPerMinute(trust=0.0),
    "without readiness": DebtPerMinute(unready=1.0),
    "without zone": DebtPerMinute(unsuited=1.0),
    "without crowding": DebtPerMinute(crowding=0.0),
    "shortlist 10": DebtPerMinute(shortlist=10),
    "without acceptance": DebtPerMinute(slope=0.0, bias=0.0, declined_minutes=0.0),
    "other acceptance": DebtPerMinute(slope=1.0, bias=0.0, declined_minutes=1.0),
    "plain formula without acceptance": DebtPerMinute(
        slope=0.0, bias=0.0, declined_minutes=0.0, aim=0.0, trust=1.0, unready=1.0, unsuited=1.0, crowding=0.0
    ),
}
"""Debt per minute without one of its parts each."""

THRESHOLDS: dict[str, Policy] = {
    "wateringcan": WateringCan(),
    "rolecurriculum": RoleCurriculum(),
    **{f"threshold {one}": MasteryThreshold(threshold=one) for one in (0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.95)},
}
"""Where a skill counts as mastered."""


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--seeds", type=int, nargs="+", default=[2000, 2001, 2002])
    words.add_argument("--learners", type=int, default=300)
    words.add_argument("--past-weeks", type=int, default=8)
    words.add_argument("--weeks", type=int, default=16)
    words.add_argument("--logged", type=int, default=1000, help="learners of the log that the models are fitted on")
    words.add_argument("--steps", action="store_true", help="the parts of debt per minute instead of all policies")
    words.add_argument("--thresholds", action="store_true", help="mastery thresholds instead of all policies")
    words.add_argument("--out", type=Path, help="JSON with the numbers of the table")
    asked = words.parse_args()
    began = perf_counter()
    policies = STEPS if asked.steps else THRESHOLDS if asked.thresholds else POLICIES
    runs = [roll_out(policies, seed, asked) for seed in asked.seeds]
    rollouts = {name: [one[name] for one in runs] for name in policies}
    results = compare(rollouts)
    print(table(results))
    for other in policies:
        if other != "debtperminute" and "debtperminute" in policies:
            lead = difference(rollouts, "debtperminute", other)
            value, low, high = (100 * bound for bound in (lead.value, lead.low, lead.high))
            print(f"debtperminute - {other}: {value:.2f} debt-weeks per 100 h, 95 % [{low:.2f}, {high:.2f}]")
    if {"rolecurriculum", "debtperminute"} <= policies.keys():
        for seed, one in zip(asked.seeds, runs, strict=True):
            lead = difference(one, "debtperminute", "rolecurriculum")
            value, low, high = (100 * bound for bound in (lead.value, lead.low, lead.high))
            print(f"company {seed}: debtperminute - rolecurriculum {value:.2f}, 95 % [{low:.2f}, {high:.2f}]")
    print(f"{perf_counter() - began:.0f} s")
    if asked.out:
        asked.out.write_text(json.dumps([one.row() for one in results], indent=2) + "\n")


def roll_out(policies: dict[str, Policy], seed: int, asked: argparse.Namespace) -> dict[str, Rollout]:
    """Every policy in one company."""
    world = Corporate(seed=seed)
    log = rollout(Logging(), world, learners=asked.logged, weeks=26, seed=seed + OTHER_PEOPLE, name="logging").log
    tracer, recommender = FSRS().fit(log), ALS().fit(log)
    past = rollout(Logging(), world, learners=asked.learners, weeks=asked.past_weeks, seed=seed, name="logging")
    found = {}
    for name, policy in policies.items():
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
        print(f"seed {seed} {name}: debt {np.nanmean(found[name].debt[-1]):.4f}", flush=True)
    return found


if __name__ == "__main__":
    main()
