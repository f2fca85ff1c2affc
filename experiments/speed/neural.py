"""Training speed of neural tracers beside pyKT's own model code: real interactions a second, both sides in one run.

    python experiments/speed/neural.py --peer-python PEER/bin/python --peer-code pykt-toolkit

PEER is an environment of its own with torch and what pyKT imports; pykt-toolkit is a checkout of
github.com/pykt-team/pykt-toolkit. The data are lane A's training chunks (ASSISTments 2015, fold 0). Each side is run as
its users run it: pyKT pads every chunk to 200, lernpfad puts chunks of like length together. A step is forward, loss,
backward and Adam. Writes neural.md and neural.json.
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
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
WIDE = {"inner": 256, "heads": 8, "width": 256}
CASES = {
    "dkt": (256, "lernpfad.tracing.dkt.DKT", {"width": 200, "dropout": 0.1}, 2.0),
    "dkvmn": (64, "lernpfad.tracing.dkvmn.DKVMN", {"width": 200, "slots": 50, "dropout": 0.2}, 4.0),
    "sakt": (256, "lernpfad.tracing.sakt.SAKT", {**WIDE, "dropout": 0.2}, 4.0),
    "akt": (64, "lernpfad.tracing.akt.AKT", {**WIDE, "dropout": 0.05}, 4.0),
    "simplekt": (64, "lernpfad.tracing.simplekt.SimpleKT", {**WIDE, "blocks": 2, "dropout": 0.1}, 3.0),
}
"""Learners in a batch, our class, sizes equal to the peer's, and the ratio that we want."""


def chunks() -> object:
    from lernpfad.data.sources import pykt
    from lernpfad.data.split import Published
    from lernpfad.data.windows import Windowed

    folder = Path(os.environ.get("LERNPFAD_DATA", HERE.parents[2] / "shared" / "data"))
    return Windowed(Published(fold=0))(pykt.read(folder / "pykt_assist2015")).train


def ours(model: str, seconds: float) -> float:
    """Real interactions a second of our training steps."""
    import torch
    from hydra.utils import get_class
    from torch.nn.functional import binary_cross_entropy_with_logits

    from lernpfad.training.batches import loader
    from lernpfad.training.network import OwnLoss

    learners, path, settings, _ = CASES[model]
    train = chunks()
    torch.manual_seed(0)
    network = get_class(path)(
        items=len(train.catalog), skills=len(train.catalog.skills), item_skills=train.catalog.item_skills,
        inputs="skills", **settings,
    )  # fmt: skip
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    batches = loader(train, round(learners * float(train.lengths.mean())), seed=0)

    def steps():
        for batch in batches:
            more = 0.0
            if isinstance(network, OwnLoss):
                logits, more = network.loss(batch)
            else:
                logits = network(batch)
            loss = binary_cross_entropy_with_logits(logits[batch.scored], batch.answer[batch.scored]) + more
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            yield int(batch.scored.sum())

    return timed(steps, seconds)


def timed(steps: object, seconds: float) -> float:
    """Interactions a second after five steps to warm up."""
    rows, begun, number = 0, 0.0, 0
    while True:
        for done in steps():
            number += 1
            rows += done
            if number == 5:
                rows, begun = 0, time.perf_counter()
            if number > 5 and time.perf_counter() - begun > seconds:
                return rows / (time.perf_counter() - begun)


def run(python: str, *arguments: str) -> float:
    done = subprocess.run([python, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} failed:\n{done.stderr[-3000:]}")
    return float(done.stdout.strip().splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python")
    parser.add_argument("--peer-code")
    parser.add_argument("--model", action="append", choices=list(CASES))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--ours", help="measure one model of ours and print the speed")
    asked = parser.parse_args()
    if asked.ours:
        print(ours(asked.ours, asked.seconds))
        return
    train = chunks()
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "chunks.npz"
        np.savez(data, offsets=train.offsets, item=train.item, outcome=train.outcome)
        for model in asked.model or CASES:
            sides = {"pykt": [], "lernpfad": []}
            for _ in range(asked.repeats):
                peer = [str(HERE / "peer_pykt.py"), asked.peer_code, str(data), model, str(CASES[model][0])]
                sides["pykt"].append(run(asked.peer_python, *peer, str(asked.seconds)))
                sides["lernpfad"].append(
                    run(sys.executable, __file__, "--ours", model, "--seconds", str(asked.seconds))
                )
            found[model] = sides
            print(model, {side: round(statistics.median(speeds)) for side, speeds in sides.items()}, flush=True)
    path = HERE / "neural.json"
    whole = {**(json.loads(path.read_text()) if path.exists() else {}), **found}
    path.write_text(json.dumps(whole, indent=1) + "\n")
    write(whole)


def write(found: dict[str, dict[str, list[float]]]) -> None:
    import torch

    lines = [
        "# Training speed beside pyKT",
        "",
        "Real (unpadded) interactions a second in training, median of the repeats, both sides in one run on the same",
        f"{os.cpu_count()} cores ({platform.machine()}, torch {torch.__version__.partition('+')[0]}, no GPU).",
        "Sizes and learners in a batch are equal; what differs is padding, fused attention and compiled walks.",
        "",
        "    python experiments/speed/neural.py --peer-python PEER/bin/python --peer-code pykt-toolkit",
        "",
        "|model|learners a batch|pyKT|lernpfad|ratio|wanted|reached|",
        "|---|---|---|---|---|---|---|",
    ]
    for model, sides in found.items():
        peer, mine = (statistics.median(sides[side]) for side in ("pykt", "lernpfad"))
        wanted = CASES[model][3]
        reached = "yes" if mine / peer >= wanted else "**no**"
        lines.append(f"|{model}|{CASES[model][0]}|{peer:,.0f}|{mine:,.0f}|{mine / peer:.1f}|{wanted:.0f}|{reached}|")
    (HERE / "neural.md").write_text("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
