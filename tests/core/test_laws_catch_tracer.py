"""A law that never failed proves nothing: each fault here is planted in an honest tracer, and seen to be caught."""

import pytest

from faulty_tracers import (
    BaseRate,
    Blind,
    Centred,
    Certain,
    Contrasting,
    CountingDeclined,
    Foresighted,
    Forgetful,
    Full,
    Hasty,
    Holey,
    InPlace,
    InPlaceWhenAsked,
    Logits,
    OneColumn,
    OneSkill,
    Overconfident,
    Padded,
    Peeking,
    PlaceBound,
    Remembering,
    Shifted,
    Tidying,
    Timed,
    Unsaved,
    Unseeded,
    WarmStarted,
    rounded,
)
from lernpfad.core import LawBroken
from lernpfad.core.laws import TRACER_LAWS, Counting, TracerCase, check_tracer, planted_answers, reloaded, that_fit

PLANTED = planted_answers(learners=100)
BY_NAME = {law.name: law for law in TRACER_LAWS}

FAULTS = [
    (Certain, "probabilities", r"trace: 1 at \[\d+\] is outside \(0, 1\)"),
    (OneColumn, "probabilities", r"predict gave shape \(10, 1\), expected \[learners, items\] = \(10, 25\)"),
    (PlaceBound, "candidate_order_irrelevant", "predictions for reversed candidates: .* differ, by up to"),
    (Contrasting, "candidate_order_irrelevant", "predictions for two of the candidates"),
    (Remembering, "asking_changes_nothing", "second trace of the same histories"),
    (InPlace, "update_leaves_its_argument_alone", "update changed the state it was given"),
    (InPlaceWhenAsked, "update_leaves_its_argument_alone", "predict changed the state it was given"),
    (Tidying, "update_leaves_its_argument_alone", "column 'outcome' after update: 1 instead of -1 at"),
    (Centred, "batch_partners_irrelevant", "predictions for learner 0 alone instead of in a batch of 10"),
    (Padded, "padding_irrelevant", r"trace of learner \d alone \(\d+ rows\)"),
    (Shifted, "parallel_equals_fold", "parallel trace against the fold: .* values differ"),
    (Peeking, "parallel_equals_fold", "parallel trace against the fold"),
    (Peeking, "no_answer_seen_early", "predictions up to row 0 of a history after the answers from there on were"),
    (Timed, "no_answer_seen_early", "were flipped: .* differ"),
    (Foresighted, "no_answer_seen_early", "were flipped: .* differ"),
    (CountingDeclined, "declined_changes_nothing", "trace without the declined offers"),
    (Unseeded, "same_seed_same_numbers", "a second tracer"),
    (WarmStarted, "same_seed_same_numbers", "fit must start afresh"),
    (Unsaved, "save_and_load_change_nothing", "trace after save and load"),
    (Blind, "unknown_gets_a_sane_prior", "it raised IndexError: item -1"),
    (Overconfident, "unknown_gets_a_sane_prior", r"a new learner at an unseen item, with base rate 0\.\d\d: 0\.01"),
    (BaseRate, "planted_learned", r"log loss 0\.\d{4} on \d+ planted answers, the base rate has"),
    (Peeking, "coin_flips_give_half", r"AUC [01]\.\d{4} on coin flips, expected \.5 within 0\.0"),
    (Forgetful, "after_equals_walked", "the state by `after` against the plain one: .* values differ"),
    (Hasty, "what_if_equals_plain", "what_if against the plain one"),
    (Holey, "what_if_equals_plain", r"NaN in one but not in the other at \[0, 0, 0, 1\]"),
    (Logits, "mastery_in_unit_interval", r"mastery: -?\d.* is outside \[0, 1\]"),
    (OneSkill, "mastery_in_unit_interval", r"mastery has shape \(10, 1\), expected \[learners, skills\] = \(10, 5\)"),
    (Counting, "twin_gives_the_same_numbers", "trace of the exported twin"),
]


def case_of(kind):
    twin = rounded if kind is Counting else None
    reload = None if issubclass(kind, Full) else reloaded
    return TracerCase(kind, planted=PLANTED, twin=twin, reload=reload)


@pytest.mark.parametrize(("fault", "law", "words"), FAULTS, ids=[f"{law}-{fault.__name__}" for fault, law, _ in FAULTS])
def test_the_law_catches_the_fault(fault, law, words):
    case = case_of(fault)
    assert BY_NAME[law] in that_fit(TRACER_LAWS, case)
    with pytest.raises(LawBroken, match=words) as caught:
        BY_NAME[law](case)
    assert str(caught.value).startswith(f"{fault.__name__} breaks {law}: ")
    assert "\n" not in str(caught.value)


def test_every_law_has_caught_something():
    assert {law for _, law, _ in FAULTS} == set(BY_NAME)


@pytest.mark.parametrize("law", TRACER_LAWS, ids=lambda law: law.name)
def test_an_honest_tracer_keeps_the_law(law):
    case = TracerCase(Full, planted=PLANTED, reload=lambda tracer: tracer, twin=lambda tracer: tracer)
    assert law.fits(case)
    law(case)


def test_check_tracer_names_every_broken_law():
    check_tracer(Counting)
    with pytest.raises(LawBroken) as caught:
        check_tracer(Remembering)
    lines = str(caught.value).splitlines()
    assert len(lines) >= 2
    assert all(line.startswith("Remembering breaks ") for line in lines)


def test_a_fitted_tracer_is_held_to_the_laws_without_fitting_it_again():
    case = TracerCase(fitted=Counting().fit(PLANTED.train), planted=PLANTED)
    names = {law.name for law in that_fit(TRACER_LAWS, case)}
    assert names == set(BY_NAME) - {
        "same_seed_same_numbers",
        "coin_flips_give_half",
        "parallel_equals_fold",
        "after_equals_walked",
        "what_if_equals_plain",
        "twin_gives_the_same_numbers",
    }
    for law in that_fit(TRACER_LAWS, case):
        law(case)
