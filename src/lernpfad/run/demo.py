"""`lernpfad demo`: bring the stages of dvc.yaml up to date, then show what they found and ask the bundle once."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lernpfad.core import BoolArray, ConfigError, Sittings, Situation, path, recommend
from lernpfad.data import table
from lernpfad.data.dataset import Dataset
from lernpfad.run.places import PACKAGE, config_folder
from lernpfad.run.tracking import RUN_FILE
from lernpfad.serve import bundle
from lernpfad.serve.bundle import Bundle
from lernpfad.serve.files import read_json

STAGES = "dvc.yaml"
_MARK = "lernpfad simulate"
MINUTES, EVERY = 8.0, 7 / 3 * 86_400
"""Of a sitting of the path that is shown, and seconds between two: 24 minutes a week."""

HOME, LOGS = Path("runs/demo"), Path("data/demo")


def run(config: Any) -> None:
    """Run what has changed, and end with the table, one learner's next items, and where everything is."""
    folder = Path.cwd()
    prepare(folder)
    _reproduce(folder, force=config.force)
    print(summary(folder, k=config.k))


def prepare(folder: Path) -> None:
    """Make the folder a DVC project with the demo's stages, unless it is one, as a checkout of lernpfad is."""
    if not (folder / STAGES).is_file():
        lines = _stages().read_text(encoding="utf-8").splitlines(keepends=True)
        text = "".join(one for line in lines for one in _by_file(line))
        text = text.replace("sources: src/lernpfad", f"sources: {PACKAGE}")
        text = text.replace("settings: configs", f"settings: {config_folder()}")
        (folder / STAGES).write_text(text, encoding="utf-8")
    if _MARK not in (folder / STAGES).read_text(encoding="utf-8"):
        raise ConfigError(f"the {STAGES} in '{folder}' holds another pipeline; run lernpfad demo in an empty folder")
    if not (folder / ".dvc" / "config").is_file():
        (folder / ".dvc").mkdir(exist_ok=True)
        core = "[core]\n    analytics = false\n    check_update = false\n    no_scm = true\n"
        (folder / ".dvc" / "config").write_text(core, encoding="utf-8")


def _by_file(line: str) -> Iterator[str]:
    """A folder of sources as its files: outside of a checkout DVC would take what Python caches there for a change."""
    before, mark, part = line.rstrip().partition("- ${sources}/")
    if not mark or not (PACKAGE / part).is_dir():
        yield line
        return
    for file in sorted((PACKAGE / part).rglob("*.py")):
        yield f"{before}{mark}{file.relative_to(PACKAGE).as_posix()}\n"


def summary(folder: Path, *, k: int) -> str:
    """What the demo found, as text; the bundle is loaded and answers one request on the way."""
    found = read_json(folder / HOME / "evaluate" / "evaluation.json")
    policies = (folder / HOME / "evaluate" / "policies.txt").read_text(encoding="utf-8")
    loaded = bundle.load(folder / HOME / "bundle")
    parts = [
        "\nWhich policy closes most learning debt in an hour of learning? From watering can to oracle, on paired "
        "learners:\n",
        policies.rstrip(),
        *_winner(found),
        *_next_items(loaded, table.read(folder / LOGS), k),
        *_places(folder, loaded),
    ]
    return "\n".join(parts)


def _winner(found: dict[str, Any]) -> Iterator[str]:
    """The winner's lead over the references, with intervals."""
    yield ""
    for other in ("wateringcan", "rolecurriculum"):
        lead = found["winner_leads_by"].get(other)
        if lead is not None:
            low, high = 100 * lead["low"], 100 * lead["high"]
            sure = "above 0" if low > 0 else "not above 0"
            yield (
                f"{found['winner']} leads {other} by {100 * lead['value']:.2f} debt-weeks per 100 hours "
                f"(95 % interval {low:.2f} to {high:.2f}, {sure})"
            )


def _next_items(loaded: Bundle, logs: Dataset, k: int) -> Iterator[str]:
    """What the bundle recommends to the learner with the median history, for her role."""
    lengths = logs.sequences.lengths
    one = np.argsort(lengths, kind="stable")[[len(lengths) // 2]]
    history, role = logs.sequences.select(one), np.asarray(logs.learner["role"])[one]
    roles = loaded.roles
    situation = loaded.next_best.situation(
        history,
        catalog=loaded.catalog,
        role=role,
        requirement=None if roles is None else roles.at(role, history.time[-1:]),
    )
    person = f"{history.learners[0]}" + (f" ({roles.names[role[0]]})" if roles is not None else "")
    yield f"\nThe exported bundle's next items for {person} after {len(history)} offers:\n"
    found = recommend(loaded.next_best.policy, situation, k=k)[0]
    yield from (f"  {place}. {item.item}: {item.reason}" for place, item in enumerate(found, start=1))
    if not found:
        yield "  nothing: she has done every item as often as it is offered"
        return
    yield from _path(loaded, situation, k)


def _path(loaded: Bundle, situation: Situation, k: int) -> Iterator[str]:
    """What lies ahead of the same learner, with the debt expected after each step, and why in German."""
    now = replace(situation, minutes_left=np.full(1, MINUTES), eligible=situation.eligible & _short(situation))
    ahead, policy = Sittings(MINUTES, EVERY), loaded.next_best.policy
    [plan] = path(policy, now, k=k, sittings=ahead, max_repeats=loaded.next_best.max_repeats, language="de")
    yield f"\nHer path at {MINUTES:.0f} minutes a sitting; learning debt now {100 * plan.debt:.2f} points, and after:\n"
    for place, step in enumerate(plan.steps, start=1):
        yield f"  {place}. {step.item.item}, sitting {step.sitting}, {step.spent:.0f} min, {100 * step.debt:.2f} points"
        yield f"     {step.item.reason}"


def _short(situation: Situation) -> BoolArray:
    fits: BoolArray = situation.minutes[None, :] <= MINUTES
    return fits


def _places(folder: Path, loaded: Bundle) -> Iterator[str]:
    recorded = folder / HOME / "evaluate" / RUN_FILE
    yield ""
    if recorded.is_file():
        yield f"MLflow run  {read_json(recorded)['run']}"
        yield "            mlflow ui --backend-store-uri sqlite:///runs/mlflow.db"
    yield f"report      {HOME / 'evaluate' / 'report.html'}"
    yield f"bundle      {HOME / 'bundle'}, version {loaded.version}"
    yield f"            lernpfad serve bundle={HOME / 'bundle'}"


def _reproduce(folder: Path, *, force: bool) -> None:
    """`dvc repro`, with this Python's programs first on the path."""
    programs = str(Path(sys.executable).parent)
    path = os.pathsep.join([programs, os.environ.get("PATH", "")])
    if shutil.which("lernpfad", path=path) is None:
        raise ConfigError(f"the demo runs the command lernpfad, which is not in {programs}; install lernpfad there")
    command = [sys.executable, "-m", "dvc", "repro", *(["--force"] if force else [])]
    quiet = {**os.environ, "PATH": path, "DVC_NO_ANALYTICS": "1"}
    done = subprocess.run(command, cwd=folder, env=quiet, check=False)
    if done.returncode:
        raise ConfigError("a stage of the demo failed; its own message is above")


def _stages() -> Path:
    """The stages as they come with the package, or with the checkout."""
    return next(path for path in (PACKAGE / "configs" / STAGES, PACKAGE.parents[1] / STAGES) if path.is_file())
