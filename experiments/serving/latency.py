"""How long the next items take: one worker on one core, 1,000 candidates, histories of 200, 50 requests a second.

    python experiments/serving/latency.py --mlflow --catalogues --out experiments/serving/latency.json

BKT, DKT and AKT bundles (with ALS and debt per minute, fitted a little on made-up logs), posted histories and stored
learners; how much one worker takes at most; the same work by a plain FastAPI + PyTorch server (DKT) and by
`mlflow models serve` of the same bundle; and the cost as the catalogue grows (BKT). The server is held to core 0, the
client to core 1; `load` is the machine's load average before and after. `cpu_ms` is the server's processor time for a
request, which neighbours move least.
"""

import argparse
import json
import os
import platform
import re
import socket
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from latency_bundles import asked, batches, catalog, framed, log, posted, written
from latency_load import CLIENT_CORE, Asker, Server, saturated, steady

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


def mlflow(bundle: Path) -> Server:
    from mlflow.pyfunc import save_model

    from lernpfad.run.bundle_model import BundleModel
    from lernpfad.serve.bundle import load

    folder, port = bundle.with_name(f"{bundle.name}-mlflow"), free_port()
    save_model(folder, **BundleModel(load(bundle)).saved())
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
        "alone": saturated(askers[:1], bodies, seconds=seconds / 4),
        "steady": steady(askers, bodies, rate=RATE, seconds=seconds, server=server),
        "saturated": saturated(askers, bodies, seconds=seconds / 2),
        "megabytes": server.megabytes(),
    }
    print(path, json.dumps(found), flush=True)
    return found


def stored(bundle: Path, fill: Sequence[bytes], *, seconds: float) -> dict[str, Any]:
    """Learners of a fresh SQLite store, with an API key."""
    with lernpfad(bundle, bundle.with_suffix(".db")) as server:
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


def every(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    train, seconds = log(catalog(ITEMS)), given.seconds
    bodies, fill = posted(train, K), batches(train)
    found: dict[str, Any] = {"machine": f"{platform.machine()}, {os.cpu_count()} cores", "load": [os.getloadavg()[0]]}
    for name in given.tracers:
        bundle = written(folder / name, name, train)
        with lernpfad(bundle) as server:
            found[name] = {"posted": measured(server, "/v1/next-items", bodies, seconds=seconds)}
        found[name]["stored"] = stored(bundle, fill, seconds=seconds)
    beside: list[tuple[str, str, Callable[[], Server], str, Sequence[bytes]]] = []
    if "dkt" in given.tracers:
        beside.append(("dkt", "plain", lambda: plain(folder / "plain"), "/next-items", bodies))
    if given.mlflow:
        for name in given.tracers:
            beside.append((name, "mlflow", lambda name=name: mlflow(folder / name), "/invocations", framed(train, K)))
    for name, kind, start, path, theirs in beside:
        with start() as server:
            found[name][kind] = measured(server, path, theirs, seconds=seconds)
    if given.catalogues:
        found["catalogues"] = catalogues(folder, seconds=seconds)
    found["load"].append(os.getloadavg()[0])
    return found


def table(found: Mapping[str, Any]) -> str:
    """Markdown rows of what was measured, ratios as times of the posted history's rate at saturation."""
    lines = [
        "| tracer, way | p50 | p99 | max | answered / s | processor | one connection p50 | most / s | times | MB |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name in TRACERS:
        for way, one in found.get(name, {}).items():
            steadily, most = one["steady"], one["saturated"]["rate"]
            cells = [steadily["p50"], steadily["p99"], steadily["max"], steadily["rate"], steadily["cpu_ms"]]
            times = most / found[name]["posted"]["saturated"]["rate"]
            cells += [one["alone"]["p50"], most, f"{times:.2f}", one["megabytes"]]
            lines.append(f"| {name.upper()}, {way} | " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each steady stream; half for saturation")
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
