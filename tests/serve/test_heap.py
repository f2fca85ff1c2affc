"""Large blocks of memory are the system's again once they are freed, asked of the C library itself."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from lernpfad.serve import heap
from lernpfad.serve.settings import ServeSettings, serve
from serve.web import small_bundle

MAPPED = 2
"""Bit of the size before a block that glibc mapped for itself (IS_MMAPPED of malloc.c)."""
SECOND = f"""
import ctypes, sys
from lernpfad.serve import heap

print("asked" in sys.argv and heap.give_back_large_blocks(int(sys.argv[2])))
c = ctypes.CDLL(None)
c.malloc.restype = ctypes.c_void_p
size = 2 * heap.BLOCK
c.free(ctypes.c_void_p(c.malloc(ctypes.c_size_t(size))))  # after which glibc takes the next one for the heap's
block = c.malloc(ctypes.c_size_t(size - 4096))
print(bool(ctypes.c_size_t.from_address(block - ctypes.sizeof(ctypes.c_size_t)).value & {MAPPED}))
"""

glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps such blocks")


def second_block(*words: str, **environment: str) -> list[str]:
    """Whether the setting was taken, and whether a block is mapped when one like it was freed before."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("MALLOC_", "GLIBC_"))}
    command = [sys.executable, "-c", SECOND, *words]
    done = subprocess.run(command, env=clean | environment, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.split()


@glibc
def test_a_large_block_is_not_kept() -> None:
    assert second_block() == ["False", "False"]  # what glibc does when left to itself
    assert second_block("asked", "10000") == ["True", "True"]


@glibc
@pytest.mark.parametrize("items", [100_000, 100_000_000])
def test_the_arrays_of_a_large_catalog_are_kept(items: int) -> None:
    assert second_block("asked", str(items)) == ["True", "False"]


@glibc
@pytest.mark.parametrize(
    "own", [{"MALLOC_MMAP_THRESHOLD_": "33554432"}, {"GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=33554432"}]
)
def test_what_the_operator_set_stays(own: dict[str, str]) -> None:
    assert second_block("asked", "10000", **own) == ["False", "False"]


class Reached(Exception):
    pass


def test_a_service_asks_for_it_before_it_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def reached(items: int) -> bool:
        raise Reached(items)

    monkeypatch.setattr(heap, "give_back_large_blocks", reached)
    bundle = small_bundle(tmp_path)
    with pytest.raises(Reached, match=str(len(bundle.catalog))):
        serve(ServeSettings(bundle=bundle.folder, port=0, trust=("serve",)))
