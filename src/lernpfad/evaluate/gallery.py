"""The figures of the standard report, each with its caption and a description for people who cannot see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lernpfad.core import FloatArray, IntArray, Roles, Rollout
from lernpfad.evaluate import figures, tables, tracer_figures
from lernpfad.evaluate.closed_loop import PER_HOURS, PolicyResult
from lernpfad.evaluate.figures import Pen
from lernpfad.evaluate.metrics import ece, reliability
from lernpfad.evaluate.offpolicy.standing import Standing, beside_the_log
from lernpfad.evaluate.paired import runs
from lernpfad.evaluate.results import Results, label
from lernpfad.evaluate.style import BLUE, INK, MUTED, ORANGE, SERIES
from lernpfad.evaluate.waste import WEEK

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_SKILLS: Final = 18
MOST_TRACERS: Final = len(SERIES)


@dataclass(frozen=True)
class Drawn:
    """A figure, how to read it, and what it shows in words."""

    figure: "Figure"
    caption: str
    alt: str


def gallery(results: Results) -> dict[str, Drawn]:
    """Every figure that the results allow, by a name that is fit for a file."""
    drawn: dict[str, Drawn] = {}
    if len(results.policies) > 1:
        drawn["policies"] = policies(results)
        drawn["debt"] = debt(results)
        drawn["hours"] = hours(results)
        drawn |= mastery(results)
    if results.tracers:
        drawn["calibration"] = calibration(results)
        if all(len(one.curve.n) for one in results.tracers.values()):  # few histories may repeat no skill
            drawn["learning"] = learning(results)
    if results.offpolicy is not None:
        drawn["offpolicy"] = off_policy(results.offpolicy)
    if any(results.training.values()):
        drawn["training"] = training(results)
    return drawn


def pens(results: Results) -> dict[str, Pen]:
    """Best policy, reference and oracle stand out; the others are lines in the background."""
    special = {
        results.reference: Pen(label(results.reference), ORANGE),
        results.oracle: Pen("oracle", INK, dashed=True),
    }
    if results.best is not None:
        special[results.best.policy] = Pen(label(results.best.policy), BLUE)
    return {name: special.get(name, Pen(label(name), MUTED, strong=False)) for name in results.rollouts}


def colours(results: Results) -> dict[str, str]:
    """A colour per tracer, the same in every figure."""
    names = dict.fromkeys([*results.tracers, *results.training])
    return {label(name): SERIES[place % len(SERIES)] for place, name in enumerate(names)}


def policies(results: Results) -> Drawn:
    """Debt-weeks avoided per learning hour, by policy."""
    best_first: Sequence[PolicyResult] = results.policies[::-1]
    look = pens(results)
    figure = figures.scores(
        [label(one.policy) for one in best_first],
        *(PER_HOURS * np.asarray([getattr(one, key) for one in best_first]) for key in ("per_hour", "low", "high")),
        colours=[look[one.policy].colour for one in best_first],
        unit=f"debt-weeks avoided per {PER_HOURS} learning hours",
        zero=f"{label(results.reference)} = 0",
    )
    found = "; ".join(f"{label(one.policy)} {tables.number(PER_HOURS * one.per_hour)}" for one in best_first)
    return Drawn(
        figure,
        caption=f"Return on learning. A debt-week is one learner's whole requirement missing for one week. Lines are "
        f"95 % bootstrap intervals over {best_first[0].learners} paired learners.",
        alt=f"Debt-weeks avoided per {PER_HOURS} learning hours by policy: {found}.",
    )


def debt(results: Results) -> Drawn:
    """Mean learning debt over time, by policy."""
    ends = "; ".join(f"{label(one.policy)} {tables.percent(one.debt_end, 1)}" for one in results.policies)
    started = tables.percent(results.policies[0].debt_start, 1)
    resting = "; from the dotted line on nobody is offered anything" if results.policies[0].rest else ""
    return Drawn(
        figures.debt_over_time(
            results.paired.debt, pens(results), reference=results.reference, rest=results.policies[0].rest
        ),
        caption=f"True learning debt, mean over learners{resting}. Bands are 95 % intervals of the distance to "
        f"{label(results.reference)} on the same learners. Without learning, debt rises: roles ask for more, and what "
        "is not practised fades.",
        alt=f"Mean learning debt by week, {started} at the start. At the end: {ends}.",
    )


def hours(results: Results) -> Drawn:
    """Debt-weeks avoided against hours learned."""
    paired = results.paired
    spent, avoided = {}, {}
    for name in results.rollouts:
        spent[name] = np.concatenate([[0.0], np.cumsum(paired.hours[name].mean(axis=1))])
        avoided[name] = np.cumsum((paired.debt[results.reference] - paired.debt[name]).mean(axis=1))
    ends = "; ".join(f"{label(name)} {avoided[name][-1]:.2f} after {spent[name][-1]:.1f} hours" for name in spent)
    return Drawn(
        figures.return_on_hours(spent, avoided, pens(results)),
        caption="What the hours bought. The steeper the line, the more debt an hour closes; a line that ends further "
        "left used fewer hours.",
        alt=f"Cumulated debt-weeks avoided per learner: {ends}.",
    )


def mastery(results: Results) -> dict[str, Drawn]:
    """One watched learner's mastery under the reference and under the best policy; empty if nobody was watched."""
    if results.best is None or results.roles is None or results.catalog is None:
        return {}
    shown = {name: runs(results.rollouts[name])[0] for name in (results.reference, results.best.policy)}
    best = shown[results.best.policy]
    if not len(best.watched) or any(not np.array_equal(one.watched, best.watched) for one in shown.values()):
        return {}
    place = typical(best)
    level, skills = required(best, place, results.roles)
    known = {label(name): one.mastery[:, place][:, skills] for name, one in shown.items()}
    person = str(best.log.learners[best.watched[place]])
    role = str(results.roles.names[best.role[best.watched[place]]])
    met = "; ".join(f"{name}: {int((m[-1] >= level[-1]).sum())} of {len(skills)}" for name, m in known.items())
    figure = figures.mastery_over_time(known, level, [str(results.catalog.skills[k]) for k in skills], person=person)
    return {
        "mastery": Drawn(
            figure,
            caption=f"One learner, two fates: true mastery of {person} ({role}), same person, same luck. A dot, or "
            "a bold figure: the requirement of that week is met. Of the watched learners who stayed, this one's debt "
            "fell by the median.",
            alt=f"Mastery of {len(skills)} skills by week as a heat map. Requirements met in the last week: {met}.",
        )
    }


