"""A figure becomes a small picture of the size that was asked for."""

from io import BytesIO

import numpy as np
from PIL import Image

from lernpfad.evaluate.figures import new
from lernpfad.evaluate.png import png
from lernpfad.evaluate.style import ORANGE, PAPER, WIDTH, styled


def drawn():
    with styled():
        figure, (axes,) = new(3.0)
        axes.fill_between([0, 1], [1, 1], color=ORANGE)
    return figure


def test_a_picture_of_the_page_s_width_in_the_colours_of_the_house():
    picture = Image.open(BytesIO(png(drawn(), dpi=100)))
    assert picture.size == (round(100 * WIDTH), 300)
    assert picture.mode == "P"
    colours = {tuple(one) for one in np.asarray(picture.convert("RGB")).reshape(-1, 3)}
    for wanted in (ORANGE, PAPER):
        assert tuple(bytes.fromhex(wanted[1:])) in colours


def test_the_same_figure_gives_the_same_bytes():
    assert png(drawn()) == png(drawn())
