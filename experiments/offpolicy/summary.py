"""Tables of the coverage experiment, from its lines."""

from typing import Any

import numpy as np

INTERVALS = ("clustered", "bootstrap")


def tables(first: dict[str, Any], lines: list[dict[str, Any]]) -> list[str]:
    """Markdown: the truth, then a table for each horizon."""
    rows = [row | {"seed": line["seed"]} for line in lines for row in line["rows"]]
    made = [true_values(first)]
    for horizon, values in first["truth"].items():
        of_horizon = [row for row in rows if row["horizon"] == horizon]
        names = list(dict.fromkeys(row["estimator"] for row in of_horizon))
        body = [summarised(name, [r for r in of_horizon if r["estimator"] == name], values) for name in names]
        made.append(f"{horizon}, {len(lines)} logs\n\n{HEADER}\n" + "\n".join(body))
    return made


HEADER = (
    "| estimator | bias | RMSE | coverage, by learner | coverage, bootstrap | half width | refused | "
    "coverage of refused | regret | rank correlation |\n" + "|---" * 10 + "|"
)


def true_values(first: dict[str, Any]) -> str:
    """What each mixture is worth."""
    head = f"| true value ({first['learners']} learners) | " + " | ".join(first["truth"]) + " |"
    names = next(iter(first["truth"].values()))
    cells = {n: [f"{value[n][0]:.4f} ({value[n][1]:.4f})" for value in first["truth"].values()] for n in names}
    body = [f"| {n} | {' | '.join(row)} |" for n, row in cells.items()]
    return "\n".join([head, "|---" * (1 + len(first["truth"])) + "|", *body])


def summarised(name: str, rows: list[dict[str, Any]], truth: dict[str, list[float]]) -> str:
    """One estimator, over all policies but the logging policy itself; choosing may choose that as well."""
    judged = [row for row in rows if row["policy"] != "logging"]
    kept = [row for row in judged if not row["refused"]]
    gone = [row for row in judged if row["refused"]]
    error = np.array([row["value"] - truth[row["policy"]][0] for row in kept])
    half = np.array([(row["clustered"][1] - row["clustered"][0]) / 2 for row in kept])
    regret, agreement = chosen(rows, truth)
    numbers = (
        f"{error.mean():+.4f}" if kept else "",
        f"{np.sqrt((error**2).mean()):.4f}" if kept else "",
        *(share(kept, truth, interval) for interval in INTERVALS),
        f"{half.mean():.4f}" if kept else "",
        f"{len(gone)} of {len(judged)}",
        share(gone, truth, "clustered"),
        f"{regret:.4f}",
        f"{agreement:.2f}",
    )
    return f"| {name} | " + " | ".join(numbers) + " |"


def share(rows: list[dict[str, Any]], truth: dict[str, list[float]], interval: str) -> str:
    """How often the interval holds the truth."""
    held = [row[interval][0] <= truth[row["policy"]][0] <= row[interval][1] for row in rows]
    return f"{np.mean(held):.1%}" if held else ""


def chosen(rows: list[dict[str, Any]], truth: dict[str, list[float]]) -> tuple[float, float]:
    """What is lost by choosing the policy with the best estimate, and Spearman's correlation; means over logs."""
    regrets, agreements = [], []
    for seed in sorted({row["seed"] for row in rows}):
        those = [row for row in rows if row["seed"] == seed and not row["refused"]]
        if len(those) < 2:
            continue
        true = np.array([truth[row["policy"]][0] for row in those])
        said = np.array([row["value"] for row in those])
        regrets.append(max(value[0] for value in truth.values()) - true[np.argmax(said)])
        agreements.append(np.corrcoef(np.argsort(np.argsort(true)), np.argsort(np.argsort(said)))[0, 1])
    return (float(np.mean(regrets)), float(np.mean(agreements))) if regrets else (np.nan, np.nan)
