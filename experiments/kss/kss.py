"""KSS, the literature's benchmark of learning paths: what simple policies, ours and a planner reach on it.

    python experiments/kss/kss.py --learners 1000 --out experiments/kss/kss.json

E_p after 10, 20 and 30 steps with standard errors over learners; README.md has the table, and why it ranks nothing.
"""

import argparse
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.random import Generator, default_rng

from lernpfad.core import Catalog, FloatArray, IntArray, Interactions, Requirement, Sequences, Situation, choose, take
from lernpfad.policy import DebtPerMinute
from lernpfad.simulate.kss import KSS, ORDER, WARM_UP, Learners
from lernpfad.tracing.bkt import BKT

STEPS = (10, 20, 30)
SKILLS = 10
ASKED = 0.95
"""Mastery that is asked for on a target; a right answer of KSS has P = 1."""

Step = Callable[[Learners, int], IntArray]


def legal(kss: KSS, state: Learners) -> np.ndarray:
    """What may follow, `[L, 10]`."""
    return np.where(state.last[:, None] >= 0, kss.near[state.last], True)


def at_random(allowed: np.ndarray, rng: Generator) -> IntArray:
    """One of the allowed skills each, `[L]`."""
    return (rng.random(allowed.shape) * allowed).argmax(axis=1)


def lived(kss: KSS, before: Learners, chosen: Step, steps: int) -> list[float | FloatArray]:
    """E_p of every learner after each of `STEPS` up to `steps`."""
    state, found = before, []
    for step in range(steps):
        state = kss.practise(state, chosen(state, step))
        if step + 1 in STEPS:
            found.append(kss.score(before, state))
    return found


def catalog() -> Catalog:
    """KSS as a catalog: an item a skill, a minute each."""
    names = [f"skill-{k}" for k in range(SKILLS)]
    return Catalog.of(names, names, [[k] for k in range(SKILLS)], minutes=1.0, prerequisites=KSS().edges)


def log(kss: KSS, rng: Generator, learners: int) -> Sequences:
    """What others did: their warm-up, then thirty steps of a legal random walk, each with its answer."""
    state, past = kss.begun(rng, learners)
    skill, right = list(past.skill.T), list(past.correct.T)
    for _ in range(STEPS[-1]):
        chosen = at_random(legal(kss, state), rng)
        state = kss.practise(state, chosen)
        skill.append(chosen)
        right.append(kss.passes(state.ability)[np.arange(learners), chosen])
    done, answers = np.stack(skill, axis=1), np.stack(right, axis=1)
    there = done >= 0
    ids = [f"other-{j}" for j in range(learners)]
    return Sequences.of(catalog(), ids, there.sum(axis=1), done[there], answers[there].astype(np.int8))


def wanted(kss: KSS, state: Learners, *, foundations: bool) -> FloatArray:
    """Weight of each skill, `[L, 10]`: 1 on the targets, and on all that leads to them if foundations count."""
    leads = kss.spread > 0
    return (state.targets @ leads.T > 0 if foundations else state.targets).astype(np.float64)


def ours(
    kss: KSS, tracer: BKT, before: Learners, past: tuple[IntArray, np.ndarray], rng: Generator, **asked: bool
) -> Step:
    """Debt per minute with a tracer: it sees answers, and nothing of the abilities."""
    offers, policy, weight = catalog(), DebtPerMinute(), wanted(kss, before, **asked)
    belief, everybody = tracer.start(len(before)), np.arange(len(before))
    told: dict[str, object] = {"belief": belief, "last": None}

    def observed(skill: IntArray, right: np.ndarray) -> None:
        some = np.flatnonzero(skill >= 0)
        count = len(some)
        seen = Interactions(
            skill[some], right[some].astype(np.int8), np.ones(count, bool), np.ones(count), np.zeros(count)
        )
        new = tracer.update(take(told["belief"], some), seen)
        told["belief"] = np.asarray(told["belief"]).copy()
        told["belief"][some] = new

    for step in range(WARM_UP):
        observed(past[0][:, step], past[1][:, step])

    def chosen(state: Learners, step: int) -> IntArray:
        if told["last"] is not None:
            observed(told["last"], kss.passes(state.ability)[everybody, told["last"]])
        situation = Situation(
            catalog=offers,
            items=np.arange(SKILLS),
            eligible=legal(kss, state),
            at=np.zeros(len(state)),
            minutes_left=np.full(len(state), 60.0),
            requirement=Requirement(ASKED * (weight > 0), weight),
            tracer=tracer,
            state=told["belief"],
        )
        told["last"] = choose(policy.propensities(situation), rng)
        return told["last"]

    return chosen


