"""`lernpfad rollback`: give the alias champion back to the version that had it before."""

import logging
from typing import Any

from lernpfad.run import parts

log = logging.getLogger(__name__)


def run(config: Any) -> None:
    """Move the alias back; one line says between which versions."""
    why = config.why
    with parts.build(config, "tracking").registry(config.name) as registry:
        gone, back = registry.rollback(why=why)
    log.info("version %s of '%s' is the champion again (version %s was)", back, config.name, gone)
