"""What is fed to the parsers that read what others wrote, and the law that each of them keeps.

An input is bytes: a first line that says what is fed where, and the rest, which is fed. The law: a result, or a
LernpfadError of one line. Anything else is a defect. `experiments/fuzzing` looks for inputs that break the law, guided
by coverage; those that did are kept in `seeds`, and a test replays them.
"""

import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from fuzzing import tables
from lernpfad.core import LernpfadError
from lernpfad.serve.bundle import Bundle, load
from lernpfad.serve.engine import Engine
from lernpfad.serve.manifest import MANIFEST, _digest, inventory
from lernpfad.serve.schema import NextItemsRequest, PathRequest, ProfileRequest
from lernpfad.serve.xapi import statements
from serve.graphs import Exporting, write_graphs
from serve.stack import TRUST, fitted, written

SEEDS: Final = Path(__file__).parent / "seeds"
NOW: Final = 1_770_000_000.0


class Broken(Exception):
    """The law does not hold: what came out is no result."""


def xapi(given: bytes) -> None:
    """JSON to statements; what is understood can be kept as UTF-8."""
    for one in statements(_json(given), now=NOW):
        row = one.interaction
        texts = [one.id, one.learner or "", one.voids or "", *((row.id, row.item) if row else ())]
        "".join(texts).encode()


def request(given: bytes) -> None:
    """JSON posted to a path without a store; what is answered is standard JSON."""
    from pydantic import ValidationError

    name, _, body = given.partition(b"\n")
    if name.decode("latin-1") not in _asked():
        raise _nothing(name)
    kind, answer = _asked()[name.decode("latin-1")]
    try:
        posted = kind.model_validate_json(body)
    except ValidationError:
        return
    said = answer(posted, now=NOW).model_dump_json()
    if any(one in said for one in ('":NaN', '":Infinity', '":-Infinity')):
        raise Broken(f"no standard JSON: {said[:200]}")


def bundle(given: bytes) -> None:
    """One file of a bundle replaced, its checksum made anew, so that what reads it behind the checksum is reached."""
    first, _, content = given.partition(b"\n")
    base, _, name = first.decode("latin-1").partition(":")
    if base not in _bundles():
        raise _nothing(base)
    with _folder() as folder:
        shutil.copytree(_bundles()[base], folder, dirs_exist_ok=True)
        if not (folder / name).is_file():
            raise _nothing(name)
        (folder / name).write_bytes(content)
        if name != MANIFEST:
            _sign(folder)
        _look(load(folder, trust=TRUST))


def manifest(given: bytes) -> None:
    """The manifest of a bundle replaced, its digest and the list of files made anew."""
    first, _, content = given.partition(b"\n")
    base = first.decode("latin-1")
    if base not in _bundles():
        raise _nothing(base)
    with _folder() as folder:
        shutil.copytree(_bundles()[base], folder, dirs_exist_ok=True)
        _sign(folder, _json(content))
        _look(load(folder, trust=TRUST))


def source(given: bytes) -> None:
    """One file of a source of learner logs replaced; what is read survives being written in our layout."""
    first, _, content = given.partition(b"\n")
    kind, _, name = first.decode("latin-1").partition(":")
    if kind not in tables.KINDS:
        raise _nothing(kind)
    with _folder() as folder:
        tables.write(folder, kind)
        if not (folder / name).is_file():
            raise _nothing(name)
        (folder / name).write_bytes(content)
        tables.read(folder, kind)


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    "xapi": xapi,
    "request": request,
    "bundle": bundle,
    "manifest": manifest,
    "source": source,
}


