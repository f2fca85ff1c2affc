"""What the C library keeps of memory that was given back."""

import ctypes
import os
import sys
from contextlib import suppress
from typing import Final

BLOCK: Final = 1_048_576
"""Bytes from which on a block of memory is the system's again as soon as it is freed, for all but large catalogs."""
AN_ITEM: Final = 64
"""Bytes an item that a decision's arrays may have and stay below: each time the system would have to clear them."""
_MOST: Final = 32 * BLOCK
"""What glibc takes at most, and would come to by itself."""
_MMAP_THRESHOLD: Final = -3
"""M_MMAP_THRESHOLD of malloc.h."""


def give_back_large_blocks(items: int) -> bool:
    """Have glibc map large blocks each for itself; whether it took the setting. items: of the catalog.

    Left to itself it serves from a thread's heap whatever is as large as the largest block that was ever freed, up to
    32 MB, and does not shrink a heap by less than twice that: each thread comes to keep room for the largest array
    that it met. An operator's own setting in the environment stays; other C libraries have no such habit.
    """
    tuned = "malloc.mmap_threshold" in os.environ.get("GLIBC_TUNABLES", "")
    if tuned or "MALLOC_MMAP_THRESHOLD_" in os.environ or sys.platform != "linux":
        return False
    with suppress(AttributeError):  # musl
        return bool(ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, max(BLOCK, min(AN_ITEM * items, _MOST))))
    return False
