import csv
import re
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from lernpfad.core import DataError, Roles, Situation
from lernpfad.evaluate import return_report
from lernpfad.evaluate.books import Bookkeeper
from lernpfad.evaluate.money import Terms
from lernpfad.evaluate.return_money import break_even, money_rows, verdict_on_money
from lernpfad.evaluate.returns import Account, Return, by_group, by_week, hidden
from lernpfad.evaluate.units import units_of_roles
from lernpfad.evaluate.waste import waste_share
from simulate.small import Uniform, lived, world


class Idle(Uniform):
    def propensities(self, situation: Situation) -> Any:
        return np.zeros(situation.eligible.shape)


@cache
def both() -> tuple[Account, Account]:
    """Learning at random against not learning at all, four weeks of forty people."""
    of, found = world(), []
    for name, policy in (("legalrandom", Uniform()), ("wateringcan", Idle())):
        keeper = Bookkeeper(of.roles, of.catalog)
        done = lived(of, policy, learners=40, weeks=4, name=name, observers=[keeper], watched=40)
        found.append(Account.of(name, keeper.books(), done.log, done.hours))
        if name == "legalrandom":
            wasted, spent = waste_share(replace(done, role=keeper.books().role[-1]), of.roles, of.catalog)
            assert found[0].spent.sum() == pytest.approx(spent)
            assert found[0].wasted.sum() == pytest.approx(wasted, rel=0.02)  # roles of the week, not of the end
    return found[0], found[1]


def made(**changes: Any) -> Return:
    account, reference = both()
    role = np.asarray([f"role-{r}" for r in account.books.role[-1]])
    small = np.where(np.arange(40) < 3, "pilots", role)
    settings = {"reference": reference, "groups": {"role": small}, "ends": {"wage": (30.0, 60.0)}}
    return Return(account, **(settings | changes))


def test_everybody_adds_up() -> None:
    found = made()
    everybody, *_ = by_group(found)
    assert everybody["people"] == 40
    added = everybody["roles"] + everybody["drift"] + everybody["forgetting"] - everybody["learning"]
    assert added == pytest.approx(everybody["debt_end"] - everybody["debt_start"], abs=1e-6)
    assert everybody["service_ratio"] > 1
    assert 0 < everybody["waste"] < 1
    assert everybody["minutes_a_week"] == pytest.approx(60 * found.account.hours.sum() / 160)


def test_a_small_group_takes_another_one_out_of_the_table() -> None:
    found = made()
    names = {row["group"] for row in by_group(found)}
    assert "pilots" not in names
    assert hidden(found) == {"role": 2}
    assert len(names) == 1 + 3 - 1
    assert "left out: 2 by role" in return_report.group_caption(found)
    assert "pilots" not in return_report.text(found)


def test_weeks_add_up_to_the_whole() -> None:
    found = made()
    weeks = by_week(found.account, found.owes)
    assert len(weeks) == 4
    total = sum(row["net"] for row in weeks)
    assert total == pytest.approx(weeks[-1]["debt"] - found.account.books.debt[0].mean(), abs=1e-6)


def test_money_is_never_a_single_amount() -> None:
    found = made(terms=Terms(content=1_000))
    *bands, even = money_rows(found)
    assert [row["lost at full debt"] for row in bands] == [f"{one} % of a salary" for one in (10, 20, 40)]
    assert all(re.fullmatch(r"-?[\d,]+ to -?[\d,]+", row["benefit"]) for row in bands)
    assert even["lost at full debt"].startswith("break-even")
    sure = break_even(found)
    assert sure.low < sure.value < sure.high
    assert found.worth is not None
    assert sure.value == pytest.approx(found.worth.break_even)
    assert "hours pay once full debt costs more than" in verdict_on_money(found)


def test_no_debt_spared_no_break_even() -> None:
    account, _ = both()
    same = made(reference=account)
    assert break_even(same).value == float("inf")
    assert "there is no break-even" in verdict_on_money(same)
    assert "no break-even" in return_report.page(same).html()


def test_the_page_says_that_it_is_simulated_and_is_self_contained() -> None:
    page = return_report.page(made()).html()
    assert "Simulated, not observed" in page
    assert page.count("<svg") == 5
    assert "http" not in page.replace("http://www.w3.org", "")
    assert "<script" not in page


def test_a_real_log_has_no_return_in_money() -> None:
    believed = made(reference=None, simulated=False)
    page = return_report.page(believed).html()
    assert "Believed, not measured" in page
    assert "Does it pay?" not in page
    assert page.count("<svg") == 3
    assert "salary" not in return_report.text(believed)


def test_the_same_tables_as_files(tmp_path: Any) -> None:
    found = made()
    paths = return_report.write(found, tmp_path)
    assert {path.name for path in paths} == {"return.html", "return.md", "weeks.csv", "groups.csv", "money.csv"}
    with (tmp_path / "groups.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["group"] for row in rows] == [row["group"] for row in by_group(found)]
    assert float(rows[0]["debt_end"]) == pytest.approx(by_group(found)[0]["debt_end"])
    assert "| everybody |" in (tmp_path / "return.md").read_text()


def test_worlds_stand_in_the_tornado() -> None:
    account, reference = both()
    found = made(worlds={"kappa 0.9 to 9": ((account, account), (account, reference))})
    text = return_report.text(found)
    line = next(one for one in text.splitlines() if one.startswith("| kappa"))
    assert line.startswith("| kappa 0.9 to 9 | 0.00 |")


def test_fewer_than_five_people_have_no_report() -> None:
    account, _ = both()
    debt = account.books.debt.copy()
    debt[:, 4:] = np.nan
    few = replace(account, books=replace(account.books, debt=debt))
    with pytest.raises(DataError, match="4 people with requirements, at least 5 are needed"):
        Return(few)


def test_two_populations_make_one_account() -> None:
    account, reference = both()
    joined = Account.join([account, reference])
    assert joined.hours.shape == (4, 80)
    assert joined.spent.sum() == pytest.approx(account.spent.sum() + reference.spent.sum())


def test_units_are_roles_that_ask_for_like_skills() -> None:
    level = np.asarray([[[0.8, 0.8, 0.0, 0.0], [0.7, 0.8, 0.1, 0.0], [0.0, 0.0, 0.9, 0.7], [0.0, 0.1, 0.9, 0.8]]])
    roles = Roles(np.asarray(["cook", "baker", "clerk", "auditor"]), np.zeros(1), level, np.ones(level.shape))
    found = units_of_roles(roles, at=0.0)
    assert found[0] == found[1]
    assert found[2] == found[3]
    assert found[0] != found[2]
    assert set(found) <= {f"around {name}" for name in roles.names}
    assert len(set(units_of_roles(roles, at=0.0, units=4))) == 4
