"""Versions of a registered bundle: who is champion, how one becomes it, and how one goes back. On a real store."""

import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from lernpfad.core import ConfigError, recommend
from lernpfad.run import promote, provenance, tracking
from lernpfad.run.frames import histories_of
from lernpfad.run.record import Record
from run.released import NAME, Shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """One store for all tests here; each uses a model name of its own."""
    return Shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def command(lernpfad, shop, capsys):
    """A command on the store's registry: exit code and what was said on stderr."""

    def run(*words):
        capsys.readouterr()  # what the store said when it was made
        code = lernpfad(*words, *shop.words)
        return code, capsys.readouterr().err

    return run


def test_the_first_version_is_champion_and_the_next_a_challenger(shop):
    assert shop.registered("first") == "1"
    assert shop.aliases("first") == {"champion": "1"}
    tags = shop.tags("1", "first")
    assert tags["promoted.by"] == provenance.user()
    assert tags["promoted.why"] == "the first version of its name"
    assert tags["promoted.over"] == "nobody"
    assert shop.registered("first") == "2"
    assert shop.aliases("first") == {"champion": "1", "challenger": "2"}


def test_promotion_is_refused_when_worse_and_granted_within_the_tolerance(shop, command):
    for auc in (0.7, 0.69, 0.699):
        shop.registered("gated", auc=auc)
    code, said = command("promote", "name=gated", "version=2", "why=try")
    assert code == 2
    assert said == (
        "lernpfad: version 2 of 'gated' is not promoted over version 1: tracer/auc is 0.69, the champion's 0.7, "
        "allowed is 0.002 worse; mend it, or widen the tolerance of the gate\n"
    )
    assert shop.aliases("gated") == {"champion": "1", "challenger": "3"}
    assert "promoted.by" not in shop.tags("2", "gated")
    assert command("promote", "name=gated", "why=as good")[0] == 0
    assert shop.aliases("gated") == {"champion": "3"}
    tags = shop.tags("3", "gated")
    assert (tags["promoted.why"], tags["promoted.over"]) == ("as good", "1")
    assert time.strptime(tags["promoted.when"][:19], "%Y-%m-%dT%H:%M:%S")
    assert command("promote", "name=gated", "version=2", "why=wider", "gates.auc.tolerance=0.1")[0] == 0


def test_what_could_not_be_compared_is_told(shop, command, monkeypatch):
    """Models alone were measured: that the policy is no worse is nobody's finding, and it is said so."""
    for _ in range(2):
        shop.registered("partly")
    told = []
    monkeypatch.setattr(promote.log, "warning", lambda line, *words: told.append(line % words))
    assert command("promote", "name=partly", "why=try")[0] == 0
    [said] = told
    assert "closed_loop/per_hour" in said
    assert "worst_world/normalised" in said
    assert "tracer/auc" not in said


def test_rollback_goes_back_version_by_version_and_then_says_so(shop, command):
    for _ in range(3):
        shop.registered("back")
    for number in ("2", "3"):
        assert command("promote", "name=back", f"version={number}", "why=newer")[0] == 0
    for gone, back in (("3", "2"), ("2", "1")):
        assert command("rollback", "name=back", "why=slow")[0] == 0
        assert shop.aliases("back")["champion"] == back
        tags = shop.tags(gone, "back")
        assert (tags["rolled_back.by"], tags["rolled_back.why"]) == (provenance.user(), "slow")
        assert tags["rolled_back.to"] == back
    code, said = command("rollback", "name=back", "why=slow")
    assert code == 2
    assert said.startswith("lernpfad: 'back' has no champion before this one")
    assert said.count("\n") == 1


def test_a_version_that_was_changed_in_the_store_is_not_promoted(shop, command):
    shop.registered("tampered")
    shop.registered("tampered", auc=0.9)
    source = Path(shop.client().get_model_version_download_uri("tampered", "2").removeprefix("file://"))
    [card] = source.glob("artifacts/*/model_card.md")
    card.write_bytes(card.read_bytes().replace(b"0.9", b"1.0"))
    code, said = command("promote", "name=tampered", "why=try")
    assert code == 2
    assert "model_card.md in" in said
    assert "was changed after the export" in said
    assert shop.aliases("tampered")["champion"] == "1"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("promote", "name=named", "why=x", "version=7"), "no version named '7'; there are: 1, champion (of the"),
        (("promote", "name=named", "why=x", "version=1"), "version 1 of 'named' is the champion already"),
        (("promote", "name=named", "why=x", "version=chalenger"), "no version named 'chalenger'"),
        (("rollback", "name=nmaed", "why=x"), "no registered model named 'nmaed'; did you mean 'named'?"),
        (("promote", "name=named"), "why must be given: why=..."),
        (
            ("promote", "name=named", "why=x", "+gates.auc.least=1"),
            "gates.auc wants metric, better and maybe tolerance",
        ),
    ],
)
def test_what_is_not_there_is_said_in_one_line(shop, command, words, line):
    if "named" not in [one.name for one in shop.client().search_registered_models()]:
        shop.registered("named")
    code, said = command(*words)
    assert code == 2
    assert said.startswith(f"lernpfad: {line}")
    assert said.count("\n") == 1


