"""Can a classifier tell simulated learners from real ones, and by what? The importances are the to-do list.

    LERNPFAD_DATA=<public logs> python experiments/simulate/discriminator.py

writes discriminator.md beside this file. Settings: --learners, --weeks, --seed, --blocks (.75 first), --length, --real.
"""

import argparse
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pairs import PUBLIC, public, simulated

from lernpfad.core import Array, FloatArray, IntArray, Sequences
from lernpfad.evaluate.intervals import by_learner
from lernpfad.evaluate.metrics import auc
from lernpfad.simulate.profiles import NAMES, profiles
from lernpfad.simulate.sharedview import BINS, difficulty_bins, view

HERE = Path(__file__).parent
BLOCK = 0.75
PRACTICE = (
    *("correct at first opportunities", "correct at later opportunities", "sets of skills", "highest opportunity"),
    *("same skill as before", "runs on one skill"),
)
"""Features that tell how practice is arranged; the others tell of difficulty and answers alone."""

ALONE = [place for place, name in enumerate(NAMES) if name not in PRACTICE]
STEPS_ALONE = 2
"""The first columns of the steps: right, and the difficulty bin."""


class Looked(NamedTuple):
    """Learners of one log, each with the same number of answers: features, `[L, F]`; steps, `[L, length, 4]`."""

    features: FloatArray
    steps: FloatArray


def looked(log: Sequences, *, length: int, most: int, rng: np.random.Generator) -> Looked:
    """At most so many learners who answered often enough, by their first `length` answers."""
    seen = view(log, difficulty_bins(log), first=length)
    whole = np.flatnonzero(np.bincount(seen.owner, minlength=len(log.learners)) == length)
    chosen = np.sort(rng.permutation(whole)[:most])
    rows = np.isin(seen.owner, chosen)
    features, right = seen.features[rows].reshape(-1, length, len(seen.features[0])), seen.right[rows]
    right = right.reshape(-1, length)
    steps = np.stack(
        [right, features[:, :, 0] / (BINS - 1), np.log1p(features[:, :, 1]), features[:, :, 9] == 1], axis=2
    )
    return Looked(profiles(features, right), steps.astype(np.float32))


def together(one: Looked, other: Looked, rng: np.random.Generator) -> tuple[Looked, IntArray, Array]:
    """Both logs shuffled, equally many learners of each; which is real, and who is held out."""
    count = min(len(one.features), len(other.features))
    order = rng.permutation(2 * count)
    parts = [np.concatenate([a[:count], b[:count]])[order] for a, b in zip(one, other, strict=True)]
    return Looked(*parts), (order >= count).astype(np.int64), order % count % 3 == 0


def alone(found: Looked) -> Looked:
    """Without what tells how practice is arranged."""
    return Looked(found.features[:, ALONE], found.steps[:, :, :STEPS_ALONE])


def trees(found: Looked, real: IntArray, held_out: Array) -> tuple[FloatArray, Any]:
    """What boosted trees say of the learners held out, and the trees."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    fitted = HistGradientBoostingClassifier(max_iter=120, learning_rate=0.06, max_leaf_nodes=12, random_state=0)
    fitted.fit(found.features[~held_out], real[~held_out])
    return fitted.predict_proba(found.features[held_out])[:, 1], fitted


def importances(fitted: Any, features: FloatArray, real: IntArray, rng: np.random.Generator) -> list[float]:
    """What AUC loses when a feature is shuffled among the learners held out, mean of five times, `[F]`."""
    whole = auc(fitted.predict_proba(features)[:, 1], real)
    lost = []
    for column in range(features.shape[1]):
        drops = []
        for _ in range(5):
            mixed = features.copy()
            mixed[:, column] = rng.permutation(mixed[:, column])
            drops.append(whole - auc(fitted.predict_proba(mixed)[:, 1], real))
        lost.append(float(np.mean(drops)))
    return lost


def gru(found: Looked, real: IntArray, held_out: Array, *, epochs: int = 12) -> FloatArray:
    """What a small GRU over the answers says of the learners held out."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    steps, wanted = torch.from_numpy(found.steps), torch.from_numpy(real).float()
    train = torch.from_numpy(np.flatnonzero(~held_out))
    reader, judge = nn.GRU(steps.shape[2], 32, batch_first=True), nn.Linear(32, 1)
    optimiser = torch.optim.Adam([*reader.parameters(), *judge.parameters()], lr=3e-3)
    for _ in range(epochs):
        for batch in train[torch.randperm(len(train))].split(64):
            logit = judge(reader(steps[batch])[0].mean(dim=1))[:, 0]
            loss = nn.functional.binary_cross_entropy_with_logits(logit, wanted[batch])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
    with torch.no_grad():
        said: FloatArray = judge(reader(steps[torch.from_numpy(np.flatnonzero(held_out))])[0].mean(dim=1))[:, 0].numpy()
    return said


