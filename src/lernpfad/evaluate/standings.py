"""Tables of a benchmark: one lane's models side by side, with the published figures in the same rows."""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean, stdev
from typing import Any, Final

from lernpfad.evaluate import tables
from lernpfad.evaluate.results import label

SLICES: Final = ("1", "2-5", "6-10", "11-20", "items never trained on")
"""Columns of the cold-start table, as `slices.cold_start` and the benchmark's lines name them."""

STACK: Final = "stack"
"""What the stack of all models of a lane is called."""

FIT: Final = "fit_processor_s"
"""In a line's cost, where the fit was not interrupted."""

Line = Mapping[str, Any]
"""One run of one model, as a benchmark keeps it."""

Row = dict[str, Any]


def by_model(lines: Sequence[Line]) -> dict[str, list[Line]]:
    """The lines of a lane by model, the best mean AUC first, each model's runs in order."""
    found: dict[str, list[Line]] = {}
    for line in sorted(lines, key=lambda one: one["run"]):
        found.setdefault(line["model"], []).append(line)
    return dict(sorted(found.items(), key=lambda one: -_mean(one[1], _auc)))


def accuracy_rows(
    lines: Sequence[Line], published: Mapping[str, Any], comparisons: Sequence[Line], *, runs: int
) -> list[Row]:
    """Metrics over the runs of each model; published figures, gates and whether they are reached; the paired lead.

    comparisons: the lane's, one for each run that was compared; the first one's leads are shown, and their stacks.
    runs: how many the lane has; a gate is for the mean of all of them.
    """
    leads = comparisons[0]["leads"] if comparisons else {}
    stacks = [{"model": STACK, "run": one["run"], **one[STACK]} for one in comparisons if STACK in one]
    every = ({STACK: stacks} if stacks else {}) | by_model(lines)
    return [_accuracy(name, some, published.get(name) or {}, leads.get(name), runs) for name, some in every.items()]


def cold_rows(lines: Sequence[Line]) -> list[Row]:
    """AUC of a learner's first answers and of items without training answers, mean over the runs.

    The columns tell n of the first model's first run; other runs may have had other learners, and so other items.
    """
    models = by_model(lines)
    n = {key: next(iter(models.values()))[0]["slices"][key]["n"] for key in SLICES} if models else {}
    return [
        {"model": label(name)}
        | {
            f"{key} ({n[key]:,})": _points(_mean([line["slices"][key] for line in some], lambda part: part["auc"]))
            for key in SLICES
        }
        for name, some in models.items()
    ]


def cost_rows(lines: Sequence[Line]) -> list[Row]:
    """What each model costs; seconds are means of the runs that were fitted in one go."""
    rows = []
    for name, some in by_model(lines).items():
        first, whole = some[0], [line for line in some if FIT in line["cost"]]
        rows.append(
            {
                "model": label(name),
                "parameters": f"{first['cost']['parameters']:,.0f}",
                "epochs": tables.number(_mean(some, lambda line: line["epochs"]), 0) if first["epochs"] else "",
                "fit, processor s": tables.number(_mean(whole, lambda line: line["cost"][FIT]), 1),
                "answers/s": f"{_two_digits(_mean(whole, _speed)):,}" if whole else "",
                "decision, ms": tables.number(min(line["cost"]["step_ms"] for line in some), 2),
                "state, bytes": f"{first['cost']['state_bytes']:,.0f}",
            }
        )
    return rows


def stack_rows(comparisons: Sequence[Line], best: Mapping[str, Any]) -> list[Row]:
    """A row for each stack: its AUC beside the best published one, and its lead over its best member."""
    rows = []
    for one in (one for one in comparisons if STACK in one):
        found, lead = one[STACK], one["stack_over_best_member"]
        auc, (low, high) = found["test"]["auc"], found["auc_interval"]
        row: Row = {
            "run": one["run"],
            "members": len(found["members"]),
            "AUC": f"**{_points(auc)}** [{_points(low)}, {_points(high)}]",
            "log loss": _points(found["test"]["log_loss"]),
            "ECE": _points(found["test"]["ece"]),
            "best member": label(one["best_member"]),
            "lead over it": _lead(lead),
        }
        if best:
            row |= {"best published": _points(best["auc"]), "above": "yes" if auc > best["auc"] else "**no**"}
        rows.append(row)
    return rows


def _accuracy(
    name: str, some: Sequence[Line], published: Mapping[str, Any], lead: Sequence[float] | None, runs: int
) -> Row:
    auc, low, high = (
        _mean(some, one) for one in (_auc, lambda x: x["auc_interval"][0], lambda x: x["auc_interval"][1])
    )
    return {
        "model": label(name),
        "runs": len(some),
        "AUC": _spread(some, "auc"),
        "95 % by learner": f"{_points(low)} to {_points(high)}",
        "lead [95 %]": _lead(lead) if lead else "",
        "accuracy": _spread(some, "accuracy"),
        "log loss": _spread(some, "log_loss"),
        "RMSE": _spread(some, "rmse"),
        "ECE": _points(_mean(some, lambda line: line["test"]["ece"])),
        "published": _published(published),
        "gate": _gate(published),
        "reached": _reached(auc, published) + _of_all(len(some), runs, published),
    }


def _published(one: Mapping[str, Any]) -> str:
    if "auc" not in one:
        return ""
    spread = f" ± {_points(one['spread'])}" if "spread" in one else ""
    return f"{_points(one['auc'])}{spread} ({one['source']})"


def _gate(one: Mapping[str, Any]) -> str:
    if "gate" in one:
        return f"≥ {_points(one['gate'], 3)}"
    return f"{_points(one['auc'])} ± {_points(one['within'], 3)}" if "within" in one else ""


def _reached(auc: float, one: Mapping[str, Any]) -> str:
    """A gate is a floor. A figure to reproduce is missed on either side: too good is as suspicious as too bad."""
    if "gate" in one:
        return "yes" if auc >= one["gate"] else "**no**"
    if "within" in one:
        return "yes" if abs(auc - one["auc"]) <= one["within"] else "**no**"
    return ""


def _of_all(some: int, runs: int, published: Mapping[str, Any]) -> str:
    """Said where the figure is not yet the mean that the gate is for."""
    return f" ({some} of {runs})" if some < runs and ("gate" in published or "within" in published) else ""


def _auc(line: Line) -> float:
    return float(line["test"]["auc"])


def _speed(line: Line) -> float:
    """Answers a second of the fit, each epoch counted."""
    return float(line["train_rows"] * max(line["epochs"], 1) / max(line["cost"][FIT], 1e-9))


def _mean(some: Sequence[Line], of: Callable[[Line], float | None]) -> float:
    values = [value for one in some if (value := of(one)) is not None]
    return fmean(values) if values else float("nan")


def _spread(some: Sequence[Line], metric: str) -> str:
    values = [float(line["test"][metric]) for line in some]
    return _points(fmean(values)) + (f" ± {_points(stdev(values))}" if len(values) > 1 else "")


def _lead(lead: Sequence[float]) -> str:
    value, low, high = lead
    return f"{_signed(value)} [{_signed(low)}, {_signed(high)}]"


def _signed(value: float) -> str:
    return f"{value:+.4f}".replace("0.", ".", 1)


def _points(value: float, digits: int = 4) -> str:
    """A share without its leading zero, as the field writes it."""
    return tables.number(value, digits).replace("0.", ".", 1) if value < 1 else tables.number(value, digits)


def _two_digits(value: float) -> int:
    digits = 10 ** max(len(str(int(value))) - 2, 0)
    return int(round(value / digits) * digits)
