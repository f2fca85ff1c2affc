"""The logs that transfer.py and discriminator.py compare: the main world's and, where they are at hand, public ones."""

import os
from pathlib import Path
from typing import Any

from lernpfad.core import Sequences
from lernpfad.policy.logging import Logging
from lernpfad.simulate import Corporate, OracleTracer, rollout

DATA = Path(os.environ.get("LERNPFAD_DATA", "data"))
CONFIGS = Path(__file__).parents[2] / "configs"
PUBLIC = ("assist09", "assist2015", "assist17")


def simulated(*, learners: int, weeks: int, seed: int, block: float) -> Sequences:
    """A log of the main world under the logging policy, which is told the truth."""
    world = Corporate()
    settings: dict[str, Any] = {"learners": learners, "weeks": weeks, "seed": seed, "name": "logging"}
    return rollout(Logging(block=block), world, tracer=OracleTracer(world), **settings).log


def public(name: str) -> Sequences | None:
    """A public log of configs/data as its source reads it, or None where its files are not at hand."""
    from hydra import compose, initialize_config_dir
    from hydra.utils import instantiate

    from lernpfad.run import resolvers

    resolvers.register()
    with initialize_config_dir(str(CONFIGS), version_base=None):
        source = compose(overrides=[f"+data={name}"]).data.source
    if not Path(source.folder).is_dir():
        print(f"no {name} in {DATA}: left out; set LERNPFAD_DATA to the folder of the public logs")
        return None
    found: Sequences = instantiate(source).sequences
    return found
