"""The tables of a store. Interactions are the truth; states are made from them and may be thrown away."""

from secrets import token_hex
from typing import Final

from lernpfad.serve.database import DAMAGED, Database, Dialect, StoreError, Transaction

SCHEMA: Final = 2
"""Version of the tables that this lernpfad makes and reads."""

_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS learners (number {number}, pseudonym TEXT NOT NULL UNIQUE, counted BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS interactions (learner BIGINT NOT NULL REFERENCES learners (number), id TEXT NOT NULL, "
    "place BIGINT NOT NULL, item TEXT NOT NULL, outcome INTEGER NOT NULL, accepted INTEGER NOT NULL, "
    "minutes DOUBLE PRECISION, time DOUBLE PRECISION NOT NULL, decision TEXT, received DOUBLE PRECISION NOT NULL, "
    "PRIMARY KEY (learner, id))",
    "CREATE TABLE IF NOT EXISTS states (learner BIGINT PRIMARY KEY REFERENCES learners (number), bundle TEXT NOT NULL, "
    "covers BIGINT NOT NULL, digest TEXT NOT NULL, arrays {blob} NOT NULL)",
    "CREATE TABLE IF NOT EXISTS decisions (number {number}, id TEXT NOT NULL UNIQUE, "
    "learner BIGINT NOT NULL REFERENCES learners (number), made DOUBLE PRECISION NOT NULL, "
    "at DOUBLE PRECISION NOT NULL, bundle TEXT NOT NULL, policy TEXT NOT NULL, covers BIGINT NOT NULL, "
    "digest TEXT NOT NULL, asked TEXT NOT NULL, eligible {blob} NOT NULL, items TEXT NOT NULL, drawn INTEGER NOT NULL)",
    "CREATE INDEX IF NOT EXISTS decisions_learner ON decisions (learner)",
    "CREATE TABLE IF NOT EXISTS keys (id TEXT PRIMARY KEY, salt TEXT NOT NULL, hash TEXT NOT NULL, "
    "scopes TEXT NOT NULL, made DOUBLE PRECISION NOT NULL, revoked DOUBLE PRECISION, expires DOUBLE PRECISION)",
    # learner: none for a statement that voids another; voids: id of the interaction that it takes back
    "CREATE TABLE IF NOT EXISTS statements (id TEXT PRIMARY KEY, learner BIGINT REFERENCES learners (number), "
    "digest TEXT NOT NULL, voids TEXT, received DOUBLE PRECISION NOT NULL)",
    "CREATE INDEX IF NOT EXISTS statements_learner ON statements (learner)",
    "CREATE INDEX IF NOT EXISTS statements_voids ON statements (voids)",
    # learner: none where somebody turned the curriculum on or off; who: id of the API key
    "CREATE TABLE IF NOT EXISTS interventions (number {number}, id TEXT NOT NULL UNIQUE, "
    "learner BIGINT REFERENCES learners (number), kind TEXT NOT NULL, decision TEXT, item TEXT, "
    "reason TEXT NOT NULL, who TEXT NOT NULL, made DOUBLE PRECISION NOT NULL)",
    "CREATE INDEX IF NOT EXISTS interventions_learner ON interventions (learner)",
    "CREATE TABLE IF NOT EXISTS receipts (id TEXT PRIMARY KEY, erased DOUBLE PRECISION NOT NULL, hash TEXT NOT NULL, "
    "interactions BIGINT NOT NULL, decisions BIGINT NOT NULL)",
)
_UPGRADES: Final = {1: ("ALTER TABLE keys ADD COLUMN expires DOUBLE PRECISION",)}
"""What makes a store of that schema one of the next; whole tables are made where they are not there anyway."""
_FROZEN: Final = ("interactions", "decisions", "receipts", "statements", "interventions")
LEARNER_TABLES: Final = ("interactions", "decisions", "states", "statements", "interventions")
"""What names a learner by number; all of it goes when she is erased."""
NOT_VOIDED: Final = "NOT EXISTS (SELECT 1 FROM statements WHERE voids = interactions.id)"
"""A condition on `interactions`: no statement took the row back."""


def prepare(database: Database) -> str:
    """Make the tables where they are not there yet; returns the secret under which learner ids are hashed.

    Raises StoreError for a store of a newer lernpfad.
    """
    return database.write(lambda on: _prepared(on, database.dialect))


def _prepared(on: Transaction, dialect: Dialect) -> str:
    if dialect.alone:
        on.execute(dialect.alone)
    for statement in _TABLES:
        on.execute(statement.format(number=dialect.number, blob=dialect.blob))
    for table in _FROZEN:
        for statement in dialect.frozen:
            on.execute(statement.format(table=table))
    fresh = {"schema": str(SCHEMA), "secret": token_hex(32)}
    for name, value in fresh.items():
        on.execute("INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", (name, value))
    facts = dict(on.execute("SELECT name, value FROM facts").fetchall())
    if not facts["schema"].isdigit() or int(facts["schema"]) > SCHEMA:
        raise StoreError(
            DAMAGED, f"the store has schema {facts['schema']}, this lernpfad reads up to {SCHEMA}; upgrade lernpfad"
        )
    for older in range(int(facts["schema"]), SCHEMA):
        for statement in _UPGRADES[older]:
            on.execute(statement)
    if facts["schema"] != str(SCHEMA):
        on.execute("UPDATE facts SET value = ? WHERE name = 'schema'", (str(SCHEMA),))
    return str(facts["secret"])
