"""`lernpfad promote`: make a registered version the champion, unless it is worse than the one there is."""

import logging
from typing import Any

from lernpfad.core import ConfigError
from lernpfad.run import parts
from lernpfad.run.gates import Gate, refusals
from lernpfad.run.gates import number as measure
from lernpfad.run.registry import Registry
from lernpfad.serve.manifest import Manifest

log = logging.getLogger(__name__)


def run(config: Any) -> None:
    """Hold the challenger to the gates and move the alias; one line says what became of it."""
    why, gates = config.why, [_gate(name, one) for name, one in config.gates.items() if one is not None]
    with parts.build(config, "tracking").registry(config.name) as registry:
        number, champion = registry.number(str(config.version)), registry.champion()
        if number == champion:
            raise ConfigError(f"version {number} of '{config.name}' is the champion already")
        challenger = registry.manifest(number)
        if champion is not None:
            _require(config, gates, challenger, registry, number=number, champion=champion)
        registry.promote(number, why=why)
    log.info("version %s of '%s' is the champion (before: %s)", number, config.name, champion or "nobody")


def _gate(name: str, settings: Any) -> Gate:
    try:
        return Gate(**settings)
    except TypeError as problem:
        raise ConfigError(f"gates.{name} wants metric, better and maybe tolerance ({problem})") from problem


def _require(
    config: Any, gates: list[Gate], challenger: Manifest, registry: Registry, *, number: str, champion: str
) -> None:
    """Refuse a challenger that is worse, or that was measured on something else."""
    before = registry.manifest(champion)
    who = f"version {number} of '{config.name}' is not promoted over version {champion}"
    mine, theirs = _measured_on(challenger), _measured_on(before)
    if mine != theirs and not config.across_data:
        raise ConfigError(
            f"{who}: it was measured on {mine}, the champion on {theirs}, so their metrics cannot be compared; "
            "export both from runs on the same data, or say across_data=true"
        )
    idle = [gate.metric for gate in gates if measure(before.metrics, gate.metric) is None]
    if idle:
        log.warning("not compared, since the champion has no such figure: %s", ", ".join(idle))
    found = refusals(gates, before.metrics, challenger.metrics)
    if found:
        raise ConfigError(f"{who}: {'; '.join(found)}; mend it, or widen the tolerance of the gate")


def _measured_on(manifest: Manifest) -> str:
    facts = manifest.provenance
    return f"{facts.get('data')} {str(manifest.data_hash)[:8]} ({facts.get('split')})"
