"""What `lernpfad calibrate` found, as Markdown and as a page with figures."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from lernpfad.evaluate import calibration_figures as figures
from lernpfad.evaluate import tables
from lernpfad.evaluate.report import Report
from lernpfad.simulate.calibration import OBSERVED, Column
from lernpfad.simulate.gates import GATES, HEADROOM, LADDER
from lernpfad.simulate.publiclogs import CURVE, PUBLIC_LOGS

Logs = Mapping[str, Mapping[str, float]]
Rows = list[dict[str, str]]

SEEN: Final = (
    "An interval is the range of five public logs, widened by a quarter on each side. All of those are of pupils, "
    "students or hobby learners, and no corporate log is public: a log that passes is plausible, not proved."
)
PREDICTED: Final = (
    "AUC on every third learner, of what was fitted to the others. The true probability on the day knows the learner's "
    "form in that sitting, which nobody can know before her first answer in it; on a usual day, form is taken as "
    "average. Who is told the world and not the people knows every parameter of skills and items and infers learners "
    "from their answers, which is about the most that a tracer can know. In a plausible world an oracle leads the best "
    "tracer by {low} to {high}; which of the two is meant is open, so both are held against it."
)


def markdown(columns: Sequence[Column], beside: Logs, facts: Mapping[str, str]) -> str:
    """The whole result as a page of Markdown."""
    lines = [
        f"# Calibration of the world {facts['world']}",
        "",
        f"    {facts['command']}",
        "",
        _wrapped(
            f"{facts['learners']} learners, {facts['weeks']} weeks, seeds {facts['seeds']}; logged by the policy "
            f"{facts['policy']}. Mean over the seeds (lowest to highest); a gate passes if every seed lies in the "
            f"interval. {SEEN}"
        ),
        "",
        tables.markdown(gate_rows(columns, beside)),
        "",
        _wrapped(verdict(columns)),
        "",
    ]
    if any(one.ladder for one in columns):
        lines += [_wrapped(predicted()), "", tables.markdown(ladder_rows(columns)), ""]
    lines += ["The public logs:", "", tables.markdown(log_rows(PUBLIC_LOGS)), ""]
    return "\n".join(lines)


def page(columns: Sequence[Column], beside: Logs, facts: Mapping[str, str]) -> tuple[Report, dict[str, Any]]:
    """The page, and its figures by name."""
    drawn = {"gates": gates(columns, beside), "curve": curve(columns, beside)}
    report = Report(f"Is the world {facts['world']} plausible?", subtitle=verdict(columns))
    report.heading("Among the public logs").text(SEEN)
    report.figure(
        drawn["gates"],
        caption="Each statistic on a scale of its own; grey: where it may lie. Rings: the public logs.",
        alt=verdict(columns),
    )
    report.table(gate_rows(columns, beside), caption="Mean over the seeds (lowest to highest).")
    report.heading("Do learners learn?")
    report.figure(
        drawn["curve"],
        caption="Success at the n-th answer on a skill, of pairs of learner and skill with at least eight answers. The "
        "public logs are known at opportunities 1, 2, 4 and 8. Who practises often is not who practises once.",
        alt="; ".join(_from_to(one) for one in columns),
    )
    if any(one.ladder for one in columns):
        drawn["ladder"] = figures.ladder(
            {one.name: {name: [s[name] for s in one.ladder] for name in one.ladder[0]} for one in columns}, LADDER
        )
        rows = ladder_rows(columns)
        report.heading("How well can anybody predict?").text(predicted())
        told = "; ".join(f"{row['predictor']} {row[columns[0].name]}" for row in rows)
        report.figure(drawn["ladder"], caption="AUC, a mark for each seed; grey: where it may lie.", alt=told)
        report.table(rows, caption="Mean over the seeds (lowest to highest).")
    report.heading("The public logs").table(log_rows(PUBLIC_LOGS), caption="Measured once, kept as constants.")
    report.heading("How these figures came about").facts(facts)
    return report, drawn


def gates(columns: Sequence[Column], beside: Logs) -> Any:
    """The strips."""
    return figures.strips(GATES, PUBLIC_LOGS, {one.name: one.statistics for one in columns}, beside)


def curve(columns: Sequence[Column], beside: Logs) -> Any:
    """Success by opportunity."""
    real = {name: {k: log[f"correct at opportunity {k}"] for k in CURVE} for name, log in PUBLIC_LOGS.items()}
    real |= {name: {k: log[f"correct at opportunity {k}"] for k in range(1, 9)} for name, log in beside.items()}
    ours = {
        one.name: np.array([[s[f"correct at opportunity {k}"] for k in range(1, 9)] for s in one.statistics])
        for one in columns
    }
    return figures.success_by_opportunity(real, ours)


def verdict(columns: Sequence[Column]) -> str:
    """How many gates each way of logging passes, and the names of those that fail."""
    return " ".join(_verdict(one) for one in columns)


def predicted() -> str:
    """What the ladder shows."""
    low, high = HEADROOM
    return PREDICTED.format(low=low, high=high)


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(text, 118))


def _verdict(one: Column) -> str:
    failed = [name for name, passed in one.passed.items() if not passed]
    count = f"{one.name}: {len(GATES) - len(failed)} of {len(GATES)} gates passed"
    return f"{count}, failed: {', '.join(failed)}." if failed else f"{count}."


def _from_to(one: Column) -> str:
    first, last = (np.mean([s[f"correct at opportunity {k}"] for s in one.statistics]) for k in (1, 8))
    return f"{one.name}: success goes from {tables.percent(float(first))} to {tables.percent(float(last))}"


def gate_rows(columns: Sequence[Column], beside: Logs) -> Rows:
    """A row for each statistic."""
    rows = []
    for name in columns[0].statistics[0]:
        row = {"statistic": name} | {one.name: _spread([s[name] for s in one.statistics]) for one in columns}
        row |= {log: _spread([found[name]]) for log, found in beside.items()}
        row["interval"] = tables.interval(*GATES[name], 2) if name in GATES else ""
        row[""] = _mark([one.passed[name] for one in columns]) if name in GATES else ""
        rows.append(row)
    return rows


def ladder_rows(columns: Sequence[Column]) -> Rows:
    """A row for each predictor, and what the truth leads by."""
    rows = list(_predictors(columns))
    for name in columns[0].headroom:
        values = [one.headroom[name] for one in columns]
        rows.append(_ladder_row(name, columns, values, None if name.startswith(OBSERVED) else HEADROOM))
    return rows


def _predictors(columns: Sequence[Column]) -> Iterator[dict[str, str]]:
    for name in columns[0].ladder[0]:
        values = [[s[name] for s in one.ladder] for one in columns]
        yield _ladder_row(name, columns, values, LADDER.get(name))


def _ladder_row(
    name: str, columns: Sequence[Column], values: list[list[float]], interval: tuple[float, float] | None
) -> dict[str, str]:
    row = {"predictor": name} | {one.name: _spread(seeds) for one, seeds in zip(columns, values, strict=True)}
    row["interval"] = "" if interval is None else tables.interval(*interval, 2)
    inside = [interval is None or all(interval[0] <= v <= interval[1] for v in seeds) for seeds in values]
    return row | {"": "" if interval is None else _mark(inside)}


def log_rows(logs: Logs) -> Rows:
    """A row for each statistic of the gates, a column for each log."""
    return [{"statistic": name} | {log: tables.number(found[name], 3) for log, found in logs.items()} for name in GATES]


def _spread(values: Sequence[float]) -> str:
    mean, low, high = float(np.mean(values)), min(values), max(values)
    digits = 0 if mean > 1000 else 3
    shown = tables.number(mean, digits)
    return shown if len(values) == 1 else f"{shown} ({tables.interval(low, high, digits)})"


def _mark(passed: Sequence[bool]) -> str:
    return "pass" if all(passed) else "fail"