def typical(rollout: Rollout) -> int:
    """Place of the watched learner whose debt fell by the median: of those who stayed, if possible in their role."""
    watched = rollout.watched
    fall = rollout.debt[0, watched] - rollout.debt[-1, watched]
    moved = np.zeros(len(watched), dtype=bool)
    if rollout.before is not None:
        moved = rollout.before.role[watched] != rollout.role[watched]
    # the first that applies counts: undefined debt last, then who left, then who changed roles
    rank = 4 * np.isnan(fall) + 2 * ~rollout.active[-1, watched] + moved
    fair = np.flatnonzero(rank == rank.min())
    return int(fair[np.argsort(fall[fair], kind="stable")[(len(fair) - 1) // 2]])


def required(rollout: Rollout, place: int, roles: Roles) -> tuple[FloatArray, IntArray]:
    """What the watched learner's role asks for, `[weeks + 1, k]`, and of which skills, `[k]`, most wanted first."""
    weeks = np.arange(len(rollout.debt))
    role = np.full(len(weeks), rollout.role[rollout.watched[place]])
    asked = roles.at(role, rollout.start + weeks * WEEK)
    wanted = (asked.weight * asked.level)[-1]
    skills = np.argsort(-wanted, kind="stable")[: min(MOST_SKILLS, int((wanted > 0).sum()))]
    return asked.level[:, skills], skills


def calibration(results: Results) -> Drawn:
    """Reliability diagrams of the tracers."""
    shown = list(results.tracers.items())[:MOST_TRACERS]
    charts = {label(name): reliability(one.predicted, one.outcome) for name, one in shown}
    errors = "; ".join(f"{label(name)} {100 * ece(one.predicted, one.outcome):.1f} points" for name, one in shown)
    return Drawn(
        tracer_figures.reliability_diagram(charts, colours(results)),
        caption="Can the probabilities be taken at their word? On the diagonal they can: of the answers predicted with "
        f"70 %, 70 % are correct. Vertical lines: 95 % intervals. Expected calibration error: {errors}.",
        alt=f"Reliability diagrams, predicted against observed share correct. Expected calibration error: {errors}.",
    )


def learning(results: Results) -> Drawn:
    """Success by opportunity, observed and predicted."""
    curves = {label(name): one.curve for name, one in list(results.tracers.items())[:MOST_TRACERS]}
    seen = next(iter(curves.values()))
    return Drawn(
        tracer_figures.success_by_opportunity(curves, colours(results)),
        caption="Do learners learn, and as predicted? Success at the n-th practice of a skill. Who practises often is "
        "not who practises once: compare the lines at one n rather than along them. Band: 95 % interval, taking "
        "answers as independent.",
        alt=f"Observed success goes from {100 * seen.observed[0]:.0f} % at the first practice of a skill to "
        f"{100 * seen.observed[-1]:.0f} % at practice {seen.opportunity[-1]}.",
    )


def training(results: Results) -> Drawn:
    """Metrics by epoch."""
    history = {label(name): epochs for name, epochs in results.training.items() if epochs}
    lasts = [
        f"{name} after {len(epochs)} epochs: {', '.join(f'{key} {value:.3f}' for key, value in epochs[-1].items())}"
        for name, epochs in history.items()
    ]
    return Drawn(
        figures.training_curves(history, colours(results)),
        caption="Fitting, by epoch. Solid: validation, with its best epoch marked; dashed: training.",
        alt=f"Training curves by epoch. {'; '.join(lasts)}.",
    )


def off_policy(found: Standing) -> Drawn:
    """Estimates of the policies beside what the log earned."""
    said = "; ".join(
        f"{policy} {tables.number(one.value, 3) if one.refused is None else 'refused'}"
        for policy, by in found.judgements.items()
        for one in list(by.values())[:1]
    )
    return Drawn(
        beside_the_log(found),
        caption="Reward per offer by policy and estimator, 95 % intervals by learner. Refused: the log cannot tell.",
        alt=f"Estimated reward per offer; the log earned {tables.number(found.reward.value, 3)}. {said}.",
    )
