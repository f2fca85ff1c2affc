"""Scoring and the ten best for 10,000 learners, the full catalog: ours beside implicit, RecTools and LensKit.

    python experiments/speed/recommend.py --rectools RECTOOLS/bin/python --lenskit LENSKIT/bin/python

RECTOOLS and LENSKIT are environments of their own (RecTools pins numpy < 2; of LensKit what pip finds for Python
3.11). The data are MOOCCubeX's enrolments: models are fitted on the histories of all learners less their last course;
10,000 of them (the sample of the leave-last-out lane) are asked for the ten best of 3,321 courses that they have not
taken. Every side has one thread; seconds are the processor's, so that other work on the machine counts for nobody; the
sides take turns. Writes recommend.md.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

ONE_CORE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
os.environ |= ONE_CORE  # before numpy

import numpy as np  # noqa: E402

HERE = Path(__file__).parent
K, NEIGHBOURS, FACTORS, RIDGE, ITERATIONS = 10, 100, 64, 100.0, 2
TOGETHER = 2_000_000
"""Scores held at once, as in `evaluate.ranking`."""
WANTED = {"implicit": 1.0, "rectools": 20.0, "lenskit": 20.0}
NAMES = {"implicit": "implicit", "rectools": "RecTools", "lenskit": "LensKit"}
Lists = Callable[[int], np.ndarray]
"""The best items of the first so many of the learners, `[learners, K]`."""
Side = Callable[[int], float]
"""Processor seconds for the first so many of the learners."""


def data() -> Any:
    from lernpfad.data.sources import itemsequence
    from lernpfad.data.split import LeaveLastOut

    folder = Path(os.environ.get("LERNPFAD_DATA", HERE.parents[2] / "shared" / "data"))
    enrolments = itemsequence.read(folder / "mooccubex-enrolments", file="sequences.txt")
    split = LeaveLastOut(validate=False, sample=10_000)(enrolments)
    return split.train, split.test.where(~split.test_scored)


def best(score: Callable[[slice], Any], histories: Any) -> np.ndarray:
    """What `evaluate.ranking` does: scores of some learners, what they took masked, the ids of the K best."""
    from lernpfad.evaluate.ranking import top

    items = len(histories.catalog)
    together, found = TOGETHER // items, []
    for first in range(0, len(histories.learners), together):
        some = slice(first, min(first + together, len(histories.learners)))
        part = histories.select(some)
        scores = score(part, some)
        scores[part.owner, part.item] = -np.inf
        found.append(top(scores, K))
    return histories.catalog.items[np.concatenate(found)]


def timed(call: Lists) -> Side:
    def seconds(learners: int) -> float:
        begun = time.process_time()
        call(learners)
        return time.process_time() - begun

    return seconds


def ours(model: Any, histories: Any, *, rows: np.ndarray | None = None) -> Lists:
    """rows: where the learners stand in training; their factors are then taken from there instead of folded in."""
    items = np.arange(len(histories.catalog))

    def whole(part: Any, some: slice) -> Any:
        return model.score(part, items) if rows is None else model.affinity(model.trained[rows[some]], items)

    return lambda learners: best(whole, histories.select(slice(0, learners)))


def theirs(model: Any, table: Any, rows: np.ndarray, ids: np.ndarray, **how: Any) -> Lists:
    """implicit's lists of item ids."""

    def lists(learners: int) -> np.ndarray:
        asked = rows[:learners]
        return ids[model.recommend(asked, table[asked], N=K, filter_already_liked_items=True, **how)[0]]

    return lists


