"""Where things lie: the configs, in a checkout or in the installed package, and the folders of runs."""

from pathlib import Path

import lernpfad
from lernpfad.core.errors import ConfigError, unknown_name

PACKAGE = Path(lernpfad.__file__).parent


def config_folder() -> Path:
    """The folder of YAML files: inside the installed package, or at the root of an editable checkout."""
    for folder in (PACKAGE / "configs", PACKAGE.parents[1] / "configs"):
        if (folder / "train.yaml").is_file():
            return folder
    raise ConfigError(f"no configs beside the package in {PACKAGE}; install lernpfad again")


def existing(path: str | Path, *, what: str) -> Path:
    """The folder if it is there, else a ConfigError with the nearest name of those beside it."""
    path = Path(path)
    if path.exists():
        return path
    home = path.parent
    if not home.is_dir():
        raise ConfigError(f"no {what} at '{path}': the folder '{home}' does not exist")
    folders = [one.name for one in home.iterdir() if one.is_dir()]
    raise ConfigError(f"{unknown_name(what, path.name, folders)} (in '{home}')")
