"""Fitting BKT beside pyBKT: seconds and likelihood on the same answers, both sides in one run.

    python experiments/speed/bkt.py --peer-python PEER/bin/python

PEER is an environment of its own with pyBKT 1.4.3 (numpy < 2, pandas < 2.3, scikit-learn < 1.6). The data are the
training learners of ASSISTments 2009 (lane B), by skill combination, which is all that pyBKT takes: one skill a row.
pyBKT runs one start (num_fits=1) with its default number of threads; ours runs its default three. Writes bkt.md.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent

PEER = """
import sys, time, json
import pandas as pd
from pyBKT.models import Model
frame = pd.read_csv(sys.argv[1])
model = Model(seed=0, num_fits=1)
begun = time.perf_counter()
model.fit(data=frame, defaults={'order_id': 'order', 'user_id': 'user', 'skill_name': 'skill', 'correct': 'right'})
seconds = time.perf_counter() - begun
said = model.predict(data=frame)
said[['order', 'correct_predictions']].to_csv(sys.argv[2], index=False)
print(json.dumps(seconds))
"""


def answers() -> object:
    """Lane B's training answers with the skill combination as the only skill."""
    from lernpfad.core import Catalog
    from lernpfad.data.sources import jedm
    from lernpfad.data.split import Published

    folder = Path(os.environ.get("LERNPFAD_DATA", HERE.parents[2] / "shared" / "data"))
    train = Published(valid=0.0001)(jedm.read(folder / "jedm_assistments09")).train
    table = train.catalog.item_skills
    _, combination = np.unique(table, axis=0, return_inverse=True)
    names = [str(k) for k in range(int(combination.max()) + 1)]
    catalog = Catalog.of(train.catalog.items, names, [[int(k)] for k in combination.ravel()])
    return replace(train, catalog=catalog), combination.ravel()


def log_loss(said: np.ndarray, right: np.ndarray) -> float:
    said = np.clip(said, 1e-7, 1 - 1e-7)
    return float(-np.where(right, np.log(said), np.log1p(-said)).mean())


def main() -> None:
    import pandas as pd

    from lernpfad.tracing.bkt import BKT

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", required=True)
    parser.add_argument("--repeats", type=int, default=1)
    asked = parser.parse_args()
    train, combination = answers()
    right = train.outcome == 1
    BKT(forgets=False).fit(train.select(slice(0, 3)))  # compiles
    found = {"lernpfad": [], "pybkt": []}
    with tempfile.TemporaryDirectory() as folder:
        log, said = Path(folder) / "log.csv", Path(folder) / "said.csv"
        columns = {"order": np.arange(len(train)), "user": train.owner, "skill": combination[train.item]}
        pd.DataFrame({**columns, "right": right.astype(int)}).to_csv(log, index=False)
        for _ in range(asked.repeats):
            for _ in range(5):
                begun = time.perf_counter()
                tracer = BKT(forgets=False).fit(train)
                found["lernpfad"].append(time.perf_counter() - begun)
            done = subprocess.run(
                [asked.peer_python, "-c", PEER, str(log), str(said)], capture_output=True, text=True, check=False
            )
            if done.returncode:
                sys.exit(done.stderr[-3000:])
            found["pybkt"].append(json.loads(done.stdout.strip().splitlines()[-1]))
        peer = pd.read_csv(said).sort_values("order")["correct_predictions"].to_numpy()
    losses = {"lernpfad": log_loss(tracer.trace(train), right), "pybkt": log_loss(peer, right)}
    seconds = {side: statistics.median(times) for side, times in found.items()}
    lines = [
        "# Fitting BKT beside pyBKT",
        "",
        f"{len(train):,} answers, {len(train.catalog.skills)} skill combinations (lane B's training learners), plain",
        f"BKT, on the same {os.cpu_count()} cores ({platform.machine()}), in one run; ours after compilation.",
        "",
        "    python experiments/speed/bkt.py --peer-python PEER/bin/python",
        "",
        "||starts|seconds (median)|log loss on the training answers|",
        "|---|---|---|---|",
        f"|pyBKT 1.4.3|1|{seconds['pybkt']:.1f}|{losses['pybkt']:.5f}|",
        f"|lernpfad|3|{seconds['lernpfad']:.3f}|{losses['lernpfad']:.5f}|",
        "",
        f"Ratio {seconds['pybkt'] / seconds['lernpfad']:,.0f} (wanted: at least 500).",
        "",
    ]
    (HERE / "bkt.md").write_text("\n".join(lines))
    print("\n".join(lines[-5:]))


if __name__ == "__main__":
    main()
