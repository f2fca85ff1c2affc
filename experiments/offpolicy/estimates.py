"""Every off-policy estimator beside the true value: error, coverage and regret; prints the tables of README.md.

    python experiments/offpolicy/estimates.py --lane small --seeds 200 --out runs/offpolicy/small.jsonl

Goes on where an earlier run stopped: each seed is a line of the file, the truth is its first. Simulated, not observed.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from summary import tables

from lernpfad.core import FloatArray, IntArray, Policy, Rollout
from lernpfad.evaluate.offpolicy import (
    DM,
    DR,
    FQE,
    IPS,
    MAGIC,
    PDIS,
    SNDR,
    SNIPS,
    TIS,
    WDR,
    WPDIS,
    Clipped,
    Estimator,
    Logged,
    OfCluster,
    Replayed,
    Ridge,
    SequenceDM,
    SequenceDR,
    Shrunk,
    SubGaussian,
    Switched,
    bootstrap,
    clustered,
    cross_fitted,
    judge,
    mrdr,
    of_offer,
    replay,
    right,
)
from lernpfad.policy import DebtPerMinute, Legal, Logging, MasteryThreshold, Random, RoleCurriculum
from lernpfad.policy.combine import Explore, Mix
from lernpfad.simulate.corporate import Corporate
from lernpfad.simulate.rollout import history, rollout
from lernpfad.tracing.bkt import BKT

WROTE = Explore(Logging(block=0.35), 0.1)
"""Writes the log; a tenth of its offers are uniform."""

PAST, TRUTH_SEED, MODEL_SEED = 2, 900_000, 900_001


@dataclass(frozen=True)
class Lane:
    """A world, the policies that are judged in it, and their shares; what wrote the log makes the other offers."""

    world: Corporate
    policies: dict[str, Policy]
    offers: dict[str, float]
    weeks: dict[str, float]

    @property
    def clusters(self) -> IntArray:
        """Items with the same main skill that are both graded or both not."""
        believed = self.world.believed
        return 2 * np.maximum(believed.item_skills[:, 0], 0) + believed.assessed


LANES = {
    "small": Lane(
        world=Corporate(skills=8, items=40, roles=3, cluster_size=4, skills_per_role=5, minutes=24.0),
        policies={
            "legalrandom": Legal(Random()),
            "rolecurriculum": RoleCurriculum(),
            "masterythreshold": MasteryThreshold(),
            "debtperminute": DebtPerMinute(),
        },
        offers={"offer": 1.0, "half of the offers": 0.5},
        weeks={"week": 0.2, "a tenth of a week": 0.1},
    ),
    "main": Lane(
        world=Corporate(),
        policies={
            "more blocks": Explore(Logging(block=0.6), 0.1),
            "more greedy": Explore(Logging(block=0.35, popular=0.1, greedy=0.65), 0.1),
            "less uniform": Explore(Logging(block=0.35, popular=0.6, greedy=0.35, uniform=0.05), 0.1),
        },
        offers={"offer": 1.0, "half of the offers": 0.5},
        weeks={"week": 1.0, "half of a week": 0.5},
    ),
}
"""Small: far policies, in small shares for a week. Main: 800 items, where only policies near the log can be judged."""


def one_step(clusters: IntArray) -> dict[str, Estimator]:
    """The estimators for one offer."""
    return {
        "DM": DM(),
        "IPS": IPS(),
        "SNIPS": SNIPS(),
        "clipped IPS, 10": IPS(Clipped(10.0)),
        "sub-Gaussian IPS, .05": IPS(SubGaussian(0.05)),
        "MIPS": IPS(OfCluster(clusters)),
        "DR": DR(),
        "SNDR": SNDR(),
        "Switch-DR, 10": DR(Switched(10.0)),
        "pessimistic DR, 10": DR(Clipped(10.0)),
        "DRos, 100": DR(Shrunk(100.0)),
        "OffCEM": DR(OfCluster(clusters)),
    }


SEQUENCES: dict[str, Estimator] = {
    "FQE": SequenceDM(),
    "TIS": TIS(),
    "PDIS": PDIS(),
    "WPDIS": WPDIS(),
    "DR": SequenceDR(),
    "WDR": WDR(),
    "MAGIC": MAGIC(),
}


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--lane", choices=LANES, default="small")
    words.add_argument("--seeds", type=int, default=200)
    words.add_argument("--learners", type=int, default=1000, help="in each log")
    words.add_argument("--truth", type=int, default=40_000, help="learners who are led through the true value")
    words.add_argument("--out", type=Path, required=True)
    asked = words.parse_args()
    lane = LANES[asked.lane]
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.loads(line) for line in asked.out.read_text().splitlines()] if asked.out.exists() else []
    tracer = BKT().fit(lived(lane, WROTE, learners=600, weeks=4, seed=MODEL_SEED).log)
    if not lines:
        lines = [wrote(asked.out, truth(lane, tracer, asked.truth))]
    for seed in range(len(lines) - 1, asked.seeds):
        lines.append(wrote(asked.out, {"seed": seed, "rows": list(estimates(lane, tracer, seed, asked.learners))}))
    print("\n\n".join(tables(lines[0], lines[1 : 1 + asked.seeds])))


def wrote(out: Path, line: dict[str, Any]) -> dict[str, Any]:
    """Append a line to the results."""
    with out.open("a") as file:
        file.write(json.dumps(line) + "\n")
    return line


def lived(lane: Lane, policy: Policy, **settings: Any) -> Rollout:
    """A rollout in the world of the lane."""
    return rollout(policy, lane.world, name="policy", **settings)


def mixed(policy: Policy, share: float) -> Policy:
    """The logging policy with a share of another one."""
    return Mix((WROTE, policy), (1.0 - share, share))


def truth(lane: Lane, tracer: BKT, learners: int) -> dict[str, Any]:
    """The value of every judged mixture from on-policy rollouts of the same people with the same luck."""
    past = lived(lane, WROTE, learners=learners, weeks=PAST, seed=TRUTH_SEED, tracer=tracer)
    found: dict[str, dict[str, tuple[float, float]]] = {horizon: {} for horizon in (*lane.offers, *lane.weeks)}
    settings = {"learners": learners, "weeks": 1, "seed": TRUTH_SEED, "tracer": tracer, "after": past}
    for name, policy in {"logging": WROTE, **lane.policies}.items():
        began = perf_counter()
        for horizon, share in lane.offers.items():
            log = lived(lane, mixed(policy, share), max_slots=1, **settings).log
            found[horizon][name] = about(right(log.where(log.position == 0)))
        for horizon, share in lane.weeks.items():
            log = lived(lane, mixed(policy, share), **settings).log
            found[horizon][name] = about(np.bincount(log.owner, weights=right(log), minlength=learners))
        print(f"truth of {name}: {perf_counter() - began:.0f} s", flush=True)
    return {"learners": learners, "truth": found}


def about(values: FloatArray) -> tuple[float, float]:
    """Mean and its standard error."""
    return float(values.mean()), float(values.std() / np.sqrt(len(values)))


def estimates(lane: Lane, tracer: BKT, seed: int, learners: int) -> Iterator[dict[str, Any]]:
    """Every estimate from the log of one week of other people."""
    began = perf_counter()
    past = lived(lane, WROTE, learners=learners, weeks=PAST, seed=seed, tracer=tracer)
    week = lived(lane, WROTE, learners=learners, weeks=1, seed=seed, tracer=tracer, after=past)
    log = history(week)
    found = replay(
        log,
        {"logging": WROTE, **lane.policies},
        judged=log.extra["week"] == PAST,
        roles=lane.world.roles,
        role=week.role,
        tracer=tracer,
        features=of_offer,
    )
    for name in ("logging", *lane.policies):
        for horizon, share in lane.offers.items():
            yield from of_first_offers(lane, logged(found, name, share), found.features, (horizon, name))
        for horizon, share in lane.weeks.items():
            yield from of_week(logged(found, name, share), found.features, (horizon, name))
    print(f"seed {seed}: {len(week.log)} offers, {perf_counter() - began:.0f} s", flush=True)


def logged(found: Replayed, name: str, share: float) -> Logged:
    """The log beside the mixture of the logging policy with a share of `name`."""
    tables = found.propensities
    mixture = {"logging": tables["logging"], "target": (1 - share) * tables["logging"] + share * tables[name]}
    return Replayed(found.log, mixture, found.features, found.eligible).logged("target", behaviour="logging")


def of_first_offers(lane: Lane, whole: Logged, features: FloatArray, what: tuple[str, str]) -> Iterator[dict[str, Any]]:
    """One-step estimates from the first offer of the week of each learner."""
    first = whole.offsets[:-1][whole.lengths > 0]
    rows = Logged.rows(
        action=whole.action[first],
        reward=whole.reward[first],
        logged=whole.logged[first],
        target=whole.target[first],
        behaviour=whole.behaviour[first],
    )
    modelled = rows.with_model(cross_fitted(Ridge, features[first], rows))
    for title, estimator in one_step(lane.clusters).items():
        yield line(what, title, estimator, modelled)
    sharper = rows.with_model(cross_fitted(lambda: Ridge(weigh=mrdr), features[first], rows))
    yield line(what, "MRDR", DR(), sharper)


def of_week(rows: Logged, features: FloatArray, what: tuple[str, str]) -> Iterator[dict[str, Any]]:
    """Estimates from the week of each learner, those without an offer included."""
    modelled = rows.with_model(cross_fitted(FQE, features, rows))
    for title, estimator in SEQUENCES.items():
        yield line(what, title, estimator, modelled)


def line(what: tuple[str, str], title: str, estimator: Estimator, rows: Logged) -> dict[str, Any]:
    """The bare estimate with both intervals, and whether `judge` refuses it. what: horizon and policy."""
    terms = estimator.terms(rows)
    made = judge(estimator, rows)
    return {
        "horizon": what[0],
        "policy": what[1],
        "estimator": title,
        "value": terms.value,
        "clustered": list(clustered(terms)),
        "bootstrap": list(bootstrap(terms, resamples=400)),
        "ess": made.diagnostics.ess_share,
        "foreseen": made.diagnostics.foreseen,
        "refused": made.refused is not None,
    }


if __name__ == "__main__":
    main()