def sure(said: FloatArray, real: IntArray) -> str:
    low, high = by_learner("auc", said.astype(np.float64), real, np.arange(len(real)), resamples=500)
    return f"{auc(said, real):.3f} ({low:.3f} to {high:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=1200)
    parser.add_argument("--weeks", type=int, default=52)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--blocks", type=float, nargs="+", default=[BLOCK, 0.35])
    parser.add_argument("--length", type=int, default=40)
    parser.add_argument("--real", nargs="+", default=list(PUBLIC))
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    sizes = {"length": options.length, "most": options.learners, "rng": rng}
    ours = {"learners": options.learners, "weeks": options.weeks}
    worlds = {
        f"block {block}": looked(simulated(**ours, seed=options.seed, block=block), **sizes) for block in options.blocks
    }
    logs = {name: public(name) for name in options.real}
    others = {name: looked(log, **sizes) for name, log in logs.items() if log is not None}
    again = looked(simulated(**ours, seed=options.seed + 1, block=BLOCK), **sizes)
    pairs = [(a, b, worlds[a], others[b]) for a in worlds for b in others]
    names = list(others)
    pairs += [(names[0], b, others[names[0]], others[b]) for b in names[1:]]
    pairs += [(f"block {BLOCK}", "the same, other people", worlds[f"block {BLOCK}"], again)]
    rows, lists = [], []
    for one, other, left, right in pairs:
        whole, real, held_out = together(left, right, rng)
        told, cells = real[held_out], []
        for found, places in ((whole, range(len(NAMES))), (alone(whole), ALONE)):
            said, fitted = trees(found, real, held_out)
            cells += [sure(said, told), sure(gru(found, real, held_out), told)]
            if one == f"block {BLOCK}" and other in others:
                lost = importances(fitted, found.features[held_out], told, rng)
                lists.append((other, dict(zip(places, lost, strict=True)), left, right))
        rows.append([one, other, str(len(real)), *cells])
        print(rows[-1], flush=True)
    text = page(options, rows, lists)
    (HERE / "discriminator.md").write_text(text)
    print(text)


def page(options: argparse.Namespace, rows: list[list[str]], lists: list[Any]) -> str:
    lines = [
        "# Told apart: simulated learners and real ones",
        "",
        f"    python experiments/simulate/discriminator.py --learners {options.learners} --weeks {options.weeks} "
        f"--seed {options.seed} --blocks {' '.join(map(str, options.blocks))} "
        f"--length {options.length} --real {' '.join(options.real)}",
        "",
        f"The first {options.length} answers of learners with at least as many, equally many learners of each log, a",
        "third of them held out. Boosted trees on features of a learner (`lernpfad.simulate.profiles`), and a GRU over",
        "her answers (right, difficulty bin, opportunity, same skill as before). AUC with its 95 % interval: .5 cannot",
        "be told apart, .9 and more is visibly another log. Two public logs stand beside for comparison, and two",
        "populations of our world, which nobody should tell apart.",
        "Alone: without whatever tells how practice is arranged (which skill comes next, how often), which the logging",
        "policy and the catalog decide, so by answers and difficulty alone.",
        "",
        "| one | other | learners | trees | GRU | trees, alone | GRU, alone |",
        "|---|---|---|---|---|---|---|",
        *(f"| {' | '.join(cells)} |" for cells in rows),
        "",
        f"## By what? Permutation importances against block {BLOCK}",
        "",
        "What the trees' AUC loses when a feature is shuffled, and its mean over learners here and there: the to-do",
        "list.",
    ]
    for other, lost, left, right in lists:
        kind = "" if len(lost) == len(NAMES) else ", alone"
        lines += ["", f"### {other}{kind}", "", "| feature | AUC lost | simulated | there |", "|---|---|---|---|"]
        for place in sorted(lost, key=lambda one: -lost[one])[:6]:
            means = [f"{np.nanmean(one.features[:, place]):.3f}" for one in (left, right)]
            lines.append(f"| {NAMES[place]} | {lost[place]:.3f} | {' | '.join(means)} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
