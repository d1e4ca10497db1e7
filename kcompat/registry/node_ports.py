"""Node ports: which are taken is one bitmap in the store, changed by compare-and-swap, so that any number of servers share it.

The object is a RangeAllocation where a kube-apiserver has it too. Better a port that is lost until the next repair than one given out twice:
ports are taken before their Service is written and given back after. Called by `service_addresses.py` and `service_repair.py`.
Upstream: pkg/registry/core/service/portallocator/allocator.go, pkg/registry/core/service/allocator/{bitmap.go,storage/storage.go}.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import orjson

from kcompat.apimachinery import protobuf
from kcompat.apimachinery.clock import Identity
from kcompat.registry.cluster_ips import Refused
from kcompat.registry.declare import Tree
from kcompat.registry.rules.service_allocation import FULL
from kcompat.storage.interface import Backend, Conflict, Revision

KEY = "/registry/ranges/servicenodeports"
ALLOCATED = "provided port is already allocated"
NOT_NOW = "cannot allocate resources of type servicenodeportallocations at this time"
OTHER_RANGE = "the provided range does not match the current range"
_DRY_RUN_FIRST = 32769
_BAND_MINIMUM, _BAND_MAXIMUM, _BAND_STEP = 16, 128, 32


@dataclass(frozen=True, slots=True)
class PortRange:
    """Both ends included."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"

    @property
    def size(self) -> int:
        return self.last - self.first + 1

    @property
    def reserved(self) -> int:
        """How many of the first are for those who choose theirs (upstream: calculateRangeOffset)."""
        return 0 if self.size <= _BAND_MINIMUM else min(max(self.size // _BAND_STEP, _BAND_MINIMUM), _BAND_MAXIMUM)

    def taken(self, bits: int) -> Iterator[int]:
        """The ports of a bitmap, ascending."""
        while bits:
            lowest = bits & -bits
            yield self.first + lowest.bit_length() - 1
            bits ^= lowest

    def bits(self, ports: Iterable[int]) -> int:
        """The bitmap of those of the ports that are in the range."""
        result = 0
        for port in ports:
            if self.first <= port <= self.last:
                result |= 1 << (port - self.first)
        return result

    def take(self, bits: int, port: int) -> int:
        """The bitmap with this port taken. Raises Refused."""
        if not self.first <= port <= self.last:
            raise Refused(f"provided port is not in the valid range. The range of valid ports is {self}")
        if bits >> (port - self.first) & 1:
            raise Refused(ALLOCATED)
        return bits | 1 << (port - self.first)

    def free(self, bits: int, fraction: float) -> int:
        """A free port, of the upper part if it has any. Raises Refused."""
        for start, count in ((self.reserved, self.size - self.reserved), (0, self.reserved)):
            offset = int(fraction * count)
            for index in range(count):
                at = start + (offset + index) % count
                if not bits >> at & 1:
                    return self.first + at
        raise Refused(FULL)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The bitmap as stored. revision 0: there is none yet."""

    range: str
    bits: int
    revision: Revision


class ClaimRefused(Refused):
    """`index` says which of the ports wanted."""

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(reason)
        self.index = index


class NodePorts:
    """The ports of one cluster's Services."""

    def __init__(self, backend: Backend, identity: Identity, range_: PortRange) -> None:
        self.range = range_
        self._backend = backend
        self._identity = identity
        self._known: Snapshot | None = None
        self._lock = asyncio.Lock()

    async def claim(self, wanted: Sequence[int], dry_run: bool = False) -> list[int]:
        """Takes ports (0: any), all or none, in one write. Raises ClaimRefused."""
        if not wanted:
            return []
        if dry_run:
            return self._claim_dry(wanted, (await self.snapshot()).bits)
        granted: list[int] = []

        def take(bits: int) -> int:
            granted.clear()
            for index, port in enumerate(wanted):
                try:
                    port = port or self.range.free(bits, self._identity.fraction())
                    bits = self.range.take(bits, port)
                except Refused as refusal:
                    raise ClaimRefused(index, str(refusal)) from None
                granted.append(port)
            return bits

        await self._change(take)
        return granted

    async def release(self, ports: Iterable[int]) -> None:
        """Gives ports back, in one write; those that are free stay so."""
        gone = self.range.bits(ports)
        if gone:
            with suppress(ClaimRefused):  # nothing to give back to
                await self._change(lambda bits: bits & ~gone)

    async def snapshot(self) -> Snapshot:
        """What is stored now."""
        found, _ = await self._backend.get(KEY)
        self._known = decode(found.value, found.mod_revision) if found is not None else Snapshot(str(self.range), 0, 0)
        return self._known

    async def replace(self, before: Snapshot, bits: int) -> None:
        """Stores another bitmap in the place of the one read before. Raises storage Conflict."""
        if (before.range, before.bits) == (str(self.range), bits) and before.revision:
            return
        async with self._lock:
            await self._write(bits, before.revision)

    async def _change(self, change: Callable[[int], int]) -> None:
        """Compare-and-swap until it succeeds; a refusal counts only if it is about what is stored now."""
        async with self._lock:
            current = self._known or await self.snapshot()
            while True:
                try:
                    bits = change(self._usable(current))
                    if bits != current.bits:
                        await self._write(bits, current.revision)
                    return
                except Conflict as conflict:
                    found = conflict.current
                    current = decode(found.value, found.mod_revision) if found is not None else Snapshot("", 0, 0)
                except Refused:
                    if (now := await self.snapshot()) == current:
                        raise
                    current = now

    def _usable(self, snapshot: Snapshot) -> int:
        if not snapshot.revision:
            raise ClaimRefused(0, NOT_NOW)
        if snapshot.range != str(self.range):
            raise ClaimRefused(0, OTHER_RANGE)
        return snapshot.bits

    async def _write(self, bits: int, expect: Revision) -> None:
        revision = await self._backend.write(KEY, encode(str(self.range), bits), expect=expect)
        self._known = Snapshot(str(self.range), bits, revision)

    def _claim_dry(self, wanted: Sequence[int], bits: int) -> list[int]:
        """As upstream's dry run: ports outside the range are not refused, and others than wanted are made up (operation.go)."""
        granted: list[int] = []
        for index, port in enumerate(wanted):
            if port and (port in granted or bits & self.range.bits([port])):
                raise ClaimRefused(index, ALLOCATED)
            granted.append(port or max(granted, default=_DRY_RUN_FIRST - 1) + 1)
        return granted


def encode(range_: str, bits: int) -> bytes:
    """A RangeAllocation as JSON; the bitmap's highest byte comes first."""
    data = bits.to_bytes((bits.bit_length() + 7) // 8, "big")
    tree: Tree = {"kind": "RangeAllocation", "apiVersion": "v1", "metadata": {}, "range": range_, "data": base64.b64encode(data).decode()}
    return orjson.dumps(tree)


def decode(value: bytes, revision: Revision) -> Snapshot:
    """From JSON, or from the protobuf that a kube-apiserver writes."""
    tree = protobuf.decode(value)[2] if value.startswith(protobuf.PREFIX) else orjson.loads(value)
    return Snapshot(tree.get("range") or "", int.from_bytes(base64.b64decode(tree.get("data") or ""), "big"), revision)
