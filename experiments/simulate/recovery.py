"""Do planted truths come back? From BKT, 2PL and FSRS alone by our own tracers; from the main world by its likelihood.

    python experiments/simulate/recovery.py

writes recovery.md beside this file. Settings: --seeds, --people, --weeks (of the main world).
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lernpfad.core import trace
from lernpfad.simulate import Corporate, OracleTracer, alone, replay, rollout
from lernpfad.simulate.calendar import START
from lernpfad.simulate.observer import Observer
from lernpfad.tracing.bkt import BKT
from lernpfad.tracing.fsrs import FSRS
from lernpfad.tracing.irt import IRT

HERE = Path(__file__).parent
LEARNERS = 2000
KAPPAS = (1.0, 3.0, 9.0)
TRIED = {
    "growth": (0.15, 0.22, 0.3, 0.38, 0.45),
    "form_sd": (0.4, 0.65, 0.85, 1.05, 1.3),
    "kappa": (1.0, 2.0, 3.0, 5.0, 9.0),
}
LOGARITHMIC = ("kappa",)


def alone_rows(seeds: list[int]) -> list[list[str]]:
    """A row for each parameter of the models on their own."""
    found: dict[str, list[float]] = {}
    for seed in seeds:
        rng = np.random.default_rng(seed)
        bkt = alone.bkt(rng, learners=LEARNERS)
        fitted = BKT(forgets=False, tolerance=1e-4).fit(bkt.log)
        for k, name in enumerate(("prior", "learn", "guess", "slip")):
            error = np.abs(getattr(fitted, f"{name}_") - bkt.truth[:, k])
            found.setdefault(f"BKT {name}: largest error over 8 skills | at most .05", []).append(float(error.max()))
        irt = alone.irt(rng, learners=LEARNERS)
        model = IRT(model="2pl").fit(irt.log)
        for name, one, other in (("b", model.difficulty_, irt.difficulty), ("a", model.slope_, irt.slope)):
            wanted = "at least .95" if name == "b" else "at least .8"
            found.setdefault(f"2PL {name}: correlation over 40 items | {wanted}", []).append(
                float(np.corrcoef(one, other)[0, 1])
            )
        for kappa in KAPPAS:
            planted = alone.fsrs(rng, learners=LEARNERS // 8, kappa=kappa)
            weights = FSRS(success="recall").fit(planted.log).w_
            found.setdefault(f"FSRS kappa {kappa:g}: recovered / true | .8 to 1.2", []).append(
                alone.stretch(weights, planted) / kappa
            )
        print(f"seed {seed}: models alone", flush=True)
    return [[*name.split(" | "), spread(values)] for name, values in found.items()]


def spread(values: list[float]) -> str:
    return f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def world_rows(people: int, weeks: int, seed: int) -> list[list[str]]:
    """A row for each parameter of the main world and each way to its likelihood."""
    world = Corporate()
    log = rollout(logging(), world, tracer=OracleTracer(world), learners=people, weeks=weeks, seed=seed, name="x").log
    ways: dict[str, Callable[[Corporate], float]] = {
        "people known": lambda one: replay.loss(replay.chances(one, log, seed=seed, start=START), log),
        "people inferred": lambda one: replay.loss(trace(Observer(one), log), log),
    }
    answers, rows = int(log.assessed.sum()), []
    for way, loss in ways.items():
        for name, tried in TRIED.items():
            losses = [loss(Corporate(**{name: value})) for value in tried]
            print(f"{way}, {name}: {dict(zip(tried, np.round(losses, 5), strict=True))}", flush=True)
            rows.append(
                [name, way, f"{default_of(name):g}", best(name, tried, losses, answers=answers), *curve(losses)]
            )
    return rows


def logging() -> Any:
    from lernpfad.policy.logging import Logging

    return Logging()


def default_of(name: str) -> float:
    import inspect

    return float(inspect.signature(Corporate).parameters[name].default)


def best(name: str, tried: tuple[float, ...], losses: list[float], *, answers: int) -> str:
    """Where a parabola through the three lowest neighbours has its minimum, and the standard error that its bend says.

    In logarithms for a scale. Without a minimum among the values tried: the best end of them.
    """
    at = np.log(tried) if name in LOGARITHMIC else np.asarray(tried)
    back = np.exp if name in LOGARITHMIC else np.asarray
    middle = int(np.clip(np.argmin(losses), 1, len(tried) - 2))
    a, b, _ = np.polyfit(at[middle - 1 : middle + 2], losses[middle - 1 : middle + 2], 2)
    error = 1.0 / np.sqrt(2.0 * a * answers) if a > 0 else np.inf
    lowest = -b / (2.0 * a) if a > 0 else np.nan
    if not at[0] <= lowest <= at[-1]:
        return f"flat, best at {tried[int(np.argmin(losses))]:g}"
    found, low, high = (float(back(lowest + z * error)) for z in (0.0, -1.96, 1.96))
    return f"{found:.3g} ({low:.3g} to {high:.3g})"


def curve(losses: list[float]) -> list[str]:
    return [" ".join(f"{1e4 * (loss - min(losses)):.1f}" for loss in losses)]


def table(heads: list[str], rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", *(f"| {' | '.join(row)} |" for row in rows)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--weeks", type=int, default=26)
    options = parser.parse_args()
    tried = "; ".join(f"{name} {' '.join(f'{v:g}' for v in values)}" for name, values in TRIED.items())
    lines = [
        "# Planted truths come back",
        "",
        f"    python experiments/simulate/recovery.py --seeds {' '.join(map(str, options.seeds))} "
        f"--people {options.people} --weeks {options.weeks}",
        "",
        f"Models alone: {LEARNERS:,} learners ({LEARNERS // 8} for FSRS), `lernpfad.simulate.alone`, refitted by our",
        "tracers. Mean over the seeds (lowest to highest). Kappa stretches the stabilities of FSRS-6, as in the main",
        "world: recovered as the ratio of the fitted stabilities to those of the default weights on the same reviews.",
        "",
        *table(["parameter", "target", "found"], alone_rows(options.seeds)),
        "",
        f"The main world, {options.people} people, {options.weeks} weeks, by its own likelihood, one parameter at a",
        "time, the others at their true values. People known: baselines, forms and use at work are those of the seed,",
        "and the laws of learning and forgetting are replayed (`lernpfad.simulate.replay`). People inferred: the",
        "one-step predictions of an observer who knows the world alone (`lernpfad.simulate.observer`), which does not",
        "see the use of skills at work and takes everybody's learning rate as 1. Last column: loss above the lowest,",
        f"in 1e-4 nats an answer, at {tried}.",
        "",
        *table(
            ["parameter", "likelihood", "true", "found (95 %)", "loss"],
            world_rows(options.people, options.weeks, seed=0),
        ),
        "",
    ]
    (HERE / "recovery.md").write_text("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
