"""Which addresses of a network Services may have, and in which order they are tried. Pure; called by `registry/cluster_ips.py`.

The lower part of a network is left for addresses that users choose (KEP-3070); others come from the upper part, from a random place on, while
there are any (upstream: pkg/registry/core/service/ipallocator/ipallocator.go, pkg/api/servicecidr/servicecidr.go:PrefixContainsIP).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kcompat.apimachinery.ip import Address, Network, parse_cidr

_BAND_MINIMUM, _BAND_MAXIMUM, _BAND_STEP = 16, 256, 16


@dataclass(frozen=True, slots=True)
class AddressRange:
    """The addresses of one network, counted from its first that may be given out."""

    network: Network

    @property
    def size(self) -> int:
        """How many there are: all but the network's own address and, of IPv4, the one for everybody."""
        return max(0, self.network.num_addresses - (2 if self.network.version == 4 else 1))

    @property
    def reserved(self) -> int:
        """How many of the first are for those who choose theirs (upstream: calculateRangeOffset)."""
        total = self.network.num_addresses
        return 0 if total <= _BAND_MINIMUM else min(max(total // _BAND_STEP, _BAND_MINIMUM), _BAND_MAXIMUM)

    def holds(self, address: Address) -> bool:
        """Whether it is one of them."""
        return address.version == self.network.version and 1 <= int(address) - int(self.network.network_address) <= self.size

    def candidates(self, fraction: float) -> Iterator[str]:
        """Every address, the upper part first, each part from a random place on."""
        upper = max(0, self.size - self.reserved)
        for start, count in ((self.reserved, upper), (0, min(self.reserved, self.size) if upper else 0)):
            offset = int(fraction * count)
            for index in range(count):
                yield str(self.network.network_address + (1 + start + (offset + index) % count))


def range_of(cidr: str) -> AddressRange | None:
    """None: not a network that Services can have their addresses from; of IPv6 those with more than 64 host bits are not."""
    parsed = parse_cidr(cidr)
    if parsed is None or (parsed[1].version == 6 and parsed[1].prefixlen < 64):
        return None
    return AddressRange(parsed[1])
