"""`lernpfad score`: recommendations for all learners of many files, without Hydra; here, or spread by Ray Data."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from glob import glob
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from lernpfad.core import ConfigError, unknown_name
from lernpfad.run.scoring import Scored, Scorer, Wanted

HELP: Final = """usage: lernpfad score bundle=FOLDER learners=FILES out=FOLDER [key=value ...]

Writes the next items of every learner, one output a file. Reads a few learners at a time, so memory stays the same
however large the files are. Begun again, it leaves alone what is whole and made of the same bundle, file and settings.

  bundle=FOLDER     what `lernpfad export` wrote (required)
  learners=FILES    Parquet files of interactions, such as logs/*.parquet: learner, item, time, and if there are any
                    outcome (1, 0, -1), accepted, minutes, role; sorted by learner and time (required)
  out=FOLDER        one file for each, by the same name (required)
  k=5               items for each learner at most
  role=             of learners who have none in their file
  minutes=          minutes that everybody has; no limit without
  at=               the moment to answer for, seconds since the epoch, UTC; that of the last interaction without
  together=64       learners scored at once: more take more memory
  threads=1         threads of each neural graph
  trust=            packages beside lernpfad whose classes the bundle may name, joined by commas
  engine=here       ray: spread the files over the workers of Ray Data (extra 'ray'), with the same results
  workers=1         of engine=ray; each loads the bundle

  lernpfad score bundle=runs/bundle learners='logs/*.parquet' out=offers k=3
"""
ENGINES: Final = ("here", "ray")
_WHOLE: Final = {"k": (1, 1_000), "together": (1, 100_000), "threads": (1, 256), "workers": (1, 10_000)}


@dataclass(frozen=True)
class ScoreSettings:
    """What `lernpfad score` needs to know; see `HELP`."""

    bundle: Path
    learners: str
    out: Path
    k: int = 5
    role: str = ""
    minutes: float | None = None
    at: float | None = None
    together: int = 64
    threads: int = 1
    trust: tuple[str, ...] = ()
    engine: str = "here"
    workers: int = 1

    def scorer(self) -> Scorer:
        """The bundle, loaded, and what is wanted of it."""
        from lernpfad.serve.bundle import load

        wanted = Wanted(self.k, self.role, self.minutes, self.at, self.together)
        return Scorer(load(self.bundle, threads=self.threads, trust=self.trust), wanted)


def main(words: Sequence[str]) -> None:
    """Score, telling a line for each file. A wrong setting or row is a LernpfadError of one line."""
    if any(word in ("-h", "--help", "help") for word in words):
        print(HELP, end="")
        return
    settings = parse(words)
    files = _files(settings.learners)
    _check_apart(files, settings.out)
    settings.out.mkdir(parents=True, exist_ok=True)
    for source, done in score(settings, files):
        what = "scored" if done.fresh else "was there already"
        print(f"{settings.out / source.name}: {done.learners} learners, {what}", flush=True)


def _check_apart(files: Sequence[Path], out: Path) -> None:
    """A file's recommendations bear its name, so that in its own folder they would take its place."""
    read = {source.resolve() for source in files}
    for source in files:
        if (out / source.name).resolve() in read:
            raise ConfigError(f"out={out} holds {source.name}, which is to be read; give a folder of its own")


def score(settings: ScoreSettings, files: Sequence[Path]) -> Iterator[tuple[Path, Scored]]:
    """Score each file into the folder of the settings; yields what came of each as it is done."""
    if settings.engine == "ray":
        from lernpfad.run.score_ray import spread

        yield from spread(settings, files)
        return
    scorer = settings.scorer()
    for source in files:
        yield source, scorer.score(source, settings.out / source.name)


def parse(words: Sequence[str]) -> ScoreSettings:
    """Settings from words like `k=3`. Anything wrong is a ConfigError of one line."""
    given: dict[str, Any] = {}
    known = [one.name for one in fields(ScoreSettings)]
    for word in words:
        key, equals, text = word.partition("=")
        if not equals:
            raise ConfigError(f"score takes key=value words, got '{word}'; quote a pattern: learners='logs/*.parquet'")
        if key not in known:
            raise ConfigError(unknown_name("score setting", key, known))
        given[key] = _value(key, text)
    for needed in ("bundle", "learners", "out"):
        if not given.get(needed):
            raise ConfigError(f"score needs {needed}=; try `lernpfad score --help`")
    settings = ScoreSettings(**given)
    if settings.engine == "ray" and find_spec("ray") is None:
        raise ConfigError("engine=ray needs the extra 'ray', not installed here: pip install 'lernpfad[ray]'")
    return settings


def _value(key: str, text: str) -> Any:
    if key in ("bundle", "out"):
        return Path(text)
    if key == "trust":
        return tuple(part for part in text.split(",") if part)
    if key in _WHOLE:
        low, high = _WHOLE[key]
        if not (text.isascii() and text.isdigit() and len(text) < 12) or not low <= int(text) <= high:
            raise ConfigError(f"score setting {key}={text}: expected a whole number from {low} to {high}")
        return int(text)
    if key == "engine" and text not in ENGINES:
        raise ConfigError(unknown_name("engine", text, ENGINES))
    return _number(key, text) if key in ("minutes", "at") else text


def _number(key: str, text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found < 1e11:
        raise ConfigError(f"score setting {key}={text}: expected a number that is not negative")
    return found


def _files(pattern: str) -> list[Path]:
    files = [Path(one) for one in sorted(glob(pattern, recursive=True)) if Path(one).is_file()]
    if not files:
        raise ConfigError(f"learners={pattern}: no file there; mend the path or the pattern")
    names: dict[str, Path] = {}
    for one in files:
        if names.setdefault(one.name, one) != one:
            raise ConfigError(f"{names[one.name]} and {one} would both be written to {one.name}; rename one")
    return files
