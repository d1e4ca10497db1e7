"""Addresses of simulated nodes and of the pods on them. No I/O. Called by simulated.py and pod_machine.py."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

_FIRST_NODE = int(ipaddress.IPv4Address("172.18.0.2"))
_POD_SLICES = (ipaddress.IPv4Network("10.244.0.0/14"), ipaddress.IPv4Network("100.64.0.0/10"))
_SLICE = 256


def node_ip(index: int) -> str:
    """The InternalIP of the node of that number."""
    return str(ipaddress.IPv4Address(_FIRST_NODE + index))


def own_pod_cidr(index: int) -> str:
    """A /24 for nodes that no IPAM gives one."""
    for network in _POD_SLICES:
        slices = network.num_addresses // _SLICE
        if index < slices:
            return f"{network.network_address + index * _SLICE}/24"
        index -= slices
    raise ValueError("more nodes than there are pod ranges")


class PodAddresses:
    """The addresses of one node's pod range; the network's and the bridge's own are not given out."""

    def __init__(self, cidr: str) -> None:
        self.cidr = cidr
        self._network = ipaddress.ip_network(cidr)
        self._taken: set[int] = set()
        self._next = 2

    def take(self) -> str | None:
        """A free address, the one freed longest ago last; None when all are taken."""
        base, size = int(self._network.network_address), self._network.num_addresses
        for offset in self._offsets(size):
            if offset not in self._taken:
                self._taken.add(offset)
                self._next = offset + 1
                return str(ipaddress.ip_address(base + offset))
        return None

    def _offsets(self, size: int) -> Iterator[int]:
        last = size - 1 if self._network.version == 4 else size
        yield from range(self._next, last)
        yield from range(2, min(self._next, last))

    def claim(self, address: str) -> None:
        """Marks an address that a pod has already."""
        if (offset := self._offset(address)) is not None:
            self._taken.add(offset)

    def release(self, address: str) -> None:
        if (offset := self._offset(address)) is not None:
            self._taken.discard(offset)

    def _offset(self, address: str) -> int | None:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return None
        return int(parsed) - int(self._network.network_address) if parsed in self._network else None
