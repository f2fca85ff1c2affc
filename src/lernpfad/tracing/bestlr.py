"""Best-LR: logistic regression on items, skills and counts of answers, the baseline that deep models have to beat."""

from lernpfad.tracing.counts import CountRegression


class BestLR(CountRegression):
    """Best-LR (Gervet, Koedinger, Schneider & Mitchell, JEDM 2020).

    Item and skill weights, attempts and wins per skill with weights of their own, and attempts and wins on the item and
    in all with four shared ones. Settings: see `CountRegression`. On logs that repeat an answer once a skill the counts
    by item give the answer away: one answer is one row. State: counts by item take 4 bytes an item and learner.
    """

    with_items = True
