"""The bundle: what production loads. A directory of arrays, graphs and JSON, checked when written and when read."""

import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lernpfad._version import __version__
from lernpfad.core import (
    BundleError,
    Catalog,
    KnowledgeTracer,
    LernpfadError,
    NextBest,
    Policy,
    Recommender,
    Roles,
    SeesTruth,
)
from lernpfad.core.next_best import MAX_REPEATS
from lernpfad.serve.card import model_card
from lernpfad.serve.columns import columns, read_catalog, read_roles
from lernpfad.serve.files import jsonable, read_arrays, write_arrays
from lernpfad.serve.lighter import Lighter, graph_bytes, told
from lernpfad.serve.manifest import MANIFEST, SCHEMA, Manifest, inventory, read_manifest
from lernpfad.serve.models import read_model, write_model
from lernpfad.serve.twin import check_twin

CARD = "model_card.md"
CATALOG, ROLES, TRACER, RECOMMENDER, POLICY = "catalog", "roles", "tracer", "recommender", "policy"

Papers = Callable[[Manifest, Catalog, Roles | None], Mapping[str, str]]
"""From what a bundle says of itself to further documents in it, by path."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """A loaded bundle: the stack as it was judged, and what it may offer to whom."""

    next_best: NextBest
    catalog: Catalog
    roles: Roles | None
    manifest: Manifest
    folder: Path

    @property
    def version(self) -> str:
        """Names the bundle in answers and logs."""
        return self.manifest.version


def write(
    folder: Path | str,
    *,
    tracer: KnowledgeTracer[Any],
    recommender: Recommender | None,
    policy: Policy,
    catalog: Catalog,
    roles: Roles | None,
    metrics: Mapping[str, Any],
    provenance: Mapping[str, Any],
    max_repeats: int = MAX_REPEATS,
    trust: Sequence[str] = (),
    lighter: Lighter | None = None,
    papers: Papers | None = None,
) -> Path:
    """Write a fitted stack as a bundle; `folder` appears, or is replaced, only when the bundle is complete and true.

    provenance: where the stack comes from; see `Manifest`. trust: packages beside lernpfad whose classes may be in it.
    The written bundle is loaded and compared with the original to 1e-5 over random histories first. Raises
    BundleError, leaving everything as it was, if they differ or something cannot be exported.
    lighter: makes the graphs smaller after that comparison, and measures what is lost. papers: documents beside the
    model card.
    """
    original = NextBest(tracer, recommender, policy, max_repeats)
    _refuse_oracles(original)
    with _replacing(Path(folder).resolve()) as draft:
        models = {"tracer": write_model(tracer, draft / TRACER), "policy": _write(policy, draft / POLICY)}
        if recommender is not None:
            models["recommender"] = write_model(recommender, draft / RECOMMENDER)
        write_arrays(draft / CATALOG, columns(catalog))
        if roles is not None:
            write_arrays(draft / ROLES, columns(roles))
        facts = Manifest(
            schema=SCHEMA,
            lernpfad=__version__,
            written=datetime.now(UTC).isoformat(timespec="seconds"),
            models=models,
            max_repeats=max_repeats,
            metrics=jsonable(metrics),
            data_hash=provenance.get("data_hash"),
            provenance=jsonable(provenance),
        )
        replace(facts, files=inventory(draft)).write(draft)
        twin = load(draft, trust=trust).next_best
        check_twin(original, twin, catalog=catalog, roles=roles)
        if lighter is not None:
            facts = _lightened(facts, draft, lighter, twin, trust)
        written = {CARD: model_card(facts, catalog=catalog, roles=roles)}
        for name, text in (written | dict(papers(facts, catalog, roles) if papers else {})).items():
            (draft / name).parent.mkdir(exist_ok=True)
            (draft / name).write_text(text, encoding="utf-8")
        replace(facts, files=inventory(draft)).write(draft)
    return Path(folder).resolve()


def load(folder: Path | str, *, threads: int = 1, trust: Sequence[str] = ()) -> Bundle:
    """The bundle in a folder, every file checked against the manifest before it is read.

    threads: of each neural graph. trust: packages beside lernpfad whose classes the bundle may name.
    Raises BundleError that names the damaged, missing or too new file and the fix.
    """
    folder = Path(folder).resolve()
    manifest = read_manifest(folder)
    catalog = read_catalog(folder / CATALOG)
    roles = read_roles(folder / ROLES, skills=len(catalog.skills)) if (folder / ROLES).exists() else None
    try:
        entries = manifest.models
        tracer = read_model(entries["tracer"], folder / TRACER, follows=KnowledgeTracer, threads=threads, trust=trust)
        recommender = (
            read_model(entries["recommender"], folder / RECOMMENDER, follows=Recommender, threads=threads, trust=trust)
            if "recommender" in entries
            else None
        )
        policy = _read(entries["policy"], folder / POLICY, trust)
    except LernpfadError:
        raise
    except Exception as problem:  # constructors and graphs of any model: what they raise has no common base
        raise BundleError(
            f"{MANIFEST} in {folder} does not describe its models ({problem!r}); export the bundle again"
        ) from problem
    _expect(tracer, KnowledgeTracer, what="tracer")
    _expect(policy, Policy, what="policy")
    if recommender is not None:
        _expect(recommender, Recommender, what="recommender")
    return Bundle(NextBest(tracer, recommender, policy, manifest.max_repeats), catalog, roles, manifest, folder)


def _lightened(facts: Manifest, draft: Path, lighter: Lighter, full: NextBest, trust: Sequence[str]) -> Manifest:
    """What the manifest says once the graphs of the draft were replaced by smaller ones."""
    folders = {TRACER: draft / TRACER, RECOMMENDER: draft / RECOMMENDER}
    before = {part: graph_bytes(folder) for part, folder in folders.items()}
    lighter.convert(draft)
    replace(facts, files=inventory(draft)).write(draft)
    judged = lighter.judge(full, load(draft, trust=trust).next_best)
    sizes = {part: {"float32": before[part], "here": graph_bytes(folder)} for part, folder in folders.items()}
    return told(facts, judged, sizes)


def _write(policy: Policy, folder: Path) -> dict[str, Any]:
    """Write what a policy learned, if it did; returns its entry of the manifest."""
    from lernpfad.policy import spec

    if learned := spec.arrays(policy):
        write_arrays(folder, learned)
    return dict(jsonable(spec.describe(policy), exact=True))


def _read(entry: Mapping[str, Any], folder: Path, trust: Sequence[str]) -> Policy:
    from lernpfad.policy import spec

    try:
        return spec.build(entry, arrays=read_arrays(folder) if folder.exists() else None, trusted=trust)
    except LernpfadError as problem:
        raise BundleError(f"{MANIFEST} describes a policy that cannot be built: {problem}") from problem


def _refuse_oracles(stack: NextBest) -> None:
    if isinstance(stack.tracer, SeesTruth) or getattr(stack.policy, "sees_truth", False):
        raise BundleError("an oracle sees the truth, which production does not have; export another policy and tracer")


def _expect(model: object, protocol: type, *, what: str) -> None:
    if not isinstance(model, protocol):
        raise BundleError(
            f"{MANIFEST} names {type(model).__name__} as the {what}, which is no {protocol.__name__}; "
            "export the bundle again"
        )


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """A new empty folder beside `folder` that takes its place at the end, or vanishes on an error."""
    if folder.exists() and not (folder / MANIFEST).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise BundleError(f"{folder} exists and is not a bundle; name a new folder, or remove it first")
    mark = uuid.uuid4().hex[:8]
    draft, old = (folder.with_name(f".{folder.name}.{what}-{mark}") for what in ("new", "old"))
    draft.mkdir(parents=True)
    try:
        yield draft
        if folder.exists():
            folder.rename(old)
        draft.rename(folder)
    except BaseException:
        if old.exists() and not folder.exists():
            old.rename(folder)
        raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