def planned(kss: KSS, rng: Generator, horizon: int, plans: int) -> Step:
    """Random shooting in the true simulator: of `plans` random legal plans and the one in hand, the best goes on."""
    kept: list[tuple[IntArray, FloatArray]] = []

    def chosen(state: Learners, step: int) -> IntArray:
        left, learners = horizon - step, len(state)
        imagined = take(state, np.repeat(np.arange(learners), plans))
        plan = np.empty((len(imagined), left), dtype=np.int64)
        for ahead in range(left):
            plan[:, ahead] = at_random(legal(kss, imagined), rng)
            imagined = kss.practise(imagined, plan[:, ahead])
        value = (kss.passes(imagined.ability) & imagined.targets).sum(axis=1)
        value = value + 0.01 * (imagined.targets * (imagined.ability - kss.difficulty)).sum(axis=1)
        best = value.reshape(learners, plans).argmax(axis=1) + plans * np.arange(learners)
        new, worth = plan[best], value[best]
        if kept:
            old, before = kept.pop()
            better = worth > before
            new, worth = np.where(better[:, None], new, old), np.where(better, worth, before)
        kept.append((new[:, 1:], worth))
        return new[:, 0]

    return chosen


def measured(settings: argparse.Namespace) -> dict[str, list[list[float]]]:
    """Policy to mean and standard error of E_p after each number of steps."""
    kss, rng = KSS(), default_rng(settings.seed)
    before, warm = kss.begun(rng, settings.learners)
    past = warm.skill, warm.correct
    tracer = BKT(forgets=False).fit(log(kss, rng, settings.others))
    believed = partial(ours, kss, tracer, before, past, rng)
    walks: dict[str, Step] = {
        "uniform random": lambda state, step: rng.integers(0, SKILLS, len(state)),
        "fixed curriculum, two visits each": lambda state, step: np.full(len(state), ORDER[step // 2 % SKILLS]),
        "legal random": lambda state, step: at_random(legal(kss, state), rng),
        "debt per minute, targets asked for": believed(foundations=False),
        "debt per minute, targets and what leads to them": believed(foundations=True),
    }
    scores = {name: lived(kss, before, chosen, STEPS[-1]) for name, chosen in walks.items()}
    top = "planner with the true simulator"
    scores[top] = [lived(kss, before, planned(kss, rng, steps, settings.plans), steps)[-1] for steps in STEPS]
    return {
        name: [[float(np.mean(one)), float(np.std(one) / np.sqrt(len(before)))] for one in found]
        for name, found in scores.items()
    }


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--learners", type=int, default=1000)
    parser.add_argument("--others", type=int, default=1000, help="learners whose log the tracer is fitted on")
    parser.add_argument("--plans", type=int, default=48, help="random plans of the planner at each step")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    settings = parser.parse_args()
    began = perf_counter()
    found = measured(settings)
    for name, scores in found.items():
        print(f"{name:<50}" + "".join(f"{mean:>8.3f} ({error:.3f})" for mean, error in scores))
    if settings.out:
        asked = {name: value for name, value in vars(settings).items() if name != "out"}
        kept = {"settings": asked, "seconds": round(perf_counter() - began), "E_p": found}
        settings.out.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
