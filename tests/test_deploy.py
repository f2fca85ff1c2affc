"""What the image and the compose file would run is run here, without a container: the same words, the same checks."""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import yaml

from lernpfad.collaborative.popularity import Popularity
from lernpfad.serve.settings import ServeSettings, parse
from lernpfad.tracing.bkt import BKT
from serve.stack import fitted, written

ROOT = Path(__file__).parents[1]
SECONDS = 60.0


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their words, lines joined."""
    text = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", text, flags=re.M))
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in joined.splitlines() if line.strip()]


def stages() -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    for one in instructions():
        if one[0] == "FROM":
            found.append([])
        if found:
            found[-1].append(one)
    return found


def last(what: str) -> str:
    return [words for name, words in stages()[-1] if name == what][-1]


def test_the_image_has_stages_and_runs_as_nobody_much() -> None:
    build, final = stages()
    assert any("pip install" in words for _, words in build)
    assert not any("pip" in words for name, words in final if name == "RUN")
    uid, gid = last("USER").split(":")
    assert int(uid) > 0
    assert int(gid) > 0
    assert [name for name, _ in final].index("USER") < [name for name, _ in final].index("ENTRYPOINT")
    assert "--from=build" in last("COPY")


def test_what_is_copied_is_there_and_reaches_the_builder() -> None:
    lines = [
        one for one in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if one[:1] not in ("#", "")
    ]
    assert lines[0] == "*"
    let_in = {one[1:] for one in lines if one.startswith("!")}
    copied = {word for name, words in stages()[0] if name == "COPY" for word in words.split()[:-1]}
    assert copied == let_in
    assert all((ROOT / one).exists() for one in copied)


def test_the_extras_are_those_there() -> None:
    known = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    [extras] = re.findall(r"\.\[([a-z,]+)\]", " ".join(words for _, words in stages()[0]))
    assert set(extras.split(",")) <= set(known)
    assert {"serve", "postgres"} == set(extras.split(","))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    stack = fitted(tracer=BKT(starts=1, max_iterations=3), recommender=Popularity())
    return written(tmp_path_factory.mktemp("deploy") / "bundle", stack, trust=())


def test_what_the_image_runs_answers_and_its_health_check_sees_it(bundle: Path, tmp_path: Path) -> None:
    """The entry point with its words, other folders and another port. No home, no place for temporary files."""
    entry, words = json.loads(last("ENTRYPOINT")), json.loads(last("CMD"))
    assert entry[0] == "lernpfad"
    here = {"/bundle": str(bundle), "/data": str(tmp_path), "port=8000": "port=0"}
    told = [_replaced(one, here) for one in words]
    nowhere = {"HOME": "/nowhere", "TMPDIR": "/nowhere", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", *entry, *told]
    with subprocess.Popen(
        command, env=os.environ | nowhere, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as one:
        assert one.stdout is not None
        address = one.stdout.readline()
        port = re.findall(r":(\d+)/v1", address)
        assert port, one.stderr.read() if one.stderr else ""
        with urlopen(f"http://127.0.0.1:{port[0]}/v1/ready", timeout=SECONDS) as answer:
            assert json.load(answer)["ready"]
        assert healthy(port[0]) == 0
        one.terminate()
        said = one.communicate(timeout=SECONDS)[1]
    assert "API key for read, write, erase, admin, watch, shown this once: lp_" in said
    assert sorted(found.name for found in tmp_path.iterdir()) == ["learners.db"]
    assert healthy(port[0]) != 0


def healthy(port: str) -> int:
    check = last("HEALTHCHECK").split("CMD", 1)[1]
    program, *words = json.loads(check)
    assert program == "python"
    given = [one.replace(":8000", f":{port}") for one in words]
    return subprocess.run([sys.executable, *given], capture_output=True, timeout=SECONDS, check=False).returncode


def _replaced(word: str, by: dict[str, str]) -> str:
    for old, new in by.items():
        word = word.replace(old, new)
    return word


@pytest.fixture
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8")))


def test_the_compose_file_locks_the_service_up(compose: dict[str, Any]) -> None:
    serve = compose["services"]["serve"]
    assert serve["read_only"] is True
    assert serve["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in serve["security_opt"]
    assert all(one.endswith(":ro") for one in serve["volumes"])
    assert all(one.startswith("127.0.0.1:") for one in serve["ports"])
    assert (ROOT / "deploy" / serve["build"]["context"] / serve["build"]["dockerfile"]).is_file()
    assert compose["services"]["database"]["image"].startswith("postgres:")
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert f"/deploy/{Path(compose['secrets']['password']['file']).name}" in ignored


def test_the_database_is_reached_by_the_service_alone(compose: dict[str, Any]) -> None:
    database, serve = compose["services"]["database"], compose["services"]["serve"]
    assert "ports" not in database
    assert compose["networks"]["inside"] == {"internal": True}
    assert database["networks"] == ["inside"]
    assert "inside" in serve["networks"]
    assert "no-new-privileges:true" in database["security_opt"]


def test_the_compose_file_s_words_are_settings(compose: dict[str, Any], tmp_path: Path) -> None:
    """Its shell line, with a program in place of lernpfad that tells what it was given."""
    serve = compose["services"]["serve"]
    assert parse(serve["command"]) == ServeSettings(
        bundle=Path("/bundle"), host="0.0.0.0", port=8000, store="postgresql://lernpfad@database/lernpfad"
    )
    told = tmp_path / "lernpfad"
    told.write_text('#!/bin/sh\necho "$PGPASSWORD"; for word in "$@"; do echo "$word"; done\n')
    told.chmod(0o755)
    (tmp_path / "password").write_text("se cret")
    shell, flag, line, name = serve["entrypoint"]
    line = line.replace("$$", "$").replace("/run/secrets/password", shlex.quote(str(tmp_path / "password")))
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        [shell, flag, line, name, *serve["command"]],
        env=path,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert done.stdout.splitlines() == ["se cret", "serve", *serve["command"]]
