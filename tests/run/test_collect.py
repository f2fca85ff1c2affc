"""From a service to the next experiment: drawn offers, what came of them, a data set, training and estimates."""

import json

import numpy as np
import pytest

from lernpfad.core import DataError
from lernpfad.data import table
from lernpfad.run import logged
from lernpfad.serve.bundle import load
from lernpfad.serve.engine import Engine
from lernpfad.serve.learners import Learners
from lernpfad.serve.sqlite import Sqlite
from lernpfad.serve.store import Store
from lernpfad.serve.stored import InteractionPost, LearnerItemsRequest, LearnerPathRequest

START, DAY, LATE = 1.79e9, 86_400.0, 7_200.0
LEARNERS, OFFERS = 30, 6


@pytest.fixture(scope="module")
def lived(company, tmp_path_factory):
    """A store in which learners were offered what the policy drew, and did it two hours later, or left it unanswered.

    Every other learner has ten minutes. Returns the store's path and the propensity of each answered decision.
    """
    path = tmp_path_factory.mktemp("collected") / "learners.db"
    bundle = load(company.at("runs", "bundle"))
    learners, rng = Learners(Engine(bundle), Store(Sqlite(path))), np.random.default_rng(4)
    roles, said = [str(one) for one in bundle.roles.names], {}
    for one in range(LEARNERS):
        for n in range(OFFERS):
            at, minutes = START + n * DAY + one, 10.0 if one % 2 else None
            asked = {"learner": f"p{one}", "role": roles[one % len(roles)], "minutes": minutes, "k": 2, "draw": True}
            offer = learners.next_items(LearnerItemsRequest(**asked, at=at), now=at)
            if not offer.items or rng.random() < 0.1:
                continue
            first, took = offer.items[0], rng.random() < 0.8
            came = {"accepted": bool(took)} | (
                {"outcome": "correct" if rng.random() < 0.6 else "wrong"} if took else {}
            )
            row = {"learner": f"p{one}", "id": f"{one}-{n}", "item": first.item, "time": at + LATE}
            learners.record([InteractionPost(**row, decision=offer.decision, **came)], now=at, batch=False)
            said[offer.decision] = first.propensity
        learners.path(LearnerPathRequest(learner=f"p{one}", role=roles[0], k=2, at=START + 50 * DAY), now=START)
    learners.store.database.close()
    return path, said


@pytest.fixture(scope="module")
def served(company, lived):
    """The data set that the command wrote."""
    folder = company.at("data", "served")
    with company.command() as lernpfad:
        assert lernpfad("collect", f"store={lived[0]}", "bundle=runs/bundle", f"out={folder}") == 0
    return folder


def test_the_data_set_has_roles_and_what_each_offer_was(served, lived, company):
    data, bundle = table.read(served), load(company.at("runs", "bundle"))
    log, roles = data.sequences, bundle.roles
    assert len(log) == len(lived[1]) > 100
    assert [log.extra["propensity"][n] for n in range(len(log))] == [lived[1][one] for one in log.extra["decision"]]
    np.testing.assert_allclose(log.time - log.extra["offered"], LATE)
    assert set(log.extra["minutes_left"]) == {10.0, np.inf}
    assert (log.extra["eligible"] > 0).all()
    store = Store(Sqlite(lived[0]))
    of = {store.pseudonym(f"p{one}"): one % len(roles.names) for one in range(LEARNERS)}
    assert [of[str(who)] for who in log.learners] == list(data.learner["role"])  # not that of the paths
    assert list(data.roles.names) == list(roles.names)


def test_models_are_trained_on_it_and_policies_judged(company, served):
    """The policy that the service ran says what it said then: to the propensity, hours before the rows' own times."""
    judged = json.loads(company.at("runs", "evaluate", "evaluation.json").read_text())
    data = ("data=logs", f"data.folder={served}", "data.name=served", "tracking=none", "resamples=20")
    with company.command() as lernpfad:
        assert lernpfad("train", "tracer=itemmean", *data, "hydra.run.dir=runs/on-served") == 0
        models = ("models.tracer=runs/bkt", "models.recommender=runs/als", f"policy@past_policy={judged['winner']}")
        policies = f"only=[random,{judged['winner']}]"
        words = ("evaluate", "simulator=null", *models, *data, policies, "offpolicy=[DR,SNIPS]")
        assert lernpfad(*words, "hydra.run.dir=runs/off-served") == 0
    found = json.loads(company.at("runs", "off-served", "evaluation.json").read_text())["off_policy"]
    assert found["support"] == "known"
    assert found["offers"] == found["of"] >= OFFERS  # whom the test part holds is luck: the store's pseudonyms are


def test_unanswered_offers_may_count_as_declined(company, served, lived, tmp_path, capsys):
    with company.command() as lernpfad:
        words = (f"store={lived[0]}", "bundle=runs/bundle", f"out={tmp_path / 'all'}", "unanswered=declined")
        assert lernpfad("collect", *words) == 0
    before, log = table.read(served).sequences, table.read(tmp_path / "all").sequences
    fresh = ~np.isin(log.extra["decision"], before.extra["decision"])
    assert f"{fresh.sum()} drawn offers unanswered (declined)" in capsys.readouterr().out
    assert fresh.sum() == len(log) - len(before) > 5
    assert not log.accepted[fresh].any()
    assert (log.extra["propensity"] > 0).all()
    assert (np.diff(log.time) >= 0)[np.diff(log.owner) == 0].all()


def test_what_was_asked_otherwise_is_history_alone(company, lived, tmp_path):
    """An offer for a requirement of its own cannot be judged by the role; nor can those of another bundle."""
    bundle = load(company.at("runs", "bundle"))
    database = Sqlite(tmp_path / "l.db")
    learners = Learners(Engine(bundle), Store(database))
    skill = str(bundle.catalog.skills[0])
    for n, wanted in enumerate([{"role": str(bundle.roles.names[1])}, {"requirement": {skill: {"level": 0.9}}}]):
        offer = learners.next_items(LearnerItemsRequest(learner="p", draw=True, at=START + n, **wanted), now=START)
        row = {"learner": "p", "id": str(n), "item": offer.items[0].item, "time": START + n, "outcome": "correct"}
        learners.record([InteractionPost(**row, decision=offer.decision)], now=START, batch=False)
    given = {"roles": bundle.roles, "bundle": bundle.version}
    done = logged.write(database, bundle.catalog, tmp_path / "out", **given)
    assert (done.rows, done.judgeable, done.otherwise) == (2, 1, 1)
    assert np.isnan(table.read(tmp_path / "out").sequences.extra["propensity"][1])
    done = logged.write(database, bundle.catalog, tmp_path / "out", **given | {"bundle": "another"})
    assert (done.rows, done.judgeable, done.otherwise) == (2, 0, 2)
    learners.erase("p", now=START)
    with pytest.raises(DataError, match="the store holds no interaction with an item of this catalog"):
        logged.write(database, bundle.catalog, tmp_path / "out", **given)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["out=x", "bundle=x"], "collect needs store=; try `lernpfad collect --help`"),
        (["store=s.db"], "collect needs bundle=; try `lernpfad collect --help`"),
        (["all"], "collect takes key=value words, got 'all'; try `lernpfad collect --help`"),
        (["sotre=x"], "no collect setting named 'sotre'; did you mean 'store'?"),
        (["store=s", "bundle=b", "out=o", "unanswered=taken"], "no value of unanswered named 'taken'"),
    ],
)
def test_a_wrong_word_is_one_line(company, words, line, capsys):
    with company.command() as lernpfad:
        assert lernpfad("collect", *words) == 2
    assert line in capsys.readouterr().err
