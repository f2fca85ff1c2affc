"""Whether SQLite's write-ahead log holds what was committed to it: SQLite itself leaves out what it cannot read.

After a crash SQLite takes the frames of the log up to the first that it cannot read for the whole of it. For the last,
torn commit that is right; nobody was told that it had succeeded. If frames of a later commit follow, or the index
of the log knew of more, acknowledged rows are lost, and somebody has to know. The format is documented at
https://www.sqlite.org/walformat.html.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from time import sleep
from typing import Final

_HEADER, _FRAME, _INDEX = 32, 24, 48
_MAGIC: Final = (0x377F0682, 0x377F0683)
_WORD: Final = 0xFFFFFFFF
_LOOKS: Final = 3
_PAUSE: Final = 0.05
"""Seconds between two looks: another process may be writing, and what is damaged stays so."""


def log_of(path: Path) -> Path:
    """Where the log of a database lies."""
    return path.with_name(f"{path.name}-wal")


def index_of(path: Path) -> Path:
    """Where the index of the log lies, which the processes that have the database open share."""
    return path.with_name(f"{path.name}-shm")


def damage(path: Path) -> str:
    """What is wrong with the log of the database at `path`, "" if it is whole or there is none.

    Call it before this process opens the database: closing a file lets go of the process's locks on it.
    """
    said = {_damage(path)}
    for _ in range(_LOOKS - 1):
        if "" in said:
            return ""
        sleep(_PAUSE)
        said.add(_damage(path))
    return "" if "" in said else said.pop()


def extent(path: Path, *, since: tuple[int, bytes] = (0, b"")) -> tuple[int, bytes]:
    """Bytes of the log, and the salt that it has until it begins anew.

    since: an earlier extent; if the log has begun anew it counts as no shorter.
    """
    try:
        size = log_of(path).stat().st_size
        if since[0] and size >= since[0]:
            return size, since[1]
        with log_of(path).open("rb") as log:
            salt = log.read(_HEADER)[16:24]
    except FileNotFoundError:
        return since
    return (size, salt) if not since[0] or salt == since[1] else (since[0], salt)


def _damage(path: Path) -> str:
    index, log = _content(index_of(path)), _content(log_of(path))
    readable, salt = 0, b""
    if len(log) > _HEADER and any(log[:_HEADER]):  # zeros were never synced, so nothing was acknowledged
        order = _order(log)
        if not order:
            return "the head of its log cannot be read"
        salt = log[16:24]
        readable = _readable(log, order)
        if _went_on(log, readable):
            return f"frame {readable + 1} of its log cannot be read, and commits follow"
    known = _known(index, salt)
    if max(known, readable) and not path.stat().st_size:
        return "it is empty, its log is not"  # SQLite would throw the log away
    return f"its log holds {readable} of {known} frames" if known > readable else ""


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _order(log: bytes) -> str:
    """In which order of bytes the log is summed up; "" where its head is not one."""
    magic = int.from_bytes(log[:4], "big")
    if magic not in _MAGIC:
        return ""
    order = ">" if magic & 1 else "<"
    return order if _sum(order, log[:24], (0, 0)) == struct.unpack(">2I", log[24:32]) else ""


def _readable(log: bytes, order: str) -> int:
    """How many frames are whole, each being summed up with all before it."""
    total, count = struct.unpack(">2I", log[24:32]), 0
    for frame in _frames(log):
        head = frame[:_FRAME]
        total = _sum(order, frame[_FRAME:], _sum(order, head[:8], total))
        if head[8:16] != log[16:24] or total != struct.unpack(">2I", head[16:24]):
            break
        count += 1
    return count


def _went_on(log: bytes, readable: int) -> bool:
    """Whether, after the frames that can be read, a commit ends and another begins."""
    committed = False
    for place, frame in enumerate(_frames(log)):
        if place <= readable or frame[8:16] != log[16:24]:
            continue
        if committed:
            return True
        committed = frame[4:8] != b"\0\0\0\0"
    return False


def _known(index: bytes, salt: bytes) -> int:
    """Frames of the log that is salted so which its index knows of, or 0 if all are in the database already."""
    head = index[:_INDEX]
    if len(index) < 2 * _INDEX + 4 or head != index[_INDEX : 2 * _INDEX] or not head[12]:
        return 0
    frames, copied = struct.unpack_from("=I", head, 16)[0], struct.unpack_from("=I", index, 2 * _INDEX)[0]
    whole = _sum("=", head[:40], (0, 0)) == struct.unpack("=2I", head[40:48])
    other = bool(salt) and head[32:40] != salt
    return 0 if not whole or other or copied >= frames else int(frames)


def _frames(log: bytes) -> Iterator[bytes]:
    size = _FRAME + int.from_bytes(log[8:12], "big")
    for start in range(_HEADER, len(log) - size + 1, size):
        yield log[start : start + size]


def _sum(order: str, content: bytes, since: tuple[int, ...]) -> tuple[int, int]:
    first, second = since
    for even, odd in struct.iter_unpack(f"{order}2I", content):
        first = (first + even + second) & _WORD
        second = (second + odd + first) & _WORD
    return first, second
