"""What a benchmark leaves for people: README.md, a CSV of every run, figures; the same in MLflow."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lernpfad.evaluate import tables
from lernpfad.run import compare, kinds, lines, locks, suite
from lernpfad.run.kinds import Page
from lernpfad.run.record import Record
from lernpfad.run.suite import Lane

README, CSV, NOTES = "README.md", "results.csv", "notes.md"


def write_standings(config: Any, results: Path, record: Record) -> None:
    """Tables and figures of all lines in `results` that the suite knows, whoever ran them; prints the headline."""
    lanes, page = suite.lanes(config), kinds.of(config).page
    with locks.alone(results / lines.LOCK_FILE):
        every = lines.newest(results, lanes)
        compared = compare.read(results / compare.COMPARISONS_FILE)
        text = [page.head(config.suite.name)]
        for lane in lanes.values():
            mine = [line for line in every if line["lane"] == lane.name]
            if mine:
                beside = [one for (name, _), one in sorted(compared.items()) if name == lane.name]
                text += [page.section(lane, mine, beside), *_figures(page, lane, mine, results, record)]
                print(f"\n{lane.title}\n{tables.text(page.short(lane, mine))}")
        notes = results / NOTES
        text.append(notes.read_text(encoding="utf-8") if notes.is_file() else "")
        (results / README).write_text("\n".join(text).rstrip() + "\n", encoding="utf-8")
        (results / CSV).write_text(tables.to_csv(page.flat(every)), encoding="utf-8")
    for name in (README, CSV):
        record.file(results / name)


def _figures(page: Page, lane: Lane, mine: Sequence[lines.Line], results: Path, record: Record) -> Iterator[str]:
    """Drawn, kept, and as they stand in the page."""
    for one in page.drawings(lane, mine):
        name = f"{one.name}-{lane.name}"
        one.figure.savefig(results / f"{name}.png", dpi=150)
        record.figure(one.figure, name)
        yield f"![{one.caption}]({name}.png)\n"
