"""One self-contained HTML page: no script, no network, readable in light, in dark, on paper and by a screen reader."""

from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from lernpfad.evaluate.style import DARK, NAMES
from lernpfad.evaluate.svg import inline

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Report:
    """A page that is written from top to bottom; every method but `write` and `html` adds to it and returns it."""

    def __init__(self, title: str, *, subtitle: str = "") -> None:
        self.title = title
        self.subtitle = subtitle
        self._parts: list[str] = []
        self._figures = 0

    def heading(self, text: str) -> Self:
        """A new section."""
        return self._add(f"<h2>{escape(text)}</h2>")

    def text(self, text: str) -> Self:
        """A paragraph."""
        return self._add(f"<p>{escape(text)}</p>")

    def tiles(self, tiles: Sequence[tuple[str, str]]) -> Self:
        """Key figures side by side: (figure, what it says)."""
        inner = "".join(f'<div class="tile"><b>{escape(a)}</b><span>{escape(b)}</span></div>' for a, b in tiles)
        return self._add(f'<div class="tiles">{inner}</div>')

    def table(self, rows: Sequence[Mapping[str, Any]], *, caption: str, strong: Sequence[str] = ()) -> Self:
        """Rows under their common columns; the first column names the row. strong: names of rows set bold."""
        if not rows:
            return self
        head = "".join(f'<th scope="col">{escape(column)}</th>' for column in rows[0])
        body = "".join(_row([str(cell) for cell in row.values()], strong) for row in rows)
        return self._add(
            f'<div class="scroll"><table><caption>{escape(caption)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        )

    def figure(self, figure: "Figure", *, caption: str, alt: str) -> Self:
        """A figure. caption: how to read it. alt: what it shows, for people who cannot see it."""
        self._figures += 1
        drawn = inline(figure, alt=alt, prefix=f"f{self._figures}")
        return self._add(f"<figure>{drawn}<figcaption>{escape(caption)}</figcaption></figure>")

    def facts(self, facts: Mapping[str, Any]) -> Self:
        """Names and values, one below the other; a value of several lines is set as it stands."""
        short = {name: str(value) for name, value in facts.items() if "\n" not in str(value)}
        pairs = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in short.items())
        self._add(f"<dl>{pairs}</dl>" if pairs else "")
        for name, value in facts.items():
            if name not in short:
                self._add(f"<p>{escape(name)}</p><pre>{escape(str(value).strip())}</pre>")
        return self

    def html(self) -> str:
        """The page as text."""
        subtitle = f'<p class="subtitle">{escape(self.subtitle)}</p>' if self.subtitle else ""
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(self.title)}</title><style>{stylesheet()}</style></head>\n"
            f"<body><header><h1>{escape(self.title)}</h1>{subtitle}</header>\n<main>\n"
            + "\n".join(self._parts)
            + "\n</main></body></html>\n"
        )

    def write(self, path: Path | str) -> Path:
        """Write the page, making its folder if need be, and say where it is."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.html(), encoding="utf-8")
        return path

    def _add(self, part: str) -> Self:
        if part:
            self._parts.append(part)
        return self


def stylesheet() -> str:
    """The style of the page with the palette in both lights."""
    light = " ".join(f"--{name}: {colour};" for colour, name in NAMES.items())
    dark = " ".join(f"--{NAMES[colour]}: {shade};" for colour, shade in DARK.items())
    rules = files("lernpfad.evaluate").joinpath("report.css").read_text(encoding="utf-8")
    return f":root {{ {light} }}\n@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n{rules}"


def _row(cells: Sequence[str], strong: Sequence[str]) -> str:
    first, *others = cells
    mark = ' class="strong"' if first in strong else ""
    return (
        f'<tr{mark}><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in others)}</tr>'
    )
