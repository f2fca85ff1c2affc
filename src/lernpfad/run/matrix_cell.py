"""One cell of a robustness matrix: a policy in a world, from the past that all policies of that world share."""

import hashlib
import json
from pathlib import Path
from time import process_time
from typing import Any

from lernpfad.core import BundleError, Rollout, World
from lernpfad.evaluate.lived import Lived
from lernpfad.run import matrix_parts, matrix_policies, parts, provenance, stack
from lernpfad.run.matrix_policies import Learned
from lernpfad.serve import files
from lernpfad.simulate.fingerprint import fingerprint

FACTS_FILE = "facts.json"
_LIVED = "lived"
_OF_ALL = ("fitted_in", "log", "logging", "world", "first_seed", "repeats", "learners", "past_weeks", "weeks", "rest")


def key(config: Any, world: str, policy: str) -> str:
    """A hash of all settings that a cell depends on."""
    plain = parts.resolved(config)
    used = {kind: plain[f"{kind}s"].get(name) for kind, name in matrix_policies.used_by(config, policy).items()}
    whole = {name: plain[name] for name in _OF_ALL} | {
        "fitted world": plain["worlds"][config.fitted_in],
        "in world": plain["worlds"][world],
        "policy": plain["policies"][policy],
        "used": used,
        "seed": config.seed,
    }
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:12]


def seeds(config: Any) -> list[int]:
    """The seeds that are judged."""
    return list(range(config.first_seed, config.first_seed + config.repeats))


class Past:
    """The common past of each world, made when it is first asked for; only the last one is kept."""

    def __init__(self, config: Any) -> None:
        self._config = config
        self._kept: tuple[str, World[Any], Rollout] | None = None

    def of(self, world: str) -> tuple[World[Any], Rollout]:
        """The world and its people after some weeks under the logging policy, which is told the truth."""
        if self._kept is None or self._kept[0] != world:
            self._kept = (world, *self._made(world))
        return self._kept[1:]

    def _made(self, name: str) -> tuple[World[Any], Rollout]:
        from lernpfad.simulate.rollout import rollout

        config, world = self._config, matrix_parts.world(self._config, name)
        past = rollout(
            parts.build(config, "logging"),
            world,
            learners=config.learners,
            weeks=config.past_weeks,
            seed=seeds(config),
            name="past",
            tracer=stack.truth(world),
        )
        return world, past


def run(
    config: Any, folder: Path, world: str, policy: str, *, past: Past, parts_folder: Path, learned: Learned
) -> dict[str, Any]:
    """Roll the policy out and keep what judging needs; the facts come last, and say that the cell is whole."""
    from lernpfad.simulate.rollout import rollout

    of, before = past.of(world)
    built, names = matrix_policies.built(config, parts_folder, policy), matrix_policies.used_by(config, policy)
    began = process_time()
    done = rollout(
        built,
        of,
        learners=config.learners,
        weeks=config.weeks,
        seed=seeds(config),
        name=policy,
        tracer=stack.told(built, learned.tracer(names["tracer"]), of),
        recommender=learned.recommender(names["recommender"]),
        after=before,
        watched=config.learners * config.repeats,
        rest=config.rest,
    )
    seconds = process_time() - began
    files.write_arrays(folder / _LIVED, Lived.of(done, roles=of.roles, catalog=of.catalog).arrays())
    told = stack.TRUTH if getattr(built, "sees_truth", False) else names["tracer"]
    facts = {
        "world": world,
        "policy": policy,
        "fingerprint": fingerprint(of),
        "commit": provenance.commit(),
        "offers": len(done.log),
        "processor_s": round(seconds, 3),
        "tracer": told,
        "recommender": names["recommender"],
        "auc": round(learned.auc[told], 4) if told in learned.auc else None,
    }
    files.write_json(folder / FACTS_FILE, files.jsonable(facts))
    return facts


def finished(folder: Path) -> bool:
    """Whether the cell is whole."""
    return (folder / FACTS_FILE).is_file()


def read(folder: Path) -> tuple[dict[str, Any], Lived]:
    """The facts of a finished cell and what it kept; BundleError for a damaged one."""
    try:
        return files.read_json(folder / FACTS_FILE), Lived.revived(files.read_arrays(folder / _LIVED))
    except (KeyError, TypeError) as problem:
        raise BundleError(f"the cell in {folder} is of another version ({problem}); delete the folder") from problem
