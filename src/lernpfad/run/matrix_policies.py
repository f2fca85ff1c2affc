"""The policies of a robustness matrix: built from their YAML, and those that learn fitted on the log of one world."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lernpfad.core import Experience, Policy, Roles, Rollout
from lernpfad.policy import spec
from lernpfad.run import parts
from lernpfad.serve import files

SPEC_FILE = "policy.json"
_ARRAYS = "learned"


@dataclass(frozen=True, eq=False)
class Learned:
    """Fitted tracers and recommenders by name. auc: of each tracer, on other people of the world it was fitted in."""

    tracers: dict[str, Any]
    recommenders: dict[str, Any]
    auc: dict[str, float]

    def tracer(self, name: str | None) -> Any:
        """The tracer of that name, None for none."""
        return None if name is None else self.tracers[name]

    def recommender(self, name: str | None) -> Any:
        """The recommender of that name, None for none."""
        return None if name is None else self.recommenders[name]


def used_by(config: Any, policy: str) -> dict[str, str | None]:
    """The names of the tracer and the recommender that a policy is told through."""
    own = config.own.get(policy) or {}
    return {kind: own[kind] if kind in own else config.uses[kind] for kind in ("tracer", "recommender")}


def wanted(config: Any) -> list[str]:
    """The policies that were asked for; the reference and the baselines are always among them."""
    from lernpfad.evaluate.robustness import BASELINES

    chosen, must = config.only_policies, (config.reference, *BASELINES)
    return [one for one in config.policies if chosen is None or one in chosen or one in must]


def learners(config: Any) -> list[str]:
    """Those of them that learn from a log, or are made of policies that do."""
    return [name for name in wanted(config) if spec.learns(parts.build(config, f"policies.{name}"))]


def there(config: Any, folder: Path, name: str) -> bool:
    """Whether a policy that learns has learned."""
    return (_place(config, folder, name) / SPEC_FILE).is_file()


def fit(config: Any, folder: Path, name: str, *, done: Rollout, roles: Roles, learned: Learned) -> None:
    """Let a policy learn from the offers of a log, seen through the tracer and the recommender that it is told by."""
    used = used_by(config, name)
    experience = Experience(
        log=done.log,
        tracer=learned.tracer(used["tracer"]),
        recommender=learned.recommender(used["recommender"]),
        roles=roles,
        role=done.role,
    )
    policy = spec.learn(parts.build(config, f"policies.{name}"), experience)
    place = _place(config, folder, name)
    files.write_arrays(place / _ARRAYS, spec.arrays(policy))
    files.write_json(place / SPEC_FILE, files.jsonable(spec.describe(policy), exact=True))


def built(config: Any, folder: Path, name: str) -> Policy:
    """The policy as it goes into the worlds, with what it learned."""
    if not there(config, folder, name):
        policy: Policy = parts.build(config, f"policies.{name}")
        return policy
    place = _place(config, folder, name)
    return spec.build(files.read_json(place / SPEC_FILE), arrays=files.read_arrays(place / _ARRAYS))


def _place(config: Any, folder: Path, name: str) -> Path:
    plain, used = parts.resolved(config), used_by(config, name)
    told = [plain[f"{kind}s"].get(one) for kind, one in used.items()]
    mark = hashlib.sha256(json.dumps([plain["policies"][name], told]).encode()).hexdigest()[:12]
    return folder / "policy" / f"{name}-{mark}"
