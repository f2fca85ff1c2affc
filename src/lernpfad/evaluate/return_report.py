"""The report on the return on learning: one page, and the same tables as Markdown and CSV."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from lernpfad.evaluate import figures, return_figures, tables
from lernpfad.evaluate.books import COVERED
from lernpfad.evaluate.decomposition import service_interval
from lernpfad.evaluate.figures import Pen
from lernpfad.evaluate.gallery import Drawn
from lernpfad.evaluate.report import Report
from lernpfad.evaluate.results import label
from lernpfad.evaluate.return_money import break_even, money_rows, sensitivity, verdict_on_money
from lernpfad.evaluate.returns import EVERYBODY, Return, Row, by_group, by_week, hidden, key_figures
from lernpfad.evaluate.style import BLUE, ORANGE

SIMULATED: Final = "Simulated, not observed: these people, their knowledge and their luck are those of a model world."
BELIEVED: Final = (
    "Believed, not measured: debt is reckoned from what a tracer believes of each person. What the tracer learns about "
    "somebody counts here as learned by her, and without a comparison group nobody knows what would have been learnt "
    "anyway. So there is no return in money."
)

PAGE_FILE, TEXT_FILE = "return.html", "return.md"


def page(found: Return, *, title: str = "Return on learning") -> Report:
    """The whole page."""
    report = Report(title, subtitle=SIMULATED if found.simulated else BELIEVED)
    report.heading("How much is owed, and why?").text(summary(found)).tiles(_tiles(found))
    drawn = drawings(found)
    _show(report, drawn, "debt", "why")
    report.table(policy_rows(found), caption=POLICY_CAPTION)
    report.heading("For whom?")
    _show(report, drawn, "groups")
    report.table(group_rows(found), caption=group_caption(found), strong=[EVERYBODY])
    if found.worth is not None:
        report.heading("Does it pay?").text(verdict_on_money(found))
        report.table(money_rows(found), caption=MONEY_CAPTION)
        _show(report, drawn, "share", "tornado")
    if found.provenance:
        report.heading("How these figures came about").facts(found.provenance)
    return report


POLICY_CAPTION: Final = (
    "In percent of what the roles require, per person over all weeks. Change = role moves + rising requirements + "
    "forgetting - learning, exactly. Service ratio: learning over all that added debt; above 1 the debt shrinks. "
    "To target role: debt against the role that people aim at, at the end, of those who aim at one. "
    f"Covered: people whose requirements met in full carry {100 * COVERED:.0f} % of the weighted level asked for. "
    "Ready: debt below 10 %. Waste: minutes on items without a gap or with a missing prerequisite."
)
MONEY_CAPTION: Final = (
    "Benefit: debt spared against the reference, as a share of the salaries of the weeks in which it was spared. Cost: "
    "all hours of the policy and the content; what the reference costs is not set off. Intervals: 95 %, over people."
)


def group_caption(found: Return) -> str:
    """How the table of groups is to be read, and what is not in it."""
    left = [f"{count} by {name}" for name, count in hidden(found).items() if count]
    text = "As above. Groups below five people are not shown, nor are groups from which they could be worked out"
    return f"{text}; left out: {', '.join(left)}." if left else f"{text}; none is left out."


def summary(found: Return) -> str:
    """What happened, in two sentences."""
    all_ = key_figures(found.account, found.owes)
    change = found.account.books.change[found.owes].sums()
    paid = service_interval(change)
    first, last = tables.percent(all_["debt_start"], 1), tables.percent(all_["debt_end"], 1)
    text = (
        f"Over {found.account.books.weeks} weeks the learning debt of {all_['people']:,} people went from {first} to "
    )
    text += f"{last} of what their roles require. "
    if paid.value != paid.value:
        return text + "Nothing added debt, so there is no service ratio."
    sure = tables.interval(paid.low, paid.high)
    moved = "shrinks" if paid.low > 1 else "grows" if paid.high < 1 else "neither surely shrinks nor surely grows"
    return f"{text}For every point that was added, learning paid off {paid.value:.2f} ({sure}): the debt {moved}."


def _tiles(found: Return) -> list[tuple[str, str]]:
    all_ = key_figures(found.account, found.owes)
    tiles = [
        (
            tables.percent(all_["debt_end"], 1),
            f"learning debt at the end, {tables.percent(all_['debt_start'], 1)} at first",
        ),
        (tables.number(all_["service_ratio"]), "debt service ratio: learning over what added debt"),
        (tables.percent(all_["covered"]), f"of people covered; {tables.percent(all_['ready'])} are ready"),
        (
            f"{all_['minutes_a_week']:.0f} min",
            f"a week and person; {tables.percent(all_['waste'])} of them without use",
        ),
    ]
    if found.worth is not None:
        tiles.append((tables.percent(break_even(found).value, 1), "of a salary lost at full debt is the break-even"))
    return tiles


def policy_rows(found: Return) -> list[dict[str, str]]:
    """Everybody under the policy and under the reference."""
    some = [one for one in (found.account, found.reference) if one is not None]
    return [{"policy": label(one.policy), **_cells(key_figures(one, found.owes))} for one in some]


def group_rows(found: Return) -> list[dict[str, str]]:
    """Everybody and the groups, for people."""
    return [{"group": row["group"], "by": row["grouping"] or "–", **_cells(row)} for row in by_group(found)]


def _cells(row: Row) -> dict[str, str]:
    return {
        "people": f"{row['people']:,}",
        "debt at first": tables.percent(row["debt_start"], 1),
        "at the end": tables.percent(row["debt_end"], 1),
        "role moves": tables.number(100 * row["roles"], 1),
        "rising requirements": tables.number(100 * row["drift"], 1),
        "forgetting": tables.number(100 * row["forgetting"], 1),
        "learning": tables.number(100 * row["learning"], 1),
        "service ratio": tables.number(row["service_ratio"]),
        "to target role": tables.percent(row["target_debt"], 1),
        "covered": tables.percent(row["covered"]),
        "ready": tables.percent(row["ready"]),
        "minutes a week": tables.number(row["minutes_a_week"], 1),
        "accepted": tables.percent(row["accepted"]),
        "waste": tables.percent(row["waste"]),
    }


def drawings(found: Return) -> dict[str, Drawn]:
    """The figures, by a name that is fit for a file."""
    drawn = {"debt": _debt(found), "why": _why(found), "groups": _groups(found)}
    if found.worth is not None:
        per_share, swings = found.worth.per_share(), sensitivity(found)
        middle = found.band[len(found.band) // 2]
        told = "; ".join(f"{one.what}: {one.low:.2f} to {one.high:.2f}" for one in swings)
        drawn["share"] = Drawn(
            return_figures.return_by_share(per_share, found.band),
            caption="Benefit over cost, with its 95 % interval over people, by what nobody knows: how much of a salary "
            "is lost at full debt. Above the dashed line the hours pay.",
            alt=f"Benefit over cost rises by {per_share.value:.2f} per whole salary; break-even at "
            f"{tables.percent(break_even(found).value, 1)} of a salary.",
        )
        drawn["tornado"] = Drawn(
            return_figures.tornado(swings, middle=found.worth.ratio(middle)),
            caption=f"What the return hangs on: one assumption moved at a time, the others in the middle "
            f"({100 * middle:g} % of a salary lost at full debt).",
            alt=f"Benefit over cost at both ends of each assumption: {told}.",
        )
    return drawn


def _debt(found: Return) -> Drawn:
    account, reference = found.account, found.reference
    debts = {account.policy: account.books.debt[:, found.owes]}
    pens = {account.policy: Pen(label(account.policy), BLUE)}
    if reference is not None:
        debts[reference.policy] = reference.books.debt[:, found.owes]
        pens[reference.policy] = Pen(label(reference.policy), ORANGE)
    base = account.policy if reference is None else reference.policy
    ends = "; ".join(f"{label(name)} {tables.percent(float(one[-1].mean()), 1)}" for name, one in debts.items())
    band = "" if reference is None else " The band is the 95 % interval of the distance between the two, same people."
    return Drawn(
        figures.debt_over_time(debts, pens, reference=base),
        caption=f"Learning debt, mean over people.{band}",
        alt=f"Mean learning debt by week. At the end: {ends}.",
    )


def _why(found: Return) -> Drawn:
    weeks = by_week(found.account, found.owes)
    total = {name: 100 * sum(row[name] for row in weeks) for name in return_figures.NAMES}
    told = ", ".join(f"{return_figures.NAMES[name]} {value:.1f}" for name, value in total.items())
    return Drawn(
        return_figures.why_debt_moves(weeks),
        caption="Why the debt moves: above the axis what added debt in a week, below it what learning paid off, and "
        "the change of the debt as a line. The parts are exactly the whole.",
        alt=f"Percentage points of debt over all weeks: {told}.",
    )


def _groups(found: Return) -> Drawn:
    rows = by_group(found)
    told = "; ".join(f"{row['group']} {100 * row['debt_start']:.0f} to {100 * row['debt_end']:.0f} %" for row in rows)
    return Drawn(
        return_figures.groups(rows),
        caption="Learning debt by group, from the first week (hollow) to the last (full).",
        alt=f"Learning debt at first and at the end: {told}.",
    )


def text(found: Return, *, title: str = "Return on learning") -> str:
    """The tables as Markdown."""
    parts = [f"# {title}", SIMULATED if found.simulated else BELIEVED, summary(found)]
    parts += ["## How much is owed, and why?", tables.markdown(policy_rows(found)), POLICY_CAPTION]
    parts += ["## For whom?", tables.markdown(group_rows(found)), group_caption(found)]
    if found.worth is not None:
        parts += ["## Does it pay?", verdict_on_money(found), tables.markdown(money_rows(found)), MONEY_CAPTION]
        swings = [
            {"assumption": s.what, "first": f"{s.low:.2f}", "second": f"{s.high:.2f}"} for s in sensitivity(found)
        ]
        parts += ["Benefit over cost, one assumption moved at a time:", tables.markdown(swings)]
    return "\n\n".join(parts) + "\n"


def write(found: Return, folder: Path, *, title: str = "Return on learning") -> list[Path]:
    """The page, the Markdown and a CSV for each table; says where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    files: Mapping[str, str] = {
        TEXT_FILE: text(found, title=title),
        "weeks.csv": tables.to_csv(_defined(by_week(found.account, found.owes))),
        "groups.csv": tables.to_csv(_defined(by_group(found))),
    }
    if found.worth is not None:
        files = {**files, "money.csv": tables.to_csv(money_rows(found))}
    for name, words in files.items():
        (folder / name).write_text(words, encoding="utf-8")
    return [page(found, title=title).write(folder / PAGE_FILE), *(folder / name for name in files)]


def _defined(rows: list[Row]) -> list[dict[str, Any]]:
    return [{key: None if value != value else value for key, value in row.items()} for row in rows]


def _show(report: Report, drawn: Mapping[str, Drawn], *names: str) -> None:
    for name in names:
        if name in drawn:
            report.figure(drawn[name].figure, caption=drawn[name].caption, alt=drawn[name].alt)
