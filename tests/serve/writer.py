"""A process that stores interactions as fast as it can and says so once each is acknowledged.

usage: writer.py STORE ROWS NAME: every third id is common to all writers, the others carry the name.
"""

import sys

from lernpfad.serve.database import connect
from lernpfad.serve.store import Interaction, Store

START = 1_767_600_000.0
LEARNERS = 3


def main(where: str, rows: int, name: str) -> None:
    store = Store(connect(where))
    batch: list[tuple[str, Interaction]] = []
    for n in range(rows):
        item = f"common-{n}" if n % 3 == 0 else f"{name}-{n}"
        batch.append((f"learner-{n % LEARNERS}", Interaction(item, item, n % 2, True, None, START + n)))
        if n % 5 < 3:
            store.record(batch, now=START)
            print(*(row.id for _, row in batch), sep="\n", flush=True)
            batch = []
    if batch:
        store.record(batch, now=START)
        print(*(row.id for _, row in batch), sep="\n", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
