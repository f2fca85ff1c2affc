"""A figure as inline SVG: small, searchable text, colours that follow the page, no identifier twice on a page."""

import re
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING

from lernpfad.evaluate.style import NAMES, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_UNWANTED = re.compile(r"^.*?(?=<svg)|\s*<metadata>.*?</metadata>|\s*<style\b.*?</style>", re.DOTALL)
_SIZE = re.compile(r' (?:width|height)="[\d.]+pt"')
_FONT = re.compile(r"font-family: [^;\"]*;? ?")
_COLOUR = re.compile("|".join(NAMES))
_REFERENCE = re.compile(r'(?<=[("])#([\w.-]+)(?=[)"])')
_IDENTIFIER = re.compile(r' id="([^"]+)"')


def inline(figure: "Figure", *, alt: str, prefix: str) -> str:
    """The figure as an `<svg>` element for an HTML page.

    alt: what it shows, for people who cannot see it. prefix: makes its identifiers unique on the page. Colours of
    the house palette become CSS variables (`var(--ink)`), so that the page decides between light and dark; text
    stays text, in the font of the page.
    """
    buffer = BytesIO()
    with styled():
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = _FONT.sub("", _UNWANTED.sub("", buffer.getvalue().decode()))
    text = _COLOUR.sub(lambda found: f"var(--{NAMES[found[0]]})", _own_identifiers(text, prefix))
    head, rest = text.split(">", 1)
    label = escape(alt, quote=True)
    return f'{_SIZE.sub("", head)} role="img" aria-label="{label}" stroke-linejoin="round">{rest.strip()}'


def _own_identifiers(text: str, prefix: str) -> str:
    """Identifiers that something refers to, with the prefix; the others are dropped."""
    used = set(_REFERENCE.findall(text))
    text = _IDENTIFIER.sub(lambda found: f' id="{prefix}-{found[1]}"' if found[1] in used else "", text)
    return _REFERENCE.sub(lambda found: f"#{prefix}-{found[1]}", text)
