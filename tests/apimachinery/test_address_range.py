"""Bands of addresses against upstream's numbers (ipallocator_test.go, KEP-3070)."""

import ipaddress

import pytest

from kcompat.apimachinery.address_range import AddressRange, range_of


def made(cidr: str) -> AddressRange:
    found = range_of(cidr)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("cidr", "size", "reserved"),
    [
        ("192.168.1.0/24", 254, 16), ("192.168.1.0/27", 30, 16), ("192.168.1.0/28", 14, 0), ("10.0.0.0/16", 65534, 256),
        ("10.0.0.0/20", 4094, 256), ("10.0.0.0/32", 0, 0), ("fd00::/112", 65535, 256), ("fd00::/64", 2**64 - 1, 256),
    ],
)  # fmt: skip
def test_sizes_and_bands(cidr: str, size: int, reserved: int) -> None:
    assert (made(cidr).size, made(cidr).reserved) == (size, reserved)


@pytest.mark.parametrize("fraction", [0.0, 0.5, 0.999999])
@pytest.mark.parametrize("cidr", ["192.168.1.0/24", "192.168.1.0/28", "fd00::/120"])
def test_every_address_comes_once_and_chosen_ones_last(cidr: str, fraction: float) -> None:
    found = [ipaddress.ip_address(ip) for ip in made(cidr).candidates(fraction)]
    range_ = made(cidr)
    assert len(found) == len(set(found)) == range_.size
    assert all(map(range_.holds, found))
    upper = [int(ip) - int(range_.network.network_address) for ip in found[: range_.size - range_.reserved]]
    assert min(upper) == range_.reserved + 1


def test_what_a_range_does_not_hold() -> None:
    for text in ("192.168.1.0", "192.168.1.255", "192.168.2.1", "fd00::1"):
        assert not made("192.168.1.0/24").holds(ipaddress.ip_address(text))
    assert not made("fd00::/120").holds(ipaddress.ip_address("fd00::"))
    assert made("fd00::/120").holds(ipaddress.ip_address("fd00::ff"))
    assert range_of("fd00::/48") is None
