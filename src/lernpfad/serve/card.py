"""The model card: what a bundle is, for a reader, from the same facts as its manifest."""

from collections.abc import Iterable, Mapping
from typing import Any

from lernpfad.core import Catalog, Roles
from lernpfad.serve.manifest import Manifest

INTENDED_USE = (
    "Offering the next learning item to a person, with the reason, to accept or to decline. "
    "Not intended for evaluating people: no promotion, termination, pay or task allocation may rest on its estimates."
)
GENERAL_LIMITS = (
    "Mastery is an estimate from answers, not a measurement of competence; it is least certain after few interactions.",
    "An item or a skill that the catalog did not hold at fitting time is judged by a prior alone.",
    "Prerequisites are as the catalog believes them; wrong edges delay items that a learner could take.",
)
NO_ROBUSTNESS = (
    "Not measured: how the policy does in worlds other than the one that it was judged in is unknown. "
    "`lernpfad matrix` measures it, and `lernpfad export matrix=<folder>/matrix.csv` puts it here."
)
_NAMED = ("data_hash", "intended_use", "limits")


def model_card(manifest: Manifest, *, catalog: Catalog, roles: Roles | None) -> str:
    """The card as Markdown. `intended_use` and `limits` of the provenance go in; general limits are always there."""
    facts = manifest.provenance
    sections = {
        "What it is": _what(manifest, catalog, roles),
        "Intended use": intended_use(manifest),
        "Data": [f"Fitted on data with hash `{manifest.data_hash or 'not recorded'}`."],
        "Metrics": _table(("metric", "value"), _flat(manifest.metrics)) or ["None were recorded."],
        **_row_tables(manifest.metrics),
        **({} if manifest.metrics.get("robustness") else {"Robustness": [NO_ROBUSTNESS]}),
        **_precisions(manifest),
        "Known limits": text_limits(manifest),
        "Provenance": _table(("fact", "value"), _flat({k: v for k, v in facts.items() if k not in _NAMED}))
        or ["None was recorded."],
    }
    body = "\n\n".join(f"## {title}\n\n" + "\n".join(lines) for title, lines in sections.items())
    return f"# Model card\n\n{body}\n"


def intended_use(manifest: Manifest) -> list[str]:
    """What was said of this bundle, and what it is and is not for in any case."""
    said = str(manifest.provenance.get("intended_use") or "")
    return [INTENDED_USE] if said in ("", INTENDED_USE) else [said, "", INTENDED_USE]


def text_limits(manifest: Manifest) -> list[str]:
    """What the bundle cannot do, as lines of a list: what was said of this one, and what is always so."""
    limits = manifest.provenance.get("limits") or ()
    return [f"* {line}" for line in (*([limits] if isinstance(limits, str) else limits), *GENERAL_LIMITS)]


def _row_tables(metrics: Mapping[str, Any]) -> dict[str, list[str]]:
    """Metrics that are rows (by subgroup, calibration, robustness) as a section each."""
    return {
        f"{name[0].upper()}{name[1:]}": _table(
            tuple(rows[0]), [tuple(_shown(value) for value in row.values()) for row in rows]
        )
        for name, rows in metrics.items()
        if _is_table(rows)
    }


def _precisions(manifest: Manifest) -> dict[str, list[str]]:
    """What fewer bits cost and gained, of models whose graphs were converted."""
    return {
        f"Precision of the {part}": _table(("fact", "value"), _flat(of["precision"]))
        for part, of in manifest.models.items()
        if "precision" in of
    }


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) for row in value)


def _what(manifest: Manifest, catalog: Catalog, roles: Roles | None) -> list[str]:
    models = manifest.models
    parts = [(part, _name(models[part]), _settings(models[part])) for part in sorted(models)]
    return [
        "A next-best-item stack: a tracer estimates what a learner knows, a recommender what she takes up, "
        "and a policy decides what to offer.",
        "",
        f"Written {manifest.written} by lernpfad {manifest.lernpfad}, bundle schema {manifest.schema}: "
        f"{len(catalog)} items, {len(catalog.skills)} skills, {len(roles.names) if roles else 0} roles.",
        "",
        *_table(("part", "model", "settings"), parts),
    ]


def _name(entry: Mapping[str, Any]) -> str:
    return str(entry["class"]).rpartition(".")[2]


def _settings(entry: Mapping[str, Any]) -> str:
    settings = entry.get("settings", {key: value for key, value in entry.items() if key not in ("class", "form")})
    return ", ".join(f"{key}={_inner(value)}" for key, value in settings.items()) or "none"


def _inner(value: Any) -> str:
    """A setting; a policy inside a policy, or a network inside a tracer, reads like a call."""
    if isinstance(value, Mapping):
        return f"{_name(value) if 'class' in value else ''}({_settings(value)})"
    if isinstance(value, list):
        return f"[{', '.join(map(_inner, value))}]"
    return _shown(value)


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{prefix}{key}/")
        elif not _is_table(value):
            rows.append((prefix + key, _shown(value)))
    return rows


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "not available" if value is None else str(value)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [_row(row) for row in rows]
    return [_row(head), _row(("---",) * len(head)), *lines] if lines else []


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
