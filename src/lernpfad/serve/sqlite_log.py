"""Whether SQLite's write-ahead log holds what was committed to it: SQLite itself leaves out what it cannot read.

After a crash SQLite takes the frames of the log up to the first that it cannot read for the whole of it. For the last,
torn commit that is right; nobody was told that it had succeeded. If frames of a later commit follow, or the index
of the log knew of more, acknowledged rows are lost, and somebody has to know. The format is documented at
https://www.sqlite.org/walformat.html.
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from time import sleep
from typing import Final

_HEADER, _FRAME, _INDEX = 32, 24, 48
_MAGIC: Final = (0x377F0682, 0x377F0683)
_WORD: Final = 0xFFFFFFFF
_LARGEST: Final = 65_536
"""Bytes of a page that the index writes as 1."""
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


class Index:
    """The index of the log of a database that this process has open: it says how far the log has to reach.

    Make it once there is a connection, and close it after the last one: closing a file lets go of the process's locks
    on it.
    """

    def __init__(self, path: Path) -> None:
        self._log = log_of(path)
        self._file: int | None = None
        self._file = os.open(index_of(path), os.O_RDONLY)

    def lacking(self) -> str:
        """What is wrong with the log: "" unless somebody cut it. A checkpoint says in the index that it empties it."""
        for look in range(_LOOKS):
            if look:
                sleep(_PAUSE)
            needed = self._needed()
            try:
                if self._log.stat().st_size >= needed:
                    return ""
            except FileNotFoundError:
                return ""  # taken away, which is another matter: whoever has it open has all of it
        return f"its log was cut to less than {needed} bytes"

    def _needed(self) -> int:
        """Bytes of all frames that the index counts; it counts a frame once the frame has been written."""
        head = b"" if self._file is None else os.pread(self._file, _INDEX, 0)
        if len(head) < _INDEX or not head[12]:
            return 0
        page, frames = struct.unpack_from("=HI", head, 14)
        return _HEADER + frames * (_FRAME + (_LARGEST if page == 1 else page)) if frames else 0

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __del__(self) -> None:
        self.close()


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
