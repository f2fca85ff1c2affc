"""No password in a setting: settings are written down, in run folders, MLflow and bundles, for everybody to read."""

import re
from collections.abc import Mapping
from typing import Final

from lernpfad.core import ConfigError

_IN_ADDRESS: Final = re.compile(
    r"://[^/@\s:]*:[^/@\s]+@|[?&](?:password|passwd|pwd|token|secret|api_?key)=[^&\s]", re.IGNORECASE
)


def refuse(setting: str, value: object) -> None:
    """ConfigError if an address holds a password; the line does not say it."""
    if isinstance(value, str) and _IN_ADDRESS.search(value):
        raise ConfigError(
            f"{setting} holds a password, and settings are written down; give it in MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD (a tracking server), or in ~/.pgpass or PGPASSWORD (PostgreSQL)"
        )


def refuse_any(value: object, setting: str = "") -> None:
    """The same for every text in a nested config."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            refuse_any(inner, f"{setting}.{name}" if setting else str(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            refuse_any(inner, setting)
    refuse(setting, value)
