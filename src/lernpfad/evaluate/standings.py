"""Tables of a benchmark: one lane's models side by side, with the published figures in the same rows."""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean, stdev
from typing import Any, Final

from lernpfad.evaluate import tables
from lernpfad.evaluate.results import label

SLICES: Final = ("1", "2-5", "6-10", "11-20", "items never trained on")
"""Columns of the cold-start table, as `slices.cold_start` and the benchmark's lines name them."""

STACK: Final = "stack"

Line = Mapping[str, Any]
"""One run of one model, as a benchmark keeps it."""

Row = dict[str, Any]


def by_model(lines: Sequence[Line]) -> dict[str, list[Line]]:
    """The lines of a lane by model, the best mean AUC first, each model's runs in order."""
    found: dict[str, list[Line]] = {}
    for line in sorted(lines, key=lambda one: one["run"]):
        found.setdefault(line["model"], []).append(line)
    return dict(sorted(found.items(), key=lambda one: -_mean(one[1], _auc)))


def accuracy_rows(lines: Sequence[Line], published: Mapping[str, Any], comparisons: Sequence[Line]) -> list[Row]:
    """Metrics over the runs of each model; published figures, gates and whether they are reached; the paired lead.

    comparisons: the lane's, one for each run that was compared; the first one's leads are shown, and its stack.
    """
    leads = comparisons[0]["leads"] if comparisons else {}
    rows = [_accuracy(name, some, published.get(name) or {}, leads.get(name)) for name, some in by_model(lines).items()]
    if not comparisons:
        return rows
    stacks = [{"model": STACK, "run": one["run"], **one["stack"]} for one in comparisons]
    return [_accuracy(STACK, stacks, published.get(STACK) or {}, leads.get(STACK)), *rows]


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
    """What each model costs: medians would hide a resumed fit, so means of the runs, whose settings are the same."""
    rows = []
    for name, some in by_model(lines).items():
        first = some[0]
        seconds = _mean(some, lambda line: line["cost"]["fit_processor_s"])
        rows.append(
            {
                "model": label(name),
                "parameters": f"{first['cost']['parameters']:,.0f}",
                "epochs": tables.number(_mean(some, lambda line: line["epochs"]), 0) if first["epochs"] else "",
                "fit, processor s": tables.number(seconds, 1),
                "answers/s": f"{_two_digits(_mean(some, _speed)):,}",
                "decision, ms": tables.number(min(line["cost"]["step_ms"] for line in some), 2),
                "state, bytes": f"{first['cost']['state_bytes']:,.0f}",
            }
        )
    return rows


def gates(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Models by what came of their gate: "yes", "no"."""
    found: dict[str, list[str]] = {"yes": [], "**no**": []}
    for row in rows:
        if row["reached"]:
            found[row["reached"]].append(row["model"])
    return {"yes": found["yes"], "no": found["**no**"]}


def stack_rows(comparisons: Sequence[Line], best: Mapping[str, Any]) -> list[Row]:
    """A row for each stack: its AUC beside the best published one, and its lead over its best member."""
    rows = []
    for one in comparisons:
        found, lead = one["stack"], one["stack_over_best_member"]
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


def _accuracy(name: str, some: Sequence[Line], published: Mapping[str, Any], lead: Sequence[float] | None) -> Row:
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
        "reached": _reached(auc, published),
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
    if "gate" in one:
        return "yes" if auc >= one["gate"] else "**no**"
    if "within" in one:
        return "yes" if auc >= one["auc"] - one["within"] else "**no**"
    return ""


def _auc(line: Line) -> float:
    return float(line["test"]["auc"])


def _speed(line: Line) -> float:
    """Answers a second of the fit, each epoch counted."""
    return float(line["train_rows"] * max(line["epochs"], 1) / max(line["cost"]["fit_processor_s"], 1e-9))


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
