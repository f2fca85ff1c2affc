"""Simulated worlds, and the loop that lets a policy meet one."""

from lernpfad.simulate.corporate import Corporate
from lernpfad.simulate.fingerprint import fingerprint
from lernpfad.simulate.oracle import OracleTracer
from lernpfad.simulate.rollout import rollout

__all__ = ["Corporate", "OracleTracer", "fingerprint", "rollout"]
