"""`lernpfad export`: fitted models and a policy as the bundle that production loads, verified before it appears."""

import logging
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from lernpfad.core import ConfigError, Policy
from lernpfad.run import again, conditions, parts, precision, provenance, stack
from lernpfad.run.bundle_model import BundleModel
from lernpfad.run.conditions import MEASURED
from lernpfad.run.evaluate import RESULT_FILE
from lernpfad.run.judged import tables
from lernpfad.run.papers import papers
from lernpfad.run.places import existing
from lernpfad.run.record import Record, Start
from lernpfad.serve import bundle
from lernpfad.serve.files import jsonable, read_arrays, read_json

log = logging.getLogger(__name__)

SPLIT_FILE, PARTS = "split.json", ("train", "valid", "test")


def run(config: Any) -> None:
    """Write the bundle and say where it is."""
    judged = _evaluation(config.evaluation)
    used = config.models if config.models.tracer is not None else OmegaConf.create(judged.get("models", {}))
    if used.get("tracer") is None:
        raise ConfigError(
            "nothing to export: give evaluation=<folder of lernpfad evaluate>, or models.tracer=<run folder>"
        )
    models = stack.models(used)
    start = Start("export", parts.folder(), parts.resolved(config))
    policy, named = _policy(config, judged), config.matrix_policy or _policy_name(config, judged)
    precision.check(config.precision)
    metrics = _metrics(models, policy, judged) | tables(models, matrix=config.matrix, policy=named)
    how = {MEASURED: _measured(models, judged, metrics, matrix=config.matrix)}
    with parts.build(config, "tracking").start(start) as record:
        place = bundle.write(
            config.folder,
            tracer=models.tracer.model,
            recommender=models.affinity,
            policy=policy,
            catalog=models.tracer.catalog,
            roles=models.tracer.roles,
            metrics=metrics,
            provenance=_provenance(config, models, record) | how,
            lighter=_lighter(config, models),
            papers=papers(config.papers),
        )
        record.file(place, "bundle")
        log.info("bundle: %s", place)
        if config.register is not None:
            number = record.register(BundleModel(bundle.load(place)), config.register)
            log.info("registered: version %s of '%s'", number, config.register)


def _evaluation(folder: str | None) -> dict[str, Any]:
    if folder is None:
        return {}
    place = existing(folder, what="run folder") / RESULT_FILE
    if not place.is_file():
        raise ConfigError(f"evaluation: '{folder}' is no folder of lernpfad evaluate (it has no {RESULT_FILE})")
    found: dict[str, Any] = read_json(place)
    return found


def _lighter(config: Any, models: stack.Models) -> precision.Lighter | None:
    if config.precision == precision.FLOAT32:
        return None
    fitted = {"tracer": models.tracer, "recommender": models.recommender}
    tested = {
        part: again.read(one, what=f"precision={config.precision}")
        for part, one in fitted.items()
        if one is not None and precision.has_graphs(one.model)
    }
    return precision.Lighter(config.precision, tested, may_lose=config.precision_may_lose)


def _policy(config: Any, judged: dict[str, Any]) -> Policy:
    """The policy that was chosen, else the one that won."""
    if parts.chosen(config, "policy"):
        policy: Policy = parts.build(config, "policy")
        return policy
    if "winner_spec" not in judged:
        raise ConfigError("no policy to export: choose policy=..., or an evaluation in closed loop")
    from lernpfad.policy.spec import build

    learned = judged.get("winner_learned")
    arrays = None if learned is None else read_arrays(existing(config.evaluation, what="run folder") / learned)
    return build(judged["winner_spec"], arrays=arrays)


def _policy_name(config: Any, judged: dict[str, Any]) -> str:
    """What the policy is called in a robustness matrix, unless the config says so."""
    return "".join(parts.choices("policy")) if parts.chosen(config, "policy") else str(judged["winner"])


def _metrics(models: stack.Models, policy: Policy, judged: dict[str, Any]) -> dict[str, Any]:
    """Test metrics of the models, and what the policy did in closed loop if it is this one that won, with these."""
    from lernpfad.policy.spec import describe

    found: dict[str, Any] = {"tracer": models.tracer.facts.get("test", {})}
    if models.recommender is not None:
        found["recommender"] = models.recommender.facts.get("test", {})
    same = judged.get("models") == models.folders() and judged.get("winner_spec") == jsonable(describe(policy))
    rows = [row for row in judged.get("policies", []) if same and row["policy"] == judged["winner"]]
    return found | ({"closed_loop": rows[0]} if rows else {})


def _measured(
    models: stack.Models, judged: dict[str, Any], metrics: dict[str, Any], *, matrix: str | None
) -> dict[str, Any]:
    """How the metrics of each part were measured; None where the run that they are from did not record it."""
    found: dict[str, Any] = {conditions.TRACER: conditions.of_model(models.tracer)}
    if models.recommender is not None:
        found[conditions.RECOMMENDER] = conditions.of_model(models.recommender, ranks=True)
    if conditions.CLOSED_LOOP in metrics:
        found[conditions.CLOSED_LOOP] = judged.get(MEASURED)
    if conditions.WORST_WORLD in metrics and matrix is not None:
        found[conditions.WORST_WORLD] = conditions.read_matrix(Path(matrix))
    return found


def _provenance(config: Any, models: stack.Models, record: Record) -> dict[str, Any]:
    facts = models.tracer.facts
    return {
        "data": facts.get("data"),
        "data_hash": facts.get("data_hash"),
        "split": facts.get("split"),
        "parts": _parts(models.tracer.folder.parent / SPLIT_FILE),
        "tracer_run": facts.get("run"),
        "recommender_run": None if models.recommender is None else models.recommender.facts.get("run"),
        "run": record.run_id(),
        "commit": provenance.commit(),
        "versions": provenance.versions(),
        "evaluation": None if config.evaluation is None else Path(config.evaluation).name,
        "intended_use": config.intended_use,
        "limits": config.limits,
    }


def _parts(path: Path) -> dict[str, Any]:
    """Learners and rows of each part of the split; none if the run kept no manifest of it."""
    found = read_json(path)["parts"] if path.is_file() else {}
    return {part: {"learners": found[part]["learners"], "rows": found[part]["rows"]} for part in PARTS if part in found}
