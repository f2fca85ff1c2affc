"""Performance factors analysis: logistic regression on wins and attempts per skill."""

from lernpfad.tracing.counts import CountRegression


class PFA(CountRegression):
    """PFA (Pavlik, Cen & Koedinger, AIED 2009) with log(1 + count), as in Gervet et al. (JEDM 2020).

    Attempts and wins per skill, where the first paper has wins and failures: the same span, another parameterisation.
    Settings and state: see `CountRegression`. It is blind to items, so every item of the same skills is alike.
    """

    with_items = False
