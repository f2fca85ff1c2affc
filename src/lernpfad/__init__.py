"""Next-best learning item: trace what learners know, learn what they take up, decide what comes next."""

from lernpfad._version import __version__

__all__ = ["__version__"]
