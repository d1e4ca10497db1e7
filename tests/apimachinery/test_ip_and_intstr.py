"""Addresses, networks, and integers that may be percentages."""

import pytest

from kcompat.apimachinery import intstr, ip
from kcompat.apimachinery.field import Path

AT = Path("ip")


def only(found: list[object]) -> str:
    return "; ".join(map(str, found))


@pytest.mark.parametrize(
    ("text", "legacy", "canonical"),
    [
        ("10.0.0.1", "", ""),
        ("2001:db8::1", "", ""),
        ("010.0.0.1", "must not have leading 0s", "must not have leading 0s"),
        ("::ffff:1.2.3.4", "must not be an IPv4-mapped IPv6 address", "must not be an IPv4-mapped IPv6 address"),
        ("2001:DB8:0::1", "", 'must be in canonical form ("2001:db8::1")'),
        (
            "1.2.3",
            "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
            "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
        ),
        (
            "fe80::1%eth0",
            "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
            "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
        ),
    ],
)
def test_addresses(text: str, legacy: str, canonical: str) -> None:
    assert only(ip.validate_ip_legacy(AT, text)) == (f'ip: Invalid value: "{text}": {legacy}' if legacy else "")
    assert only(ip.validate_ip(AT, text)) == (f'ip: Invalid value: "{text}": {canonical}' if canonical else "")
    assert ip.validate_ip_legacy(AT, text, valid_old=[text]) == []


@pytest.mark.parametrize(
    ("text", "legacy", "canonical"),
    [
        ("10.0.0.0/8", "", ""),
        ("2001:db8::/64", "", ""),
        ("10.0.0.1/8", "must not have bits set beyond the prefix length", ""),
        ("10.0.0.0/08", "must not have leading 0s in IP or prefix length", ""),
        ("10.0.0.0/33", "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)", ""),
        ("10.0.0.0", "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)", ""),
        ("2001:0db8::/64", "", 'must be in canonical form ("2001:db8::/64")'),
    ],
)
def test_networks(text: str, legacy: str, canonical: str) -> None:
    assert only(ip.validate_cidr_legacy(AT, text)) == (f'ip: Invalid value: "{text}": {legacy}' if legacy else "")
    if canonical:
        assert only(ip.validate_cidr(AT, text)) == f'ip: Invalid value: "{text}": {canonical}'


def test_prefix_lengths_of_any_length_are_read() -> None:
    parsed = ip.parse_cidr("10.0.0.0/" + "0" * 5000 + "8")
    assert parsed is not None
    assert str(parsed[1]) == "10.0.0.0/8"
    assert ip.parse_cidr("10.0.0.0/99990008") is None
    assert ip.parse_cidr("10.0.0.0/") is None


def test_families_and_warnings() -> None:
    assert (ip.is_ipv4("1.2.3.4"), ip.is_ipv6("::1"), ip.is_ipv4("::1"), ip.is_ipv6("x")) == (True, True, False, False)
    assert ip.ip_warnings(AT, "010.0.0.1") == ['ip: non-standard IP address "010.0.0.1" is invalid: use "10.0.0.1"']
    assert ip.ip_warnings(AT, "::FFFF") == ['ip: IPv6 address "::FFFF" should be in RFC 5952 canonical format ("::ffff")']
    assert ip.cidr_warnings(AT, "10.0.0.1/8") == [
        'ip: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)'
    ]
    assert ip.cidr_warnings(AT, "10.0.0.0/8") == []
    assert ip.validate_interface_address(AT, "10.0.0.1/8") == []
    assert (
        only(ip.validate_interface_address(AT, "2001:DB8::1/64"))
        == 'ip: Invalid value: "2001:DB8::1/64": must be in canonical form ("2001:db8::1/64")'
    )


def test_percentages() -> None:
    assert (intstr.scaled_value("25%", 10, True), intstr.scaled_value("25%", 10, False), intstr.scaled_value(3, 10, True)) == (3, 2, 3)
    assert (intstr.parse("5"), intstr.parse("5%"), intstr.parse(str(2**31))) == (5, "5%", str(2**31))
    assert (intstr.int_value("x"), intstr.int_value("7"), intstr.int_value(None)) == (0, 7, 0)
    for value, message in [
        ("5", "invalid value for IntOrString: invalid type: string is not a percentage"),
        ("x%", 'invalid value for IntOrString: invalid value "x%": strconv.Atoi: parsing "x": invalid syntax'),
        (None, "nil value for IntOrString"),
    ]:
        with pytest.raises(ValueError) as error:
            intstr.scaled_value(value, 1, True)
        assert str(error.value) == message
