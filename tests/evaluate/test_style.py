import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lernpfad.evaluate import style

GAP = 1.0


@settings(deadline=None)
@given(st.lists(st.floats(-5, 5), max_size=8))
def test_labels_keep_their_distance_and_their_order(wanted: list[float]) -> None:
    placed = style.spread(np.asarray(wanted), GAP)
    order = np.argsort(wanted, kind="stable")
    assert (np.diff(placed[order]) >= GAP - 1e-9).all()
    assert placed.mean() == pytest.approx(np.mean(wanted)) if wanted else len(placed) == 0


def test_labels_move_apart_evenly_and_stay_where_they_do_not_meet() -> None:
    assert style.spread(np.asarray([3.0, 0.0, 3.0]), GAP).tolist() == [2.5, 0.0, 3.5]
    assert style.spread(np.asarray([3.0, 3.0]), GAP, low=0.0, high=3.0).tolist() == [2.0, 3.0]


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = np.asarray([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("colour", [style.INK, style.MUTED, *style.SERIES])
def test_every_colour_that_text_is_set_in_reads_in_both_lights(colour: str) -> None:
    assert contrast(colour, style.PAPER) >= 4.5
    assert contrast(style.DARK[colour], style.DARK[style.PAPER]) >= 4.5


def test_every_colour_has_a_name_and_a_dark_twin() -> None:
    assert set(style.NAMES) == set(style.DARK)


def test_settings_of_matplotlib_are_put_back() -> None:
    from matplotlib import rcParams

    before = dict(rcParams)
    with style.styled():
        assert rcParams["svg.fonttype"] == "none"
    assert dict(rcParams) == before
