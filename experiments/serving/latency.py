"""How long the next items take: one worker on one core, 1,000 candidates, histories of 200, 50 requests a second.

    python experiments/serving/latency.py --seconds 5 --mlflow --catalogues --out experiments/serving/latency.json

BKT, DKT and AKT bundles (with ALS and debt per minute, fitted a little on made-up logs), posted histories and stored
learners; how much one worker takes at most; the same work by a plain FastAPI + PyTorch server (DKT) and by
`mlflow models serve` of the same bundle; and the cost as the catalogue grows (BKT). The server is held to core 0, the
client to core 1; `load` is the machine's load average before and after. `cpu_ms` is the server's processor time for a
request, which neighbours move least. A shared machine is now fast and now slow, so every server has its turn in every
round, what is told is the median of the rounds, and `pace` is what the same piece of work took ahead of each turn.
"""

import argparse
import json
import os
import platform
import re
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from latency_bundles import asked, batches, catalog, framed, log, posted, written
from latency_load import CLIENT_CORE, SERVER_CORE, Asker, Server, saturated, steady

HERE = Path(__file__).parent
ITEMS, K, RATE, CONNECTIONS = 1000, 5, 50.0, 8
TRACERS = ("bkt", "dkt", "akt")
CATALOGUES = (100, 1000, 10_000, 100_000)
FASTER = "1000000"
"""Requests a second that a key may ask for: the limit is not what is measured."""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def lernpfad(bundle: Path, store: Path | str | None = None) -> Server:
    port = free_port()
    words = ["-m", "lernpfad", "serve", f"bundle={bundle}", f"port={port}", "log=warning"]
    words += [] if store is None else [f"store={store}", f"rate={FASTER}"]
    return Server(words, port=port, ready="/v1/ready", err=bundle.with_suffix(".err"))


def plain(folder: Path) -> Server:
    port = free_port()
    words = [str(HERE / "plain_server.py"), str(folder), str(port)]
    return Server(words, port=port, ready="/ready", err=folder.with_suffix(".err"))


def saved(bundle: Path) -> Path:
    """The bundle as a model of MLflow."""
    from mlflow.pyfunc import save_model

    from lernpfad.run.bundle_model import BundleModel
    from lernpfad.serve.bundle import load

    folder = bundle.with_name(f"{bundle.name}-mlflow")
    save_model(folder, **BundleModel(load(bundle)).saved())
    return folder


def mlflow(folder: Path) -> Server:
    port = free_port()
    words = ["-m", "mlflow", "models", "serve", "-m", str(folder), "--env-manager", "local", "-p", str(port)]
    return Server(words, port=port, ready="/ping", err=folder.with_suffix(".err"))


