"""Look for inputs that break the law of a parser, guided by coverage.

    pip install -r experiments/fuzzing/requirements.txt
    python experiments/fuzzing/fuzz.py xapi --seconds 300 --out experiments/fuzzing/xapi.json [--keep runs/fuzzing]

Targets and their law are in `tests/fuzzing/targets.py`. JSON is changed as a tree, anything else as bytes. An input
that breaks the law does not end the run: of each place in lernpfad that a foreign exception comes from, the smallest
input is kept and told at the end. Only an input that takes more than five seconds or 2 GiB ends it.
"""

import argparse
import json
import os
import resource
import sys
import time
import traceback
from pathlib import Path

import atheris

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "tests"))

with atheris.instrument_imports(include=["lernpfad"]):
    import lernpfad.policy.spec
    import lernpfad.serve.encoder
    import lernpfad.serve.neural  # noqa: F401  what is imported later is not instrumented
    from fuzzing import targets

from mutate import changed  # noqa: E402

SLOW, MEGABYTES, TELL_EVERY = 5, 2048, 500


class Hunt:
    """One target under fire: counts, the smallest input for each defect, and the slowest input."""

    def __init__(self, target: str, *, seconds: float, out: Path, keep: Path) -> None:
        self.target, self.seconds, self.out, self.keep = target, seconds, out, keep
        self.began = time.process_time()
        self.executions = self.results = self.refusals = 0
        self.slowest = 0.0
        self.defects: dict[str, bytes] = {}

    def __call__(self, given: bytes) -> None:
        """Feed one input."""
        self.executions += 1
        began = time.perf_counter()
        try:
            if targets.held(self.target, given):
                self.refusals += 1
            else:
                self.results += 1
        except Exception as broken:
            self._remember(_place(broken), given)
        self.slowest = max(self.slowest, time.perf_counter() - began)
        over = time.process_time() - self.began > self.seconds
        if over or self.executions % TELL_EVERY == 0:
            self._tell()
        if over:
            print(self.out.read_text(encoding="utf-8"), flush=True)
            os._exit(0)  # libFuzzer has no other way to be stopped by processor time

    def _remember(self, place: str, given: bytes) -> None:
        if place not in self.defects or len(given) < len(self.defects[place]):
            if place not in self.defects:
                print(f"DEFECT {place}", file=sys.stderr, flush=True)
            self.defects[place] = given
            self.keep.mkdir(parents=True, exist_ok=True)
            (self.keep / f"{self.target}-{list(self.defects).index(place)}").write_bytes(given)

    def _tell(self) -> None:
        said = {
            "target": self.target,
            "executions": self.executions,
            "results": self.results,
            "refusals": self.refusals,
            "processor_seconds": round(time.process_time() - self.began, 1),
            "slowest_seconds": round(self.slowest, 3),
            "resident_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
            "defects": sorted(self.defects),
        }
        self.out.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


def _place(broken: BaseException) -> str:
    """The kind of exception and the innermost line of lernpfad that it passed."""
    frames = traceback.extract_tb(broken.__traceback__)
    ours = [one for one in frames if "/lernpfad/" in one.filename] or list(frames)
    last = ours[-1]
    return f"{type(broken).__name__} in {last.filename.rpartition('lernpfad/')[2]}, {last.name}: {last.line}"


def main() -> None:
    """Fuzz one target."""
    words = argparse.ArgumentParser()
    words.add_argument("target", choices=targets.TARGETS)
    words.add_argument("--seconds", type=float, default=300.0, help="of processor time")
    words.add_argument("--out", type=Path, required=True)
    words.add_argument("--keep", type=Path, default=Path("runs/fuzzing"))
    words.add_argument("--seed", type=int, default=1)
    asked = words.parse_args()
    corpus = asked.keep / f"corpus-{asked.target}"
    corpus.mkdir(parents=True, exist_ok=True)
    first = [*targets.first_seeds(asked.target), *targets.kept_seeds(asked.target).values()]
    for n, seed in enumerate(first):
        (corpus / f"first-{n:03d}").write_bytes(seed)
    hunt = Hunt(asked.target, seconds=asked.seconds, out=asked.out, keep=asked.keep)
    luck = [f"-seed={asked.seed}", f"-timeout={SLOW}", f"-rss_limit_mb={MEGABYTES}", "-max_len=16384", "-reload=0"]

    def mutator(given: bytes, longest: int, seed: int) -> bytes:
        return changed(given, longest, seed, plain=atheris.Mutate, first=first)

    atheris.Setup([sys.argv[0], *luck, f"-artifact_prefix={asked.keep}/", str(corpus)], hunt, custom_mutator=mutator)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
