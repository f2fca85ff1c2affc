"""The calendar of a world: weeks from Monday morning on, sittings in them, and moments that name random streams."""

from typing import Final

import numpy as np

from lernpfad.core import FloatArray

START: Final = 1_767_600_000.0
"""Monday 2026-01-05 08:00 UTC, seconds since the epoch."""

HOUR: Final = 3_600.0
DAY: Final = 24 * HOUR
WEEK: Final = 7 * DAY
YEAR: Final = 365.25 * DAY

WORKDAYS: Final = 5

SLOTS: Final = 1_024
"""Offers that may begin in one hour of the calendar."""


def moment(at: float, slot: int = 0) -> int:
    """The number of a moment: the hour since the epoch that `at` falls in, and an offer in it."""
    return int(at // HOUR) * SLOTS + slot


def sitting_starts(week: float, sittings: int) -> FloatArray:
    """When the sittings of a week begin, `[sittings]`: spread over the workdays, at full hours after `week`."""
    return week + HOUR * np.round(np.linspace(0.0, 24.0 * (WORKDAYS - 1), sittings))