def test_without_tracking_there_is_no_registry():
    with pytest.raises(ConfigError, match="register=paths needs a registry; use tracking=mlflow"):
        Record().register(None, NAME)
    with pytest.raises(ConfigError, match="tracking=none keeps no registered model 'paths'"):
        tracking.Nothing().registry(NAME)


@pytest.fixture(scope="module")
def served(shop):
    """The champion as MLflow loads it."""
    import mlflow

    shop.registered("served")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", shop.record.uri)
        return mlflow.pyfunc.load_model("models:/served@champion")


def test_the_registered_model_answers_like_its_bundle(served):
    bundle = served.unwrap_python_model().bundle
    frame = served.input_example
    found = served.predict(frame, params={"k": 3})
    assert list(found["learner"]) == ["example-1"] * 3 + ["example-2"] * 3
    assert list(found["place"]) == [1, 2, 3] * 2
    histories, _ = histories_of(frame, bundle.catalog)
    role = np.zeros(2, dtype=np.int64)  # the example's is the first one
    at = histories.time[histories.offsets[1:] - 1]
    need = bundle.roles.at(role, at)
    expected = recommend(
        bundle.next_best.policy, bundle.next_best.situation(histories, requirement=need, role=role), k=3
    )
    flat = [one for mine in expected for one in mine]
    for name in ("item", "propensity", "success", "debt_reduction", "minutes", "affinity", "reason"):
        assert list(found[name]) == [getattr(one, name) for one in flat], name


def test_it_has_a_signature_and_an_example_that_is_nobody(served):
    signature = served.metadata.signature
    assert [one.name for one in signature.inputs] == ["learner", "item", "outcome", "time", "role"]
    assert [one.required for one in signature.inputs] == [True] * 4 + [False]
    assert "reason" in [one.name for one in signature.outputs]
    assert set(served.input_example["learner"]) == {"example-1", "example-2"}


def test_nothing_in_the_registry_is_a_pickle(shop, served):
    files = [path for path in (shop.home / "artifacts").rglob("*") if path.is_file()]
    assert any(path.name == "manifest.json" for path in files)
    assert not [path for path in files if path.suffix in (".pkl", ".pickle", ".joblib", ".pt")]
    assert not [path for path in files if path.read_bytes()[:1] == b"\x80"]


def test_a_role_is_optional_and_an_unknown_one_refused(served):
    from lernpfad.core import DataError

    frame = served.input_example.drop(columns="role")
    assert len(served.predict(frame)) == 10  # five each
    with pytest.raises(DataError, match="no role named 'analist'; did you mean 'analyst'"):
        served.predict(frame.assign(role="analist"))


@pytest.mark.slow
def test_mlflow_serves_it_over_http(shop, served):
    import json
    import os

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["-m", "mlflow", "models", "serve", "-m", "models:/served@champion", "--env-manager", "local"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # MLflow calls uvicorn by its name
    environment = os.environ | {"MLFLOW_TRACKING_URI": shop.record.uri, "PATH": path}
    process = subprocess.Popen([sys.executable, *words, "-p", str(port)], env=environment, start_new_session=True)
    try:
        body = {"dataframe_split": served.input_example.to_dict(orient="split"), "params": {"k": 2}}
        answer = json.loads(_posted(process, f"http://127.0.0.1:{port}/invocations", json.dumps(body).encode()))
    finally:
        if process.poll() is None:
            os.killpg(process.pid, 15)
        process.wait(60)
    assert [one["place"] for one in answer["predictions"]] == [1, 2, 1, 2]


def _posted(process, address, body, *, patience=300.0):
    """What a server that is still starting answers in the end."""
    until = time.monotonic() + patience
    while True:
        try:
            request = urllib.request.Request(address, body, {"content-type": "application/json"})
            return urllib.request.urlopen(request, timeout=60).read()
        except OSError:
            if time.monotonic() > until or process.poll() is not None:
                raise
            time.sleep(1.0)
