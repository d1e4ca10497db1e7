"""The order of keys: where a prefix ends, and a set of keys that iterates in order.

Called by `backends/*`. Keys order by code point, which is the order of their UTF-8 bytes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator

from kcompat.storage.interface import Key

BLOCK = 512


def prefix_end(prefix: Key) -> Key | None:
    """The first key behind all that start with prefix. None: there is none."""
    for position in range(len(prefix) - 1, -1, -1):
        following = ord(prefix[position]) + 1
        if 0xD800 <= following <= 0xDFFF:
            following = 0xE000  # surrogates are not characters: no key holds one
        if following <= 0x10FFFF:
            return prefix[:position] + chr(following)
    return None


class SortedKeys:
    """A set of keys that iterates in order from anywhere. Short sorted lists: an insertion moves one of them, not all keys."""

    def __init__(self) -> None:
        self._blocks: list[list[Key]] = []
        self._firsts: list[Key] = []

    def add(self, key: Key) -> None:
        """Adds a key that is not there yet."""
        if not self._blocks:
            self._blocks, self._firsts = [[key]], [key]
            return
        index = self._block_of(key)
        block = self._blocks[index]
        insort(block, key)
        self._firsts[index] = block[0]
        if len(block) > 2 * BLOCK:
            self._blocks[index : index + 1] = [block[:BLOCK], block[BLOCK:]]
            self._firsts.insert(index + 1, block[BLOCK])

    def remove(self, key: Key) -> None:
        """Removes a key that is there."""
        index = self._block_of(key)
        block = self._blocks[index]
        del block[bisect_left(block, key)]
        if block:
            self._firsts[index] = block[0]
        else:
            del self._blocks[index], self._firsts[index]

    def between(self, start: Key, end: Key | None) -> Iterator[Key]:
        """Keys from start (inclusive) to end (exclusive; None: to the last)."""
        for index, low, high in self._slices(start, end):
            yield from self._blocks[index][low:high]

    def count(self, start: Key, end: Key | None) -> int:
        return sum(high - low for _, low, high in self._slices(start, end))

    def _block_of(self, key: Key) -> int:
        return max(0, bisect_right(self._firsts, key) - 1)

    def _slices(self, start: Key, end: Key | None) -> Iterator[tuple[int, int, int]]:
        if not self._blocks:
            return
        for index in range(self._block_of(start), len(self._blocks)):
            block = self._blocks[index]
            if end is not None and block[0] >= end:
                return
            low = bisect_left(block, start) if block[0] < start else 0
            high = len(block) if end is None or block[-1] < end else bisect_left(block, end, low)
            yield index, low, high
