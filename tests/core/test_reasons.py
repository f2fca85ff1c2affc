"""The leading reason is the part without which most others would have come first: counted here by brute force."""

import numpy as np
import pytest

from lernpfad.core import ConfigError, recommend
from lernpfad.core.reasons import weighed
from lernpfad.core.wording import LANGUAGES, sentence
from lernpfad.policy import (
    AffinityOnly,
    Constrain,
    DebtPerMinute,
    Explore,
    Hybrid,
    Legal,
    Random,
    RoleCurriculum,
    Safe,
    Slate,
    SpacedRepetition,
    WateringCan,
)
from policy.scenes import CATALOG, crowd, scene
from policy.test_bandit_over_skills import later


class Sum:
    """Orders by the parts it is given, `[learners, C]` each."""

    def __init__(self, **parts):
        self.given = {code: np.asarray(part, dtype=float) for code, part in parts.items()}

    def parts(self, situation):
        return self.given

    def score(self, situation):
        return np.where(situation.eligible, sum(self.given.values()), -np.inf)

    def propensities(self, situation):
        return situation.eligible / situation.eligible.sum(axis=1, keepdims=True)


def alone(policy, **more):
    now = scene(mastery=[[0.2, 0.1, 0.7]], level=[[0.8] * 3], weight=[[1.0] * 3], **more)
    return weighed(policy, now, np.arange(8)[None, :])[0]


def test_the_part_whose_loss_costs_most_places_leads():
    gap = [[3, 2, 1, 0, 0, 0, 0, 0]]
    minutes = [[0, 0.5, 1.8, 0, 0, 0, 0, 2.9]]
    first, second, third = alone(Sum(gap=gap, minutes=minutes))[:3]
    # 3, 2.5, 2.8, 0, .., 2.9. Without the gap the first item is passed by the second, third and last; without minutes
    # by nobody. The third is passed by the last already, without minutes by the second as well.
    assert [(one.code, one.overtaken) for one in first] == [("gap", 2 + 1), ("minutes", 0)]
    assert [(one.code, one.overtaken) for one in third] == [("minutes", 1), ("gap", 0)]
    assert first[0].ahead == pytest.approx(3 - 6 / 8)
    assert [(one.code, one.overtaken) for one in second] == [("gap", 0), ("minutes", 0)]


def test_a_part_that_is_the_same_for_all_explains_nothing():
    assert [one.code for one in alone(Sum(gap=np.arange(8)[None], minutes=np.full((1, 8), 9.0)))[3]] == ["gap"]


def test_who_was_not_weighed_has_no_reason():
    gap = np.arange(8.0)[None].copy()
    gap[0, :4] = np.nan
    found = alone(Sum(gap=gap))
    assert [len(one) for one in found] == [0] * 4 + [1] * 4
    assert alone(Random())[0] == ()


def brute_force(policy, situation, learner, column):
    """Overtakers by code, straight from the definition."""
    parts = {
        code: np.where(situation.eligible, part, np.nan)[learner] for code, part in policy.parts(situation).items()
    }
    total = sum(parts.values())
    there = np.flatnonzero(np.isfinite(total))
    lost = {}
    for code, part in parts.items():
        if len({part[j] for j in there}) < 2:
            continue
        without = {j: sum(other[j] for name, other in parts.items() if name != code) for j in there}
        passed = [j for j in there if without[j] > without[column] + 1e-7 and not total[j] > total[column] + 1e-7]
        lost[code] = len(passed)
    return lost


@pytest.mark.parametrize(
    "policy",
    [
        DebtPerMinute(shortlist=20),
        Hybrid(),
        Legal(AffinityOnly()),
        Explore(Constrain(Hybrid())),
        Slate(DebtPerMinute(), k=3),
        Safe(DebtPerMinute()),
    ],
    ids=lambda policy: type(policy).__name__,
)
def test_the_lead_is_true_to_the_score_that_ranked(policy):
    situation = crowd(8, 40, 5)
    for learner, listed in enumerate(recommend(policy, situation, k=4)):
        for one in listed:
            lost = brute_force(policy, situation, learner, int(situation.catalog.indices([one.item])[0]))
            assert {part.code: part.overtaken for part in one.parts} == lost
            assert lost.get(one.lead, 0) == max(lost.values(), default=0)


def leads(policy, situation, k=3):
    return [(one.item, one.lead) for one in recommend(policy, situation, k=k)[0]]


