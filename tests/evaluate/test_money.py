import numpy as np
import pytest

from lernpfad.core import ConfigError
from lernpfad.evaluate.money import BAND, Terms, Worth, tornado, utility, worth

SPARED, HOURS = np.full((52, 100), 0.05), np.full((52, 100), 20 / 52)
TERMS = Terms(salary=60_000, wage=40, content=20_000)


def test_a_year_of_a_hundred_people_by_hand() -> None:
    # cost: 100 x 20 h x 40 + 20,000; benefit at a share of 1: 100 x 60,000 x .05 = 300,000
    found = worth(SPARED, HOURS, TERMS)
    assert found.cost.sum() == pytest.approx(100_000)
    assert [share * found.benefit.sum() for share in BAND] == pytest.approx([30_000, 60_000, 120_000])
    assert [found.roi(share) for share in BAND] == pytest.approx([-70, -40, 20])
    assert [found.ratio(share) for share in BAND] == pytest.approx([0.3, 0.6, 1.2])
    assert found.break_even == pytest.approx(0.333333, abs=1e-6)


def test_at_the_break_even_the_return_is_nothing() -> None:
    found = worth(SPARED, HOURS, TERMS)
    assert found.roi(found.break_even) == pytest.approx(0.0)


def test_utility_analysis_by_hand() -> None:
    # 100 x 1 x .3 x 60,000 = 1,800,000; times .4 = 720,000, less the cost
    gain, share = utility(people=100, years=1, effect=0.3, spread=0.4, salary=60_000, cost=100_000)
    assert gain == pytest.approx(620_000)
    assert share == pytest.approx(0.055556, abs=1e-6)


def test_late_benefits_lose_their_last_weeks() -> None:
    late = worth(SPARED, HOURS, Terms(salary=60_000, wage=40, content=20_000, delay=13))
    assert late.benefit.sum() == pytest.approx(300_000 * 39 / 52)
    assert worth(SPARED, HOURS, Terms(delay=99)).benefit.sum() == 0


def test_who_leaves_takes_it_along() -> None:
    # weeks 0..51 at .9^(week / 52): a geometric series
    left = worth(SPARED, HOURS, Terms(salary=60_000, wage=40, content=20_000, turnover=0.1))
    q = 0.9 ** (1 / 52)
    assert left.benefit.sum() == pytest.approx(300_000 / 52 * (1 - q**52) / (1 - q))


def test_nothing_gained_never_breaks_even_and_nothing_paid_has_no_return() -> None:
    nothing = Worth(np.zeros(3), np.ones(3))
    assert nothing.break_even == float("inf")
    assert nothing.roi(0.4) == pytest.approx(-100)
    assert np.isnan(Worth(np.ones(3), np.zeros(3)).break_even)
    assert np.isnan(Worth(np.ones(3), np.zeros(3)).roi(0.1))


def test_people_without_requirements_cost_and_gain_nothing() -> None:
    spared = SPARED.copy()
    spared[:, 0] = np.nan
    assert worth(spared, HOURS, TERMS).benefit.sum() == pytest.approx(300_000 * 0.99)


def test_the_interval_is_that_of_a_ratio_of_sums() -> None:
    rng = np.random.default_rng(0)
    found = Worth(rng.uniform(0, 2, 200), np.ones(200))
    sure = found.per_share()
    assert sure.low < sure.value < sure.high
    half = 1.96 * found.benefit.std() / np.sqrt(200)
    assert (sure.high - sure.low) / 2 == pytest.approx(half, rel=0.15)


def test_the_tornado_moves_one_thing_at_a_time_and_sorts_by_weight() -> None:
    swings = tornado(
        SPARED,
        HOURS,
        TERMS,
        ends={"wage": (30, 60), "delay": (4, 12)},
        worlds={"kappa 0.9 to 9": ((SPARED / 2, HOURS), (SPARED * 2, HOURS))},
    )
    assert [one.what for one in swings] == [
        "share of salary 0.1 to 0.4",
        "kappa 0.9 to 9",
        "wage 30 to 60",
        "delay 4 to 12",
    ]
    by_what = {one.what.split()[0]: (one.low, one.high) for one in swings}
    assert by_what["share"] == pytest.approx((0.3, 1.2))
    assert by_what["kappa"] == pytest.approx((0.3, 1.2))
    assert by_what["wage"] == pytest.approx((60 / 80, 60 / 140))
    assert by_what["delay"] == pytest.approx((0.6 * 48 / 52, 0.6 * 40 / 52))


@pytest.mark.parametrize(
    ("setting", "line"),
    [({"wage": -1}, "money.wage is -1, expected 0 or more"), ({"turnover": 1.0}, "expected a share a year")],
)
def test_terms_that_mean_nothing_are_refused(setting: dict[str, float], line: str) -> None:
    with pytest.raises(ConfigError, match=line):
        Terms(**setting)  # type: ignore[arg-type]
