"""What the recommended policy owes to its tracer, to the length of the log, and to the minutes that people have.

    python experiments/robustness/ablations.py

Each line is a `lernpfad matrix` of the main world on seeds that nothing was tuned on; it goes on where it stopped.
Writes ablations.md. Simulated, not observed.
"""

import csv
import subprocess
import sys
from pathlib import Path
from typing import Final

import numpy as np

from lernpfad.evaluate import tables
from lernpfad.evaluate.closed_loop import PER_HOURS
from lernpfad.evaluate.results import label

HERE: Final = Path(__file__).parent
POLICY: Final = "debtperminute"
COMMON: Final = ("only_worlds=[main]", "first_seed=3000", "tracking=none")
ALONE: Final = "only_policies=[debtperminute,oracle]"

TRACERS: Final = ("experiment=matrix/tracers",)
LOGS: Final = {learners: (ALONE, f"log.learners={learners}") for learners in (30, 100, 300, 1000, 3000)}
MINUTES: Final = {minutes: (ALONE, f"+world.minutes={minutes}") for minutes in (16, 24, 60)}

Row = dict[str, str]


def main() -> None:
    """Run what is missing and write the page."""
    tracers = ran("tracers", *TRACERS)
    logs = {learners: ran(f"log-{learners}", *words) for learners, words in LOGS.items()}
    minutes = {one: ran(f"minutes-{one}", *words) for one, words in MINUTES.items()}
    page = PAGE.format(
        tracers=tables.markdown(tracer_rows(tracers)),
        rank=tables.number(agreement(tracers)),
        logs=tables.markdown([{"people in the log": f"{n:,}"} | told(rows) for n, rows in logs.items()]),
        minutes=tables.markdown([{"minutes a week": str(n)} | told(rows) for n, rows in minutes.items()]),
    )
    (HERE / "ablations.md").write_text(page, encoding="utf-8")
    print(page)


def ran(name: str, *words: str) -> dict[str, Row]:
    """The rows of a matrix of the main world by policy."""
    place = Path("runs") / "ablations" / name
    command = [str(Path(sys.executable).with_name("lernpfad")), "matrix", *COMMON, *words, f"hydra.run.dir={place}"]
    subprocess.run([*command, f"results={place / 'page'}"], check=True)
    with (place / "page" / "matrix.csv").open(encoding="utf-8", newline="") as lines:
        return {row["policy"]: row for row in csv.DictReader(lines)}


def tracer_rows(rows: dict[str, Row]) -> list[Row]:
    """The policy through each tracer, the best AUC first."""
    through = sorted(of_tracers(rows), key=lambda row: -float(row["auc"]))
    return [
        {"tracer": label(row["tracer"]), "AUC": tables.number(float(row["auc"]), 3)} | figures(row) for row in through
    ]


def of_tracers(rows: dict[str, Row]) -> list[Row]:
    """The rows of the policy, one for each tracer."""
    return [row for name, row in rows.items() if name.startswith("with_")]


def agreement(rows: dict[str, Row]) -> float:
    """Spearman's rank correlation between AUC and debt-weeks avoided."""
    pairs = np.asarray([(float(row["auc"]), float(row["per_hour"])) for row in of_tracers(rows)])
    ranks = pairs.argsort(axis=0).argsort(axis=0)
    return float(np.corrcoef(ranks.T)[0, 1])


def told(rows: dict[str, Row]) -> Row:
    """The policy, and the AUC of its tracer."""
    return {"AUC of FSRS-6": tables.number(float(rows[POLICY]["auc"]), 3)} | figures(rows[POLICY])


def figures(row: Row) -> Row:
    """What a policy achieved."""
    value, low, high, lead, least, most = (
        PER_HOURS * float(row[name])
        for name in ("per_hour", "low", "high", *(f"lead{end}_over_rolecurriculum" for end in ("", "_low", "_high")))
    )
    return {
        f"debt-weeks avoided per {PER_HOURS} h": f"{tables.number(value)} ({tables.interval(low, high)})",
        "of oracle": tables.percent(float(row["normalised"])),
        "ahead of role curriculum": f"{tables.number(lead)} ({tables.interval(least, most)})",
        "hours": f"{float(row['hours']):,.0f}",
    }


PAGE: Final = """# What the recommended policy owes to what

    python experiments/robustness/ablations.py

Debt per minute in the main world: 400 people (seeds 3000 to 3019, 20 each) after 12 weeks under the logging policy, 26
weeks under the policy and 4 without training, as in [README.md](README.md). True debt, 95 % bootstrap over learners
within seed. Oracle: greedy, with the truth. Simulated, not observed.

## Does a better AUC teach better?

The same policy through each tracer, all fitted on one log of 1,000 people; AUC on other people of that world.

{tracers}

Rank correlation of AUC and debt-weeks avoided: {rank}.

## How many logs does it take?

Tracer and recommender fitted on fewer or more people over 26 weeks.

{logs}

## How many minutes do people have?

{minutes}
"""

if __name__ == "__main__":
    main()