def measured(
    server: Server,
    path: str,
    bodies: Sequence[bytes],
    *,
    seconds: float,
    warm: int = 8,
    headers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """One connection at a time, a steady stream, and saturation. warm: bodies that are posted once before."""
    askers = [Asker(server.port, path, headers or {}) for _ in range(CONNECTIONS)]
    answers = [askers[0].post(body) for body in bodies[:warm]]
    if askers[0].refused:
        raise RuntimeError(f"{path} refuses what is asked: {answers[0][:300]!r}")
    found = {
        "pace": pace(),
        "alone": saturated(askers[:1], bodies, seconds=seconds / 4),
        "steady": steady(askers, bodies, rate=RATE, seconds=seconds, server=server),
        "saturated": saturated(askers, bodies, seconds=seconds / 2),
        "megabytes": server.megabytes(),
    }
    print(path, json.dumps(found), flush=True)
    return found


def pace() -> float:
    """Milliseconds that a fixed piece of work takes on the server's core now: the least of ten."""
    os.sched_setaffinity(0, {SERVER_CORE})
    taken = []
    for _ in range(10):
        began = time.perf_counter()
        sum(n * n for n in range(100_000))
        taken.append(1000 * (time.perf_counter() - began))
    os.sched_setaffinity(0, {CLIENT_CORE})
    return round(min(taken), 2)


def of_rounds(rounds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The median of the rounds of every figure, by name."""
    return {
        name: of_rounds([one[name] for one in rounds])
        if isinstance(first, dict)
        else round(statistics.median(one[name] for one in rounds), 2)
        for name, first in rounds[0].items()
    }


def stored(bundle: Path, fill: Sequence[bytes], *, seconds: float) -> dict[str, Any]:
    """Learners of a fresh SQLite store, with an API key."""
    with tempfile.TemporaryDirectory() as fresh, lernpfad(bundle, Path(fresh) / "learners.db") as server:
        key = re.search(r"lp_\S+", server.err.read_text())
        assert key is not None, "the first start shows a key"
        headers = {"authorization": f"Bearer {key[0]}"}
        writer = Asker(server.port, "/v1/learners/interactions/batch", headers)
        answers = [writer.post(body) for body in fill]
        assert not writer.refused, answers[0][:300]
        path, bodies = "/v1/learners/next-items", asked(K)
        return measured(server, path, bodies, seconds=seconds, warm=len(bodies), headers=headers)


def catalogues(folder: Path, *, seconds: float) -> list[dict[str, Any]]:
    """One connection, BKT, for each size of the catalogue."""
    found = []
    for items in CATALOGUES:
        train = log(catalog(items))
        with lernpfad(written(folder / f"items-{items}", "bkt", train)) as server:
            asker, bodies = Asker(server.port, "/v1/next-items", {}), posted(train, K)
            asker.post(bodies[0])
            found.append(
                {"items": items, **saturated([asker], bodies, seconds=seconds / 4), "megabytes": server.megabytes()}
            )
        print(json.dumps(found[-1]), flush=True)
    return found


def turns(folder: Path, given: argparse.Namespace) -> dict[tuple[str, str], Callable[[], dict[str, Any]]]:
    """What is measured in each round, by tracer and way; the bundles are written here."""
    train, seconds = log(catalog(ITEMS)), given.seconds
    bodies, fill = posted(train, K), batches(train)

    def on(start: Callable[[], Server], path: str, asking: Sequence[bytes]) -> dict[str, Any]:
        with start() as server:
            return measured(server, path, asking, seconds=seconds)

    made: dict[tuple[str, str], Callable[[], dict[str, Any]]] = {}
    for name in given.tracers:
        bundle = written(folder / name, name, train)
        made[name, "posted"] = partial(on, partial(lernpfad, bundle), "/v1/next-items", bodies)
        made[name, "stored"] = partial(stored, bundle, fill, seconds=seconds)
        if name == "dkt":
            made[name, "plain"] = partial(on, partial(plain, folder / "plain"), "/next-items", bodies)
        if given.mlflow:
            made[name, "mlflow"] = partial(on, partial(mlflow, saved(bundle)), "/invocations", framed(train, K))
    return made


def every(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    found: dict[str, Any] = {"machine": f"{platform.machine()}, {os.cpu_count()} cores", "load": [os.getloadavg()[0]]}
    made = turns(folder, given)
    rounds = [{which: turn() for which, turn in made.items()} for _ in range(given.rounds)]
    for name, way in made:
        mine = [one[name, way] for one in rounds]
        found.setdefault(name, {})[way] = {**of_rounds(mine), "rounds": mine}
    if given.catalogues:
        found["catalogues"] = catalogues(folder, seconds=given.seconds)
    found["load"].append(os.getloadavg()[0])
    return found


def table(found: Mapping[str, Any]) -> str:
    """Markdown rows of what was measured; p50 also of the best and the worst round, ratios to the posted history."""
    lines = [
        "| tracer, way | p50 (rounds) | p99 | answered / s | processor | alone p50 | most / s | times | MB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in TRACERS:
        for way, one in found.get(name, {}).items():
            steadily, most = one["steady"], one["saturated"]["rate"]
            each = [mine["steady"]["p50"] for mine in one["rounds"]]
            cells = [f"{steadily['p50']} ({min(each)} to {max(each)})", steadily["p99"], steadily["rate"]]
            cells.append(steadily["cpu_ms"])
            times = most / found[name]["posted"]["saturated"]["rate"]
            cells += [one["alone"]["p50"], most, f"{times:.2f}", one["megabytes"]]
            lines.append(f"| {name.upper()}, {way} | " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each steady stream; half for saturation")
    parser.add_argument("--rounds", type=int, default=3, help="turns of every server; the median is told")
    parser.add_argument("--tracers", nargs="+", default=TRACERS, choices=TRACERS)
    parser.add_argument("--mlflow", action="store_true", help="`mlflow models serve` beside it")
    parser.add_argument("--catalogues", action="store_true", help="cost as the catalogue grows")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    os.sched_setaffinity(0, {CLIENT_CORE})
    with tempfile.TemporaryDirectory() as folder:
        found = every(Path(folder), given)
    print(table(found))
    if given.out:
        given.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
