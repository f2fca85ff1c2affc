"""Reasons in a plain sentence, English and German. Whoever adds a language adds one `Wording`.

German addresses the learner as "Sie", as company software does by default, and names nobody's gender. Numbers follow
the language: 0.42 and 70%, or 0,42 and 70 % with a space that does not break (DIN 5008).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lernpfad.core.errors import ConfigError, unknown_name

_GLUE: Final = "\u00a0"


@dataclass(frozen=True)
class Wording:
    """The phrases of one language, with places for what is filled in.

    because: reason code to the opening of the sentence. closes (gap, skill), fresh: what the item does. minutes,
    minute: how long (what, number). debt: (points). success: (share). point: decimal sign. percent: of a number.
    """

    because: Mapping[str, str]
    closes: str
    fresh: str
    minutes: str
    minute: str
    debt: str
    success: str
    point: str
    percent: str

    def number(self, value: float, digits: int) -> str:
        """With the language's decimal sign."""
        return f"{value:.{digits}f}".replace(".", self.point)

    def share(self, value: float) -> str:
        """Percent without decimals."""
        return self.percent.format(self.number(100 * value, 0))


ENGLISH: Final = Wording(
    because={
        "gap": "Chosen for the gap it closes",
        "gain": "Chosen for what it is expected to teach you",
        "success": "Chosen for a level that suits you",
        "minutes": "Chosen for the little time it takes",
        "affinity": "Chosen because it resembles what you take up",
        "due": "Chosen to refresh what is fading",
        "new": "Chosen because it is new to you",
        "prerequisite": "Chosen because you know what it builds on",
        "diversity": "Chosen for a change",
        "curriculum": "Chosen because it is next in the curriculum",
        "progress": "Chosen because you are making progress in it",
        "popular": "Chosen because many people in your role take it",
        "mandatory": "Chosen because it is mandatory",
    },
    closes="closes a gap of {gap} in {skill}",
    fresh="keeps what you know fresh",
    minutes="{what} in about {number} minutes",
    minute="{what} in about {number} minute",
    debt="expected to cut your learning debt by {points} points",
    success="you succeed with {share}",
    point=".",
    percent="{}%",
)

GERMAN: Final = Wording(
    because={
        "gap": "Ausgewählt wegen der Lücke, die sich damit schließt",
        "gain": "Ausgewählt wegen des erwarteten Lernfortschritts",
        "success": "Ausgewählt wegen des passenden Schwierigkeitsgrads",
        "minutes": "Ausgewählt wegen der kurzen Dauer",
        "affinity": "Ausgewählt, weil es zu dem passt, was Sie sonst annehmen",
        "due": "Ausgewählt zur rechtzeitigen Auffrischung",
        "new": "Ausgewählt, weil es für Sie neu ist",
        "prerequisite": "Ausgewählt, weil Sie die Voraussetzungen mitbringen",
        "diversity": "Ausgewählt zur Abwechslung",
        "curriculum": "Ausgewählt, weil es im Lehrplan als Nächstes kommt",
        "progress": "Ausgewählt, weil Sie hier gerade Fortschritte machen",
        "popular": "Ausgewählt, weil es in Ihrer Rolle häufig gewählt wird",
        "mandatory": "Ausgewählt, weil es verpflichtend ist",
    },
    closes="schließt eine Lücke von {gap} in {skill}",
    fresh="hält Ihr Wissen frisch",
    minutes="{what} in etwa {number} Minuten",
    minute="{what} in etwa {number} Minute",
    debt="senkt Ihre Lernschuld voraussichtlich um {points} Punkte",
    success="Ihre Erfolgsaussicht beträgt {share}",
    point=",",
    percent="{}" + _GLUE + "%",
)

LANGUAGES: Final[Mapping[str, Wording]] = {"en": ENGLISH, "de": GERMAN}


def sentence(
    language: str, *, lead: str, gaps: tuple[tuple[str, float], ...], success: float, gain: float, minutes: float
) -> str:
    """One sentence: what led (if it is known), what the item does, how long it takes, what to expect.

    An unknown language is a ConfigError. A code without words of its own opens nothing.
    """
    if language not in LANGUAGES:
        raise ConfigError(unknown_name("language", language, LANGUAGES))
    words = LANGUAGES[language]
    what = words.closes.format(gap=words.share(gaps[0][1]), skill=gaps[0][0]) if gaps else words.fresh
    number = words.number(minutes, 0)
    what = (words.minute if number == "1" else words.minutes).format(what=what, number=number)
    expected = [words.debt.format(points=words.number(100 * gain, 2))] if round(100 * gain, 2) > 0 else []
    told = "; ".join([what, *expected, words.success.format(share=words.share(success))])
    opened = f"{words.because[lead]}: {told}" if lead in words.because else told
    return f"{opened[0].upper()}{opened[1:]}."
