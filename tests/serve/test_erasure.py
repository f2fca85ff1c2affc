"""After an erasure nothing of the learner is left, in no table and in no file; others are untouched."""

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import cast

import pytest

from lernpfad.serve.bundle import Bundle
from lernpfad.serve.database import GONE, Database, StoreError
from lernpfad.serve.decisions import decisions, training_rows
from lernpfad.serve.engine import Engine
from lernpfad.serve.learners import Learners
from lernpfad.serve.oversight import CONTEST, Intervention, Oversight
from lernpfad.serve.postgres import Postgres
from lernpfad.serve.sqlite import Sqlite
from lernpfad.serve.store import Store
from lernpfad.serve.stored import InteractionPost, LearnerItemsRequest
from lernpfad.serve.tables import LEARNER_TABLES
from serve.stack import START
from serve.web import NOW, small_bundle

WHO = "lea.erased@example.org"
ITEM = "an-item-that-only-she-was-given"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return small_bundle(tmp_path_factory.mktemp("serve"))


def live(learners: Learners, who: str, *, rows: int = 30, item: str = "i1") -> None:
    """Interactions whose ids tell who it is, a state, and decisions."""
    learners.record(
        [InteractionPost(learner=who, id=f"{who}-{n}", item=item, time=START + n) for n in range(rows)],
        now=NOW,
        batch=True,
    )
    for _ in range(3):
        learners.next_items(LearnerItemsRequest(learner=who), now=NOW)


def crowded(database: Database, bundle: Bundle) -> Learners:
    """She is one of several who came before and after her."""
    learners = Learners(Engine(bundle), Store(database))
    for who, item in (("before", "i1"), (WHO, ITEM), ("after", "i2")):
        live(learners, who, item=item)
    return learners


def test_what_is_left_is_a_receipt(database: Database, bundle: Bundle) -> None:
    learners = crowded(database, bundle)
    pseudonym = learners.store.pseudonym(WHO)
    receipt = learners.erase(WHO, now=NOW)
    assert (receipt.interactions, receipt.decisions, receipt.erased, receipt.scrubbed) == (30, 3, NOW, True)
    assert receipt.hash == sha256(f"{receipt.nonce}:{WHO}".encode()).hexdigest()
    stored = database.read(lambda on: on.execute("SELECT * FROM receipts").fetchall())
    assert stored == [(receipt.id, NOW, receipt.hash, 30, 3)]
    for table in ("learners", "interactions", "states", "decisions"):
        [(count,)] = database.read(lambda on, table=table: on.execute(f"SELECT count(*) FROM {table}").fetchall())
        assert count == {"learners": 2, "interactions": 60, "states": 2, "decisions": 6}[table]
    assert pseudonym not in {who for who, _ in decisions(database)}
    assert ITEM not in {row["item"] for row in training_rows(database)}
    assert len(learners.store.known(WHO).rows) == 0
    assert len(learners.store.known("after").rows) == 30


def test_it_may_be_repeated_and_she_may_come_back(database: Database, bundle: Bundle) -> None:
    learners = crowded(database, bundle)
    counts = [learners.erase(WHO, now=NOW).interactions for _ in range(2)]
    assert counts == [30, 0]
    live(learners, WHO, rows=2)
    assert len(learners.store.known(WHO).rows) == 2


def test_the_files_hold_her_no_more(tmp_path: Path, bundle: Bundle) -> None:
    path = tmp_path / "learners.db"
    learners = crowded(Sqlite(path), bundle)
    pseudonym = learners.store.pseudonym(WHO)
    assert held(tmp_path, pseudonym)
    assert held(tmp_path, ITEM)
    assert not held(tmp_path, WHO)  # not even while she is stored
    learners.erase(WHO, now=NOW)
    assert (tmp_path / "learners.db-wal").stat().st_size == 0
    for trace in (WHO, pseudonym, ITEM):
        assert not held(tmp_path, trace)
    assert held(tmp_path, learners.store.pseudonym("after"))


def test_not_one_of_many_leaves_a_trace(tmp_path: Path, bundle: Bundle) -> None:
    """Pages are split, merged and reused; a hundred learners come, every third one goes."""
    store = Learners(Engine(bundle), Store(Sqlite(tmp_path / "learners.db")))
    for n in range(100):
        live(store, f"learner-{n}", rows=1 + n % 40, item=f"only-of-{n}-")
        if n % 3 == 2:
            store.erase(f"learner-{n - 1}", now=NOW)
    left = (tmp_path / "learners.db").read_bytes() + (tmp_path / "learners.db-wal").read_bytes()
    gone = range(1, 100, 3)
    assert [n for n in gone if f"only-of-{n}-".encode() in left] == []
    assert [n for n in gone if store.store.pseudonym(f"learner-{n}").encode() in left] == []
    assert all(store.store.pseudonym(f"learner-{n}").encode() in left for n in range(0, 99, 3))


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Somebody else reads, as a backup does."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM interactions").fetchone()
        yield


def test_with_a_reader_in_the_files_the_receipt_says_so(tmp_path: Path, bundle: Bundle) -> None:
    """The next write that finds nobody reading makes up for it."""
    learners = crowded(Sqlite(tmp_path / "learners.db", patience=0.05), bundle)
    with reading(tmp_path / "learners.db"):
        receipt = learners.erase(WHO, now=NOW)
        live(learners, "meanwhile", rows=1)
        assert held(tmp_path, ITEM)
        again = learners.erase(WHO, now=NOW)
    assert (receipt.interactions, receipt.decisions, receipt.scrubbed) == (30, 3, False)
    assert receipt.hash == sha256(f"{receipt.nonce}:{WHO}".encode()).hexdigest()
    assert (again.interactions, again.scrubbed) == (0, False)
    live(learners, "later", rows=1)
    assert not held(tmp_path, ITEM)
    assert len(learners.store.known("meanwhile").rows) == 1


