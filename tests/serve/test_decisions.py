"""The log says what was offered, how likely, and from what; it turns into rows that training and off-policy read."""

import json
from pathlib import Path

import numpy as np
import pytest

from lernpfad.core import ConfigError
from lernpfad.data import table
from lernpfad.policy.combine import Explore
from lernpfad.policy.debtperminute import DebtPerMinute
from lernpfad.run import logged
from lernpfad.serve.database import Database
from lernpfad.serve.decisions import decision_rows, decisions, json_lines, packed, training_rows, unpacked
from lernpfad.serve.engine import Engine
from lernpfad.serve.learners import Learners
from lernpfad.serve.settings import main
from lernpfad.serve.sqlite import Sqlite
from lernpfad.serve.store import Store
from lernpfad.serve.stored import InteractionPost, LearnerItemsRequest
from serve.stack import START, catalog, fitted
from serve.web import NOW, small_bundle


@pytest.fixture
def learners(tmp_path: Path, database: Database) -> Learners:
    stack = fitted(policy=Explore(DebtPerMinute(), rate=0.2))
    return Learners(Engine(small_bundle(tmp_path, stack=stack)), Store(database))


def lived(learners: Learners) -> dict[str, float]:
    """Two learners: one takes a drawn offer, then a ranked one, the other something on her own; propensity by id."""
    drawn = learners.next_items(LearnerItemsRequest(learner="lea", draw=True, k=3), now=NOW)
    ranked = learners.next_items(LearnerItemsRequest(learner="lea", minutes=5.0, k=2), now=NOW + 1)
    first = drawn.items[0]
    rows = [
        {"learner": "lea", "item": first.item, "decision": drawn.decision, "outcome": "correct", "minutes": 2.5},
        {"learner": "lea", "item": ranked.items[0].item, "decision": ranked.decision, "outcome": "wrong"},
        {"learner": "leo", "item": "i5", "accepted": False},
        {"learner": "leo", "item": "not-in-the-catalog"},
        {"learner": "leo", "item": drawn.items[0].item, "decision": drawn.decision},  # not his offer
    ]
    sent = [InteractionPost.model_validate({"id": str(n), "time": START + n, **row}) for n, row in enumerate(rows)]
    learners.record(sent, now=NOW, batch=True)
    return {drawn.decision: first.propensity, ranked.decision: float("nan")}


def test_offers_as_rows(learners: Learners) -> None:
    lived(learners)
    [one, other] = [decision for _, decision in decisions(learners.store.database)]
    rows = list(decision_rows(learners.store.database, catalog()))
    assert [row["decision"] for row in rows] == [one.id] * 3 + [other.id] * 2
    assert [row["place"] for row in rows] == [0, 1, 2, 0, 1]
    assert [row["drawn"] for row in rows] == [True] * 3 + [False] * 2
    assert {row["learner"] for row in rows} == {learners.store.pseudonym("lea")}
    assert all(0 < row["propensity"] <= 1 and row["reason"].endswith(".") for row in rows)
    assert {row["policy"] for row in rows} == {learners.policy}
    assert {row["bundle"] for row in rows} == {learners.engine.bundle.version}
    short = [str(item) for item in catalog().items[catalog().minutes <= 5.0]]
    assert [row["candidates"] for row in rows[3:]] == [short, short]
    assert len(rows[0]["candidates"]) == 24
    assert next(decision_rows(learners.store.database))["candidates"] is None


def test_interactions_as_rows_carry_the_propensity_of_the_offer_they_came_of(learners: Learners) -> None:
    propensity = lived(learners)
    rows = list(training_rows(learners.store.database))
    assert [row["time"] - START for row in rows] == [0, 1, 2, 3, 4]
    assert [row["outcome"] for row in rows] == [1, 0, -1, -1, -1]
    assert [row["accepted"] for row in rows] == [True, True, False, True, True]
    assert rows[0]["propensity"] == next(iter(propensity.values()))
    assert all(np.isnan(row["propensity"]) for row in rows[1:])
    assert [row["policy"] for row in rows] == [learners.policy] * 2 + [""] * 3
    lines = [json.loads(line) for line in json_lines(rows)]
    assert lines[1]["propensity"] is None
    assert lines[0] == rows[0]


