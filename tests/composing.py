"""Models as their YAML files make them, small enough for a test."""

from functools import cache
from pathlib import Path
from typing import Any

CONFIGS = Path(__file__).parents[1] / "configs"
NARROW = 16
"""Width of every network in the tests."""
FEW = 16
"""Negatives against which a take is held in the tests."""


def names(kind: str) -> list[str]:
    """The YAML files of a config group and of the folders in it, as Hydra calls them."""
    home = CONFIGS / kind
    return sorted(path.relative_to(home).with_suffix("").as_posix() for path in home.rglob("*.yaml"))


@cache
def composed(kind: str, name: str) -> Any:
    """One part of the config as Hydra composes it; networks get the fast trainer, silent, on the processor."""
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    from lernpfad.run import resolvers

    resolvers.register()
    with initialize_config_dir(version_base="1.3", config_dir=str(CONFIGS)):
        trainer = (
            [] if kind == "trainer" else ["+trainer=fast", "trainer.progress_bar=false", "trainer.accelerator=cpu"]
        )
        # a hundred takes of a few learners in one batch would be one step
        trainer += (
            [f"trainer.{one}" for one in ("batch_rows=32", "max_epochs=12", "patience=12")]
            if kind == "recommender"
            else []
        )
        config = compose(overrides=[f"+{kind}={name}", *trainer])
    for place in (kind, *(f"{kind}.members.{name}" for name in config[kind].get("members", {}))):
        if OmegaConf.select(config, f"{place}.network.width") is not None:
            OmegaConf.update(config, f"{place}.network.width", NARROW)
    negatives = OmegaConf.select(config, f"{kind}.loss.negatives")
    if negatives is not None:  # of the few dozen items of a test
        OmegaConf.update(config, f"{kind}.loss.negatives", min(negatives, FEW))
    if OmegaConf.select(config, f"{kind}.setting.newer") is not None:  # O*NET files are not shipped
        from simulate.occupationfiles import releases

        newer, older = releases()
        OmegaConf.update(config, f"{kind}.setting", {"newer": newer, "older": older, "jobs": 3, "technologies": 5})
    return config[kind]


def made(kind: str, name: str) -> Any:
    """A new model, policy or world from its YAML."""
    from hydra.utils import instantiate

    return instantiate(composed(kind, name))
