"""Tables of a benchmark: one lane's models side by side, with the published figures in the same rows."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lernpfad.evaluate import cells, tables
from lernpfad.evaluate.cells import Line, Row
from lernpfad.evaluate.results import label

SLICES: Final = ("1", "2-5", "6-10", "11-20", "items never trained on")
"""Columns of the cold-start table, as `slices.cold_start` and the benchmark's lines name them."""

STACK: Final = "stack"
"""What the stack of all models of a lane is called."""

FIT: Final = "fit_processor_s"
"""In a line's cost, where the fit was not interrupted."""

HEADLINE: Final = "auc"
"""The metric by which models are ordered and gates are judged."""


def by_model(lines: Sequence[Line]) -> dict[str, list[Line]]:
    """The lines of a lane by model, the best mean AUC first, each model's runs in order."""
    return cells.by_model(lines, HEADLINE)


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
            f"{key} ({n[key]:,})": cells.points(
                cells.mean([line["slices"][key] for line in some], lambda part: part["auc"])
            )
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
                "epochs": tables.number(cells.mean(some, lambda line: line["epochs"]), 0) if first["epochs"] else "",
                "fit, processor s": tables.number(cells.mean(whole, lambda line: line["cost"][FIT]), 1),
                "answers/s": f"{cells.two_digits(cells.mean(whole, _speed)):,}" if whole else "",
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
            "AUC": f"**{cells.points(auc)}** [{cells.points(low)}, {cells.points(high)}]",
            "log loss": cells.points(found["test"]["log_loss"]),
            "ECE": cells.points(found["test"]["ece"]),
            "best member": label(one["best_member"]),
            "lead over it": cells.lead(lead),
        }
        if best:
            row |= {"best published": cells.points(best["auc"]), "above": "yes" if auc > best["auc"] else "**no**"}
        rows.append(row)
    return rows


def _accuracy(
    name: str, some: Sequence[Line], published: Mapping[str, Any], lead: Sequence[float] | None, runs: int
) -> Row:
    auc, low, high = (
        cells.mean(some, one) for one in (_auc, lambda x: x["auc_interval"][0], lambda x: x["auc_interval"][1])
    )
    return {
        "model": label(name),
        "runs": len(some),
        "AUC": cells.spread(some, "auc"),
        "95 % by learner": f"{cells.points(low)} to {cells.points(high)}",
        "lead [95 %]": cells.lead(lead) if lead else "",
        "accuracy": cells.spread(some, "accuracy"),
        "log loss": cells.spread(some, "log_loss"),
        "RMSE": cells.spread(some, "rmse"),
        "ECE": cells.points(cells.mean(some, lambda line: line["test"]["ece"])),
        "published": cells.published(published, HEADLINE),
        "gate": cells.gate(published, HEADLINE),
        "reached": cells.reached(auc, published, HEADLINE) + cells.of_all(len(some), runs, published),
    }


def _auc(line: Line) -> float:
    return float(line["test"]["auc"])


def _speed(line: Line) -> float:
    """Answers a second of the fit, each epoch counted."""
    return float(line["train_rows"] * max(line["epochs"], 1) / max(line["cost"][FIT], 1e-9))