@pytest.mark.parametrize("way", ["erase once more", "stop"])
def test_an_erasure_is_made_up_for(tmp_path: Path, bundle: Bundle, way: str) -> None:
    learners = crowded(Sqlite(tmp_path / "learners.db", patience=0.05), bundle)
    with closing(sqlite3.connect(tmp_path / "learners.db")) as other:  # stays open, so that a stop alone leaves the log
        with reading(tmp_path / "learners.db"):
            assert not learners.erase(WHO, now=NOW).scrubbed
        assert other.execute("SELECT count(*) FROM learners").fetchone() == (2,)
        if way == "stop":
            learners.store.database.close()
        else:
            assert learners.erase(WHO, now=NOW).scrubbed
        assert not held(tmp_path, ITEM)


def test_others_go_on_while_an_erasure_waits_for_a_reader(tmp_path: Path, bundle: Bundle) -> None:
    learners = crowded(Sqlite(tmp_path / "learners.db", patience=60.0), bundle)
    with ThreadPoolExecutor(1) as pool:
        with reading(tmp_path / "learners.db"):
            waiting = pool.submit(learners.erase, WHO, now=NOW)
            while len(learners.store.known(WHO).rows):
                pass
            live(learners, "meanwhile", rows=1)
            assert not waiting.done()
        assert waiting.result(timeout=60).scrubbed
    assert not held(tmp_path, ITEM)
    assert len(learners.store.known("meanwhile").rows) == 1


def test_the_receipt_of_an_erasure_is_not_lost(
    database: Database, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise StoreError(GONE, "planted")

    learners = crowded(database, bundle)
    monkeypatch.setattr(database, "scrub", fail)
    receipt = learners.erase(WHO, now=NOW)
    assert (receipt.interactions, receipt.decisions, receipt.scrubbed) == (30, 3, False)


@pytest.fixture
def on_server(where: str, opened: Callable[[], Database]) -> Database:
    database = opened()
    if isinstance(database, Sqlite):
        pytest.skip("SQLite has tests of its own")
    return database


def test_postgres_files_never_hold_an_id(on_server: Database, bundle: Bundle) -> None:
    learners = crowded(on_server, bundle)
    learners.erase(WHO, now=NOW)
    [(folder,)] = on_server.read(lambda on: on.execute("SHOW data_directory").fetchall())
    assert not held(Path(folder), WHO)
    assert not held(Path(folder).parent, WHO)  # nor does the server's log


def test_postgres_gives_back_the_room_of_whatever_was_hers(
    opened: Callable[[], Database], where: str, bundle: Bundle
) -> None:
    """A table that held her rows alone is empty on the disk too, once deleted rows are vacuumed."""
    database = opened()
    if isinstance(database, Sqlite):
        pytest.skip("SQLite has a test of its own")
    learners = Learners(Engine(bundle), Store(database))
    live(learners, WHO)
    [(_, offer), *_] = decisions(database)
    objection = Intervention("1", CONTEST, offer.id, None, "An objection that only she made.", "")
    assert Oversight(learners.store).intervene(WHO, objection, now=NOW)

    def pages(table: str) -> int:
        return int(database.read(lambda on: on.execute("SELECT pg_relation_size(?::regclass)", (table,)).fetchone())[0])

    hers = ("learners", *LEARNER_TABLES)
    assert [table for table in hers if not pages(table)] == ["statements"]
    learners.erase(WHO, now=NOW)
    assert [table for table in hers if pages(table)] == []


def test_postgres_tables_hold_her_no_more(on_server: Database, where: str, bundle: Bundle) -> None:
    """Once they were written anew, no file of the database has her rows, her words or her pseudonym.

    She is between others in every table, so that the pages that she was on stay in use.
    """
    from lernpfad.serve.settings import main

    learners = crowded(on_server, bundle)
    words = {who: f"these words of {who} are free text" for who in ("before", WHO, "after")}
    for who, reason in words.items():
        decision = learners.next_items(LearnerItemsRequest(learner=who), now=NOW).decision
        one = Intervention(f"of-{who}", CONTEST, decision, None, reason, "key")
        assert Oversight(learners.store).intervene(who, one, now=NOW)
    pseudonym = learners.store.pseudonym(WHO)
    traces = (pseudonym, ITEM, words[WHO])
    assert all(in_tables(on_server, trace) for trace in traces)
    learners.erase(WHO, now=NOW)
    main(["scrub", f"store={where}"])
    assert [trace for trace in traces if in_tables(on_server, trace)] == []
    assert in_tables(on_server, learners.store.pseudonym("after"))
    assert in_tables(on_server, words["after"])


def in_tables(database: Database, text: str) -> bool:
    """Whether a file of this database holds a text; the server's log of changes is not one of them."""
    with cast(Postgres, database)._connected(patience=0) as connection:
        connection.execute("CHECKPOINT")
        [folder] = connection.execute("SHOW data_directory").fetchone()
        [number] = connection.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()
    return held(Path(folder) / "base" / str(number), text)


def held(folder: Path, text: str) -> bool:
    return any(text.encode() in one.read_bytes() for one in folder.rglob("*") if one.is_file())
