"""How an input is changed: JSON as a tree, anything else as bytes; the first line, which says what it is, stays."""

import json
import random
from collections.abc import Callable, Sequence
from typing import Any, Final

_ODD: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, 1, -1, 2**31, 2**63, 2**64, -(2**63), 10**400, 1e308, 1e-320, float("nan"), float("inf")),
    *("", "\0", "\ud800", "\u0130", "é" * 300, "x" * 5000, "1", "nan", "a:b", "../x", "/", "a/items/", "2026-03-02"),
    *([], {}, [[]], [None], {"": None}, [0] * 200),
)
_DEEP: Final = 400
_ANEW: Final = 0.1
_AS_TREE: Final = 0.8


def changed(
    given: bytes, longest: int, seed: int, *, plain: Callable[[bytes, int], bytes], first: Sequence[bytes]
) -> bytes:
    """Another input, at most `longest` bytes. plain: changes bytes as the fuzzer does.

    first: inputs to begin with. The fuzzer drops those of them that take no way of their own, so that some files would
    never be changed; now and then one of them takes the place of the given input.
    """
    luck = random.Random(seed)
    head, body = _parted(luck.choice(first) if luck.random() < _ANEW else given)
    text = _as_tree(body, luck) if luck.random() < _AS_TREE else None
    if text is None or len(head) + len(text) > longest:
        room = longest - len(head)
        return head + plain(body, room) if room > 0 else given
    return head + text


def _as_tree(body: bytes, luck: random.Random) -> bytes | None:
    """JSON with some nodes changed; None for what is no JSON, or is too deep to be walked."""
    try:
        tree = json.loads(body)
        for _ in range(luck.choice((1, 1, 2, 4))):
            tree = _elsewhere(tree, luck)
        return json.dumps(tree).encode()
    except (ValueError, RecursionError):
        return None


def _parted(given: bytes) -> tuple[bytes, bytes]:
    """The first line if it names what follows, and the rest."""
    head, end, body = given.partition(b"\n")
    named = end and len(head) < 80 and not head.startswith((b"{", b"[", b'"'))
    return (head + end, body) if named else (b"", given)


def _elsewhere(tree: Any, luck: random.Random) -> Any:
    """The tree with one node replaced, removed, doubled, renamed or wrapped."""
    nodes = list(_nodes(tree))
    if not nodes:
        return luck.choice((*_ODD, [tree], {"x": tree}))
    holder, key = luck.choice(nodes)
    kind = luck.randrange(7)
    if kind == 0:
        del holder[key]
    elif kind == 1:
        holder[key] = luck.choice(_ODD)
    elif kind == 2:
        other, there = luck.choice(nodes)
        # a copy: a tree that holds itself has no end
        if there in other if isinstance(other, dict) else there < len(other):
            holder[key] = json.loads(json.dumps(other[there]))
    elif kind == 3:
        holder[key] = _nudged(holder[key], luck)
    elif kind == 4 and isinstance(holder, dict):
        name = luck.choice(("x", "", key + "s", *holder))
        holder[name] = holder.pop(key)
    elif kind == 5 and isinstance(holder, list):
        holder.insert(key, json.loads(json.dumps(holder[key])))
    else:
        holder[key] = _wrapped(holder[key], luck)
    return tree


def _nodes(tree: Any) -> Any:
    """Every place in a tree, as its holder and key."""
    keys = list(tree) if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    for key in keys:
        yield tree, key
        yield from _nodes(tree[key])


def _nudged(value: Any, luck: random.Random) -> Any:
    if isinstance(value, str):
        at = luck.randint(0, len(value))
        return (
            value[:at]
            + luck.choice(("", "0", "9", ".", ":", "-", "%", "%ff", "\ud800", "\0", "\n", "é"))
            + value[at + luck.randrange(3) :]
        )
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int | float):
        return luck.choice((-value, value + 1, value - 1, value // 3, value + 0.5)) if abs(value) < 1e300 else 0.5
    return luck.choice(_ODD)


def _wrapped(value: Any, luck: random.Random) -> Any:
    for _ in range(luck.choice((1, 1, 2, _DEEP))):
        value = [value] if luck.random() < 0.5 else {"x": value}
    return value