def held(target: str, given: bytes) -> str:
    """Feed one input; "" for a result, else the line of the refusal. Whatever else is raised breaks the law."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            TARGETS[target](given)
        except LernpfadError as refusal:
            line = str(refusal)
            if not line or "\n" in line:
                raise Broken(f"a refusal of {len(line.splitlines())} lines: {line[:200]}") from refusal
            return line
    return ""


def first_seeds(target: str) -> Iterator[bytes]:
    """Inputs to begin with: every file as it is written."""
    if target == "xapi":
        yield from (_bytes(one) for one in _statements())
    elif target == "request":
        for name, (kind, _) in _asked().items():
            yield from (
                f"{name}\n".encode() + _bytes(one) for one in kind.model_config["json_schema_extra"]["examples"]
            )
    elif target == "source":
        for kind in tables.KINDS:
            with _folder() as folder:
                tables.write(folder, kind)
                yield from _files(folder, kind)
    else:
        for base, folder in _bundles().items():
            if target == "manifest":
                yield f"{base}\n".encode() + (folder / MANIFEST).read_bytes()
            else:
                yield from _files(folder, base)


def kept_seeds(target: str) -> dict[str, bytes]:
    """Inputs that once broke the law, by name."""
    return {path.name: path.read_bytes() for path in sorted((SEEDS / target).glob("*"))}


def _statements() -> list[Any]:
    from lernpfad.serve.xapi import EXTENSIONS, VERBS

    whole = {
        "id": "6f3c9c1e-0f0e-4c58-9d3b-0c5a9b1d2e3f",
        "timestamp": "2026-03-02T09:14:05.250+01:00",
        "actor": {"objectType": "Agent", "account": {"homePage": "https://lms.example.org", "name": "p-7f3a"}},
        "verb": {"id": f"{VERBS}answered", "display": {"en": "answered"}},
        "object": {"id": "https://lms.example.org/items/i%207", "definition": {"type": "http://a.org/x"}},
        "result": {"success": True, "score": {"scaled": 1, "raw": 5.0, "min": 0, "max": 9}, "duration": "P1DT4M12.5S"},
        "context": {
            "registration": "6f3c9c1e-0f0e-4c58-9d3b-0c5a9b1d2e3a",
            "contextActivities": {"parent": [{"id": "a:b"}]},
            "extensions": {f"{EXTENSIONS}decision": "0123456789abcdef0123456789abcdef"},
        },
        "version": "1.0.3",
    }
    voids = {"objectType": "StatementRef", "id": whole["id"]}
    voiding = {"actor": {"mbox": "mailto:a@b.org"}, "verb": {"id": f"{VERBS}voided"}, "object": voids}
    launched = {"actor": whole["actor"], "verb": {"id": f"{VERBS}launched"}, "object": whole["object"]}
    return [whole, voiding, [launched, whole], *({**launched, "verb": {"id": VERBS + v}} for v in ("passed", "failed"))]


def _files(folder: Path, kind: str) -> Iterator[bytes]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield f"{kind}:{path.relative_to(folder).as_posix()}\n".encode() + path.read_bytes()


def _nothing(name: object) -> LernpfadError:
    return LernpfadError(f"the first line names nothing that is fed: {name!r}")


def _json(given: bytes) -> Any:
    import json

    try:
        return json.loads(given)
    except (ValueError, RecursionError) as problem:
        raise LernpfadError("no JSON") from problem


def _bytes(value: Any) -> bytes:
    import json

    return json.dumps(value).encode()


def _sign(folder: Path, content: Any = None) -> None:
    """Write the manifest with the digest and checksums that fit; content: what it says instead."""
    import json

    content = json.loads((folder / MANIFEST).read_bytes()) if content is None else content
    if isinstance(content, dict):
        if "files" in content:
            content["files"] = inventory(folder)
        with suppress(ValueError, RecursionError):  # what no export could have signed is handed on as it is
            content["digest"] = _digest(content | {"digest": ""})
    try:
        text = json.dumps(content)
    except RecursionError as problem:
        raise LernpfadError("too deep to be written") from problem
    (folder / MANIFEST).write_text(text, encoding="utf-8")


@cache
def _bundles() -> dict[str, Path]:
    home = Path(tempfile.mkdtemp(prefix="lernpfad-fuzzing-", dir=_memory()))
    neural = fitted(tracer=Exporting(write_graphs(home / "original")))
    return {"arrays": written(home / "arrays"), "graphs": written(home / "graphs", neural)}


@cache
def _asked() -> dict[str, tuple[Any, Callable[..., Any]]]:
    engine = Engine(load(_bundles()["arrays"], trust=TRUST))
    return {
        "next-items": (NextItemsRequest, engine.next_items),
        "path": (PathRequest, engine.path),
        "profile": (ProfileRequest, engine.profile),
    }


def _look(found: Bundle) -> None:
    """What every answer looks up: items, skills in their order, requirements of the roles."""
    catalog, roles = found.catalog, found.roles
    assert len(catalog.skill_order) == len(catalog.skills)
    assert catalog.incidence.shape == (len(catalog), len(catalog.skills))
    catalog.skills_of(catalog.indices([*catalog.items, "nobody"]))
    if roles is not None and len(roles.names):
        wanted = roles.at(np.array([len(roles.names) - 1]), NOW)
        assert wanted.level.shape == wanted.weight.shape == (1, len(catalog.skills))


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lernpfad-fuzzing-", dir=_memory()) as name:
        yield Path(name)


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None
