"""The best settings of a study as an experiment that `lernpfad train` takes by name."""

from pathlib import Path
from typing import Any

from lernpfad.run import parts, space

NAME = "best"
_GROUPS = ("data", "tracer", "recommender", "trainer")


def write(config: Any, folder: Path, trial: Any) -> Path:
    """Write `experiment/best.yaml` into the study's folder: what was chosen, what was given, and what was found."""
    from omegaconf import OmegaConf

    found = OmegaConf.create()
    for key, value in {**_given(config), **space.settings(config, trial.params)}.items():
        OmegaConf.update(found, key, value)
    text = "\n".join(
        [
            "# @package _global_",
            f"# Trial {trial.number} of study '{config.study}': {config.sweep.metric} {trial.value:.4f} on validation.",
            "defaults:",
            *(f"  - override /{group}: {_choice(group)}" for group in _GROUPS),
            "",
            OmegaConf.to_yaml(found),
        ]
    )
    place = folder / "experiment" / f"{NAME}.yaml"
    place.parent.mkdir(exist_ok=True)
    place.write_text(text, encoding="utf-8")
    return place


def _choice(group: str) -> str:
    chosen = parts.choices(group)
    return chosen[0] if chosen and chosen[0] != "none" else "null"


def _given(config: Any) -> dict[str, Any]:
    """The settings of those parts that were overridden on the command line, by key."""
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf

    keys = [word.lstrip("+").partition("=")[0] for word in HydraConfig.get().overrides.task]
    inside = [key for key in keys if key.partition(".")[0] in (*_GROUPS, "seed") and (key == "seed" or "." in key)]
    return {key: OmegaConf.select(config, key) for key in inside}
