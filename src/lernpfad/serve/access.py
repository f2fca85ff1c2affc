"""The lines that the web server writes of each request, without what only whoever asked should know."""

import logging
from typing import Final

LOGGER: Final = "uvicorn.access"


class WithoutQuery(logging.Filter):
    """Cuts the query off an address: a statement's id stands there, and whatever a client puts there by mistake."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every line pass; uvicorn's arguments are client, method, address, version, status."""
        if isinstance(record.args, tuple) and len(record.args) == 5:
            client, method, address, *rest = record.args
            record.args = (client, method, str(address).partition("?")[0], *rest)
        return True