class Peer:
    """A process of another environment that has fitted a model and recommends when it is told to."""

    def __init__(self, library: str, python: str, log: Path, model: str) -> None:
        script = [python, str(HERE / "peer_recommend.py"), library, str(log), model]
        self.process = subprocess.Popen(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.version = self.heard()

    def heard(self) -> str:
        line = self.process.stdout.readline().strip()
        if not line:
            sys.exit("a peer ended before it answered; see its error above")
        return line

    def __call__(self, learners: int) -> float:
        print(learners, file=self.process.stdin, flush=True)
        return float(self.heard())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def contests(train: Any, histories: Any, rows: np.ndarray) -> dict[str, dict[str, Lists]]:
    """Ours and implicit's, by contest; fitted here."""
    from implicit.als import AlternatingLeastSquares
    from implicit.nearest_neighbours import TFIDFRecommender
    from scipy.sparse import csr_matrix

    from lernpfad.collaborative.als import ALS
    from lernpfad.collaborative.ease import EASE
    from lernpfad.collaborative.itemknn import ItemKNN

    shape = (len(train.learners), len(train.catalog))
    table = csr_matrix((np.ones(len(train), dtype=np.float32), (train.owner, train.item)), shape=shape)
    als = ALS(factors=FACTORS, iterations=ITERATIONS).fit(train)
    same = AlternatingLeastSquares(FACTORS, regularization=als.regularization, alpha=als.alpha, num_threads=1)
    same.item_factors, same.user_factors = als.items_, als.trained
    knn = TFIDFRecommender(K=NEIGHBOURS + 1, num_threads=1)
    knn.fit(table, show_progress=False)
    return {
        "ALS, 64 factors, of training": {
            "lernpfad": ours(als, histories, rows=rows),
            "implicit": theirs(same, table, rows, train.catalog.items),
        },
        "ALS, 64 factors, folded in": {
            "lernpfad": ours(als, histories),
            "implicit": theirs(same, table, rows, train.catalog.items, recalculate_user=True),
        },
        "item-kNN, TF-IDF, 100 neighbours": {
            "lernpfad": ours(ItemKNN(neighbours=NEIGHBOURS).fit(train), histories),
            "implicit": theirs(knn, table, rows, train.catalog.items),
        },
        "EASE": {"lernpfad": ours(EASE(RIDGE).fit(train), histories)},
    }


PEERS = {
    "rectools": {
        "ALS, 64 factors, of training": "als",
        "item-kNN, TF-IDF, 100 neighbours": "itemknn",
        "EASE": "ease",
    },
    "lenskit": {
        "ALS, 64 factors, folded in": "als",
        "item-kNN, TF-IDF, 100 neighbours": "itemknn",
        "EASE": "ease",
    },
}
"""Which model of a peer is like ours; RecTools takes ALS's factors from training, LensKit folds in."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rectools")
    parser.add_argument("--lenskit")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--learners", type=int, default=10_000)
    parser.add_argument("--few", type=int, default=500, help="learners that LensKit is asked for, one by one")
    asked = parser.parse_args()
    train, histories = data()
    rows = np.flatnonzero(np.isin(train.learners, histories.learners))
    assert np.array_equal(train.learners[rows], histories.learners)
    sides, versions = contests(train, histories, rows), {"implicit": version("implicit")}
    found: dict[str, dict[str, list[float]]] = {contest: {} for contest in sides}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.npz"
        np.savez(log, owner=train.owner, item=train.item, asked=rows)
        for contest, own in sides.items():
            peers = {
                library: Peer(library, python, log, PEERS[library][contest])
                for library in PEERS
                if contest in PEERS[library] and (python := getattr(asked, library))
            }
            versions |= {library: peer.version for library, peer in peers.items()}
            if "implicit" in own:
                alike = float((own["lernpfad"](1000) == own["implicit"](1000)).mean())
                print(f"{contest}: {alike:.4f} of the places alike", flush=True)
                assert alike > 0.95, "the two sides do not do the same work"
            own = {side: timed(lists) for side, lists in own.items()}
            for _ in range(asked.repeats):
                for side, seconds in (own | peers).items():
                    learners = asked.few if side == "lenskit" else asked.learners
                    found[contest].setdefault(side, []).append(seconds(learners) * asked.learners / learners)
                print(contest, {side: round(all_[-1], 3) for side, all_ in found[contest].items()}, flush=True)
            for peer in peers.values():
                peer.close()
    write(found, versions, asked)


def write(found: dict[str, dict[str, list[float]]], versions: dict[str, str], asked: argparse.Namespace) -> None:
    lines = [
        "# The ten best for ten thousand learners",
        "",
        f"Processor seconds for {asked.learners:,} learners and 3,321 items (MOOCCubeX), what was taken masked:",
        f"medians of {asked.repeats} turns on one core ({platform.machine()}), sides taking turns in one run; every",
        "library with one thread. `lernpfad` is `score` (or `affinity`, where the learners' factors are those of",
        "training) and `evaluate.ranking.top` in parts of 2,000,000 scores; the others are their own batch",
        "`recommend`, RecTools' with the data frame that it ends with. LensKit goes from learner to learner: it was",
        f"asked for {asked.few:,}, and its seconds are {asked.learners / asked.few:g} times those.",
        "",
        "    python experiments/speed/recommend.py --rectools RECTOOLS/bin/python --lenskit LENSKIT/bin/python",
        "",
        "|model|other side|its seconds|lernpfad's seconds|ratio|wanted|reached|",
        "|---|---|---|---|---|---|---|",
    ]
    for contest, sides in found.items():
        mine = statistics.median(sides["lernpfad"])
        for side in (side for side in sides if side != "lernpfad"):
            its = statistics.median(sides[side])
            reached = "yes" if its / mine >= WANTED[side] else "**no**"
            figures = f"{its:.3f}|{mine:.3f}|{its / mine:.2f}|{WANTED[side]:.0f}"
            lines.append(f"|{contest}|{NAMES[side]} {versions[side]}|{figures}|{reached}|")
    lines += [
        "",
        "lernpfad and implicit list the same items (the script insists on 95 % of the places, for equal scores);",
        "the factors of RecTools' and LensKit's ALS are their own, of one sweep. implicit has no EASE. RecTools calls",
        "implicit's compiled code itself: ALS and EASE end in implicit's search for the best, item-kNN in its scorer,",
        "learner by learner. So with ALS and item-kNN it can be no further from lernpfad than implicit is, but for its",
        "frames. Factors of training serve nobody who was not there; folding in serves whoever has a history.",
    ]
    (HERE / "recommend.md").write_text("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