@pytest.mark.parametrize(("outcomes", "speaks"), [(("not_assessed", "correct"), 1), (("wrong", "correct"), 0)])
def test_an_offer_was_drawn_once_whatever_comes_of_it(
    learners: Learners, outcomes: tuple[str, str], speaks: int
) -> None:
    """A platform tells of one activity with several statements; off-policy estimates must count the offer once."""
    drawn = learners.next_items(LearnerItemsRequest(learner="lea", draw=True), now=NOW)
    shared = {"learner": "lea", "item": drawn.items[0].item, "decision": drawn.decision}
    sent = [
        InteractionPost.model_validate(shared | {"id": str(n), "time": START + n, "outcome": outcome})
        for n, outcome in enumerate(outcomes)
    ]
    learners.record(sent, now=NOW, batch=True)
    rows = list(training_rows(learners.store.database))
    assert [row["decision"] for row in rows] == [drawn.decision] * 2
    assert [not np.isnan(row["propensity"]) for row in rows] == [n == speaks for n in range(2)]


def test_the_log_is_a_data_set(learners: Learners, tmp_path: Path) -> None:
    propensity = next(iter(lived(learners).values()))
    assert logged.write(learners.store.database, catalog(), tmp_path / "logged").unheard == 1
    found = table.read(tmp_path / "logged").sequences
    assert list(found.learners) == [learners.store.pseudonym(who) for who in ("lea", "leo")]
    assert found.extra["propensity"][0] == propensity
    assert np.isnan(found.extra["propensity"][1:]).all()
    assert found.minutes[0] == 2.5
    assert found.minutes[1] == found.catalog.minutes[found.item[1]]
    assert logged.write_offers(learners.store.database, catalog(), tmp_path / "offers.parquet") == 5


def test_candidates_are_small_and_come_back() -> None:
    eligible = np.random.default_rng(0).random(10_001) < 0.98
    assert np.array_equal(unpacked(packed(eligible), 10_001), eligible)
    assert len(packed(eligible)) < 1_300
    assert len(packed(np.ones(100_000, dtype=bool))) < 60


def test_the_log_is_append_only(learners: Learners) -> None:
    lived(learners)
    with pytest.raises(Exception, match="append-only"):
        learners.store.database.write(lambda on: on.execute("UPDATE decisions SET bundle = 'other'"))


def test_the_command_writes_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = str(tmp_path / "learners.db")
    learners = Learners(Engine(small_bundle(tmp_path)), Store(Sqlite(Path(where))))
    lived(learners)
    main(["decisions", f"store={where}", "rows=interactions", f"out={tmp_path / 'i.jsonl'}"])
    assert len((tmp_path / "i.jsonl").read_text().splitlines()) == 5
    main(["decisions", f"store={where}"])
    assert len(capsys.readouterr().out.splitlines()) == 5


def test_the_command_makes_lists_and_revokes_keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = str(tmp_path / "learners.db")
    Store(Sqlite(Path(where)))
    main(["keys", f"store={where}", "make=write,read"])
    key = capsys.readouterr().out.strip()
    main(["keys", f"store={where}"])
    assert capsys.readouterr().out == f"{key.split('_')[1]} read write\n"
    main(["keys", f"store={where}", f"revoke={key.split('_')[1]}"])
    main(["keys", f"store={where}"])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["keys"], "keys needs a store: lernpfad serve keys store=learners.db"),
        (["decisions", "sotre=x"], "no decisions setting named 'sotre'; did you mean 'store'?"),
        (["keys", "list"], "keys takes key=value words, got 'list'"),
        (["keys", "store=nowhere.db"], "no store at nowhere.db; mend the path"),
        (["keys", "store=nowhere.db", "make=read", "revoke=x"], "give make= or revoke=, not both"),
        (
            ["decisions", "store=nowhere.db", "rows=all"],
            "no kind of rows named 'all'; there are: interactions, interventions, offers, statements",
        ),
    ],
)
def test_a_wrong_word_is_one_line(words: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        main(words)
    assert message in str(refused.value)
    assert not Path("nowhere.db").exists()


@pytest.mark.parametrize("what", ["keys", "decisions"])
def test_each_command_has_help(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    main([what, "--help"])
    assert f"usage: lernpfad serve {what} store=WHERE" in capsys.readouterr().out
