"""What the service takes on a machine: disk, seconds to the first answer, memory; with a catalogue of 10,000 items.

    python experiments/serving/footprint.py --out experiments/serving/footprint.json

A fresh virtual environment gets the extra `serve` alone, under the pinned versions; its Python runs what is measured.
Size: of all files in site-packages but pip's and setuptools', compiled modules among them. First answer: from the start
of the process to the first 200 of `POST /v1/next-items` with an empty history; the first run after the installation
("cold") is told apart from the median of the others. Memory: resident, and its peak, after 200 answers (AKT: 40) to
posted histories of 200 rows, and to as many requests for stored learners.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from latency import FASTER, TRACERS, K, free_port
from latency_bundles import asked, batches, catalog, log, posted, written
from latency_load import ONE_THREAD, Asker

ROOT = Path(__file__).parents[2]
ITEMS, STARTS, ANSWERS, FEWER = 10_000, 9, 200, 40
NOT_OURS = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils-precedence")
FORBIDDEN = ("torch", "pandas", "lightning", "hydra", "mlflow")
PATIENCE = 120.0


def installed(folder: Path) -> Path:
    """Python of a fresh environment with the extra `serve`."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    wanted = [f"{ROOT}[serve]", "--constraint", str(ROOT / "constraints.txt")]
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", *wanted], check=True)
    return python


def weights(python: Path) -> dict[str, float]:
    """MB of each top-level name in site-packages, the heaviest first."""
    query = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(subprocess.run([python, "-c", query], check=True, capture_output=True, text=True).stdout.strip())
    bytes_of: dict[str, int] = defaultdict(int)
    for one in site.rglob("*"):
        name = one.relative_to(site).parts[0]
        if one.is_file() and not name.startswith(NOT_OURS):
            bytes_of[re.split(r"-\d|\.libs|\.py", name)[0]] += one.stat().st_size
    return {name: round(size / 2**20, 1) for name, size in sorted(bytes_of.items(), key=lambda pair: -pair[1])}


def outsiders(python: Path) -> list[str]:
    """Forbidden packages that the running service has imported."""
    code = (
        "import sys, lernpfad.serve.app, lernpfad.serve.bundle, lernpfad.serve.graph, onnxruntime, uvicorn\n"
        "print(*sys.modules)"
    )
    told = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True, cwd="/")
    return sorted({name.partition(".")[0] for name in told.stdout.split()} & set(FORBIDDEN))


class Run:
    """A server of the fresh environment. first: seconds from its start to its first answer. spent: of the processor."""

    def __init__(self, python: Path, bundle: Path, *, store: Path | None = None) -> None:
        self.port, self.err = free_port(), bundle.with_suffix(".err")
        words = [f"bundle={bundle}", f"port={self.port}", "log=warning"]
        words += [] if store is None else [f"store={store}", f"rate={FASTER}", "auth=none"]
        environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"} | ONE_THREAD
        began = time.perf_counter()
        with self.err.open("w") as said:
            self.process = subprocess.Popen(
                [python, "-m", "lernpfad", "serve", *words], stdout=subprocess.DEVNULL, stderr=said, env=environment
            )
        self._await(began + PATIENCE)
        self.first = time.perf_counter() - began
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        self.spent = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> dict[str, float]:
        """MB resident now, and at most so far."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        found = {name: re.search(rf"^{name}:\s+(\d+) kB$", text, re.MULTILINE) for name in ("VmRSS", "VmHWM")}
        return {name: round(int(one[1]) / 1024, 1) for name, one in found.items() if one}

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(60)

    def _await(self, until: float) -> None:
        while time.perf_counter() < until and self.process.poll() is None:
            wire = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
            try:
                wire.request("POST", "/v1/next-items", "{}", {"content-type": "application/json"})
                answer = wire.getresponse()
                answer.read()
                if answer.status == 200:
                    return
            except OSError:
                time.sleep(0.005)
            finally:
                wire.close()
        self.end()
        raise RuntimeError(f"the server did not come up; it said: {self.err.read_text()[-2000:]}")


def starts(python: Path, bundle: Path) -> dict[str, float]:
    """Seconds to the first answer, and the processor's time in them, which neighbours move least."""
    found, spent = [], []
    for _ in range(STARTS):
        run = Run(python, bundle)
        run.end()
        found.append(run.first)
        spent.append(run.spent)
    figures = {"median": statistics.median(found), "least": min(found), "most": max(found)}
    return {name: round(one, 2) for name, one in (figures | {"processor": statistics.median(spent)}).items()}


def memories(python: Path, bundle: Path, *, ways: dict[str, list[bytes]], fill: list[bytes]) -> dict[str, Any]:
    """MB after the answers, for posted histories and for stored learners."""
    found: dict[str, Any] = {}
    for path, bodies in ways.items():
        run = Run(python, bundle, store=bundle.with_suffix(".db") if "learners" in path else None)
        found[path] = {"before": run.memory()["VmRSS"]}
        for body in fill if "learners" in path else ():
            Asker(run.port, "/v1/learners/interactions/batch", {}).post(body)
        asker = Asker(run.port, path, {})
        for n in range(FEWER if bundle.name == "akt" else ANSWERS):
            asker.post(bodies[n % len(bodies)])
        assert not asker.refused, path
        found[path] |= run.memory()
        run.end()
    return found


def every(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {"load": [os.getloadavg()[0]]}
    python, train = installed(folder / "environment"), log(catalog(ITEMS))
    ways = {"/v1/next-items": posted(train, K), "/v1/learners/next-items": asked(K)}
    bundles = {name: written(folder / name, name, train) for name in TRACERS}
    cold = Run(python, bundles["bkt"])
    cold.end()
    found |= {
        "cold": round(cold.first, 2),
        "cold_processor": round(cold.spent, 2),
        "packages": weights(python),
        "imported": outsiders(python),
    }
    found["megabytes"] = round(sum(found["packages"].values()), 1)
    print(json.dumps(found), flush=True)
    for name, bundle in bundles.items():
        found[name] = {"first": starts(python, bundle)}
        found[name]["memory"] = memories(python, bundle, ways=ways, fill=batches(train))
        print(name, json.dumps(found[name]), flush=True)
    found["load"].append(os.getloadavg()[0])
    return found


def table(found: dict[str, Any]) -> str:
    """Markdown: a row a bundle."""
    cold = f"the first start of all took {found['cold']} s, {found['cold_processor']} s of the processor"
    names = ("tracer", "first answer, s (least to most)", "processor", "MB at first", "posted: MB (peak)")
    lines = [
        f"Installed: {found['megabytes']} MB; {cold}.",
        f"| {' | '.join(names)} | stored: MB (peak) |",
        "|---|---|---|---|---|---|",
    ]
    for name in TRACERS:
        first, memory = found[name]["first"], found[name]["memory"]
        cells = [f"{first['median']} ({first['least']} to {first['most']})", str(first["processor"])]
        cells.append(str(memory["/v1/next-items"]["before"]))
        cells += [f"{one['VmRSS']} ({one['VmHWM']})" for one in memory.values()]
        lines.append(f"| {name.upper()} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = every(Path(folder))
    print(table(found))
    if given.out:
        given.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
