"""One cell of a robustness matrix: a policy in a world, from the past that all policies of that world share."""

import hashlib
import json
from pathlib import Path
from time import process_time
from typing import Any, Final

from lernpfad.core import BundleError, KnowledgeTracer, Rollout, Sequences, World
from lernpfad.evaluate.belief import GainWitness, spread
from lernpfad.evaluate.lived import Lived
from lernpfad.run import matrix_parts, matrix_policies, parts, provenance, stack
from lernpfad.run.matrix_policies import Learned
from lernpfad.serve import files
from lernpfad.simulate.fingerprint import fingerprint

FACTS_FILE = "facts.json"
BELIEVED: Final = 100
"""People at most of a cell on whom the tracer's belief is held against the truth."""
NOT_BELIEVED: Final = dict.fromkeys(
    ("belief_slope", "belief_slope_low", "belief_slope_high", "belief_bias", "belief_bias_low", "belief_bias_high")
)
"""Facts of a cell whose policy asks no tracer, or the truth."""
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
        self._known: tuple[str, Sequences] | None = None

    def of(self, world: str) -> tuple[World[Any], Rollout]:
        """The world and its people after some weeks under the logging policy, which is told the truth."""
        if self._kept is None or self._kept[0] != world:
            self._kept = (world, *self._made(world))
        return self._kept[1:]

    def known(self, world: str) -> Sequences:
        """What everybody knows of these people by then."""
        from lernpfad.simulate.rollout import history

        if self._known is None or self._known[0] != world:
            self._known = (world, history(self.of(world)[1]))
        return self._known[1]

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
    tracer, sees = learned.tracer(names["tracer"]), getattr(built, "sees_truth", False)
    people, began = config.learners * config.repeats, process_time()
    witness = None if tracer is None or sees else GainWitness(of, spread(people, BELIEVED))
    done = rollout(
        built,
        of if witness is None else witness,
        learners=config.learners,
        weeks=config.weeks,
        seed=seeds(config),
        name=policy,
        tracer=stack.told(built, tracer, of),
        recommender=learned.recommender(names["recommender"]),
        after=before,
        watched=people,
        rest=config.rest,
    )
    belief = NOT_BELIEVED if witness is None else _believed(config, witness, tracer, past.known(world), done)
    seconds = process_time() - began
    files.write_arrays(folder / _LIVED, Lived.of(done, roles=of.roles, catalog=of.catalog).arrays())
    told = stack.TRUTH if sees else names["tracer"]
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
        **belief,
    }
    files.write_json(folder / FACTS_FILE, files.jsonable(facts))
    return facts


def _believed(
    config: Any, witness: GainWitness, tracer: KnowledgeTracer[Any], known: Sequences, done: Rollout
) -> dict[str, float]:
    """What the tracer expected of items against what they were worth, as facts."""
    found = witness.error(tracer, known, done.log, resamples=config.resamples, seed=config.seed)
    both = {"belief_slope": found.slope, "belief_bias": found.bias}
    ends = {f"{name}_{end}": value for name, one in both.items() for end, value in one._asdict().items()}
    return {name.removesuffix("_value"): round(float(value), 5) for name, value in ends.items()}


def finished(folder: Path) -> bool:
    """Whether the cell is whole."""
    return (folder / FACTS_FILE).is_file()


def read(folder: Path) -> tuple[dict[str, Any], Lived]:
    """The facts of a finished cell and what it kept; BundleError for a damaged one."""
    try:
        facts = NOT_BELIEVED | files.read_json(folder / FACTS_FILE)  # cells of earlier versions have no such facts
        return facts, Lived.revived(files.read_arrays(folder / _LIVED))
    except (KeyError, TypeError) as problem:
        raise BundleError(f"the cell in {folder} is of another version ({problem}); delete the folder") from problem
