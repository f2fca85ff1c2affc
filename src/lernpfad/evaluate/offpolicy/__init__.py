"""What would another policy have achieved, from the log of this one? Estimates that carry their doubts.

`replay` asks a policy at the situations of a log, `judge` estimates its value by one of the estimators of `onestep`,
`sequences` and `magic`, and refuses where the log cannot tell. docs/offpolicy.md says which one when.
"""

from lernpfad.evaluate.offpolicy.diagnostics import Diagnostics, Limits, diagnose
from lernpfad.evaluate.offpolicy.features import of_offer
from lernpfad.evaluate.offpolicy.intervals import bernstein, bootstrap, clustered, normal
from lernpfad.evaluate.offpolicy.judge import Judgement, judge, judged
from lernpfad.evaluate.offpolicy.logged import Logged
from lernpfad.evaluate.offpolicy.magic import MAGIC
from lernpfad.evaluate.offpolicy.models import FQE, Logistic, Ridge, cross_fitted, even, mrdr
from lernpfad.evaluate.offpolicy.onestep import DM, DR, IPS, SNDR, SNIPS, Estimator
from lernpfad.evaluate.offpolicy.replay import Replayed, replay, right, taken_up
from lernpfad.evaluate.offpolicy.sequences import PDIS, SNTIS, TIS, WDR, WPDIS, SequenceDM, SequenceDR
from lernpfad.evaluate.offpolicy.slates import CascadeIPS, SlateIPS, Slates, SlotIPS, judge_slates
from lernpfad.evaluate.offpolicy.terms import Terms
from lernpfad.evaluate.offpolicy.weights import Clipped, OfCluster, Plain, Shrunk, SubGaussian, Switched

__all__ = [
    "DM",
    "DR",
    "FQE",
    "IPS",
    "MAGIC",
    "PDIS",
    "SNDR",
    "SNIPS",
    "SNTIS",
    "TIS",
    "WDR",
    "WPDIS",
    "CascadeIPS",
    "Clipped",
    "Diagnostics",
    "Estimator",
    "Judgement",
    "Limits",
    "Logged",
    "Logistic",
    "OfCluster",
    "Plain",
    "Replayed",
    "Ridge",
    "SequenceDM",
    "SequenceDR",
    "Shrunk",
    "SlateIPS",
    "Slates",
    "SlotIPS",
    "SubGaussian",
    "Switched",
    "Terms",
    "bernstein",
    "bootstrap",
    "clustered",
    "cross_fitted",
    "diagnose",
    "even",
    "judge",
    "judge_slates",
    "judged",
    "mrdr",
    "normal",
    "of_offer",
    "replay",
    "right",
    "taken_up",
]
