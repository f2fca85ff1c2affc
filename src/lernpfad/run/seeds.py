"""One seed for a run, spawned into one child for each of its parts."""

from zlib import crc32

from numpy.random import SeedSequence


def child(seed: int, part: str) -> int:
    """The seed of a part ("tracer", "world", ...): depends on the run's seed and the part's name alone.

    Children are keyed by name, not by count, so that a new part does not change the luck of the others.
    """
    spawned = SeedSequence(entropy=int(seed), spawn_key=(crc32(part.encode()),))
    return int(spawned.generate_state(1)[0] & 0x7FFFFFFF)
