"""The learned parts of a robustness matrix: fitted once on the log of one world, and loaded for every other."""

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np

from lernpfad.core import ConfigError, KnowledgeTracer, Rollout, Sequences, World, trace, unknown_name
from lernpfad.evaluate.metrics import METRICS
from lernpfad.run import matrix_policies, parts, stack, store
from lernpfad.run.seeds import child

log = logging.getLogger(__name__)

VALIDATING = 0.1
"""Share of the logged people on whom early stopping is decided."""

_KINDS = {"tracers": "tracer", "recommenders": "recommender"}


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
    """Fit what is not in the folder yet on one log of the world `fitted_in`; tracers are measured on another."""
    missing = [
        (kind, name)
        for kind in _KINDS
        for name in config[kind] or ()
        if not (_place(folder, kind, name) / store.MODEL_FILE).is_file()
    ]
    eager = [name for name in matrix_policies.learners(config) if not matrix_policies.there(config, folder, name)]
    if not missing and not eager:
        return
    of = world(config, config.fitted_in)
    done = logged(config, of, "logged people", learners=config.log.learners)
    train, valid = divided(done.log)
    if missing:
        test = logged(config, of, "other logged people", learners=max(1, config.log.learners // 4)).log
    for kind, name in missing:
        log.info("fitting %s on %d offers of world %s", name, len(train), config.fitted_in)
        model = parts.build(config, f"{kind}.{name}").fit(train, valid)
        facts = {"name": name} | ({"auc": accuracy(model, test)} if kind == "tracers" else {})
        store.save(_place(folder, kind, name), model, catalog=of.believed, roles=of.roles, facts=facts)
    for name in eager:
        log.info("policy %s learns from %d offers of world %s", name, len(done.log), config.fitted_in)
        matrix_policies.fit(config, folder, name, done=done, roles=of.roles, learned=load(config, folder))


def accuracy(tracer: KnowledgeTracer[Any], test: Sequences) -> float:
    """AUC of what the tracer says of each answer of people whom it never saw, from their earlier ones."""
    rows = test.assessed
    return float(METRICS["auc"](trace(tracer, test)[rows], test.outcome[rows]))


def logged(config: Any, of: World[Any], who: str, *, learners: int) -> Rollout:
    """People whom no policy is judged on, and their log."""
    from lernpfad.simulate.rollout import rollout

    return rollout(
        parts.build(config, "logging"),
        of,
        learners=learners,
        weeks=config.log.weeks,
        seed=child(config.log.seed, who),
        name="logging",
        tracer=stack.truth(of),
        progress=config.progress,
    )


def divided(whole: Sequences, share: float = VALIDATING) -> tuple[Sequences, Sequences]:
    """Those to learn from and, the last share of the learners, those to validate on."""
    first = max(1, round((1 - share) * len(whole.learners)))
    everybody = np.arange(len(whole.learners))
    return whole.select(everybody[:first]), whole.select(everybody[first:])


def load(config: Any, folder: Path) -> matrix_policies.Learned:
    """What was fitted."""
    found = {kind: {name: store.load(_place(folder, kind, name)) for name in config[kind] or ()} for kind in _KINDS}
    models = {kind: {name: one.model for name, one in of.items()} for kind, of in found.items()}
    auc = {name: float(one.facts["auc"]) for name, one in found["tracers"].items()}
    return matrix_policies.Learned(models["tracers"], models["recommenders"], auc)


def _place(folder: Path, kind: str, name: str) -> Path:
    return folder / _KINDS[kind] / name
