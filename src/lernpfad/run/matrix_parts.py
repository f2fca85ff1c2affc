"""The learned parts of a robustness matrix: fitted once on the log of one world, and loaded for every other."""

import hashlib
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lernpfad.core import ConfigError, Sequences, World, unknown_name
from lernpfad.run import parts, stack, store
from lernpfad.run.seeds import child

log = logging.getLogger(__name__)

_KINDS = {"tracers": "tracer", "recommenders": "recommender"}


@dataclass(frozen=True, eq=False)
class Learned:
    """Fitted tracers and recommenders by name."""

    tracers: dict[str, Any]
    recommenders: dict[str, Any]

    def tracer(self, name: str | None) -> Any:
        """The tracer of that name, None for none."""
        return None if name is None else self.tracers[name]

    def recommender(self, name: str | None) -> Any:
        """The recommender of that name, None for none."""
        return None if name is None else self.recommenders[name]


def world(config: Any, name: str) -> World[Any]:
    """A world of the matrix, with the settings that all of them share."""
    from hydra.utils import instantiate
    from omegaconf import OmegaConf

    made: World[Any] = instantiate(OmegaConf.merge(config.worlds[name], config.world))
    return made


def require(config: Any) -> None:
    """Refuse names that nothing bears before anything is computed."""
    asked = [("world", config.fitted_in, config.worlds)]
    for used in (config.uses, *config.own.values()):
        asked += [(kind, used.get(kind), config[f"{kind}s"]) for kind in _KINDS.values()]
    asked += [("world", one, config.worlds) for one in config.only_worlds or ()]
    asked += [("policy", one, config.policies) for one in (*config.own, *(config.only_policies or ()))]
    for what, name, known in asked:
        if name is not None and name not in known:
            raise ConfigError(unknown_name(what, name, list(known)))


def key(config: Any) -> str:
    """A hash of all settings that the learned parts depend on."""
    plain = parts.resolved(config)
    whole = [plain[name] for name in ("tracers", "recommenders", "log", "logging", "world", "seed")]
    return hashlib.sha256(json.dumps([*whole, plain["worlds"][config.fitted_in]]).encode()).hexdigest()[:12]


def fit(config: Any, folder: Path) -> None:
    """Fit what is not in the folder yet on one log of the world `fitted_in`."""
    missing = [
        (kind, name)
        for kind in _KINDS
        for name in config[kind] or ()
        if not (_place(folder, kind, name) / store.MODEL_FILE).is_file()
    ]
    if not missing:
        return
    of = world(config, config.fitted_in)
    train = logged(config, of)
    for kind, name in missing:
        log.info("fitting %s on %d offers of world %s", name, len(train), config.fitted_in)
        model = parts.build(config, f"{kind}.{name}").fit(train)
        store.save(_place(folder, kind, name), model, catalog=of.believed, roles=of.roles, facts={"name": name})


def logged(config: Any, of: World[Any]) -> Sequences:
    """The log that learned parts are fitted on: other people than those who are judged."""
    from lernpfad.simulate.rollout import rollout

    done = rollout(
        parts.build(config, "logging"),
        of,
        learners=config.log.learners,
        weeks=config.log.weeks,
        seed=child(config.log.seed, "logged people"),
        name="logging",
        tracer=stack.truth(of),
        progress=config.progress,
    )
    return done.log


def load(config: Any, folder: Path) -> Learned:
    """What was fitted."""
    found = {
        kind: {name: store.load(_place(folder, kind, name)).model for name in config[kind] or ()} for kind in _KINDS
    }
    return Learned(found["tracers"], found["recommenders"])


def _place(folder: Path, kind: str, name: str) -> Path:
    return folder / _KINDS[kind] / name
