"""The return in money as a report may say it: over the whole band, with intervals, and where it breaks even."""

from lernpfad.core import FloatArray
from lernpfad.evaluate import tables
from lernpfad.evaluate.intervals import Estimate
from lernpfad.evaluate.money import Swing, Worth, tornado
from lernpfad.evaluate.results import label
from lernpfad.evaluate.returns import Account, Return, spared_and_hours


def break_even(found: Return) -> Estimate:
    """The share of a salary lost at full debt from which on the hours pay, with its 95 % interval.

    Infinite, or with an infinite upper end, where nothing was surely gained.
    """
    per_share = _worth(found).per_share()
    ends = [1.0 / one if one > 0 else float("inf") for one in (per_share.value, per_share.high, per_share.low)]
    return Estimate(*ends)


def verdict_on_money(found: Return) -> str:
    """Where it breaks even, and what that means within the band."""
    even, band = break_even(found), found.band
    against = label(found.reference.policy) if found.reference else ""
    if even.value == float("inf"):
        return f"Compared with the {against}, no debt was spared on the whole: there is no break-even."
    upper = "without an upper end" if even.high == float("inf") else f"up to {tables.percent(even.high, 1)}"
    text = (
        f"Compared with the {against}, the hours pay once full debt costs more than {tables.percent(even.value, 1)} of "
        f"a salary (95 % interval from {tables.percent(even.low, 1)} {upper}). "
    )
    if even.high < band[0]:
        text += "That is below the whole band"
    elif even.low > band[-1]:
        text += "That is above the whole band"
    else:
        text += "That is within or at the edge of the band, so it depends on what nobody knows: the band is"
    return f"{text} ({band[0]:g} to {band[-1]:g}). What full debt costs has not been measured anywhere."


def money_rows(found: Return) -> list[dict[str, str]]:
    """Benefit, benefit over cost and return by share of the band; every figure as an interval."""
    held = _worth(found)
    per_share, cost = held.per_share(), float(held.cost.sum())
    rows = []
    for share in found.band:
        low, high = (share * one for one in (per_share.low, per_share.high))
        rows.append(
            {
                "lost at full debt": f"{100 * share:g} % of a salary",
                "benefit": f"{low * cost:,.0f} to {high * cost:,.0f}",
                "benefit over cost": tables.interval(low, high),
                "return, %": tables.interval(100 * (low - 1), 100 * (high - 1), 0),
            }
        )
    even = break_even(found)
    high_end = "no upper end" if even.high == float("inf") else tables.percent(even.high, 1)
    rows.append(
        {
            "lost at full debt": f"break-even: {tables.percent(even.low, 1)} to {high_end}",
            "benefit": "= cost",
            "benefit over cost": "1",
            "return, %": "0",
        }
    )
    return rows


def sensitivity(found: Return) -> list[Swing]:
    """How far benefit over cost moves with each assumption alone, what matters most first."""
    assert found.reference is not None, "a return needs a reference"

    def those(account: Account, reference: Account) -> tuple[FloatArray, FloatArray]:
        spared, hours = spared_and_hours(account, reference)
        return spared[:, found.owes], hours[:, found.owes]

    return tornado(
        *those(found.account, found.reference),
        found.terms,
        share=found.band[len(found.band) // 2],
        ends=found.ends,
        band=found.band,
        worlds={what: (those(*first), those(*second)) for what, (first, second) in found.worlds.items()},
    )


def _worth(found: Return) -> Worth:
    assert found.worth is not None, "a return needs a reference"
    return found.worth