def test_due_new_and_curriculum_say_so():
    rows = [(0, "t1", 0), (0, "s1", 1), (0, "s2", 1), (0, "s1", 1), (0, "s2", 1)]
    assert leads(SpacedRepetition(), later(8, *rows)) == [("t1", "due"), ("t2", "due"), ("c1", "new")]
    assert {lead for _, lead in leads(RoleCurriculum(), scene())} == {"curriculum"}


def test_a_rule_that_put_an_item_first_is_its_reason():
    mandatory = Constrain(WateringCan(), mandatory=["t2"], ready=False, varied=False)
    assert leads(mandatory, scene(), k=1) == [("t2", "mandatory")]
    # for want of sheets, charts are kept back, though people like her take them
    affinity = np.array([[0, 0, 3, 4, 1, 2, 5, 0.5]] * 2)
    assert leads(Legal(AffinityOnly()), scene(given={"affinity": affinity}), k=1) == [("t2", "prerequisite")]
    varied = Constrain(WateringCan(), ready=False)
    assert leads(varied, scene(last_item=[0, 0]), k=1) == [("c1", "diversity")]
    assert leads(Slate(WateringCan(visits=2), k=3), scene(), k=2) == [("s1", "curriculum"), ("c1", "diversity")]


def test_what_nobody_decided_has_no_lead():
    assert {lead for _, lead in leads(Random(), scene())} == {""}


def test_a_recommendation_carries_prerequisites_days_and_counts():
    now = later(8, (0, "s1", 1), (0, "c1", 0))
    taken = np.zeros((2, 8), dtype=int)
    taken[0, 2] = 1
    object.__setattr__(now, "taken", taken)
    found = {one.item: one for one in recommend(Random(), now, k=8)[0]}
    assert (found["c1"].unmet, found["c1"].days, found["c1"].taken) == (("sheets",), 7.0, 1)
    assert (found["s2"].unmet, found["s2"].days, found["s2"].taken) == ((), 8.0, 0)
    assert (found["t1"].days, found["quiz"].days) == (None, None)


GAPS = (("sheets", 0.5), ("charts", 0.4))


@pytest.mark.parametrize(
    ("language", "lead", "expected"),
    [
        ("en", "", "Closes a gap of 50% in sheets in about 6 minutes; you succeed with 70%."),
        (
            "en",
            "minutes",
            "Chosen for the little time it takes: "
            "closes a gap of 50% in sheets in about 6 minutes; you succeed with 70%.",
        ),
        (
            "de",
            "",
            "Schließt eine Lücke von 50\u00a0% in sheets in etwa 6 Minuten; Ihre Erfolgsaussicht beträgt 70\u00a0%.",
        ),
    ],
)
def test_a_sentence_in_each_language(language, lead, expected):
    assert sentence(language, lead=lead, gaps=GAPS, success=0.7, gain=0.0, minutes=6.0) == expected


def test_german_numbers_have_a_comma_and_one_minute_is_singular():
    told = sentence("de", lead="gain", gaps=(), success=0.655, gain=0.0042, minutes=1.2)
    assert told == (
        "Ausgewählt wegen des erwarteten Lernfortschritts: hält Ihr Wissen frisch in etwa 1 Minute; "
        "senkt Ihre Lernschuld voraussichtlich um 0,42 Punkte; Ihre Erfolgsaussicht beträgt 66\u00a0%."
    )
    assert "in about 1 minute;" in sentence("en", lead="", gaps=(), success=0.5, gain=0.0, minutes=1.0)


def test_every_language_has_words_for_every_code():
    english = set(LANGUAGES["en"].because)
    assert all(set(words.because) == english for words in LANGUAGES.values())
    assert {"gap", "gain", "due", "new", "prerequisite", "affinity", "mandatory"} <= english


def test_every_policy_names_only_codes_that_have_words():
    from composing import made, names
    from lernpfad.core import Reasoned

    told = {
        code
        for name in names("policy")
        if isinstance(policy := made("policy", name), Reasoned)
        for code in policy.parts(crowd(3, 12, 3))
    }
    assert told <= set(LANGUAGES["en"].because)
    assert len(told) > 8


def test_german_over_a_whole_list_and_an_unknown_language():
    listed = recommend(DebtPerMinute(), scene(), k=8, language="de")[0]
    assert len(listed) == len(CATALOG)
    assert all(one.reason.startswith("Ausgewählt") and "Erfolgsaussicht" in one.reason for one in listed)
    with pytest.raises(ConfigError, match="no language named 'fr'; there are: de, en"):
        recommend(DebtPerMinute(), scene(), language="fr")
