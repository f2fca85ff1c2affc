"""Models as their YAML files make them, small enough for a test."""

from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

CONFIGS = Path(__file__).parents[1] / "configs"
NARROW = 16
"""Width of every network in the tests."""
FEW = 16
"""Negatives against which a take is held in the tests."""
SHORT = {
    "tracer": ("max_epochs=8",),
    "recommender": ("batch_rows=64", "max_epochs=12", "patience=12"),  # their takes in one batch would be one step
}
"""Settings of the trainer in the tests, by the kind of model: as much as the laws ask for."""
SMALL = {"skills": 8, "items": 40, "roles": 3, "cluster_size": 4, "skills_per_role": 5, "years": 1.0, "minutes": 60.0}
"""Sizes of every world in the tests but the main one."""


def names(kind: str) -> list[str]:
    """The YAML files of a config group and of the folders in it, as Hydra calls them."""
    home = CONFIGS / kind
    return sorted(path.relative_to(home).with_suffix("").as_posix() for path in home.rglob("*.yaml"))


@cache
def neural_world(members: int = 2, width: int = 8) -> str:
    """A folder of small networks with any weights, as `lernpfad world` writes it: 6 skills, 60 items."""
    import numpy as np

    from lernpfad.simulate import ensemble

    rng, skills, items = np.random.default_rng(0), 6, 60
    shapes = {
        "response": (3, width),
        "skill_response": (skills + 1, 3, width),
        "item": (items + 1, 5),
        "item_response": (3, 5, width),
        "item_query.weight": (5, width),
        "item_query.bias": (5,),
        "item_bias": (items + 1, 1),
        "head.weight": (1, width),
        "head.bias": (1,),
        "lstm.weight_ih_l0": (4 * width, width),
        "lstm.weight_hh_l0": (4 * width, width),
        "lstm.bias_ih_l0": (4 * width,),
        "lstm.bias_hh_l0": (4 * width,),
        "skill_weight": (skills + 1, width),
        "skill_bias": (skills + 1,),
    }
    weights = [{name: 0.5 * rng.normal(size=shape) for name, shape in shapes.items()} for _ in range(members)]
    table = np.stack([np.arange(items) % skills, np.full(items, -1)], axis=1)
    source = ensemble.Source(skills, table, rng.integers(0, 200, items), rng.random(items))
    return str(ensemble.write(Path(mkdtemp(prefix="neural-world-")), weights, source))


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
        trainer += [f"trainer.{one}" for one in SHORT.get(kind, ())]
        config = compose(overrides=[f"+{kind}={name}", *trainer])
    for place in (kind, *(f"{kind}.members.{name}" for name in config[kind].get("members", {}))):
        if OmegaConf.select(config, f"{place}.network.width") is not None:
            OmegaConf.update(config, f"{place}.network.width", NARROW)
    negatives = OmegaConf.select(config, f"{kind}.loss.negatives")
    if negatives is not None:  # of the few dozen items of a test
        OmegaConf.update(config, f"{kind}.loss.negatives", min(negatives, FEW))
    if kind == "simulator" and name != "corporate":
        OmegaConf.update(config, kind, SMALL)
        if OmegaConf.select(config, "simulator.psychology.folder") is not None:
            OmegaConf.update(config, "simulator.psychology.folder", neural_world())
    if OmegaConf.select(config, f"{kind}.newer") is not None:  # O*NET files are not shipped
        from simulate.occupationfiles import releases

        newer, older = releases()
        OmegaConf.update(config, kind, {"newer": newer, "older": older, "jobs": 3, "technologies": 5})
    return config[kind]


def made(kind: str, name: str) -> Any:
    """A new model, policy or world from its YAML."""
    from hydra.utils import instantiate

    return instantiate(composed(kind, name))
