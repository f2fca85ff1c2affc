"""`lernpfad promote`: make a registered version the champion, unless it is worse than the one there is."""

import logging
from typing import Any

from lernpfad.core import ConfigError
from lernpfad.run import alike, parts
from lernpfad.run.gates import Gate, refusals
from lernpfad.run.gates import number as measure
from lernpfad.run.registry import Registry
from lernpfad.serve.manifest import Manifest

log = logging.getLogger(__name__)


def run(config: Any) -> None:
    """Hold the challenger to the gates and move the alias; one line says what became of it."""
    why, gates = config.why, {name: _gate(name, one) for name, one in config.gates.items() if one is not None}
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
    config: Any, gates: dict[str, Gate], challenger: Manifest, registry: Registry, *, number: str, champion: str
) -> None:
    """Refuse a challenger that is worse, or that was not measured as the champion was."""
    before = registry.manifest(champion)
    who = f"version {number} of '{config.name}' is not promoted over version {champion}"
    apart = alike.unlike(gates, (champion, before), (number, challenger))
    if apart and not config.across_data:
        raise ConfigError(f"{who}: {'; '.join(apart)}; or say across_data=true")
    if apart:
        log.warning("compared all the same: %s", "; ".join(apart))
    idle = [gate.metric for gate in gates.values() if measure(before.metrics, gate.metric) is None]
    if idle:
        log.warning("not compared, since the champion has no such figure: %s", ", ".join(idle))
    found = refusals(list(gates.values()), before.metrics, challenger.metrics)
    if found:
        raise ConfigError(f"{who}: {'; '.join(found)}; mend it, or widen the tolerance of the gate")
