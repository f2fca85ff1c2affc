"""What begins again must be what it was: settings compared with those of an earlier start."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from lernpfad.core import ConfigError
from lernpfad.run.tracking import flattened
from lernpfad.serve.files import jsonable, read_json, write_json

NOT_LEARNED = ("resume", "tracking", "runs", "resamples", "ranking_ks", "max_epochs", "progress_bar", "checkpoints")
"""Settings, and sections of them, that do not change what is learned, only for how long and who watches."""


def remember(path: Path, config: Mapping[str, Any], *, what: str, remedy: str, may_differ: Collection[str]) -> None:
    """Write the config into `path`; if one is there already, refuse another one by naming the first difference."""
    now = jsonable(config)
    if path.is_file():
        before, given = dict(flattened(read_json(path))), dict(flattened(now))
        for key in sorted(before.keys() | given.keys()):
            if not set(key.split(".")) & set(may_differ) and before.get(key) != given.get(key):
                raise ConfigError(
                    f"{what}: {key} is {given.get(key)} here and was {before.get(key)} in '{path.parent}'; {remedy}"
                )
    write_json(path, now)
