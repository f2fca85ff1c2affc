"""Train on the simulated log and test on a real one, and the reverse: does what is learned there hold here?

    LERNPFAD_DATA=<public logs> python experiments/simulate/transfer.py

writes transfer.md beside this file. Settings: --learners, --weeks, --block, --seed, --most (learners of a log), --real.
"""

import argparse
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pairs import PUBLIC, public, simulated

from lernpfad.core import Sequences
from lernpfad.evaluate.intervals import bootstrap, percentiles
from lernpfad.evaluate.metrics import auc
from lernpfad.simulate.sharedview import NAMES, View, difficulty_bins, view

HERE = Path(__file__).parent
FIRST = 200
"""Answers of each learner that are looked at."""
GATE = 0.6


@dataclass(frozen=True)
class Halves:
    """A log in the shared view: two learners of three to train on, the others to test; bins are the trainers'."""

    train: View
    test: View


def halved(log: Sequences, most: int, rng: np.random.Generator) -> Halves:
    some = rng.permutation(len(log.learners))[:most]
    held_out = np.zeros(len(log.learners), dtype=bool)
    held_out[some[: len(some) // 3]] = True
    kept = np.zeros(len(log.learners), dtype=bool)
    kept[some[len(some) // 3 :]] = True
    train, test = log.select(kept), log.select(held_out)
    bins = difficulty_bins(train)
    return Halves(view(train, bins, first=FIRST), view(test, bins, first=FIRST))


def model() -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(max_iter=120, learning_rate=0.08, max_leaf_nodes=24, random_state=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=1200)
    parser.add_argument("--weeks", type=int, default=52)
    parser.add_argument("--block", type=float, default=0.75)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most", type=int, default=2500)
    parser.add_argument("--real", nargs="+", default=list(PUBLIC))
    options = parser.parse_args()
    ours = {"learners": options.learners, "weeks": options.weeks, "seed": options.seed, "block": options.block}
    logs = {"simulated": simulated(**ours)} | {name: public(name) for name in options.real}
    rng = np.random.default_rng(options.seed)
    parts = {name: halved(log, options.most, rng) for name, log in logs.items() if log is not None}
    fitted = {name: model().fit(part.train.features, part.train.right) for name, part in parts.items()}
    rows = [row(source, target, parts, fitted) for target in parts for source in parts]
    text = page(options, parts, rows)
    (HERE / "transfer.md").write_text(text)
    print(text)


def row(source: str, target: str, parts: dict[str, Halves], fitted: dict[str, Any]) -> list[str]:
    """What a model fitted on `source` is worth on the test learners of `target`, next to the home model and the bin."""
    test = parts[target].test
    of_item = auc(test.features[:, 0], test.right)
    said = {name: fitted[name].predict_proba(test.features)[:, 1] for name in (source, target)}
    there, home = auc(said[source], test.right), auc(said[target], test.right)
    ratio = (there - of_item) / (home - of_item)
    said["bin"] = test.features[:, 0]
    drawn = {name: bootstrap("auc", one, test.right, test.owner, resamples=500) for name, one in said.items()}
    low, high = percentiles((drawn[source] - drawn["bin"]) / (drawn[target] - drawn["bin"]))
    mark = "" if source == target or "simulated" not in (source, target) else "pass" if ratio >= GATE else "**fail**"
    return [
        *(source, target, f"{of_item:.3f}", f"{home:.3f}", f"{there:.3f}", f"{ratio:.2f}", f"{low:.2f} to {high:.2f}"),
        mark,
    ]


def page(options: argparse.Namespace, parts: dict[str, Halves], rows: list[list[str]]) -> str:
    heads = ["trained on", "tested on", "bin alone", "home model", "this model", "share kept", "95 %", f">= {GATE}"]
    sizes = "; ".join(
        f"{name} {len(np.unique(one.train.owner))} + {len(np.unique(one.test.owner))} learners, "
        f"{len(one.train.right):,} + {len(one.test.right):,} answers"
        for name, one in parts.items()
    )
    lines = [
        "# Train on synthetic, test on real, and the reverse",
        "",
        f"    python experiments/simulate/transfer.py --learners {options.learners} --weeks {options.weeks} "
        f"--block {options.block} --seed {options.seed} --most {options.most} --real {' '.join(options.real)}",
        "",
        *textwrap.wrap(
            f"Gradient boosting on the view that logs share ({', '.join(NAMES)}): no item, no skill. Difficulty bins "
            f"are twentieths of the training answers of each log. First {FIRST} answers of at most {options.most:,} "
            "learners, split by learner. AUC on test learners. Share kept = (this model - bin alone) / (home model - "
            "bin alone); its interval is a bootstrap over test learners, all three on the same ones. Between two "
            f"public logs it says what to expect of realism at best. {sizes}.",
            118,
        ),
        "",
        f"| {' | '.join(heads)} |",
        f"|{'---|' * len(heads)}",
        *(f"| {' | '.join(cells)} |" for cells in rows),
        "",
        "The public logs are of pupils; no corporate log is public. Where little is lost, practice and earlier answers",
        "foretell success alike here and there; that says nothing of skills, forgetting or policies.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
