"""From a composed config to objects: data, models, policies, worlds, the record."""

import copy
from pathlib import Path
from typing import Any

from lernpfad.core import ConfigError
from lernpfad.data.dataset import Dataset, Split
from lernpfad.run import passwords
from lernpfad.run.seeds import child


def build(config: Any, key: str, *, seed_of: str | None = None) -> Any:
    """The object that `config.<key>` describes, its `seed` spawned from the run's for the part of that name.

    A part that takes its seed from the run (`seed: ${oc.select:seed,0}`) sees its own child there; a seed that
    was given to it by hand stays.
    """
    from hydra.utils import instantiate
    from omegaconf import OmegaConf, open_dict

    own = copy.deepcopy(config)
    with open_dict(own):
        own.seed = child(config.seed, seed_of or key)
    return instantiate(OmegaConf.select(own, key, throw_on_missing=True))


def chosen(config: Any, key: str) -> bool:
    """Whether the config has such a part (`recommender=null` leaves it out)."""
    return bool(config.get(key))


def data(config: Any) -> tuple[Dataset, Split]:
    """The data set and its division; a missing folder is a ConfigError that says where to get it."""
    from hydra.utils import instantiate

    from lernpfad.data.build import prepare

    require_data(config.data)
    return prepare(instantiate(config.data.source), instantiate(config.data.split))


def require_data(config: Any) -> None:
    """Refuse a data set whose files are not there before anything is computed."""
    source = config.source
    for key in ("folder", "path"):
        place = source.get(key)
        if place is None or Path(place).exists():
            continue
        root, place = Path(config.root), Path(place)
        if root in place.parents:
            raise ConfigError(
                f"data.root '{root}' has no {place.relative_to(root)}; {_remedy(config)}, "
                "or set data.root or LERNPFAD_DATA to where it is"
            )
        raise ConfigError(f"no data set at '{place}'; {_remedy(config)}")


def _remedy(config: Any) -> str:
    if config.name == "synthetic":
        return "write it with lernpfad simulate"
    return "see data/README.md"


def resolved(config: Any) -> dict[str, Any]:
    """The config as plain data, every interpolation filled in. ConfigError if a password is in it: this is written."""
    from omegaconf import OmegaConf

    plain: dict[str, Any] = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)  # type: ignore[assignment]
    passwords.refuse_any(plain)
    return plain


def folder() -> Path:
    """The folder of the run in progress."""
    from hydra.core.hydra_config import HydraConfig

    return Path(HydraConfig.get().runtime.output_dir)


def choices(*groups: str) -> list[str]:
    """What was chosen in these config groups, for names of runs."""
    from hydra.core.hydra_config import HydraConfig

    made = HydraConfig.get().runtime.choices
    return [str(made[group]) for group in groups if made.get(group) not in (None, "null")]
