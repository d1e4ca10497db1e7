"""IP addresses and CIDRs as Kubernetes reads and checks them. Called by the rules of services, pods, endpoints, nodes and network policies.

Answers apimachinery pkg/util/validation/ip.go. Old fields accept forms that are not canonical; new fields do not.
"""

import ipaddress
import re
from collections.abc import Container
from functools import lru_cache

from kcompat.apimachinery import field
from kcompat.apimachinery.field import FieldError, Path
from kcompat.apimachinery.quote import quote

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_leading_zeros = re.compile(r"(?<![0-9a-fA-F])0+(?=[0-9a-fA-F])")


@lru_cache(maxsize=8192)
def parse_ip(text: str) -> Address | None:
    """Reads an address; leading zeros in its parts are ignored, as they always were (upstream: ParseIPSloppy)."""
    if "%" in text or "/" in text:
        return None
    try:
        return ipaddress.ip_address(_leading_zeros.sub("", text))
    except ValueError:
        return None


def parse_cidr(text: str) -> tuple[Address, Network] | None:
    """The address as written and its network, None if malformed (upstream: ParseCIDRSloppy)."""
    host, _, length = text.partition("/")
    address = parse_ip(host)
    digits = length.lstrip("0") or "0"
    if address is None or not re.fullmatch("[0-9]+", length) or len(digits) > 3 or int(digits) > address.max_prefixlen:
        return None
    return address, ipaddress.ip_network((address, int(digits)), strict=False)


def ip_text(address: Address) -> str:
    """The canonical text; an IPv4 address mapped into IPv6 is written as the IPv4 one, as Go does."""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def is_ipv4(text: str) -> bool:
    address = parse_ip(text)
    return address is not None and (address.version == 4 or _is_mapped(address))


def is_ipv6(text: str) -> bool:
    address = parse_ip(text)
    return address is not None and address.version == 6 and not _is_mapped(address)


def _is_mapped(address: Address) -> bool:
    return isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None


@lru_cache(maxsize=8192)
def _has_leading_zeros(text: str) -> bool:
    """Would Go's strict parser refuse the zeros? In IPv4 parts always, in IPv6 parts beyond four digits."""
    return any(len(part) > 4 for part in text.split(":")[:-1]) or re.search(r"(^|[.:])0[0-9]+\.|\.0[0-9]", text) is not None


def validate_ip_legacy(path: Path, value: str, valid_old: Container[str] = ()) -> list[FieldError]:
    """An address in a field from before strict checks; values that the old object had are let through."""
    if value in valid_old:
        return []
    address = parse_ip(value)
    if address is None:
        return [field.invalid(path, value, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")]
    if _has_leading_zeros(value):
        return [field.invalid(path, value, "must not have leading 0s")]
    return [field.invalid(path, value, "must not be an IPv4-mapped IPv6 address")] if _is_mapped(address) else []


def validate_ip(path: Path, value: str) -> list[FieldError]:
    """An address in its canonical form."""
    errors = validate_ip_legacy(path, value)
    address = parse_ip(value)
    if not errors and address is not None and value != ip_text(address):
        return [field.invalid(path, value, f"must be in canonical form ({quote(ip_text(address))})")]
    return errors


def ip_warnings(path: Path, value: str) -> list[str]:
    """Warnings for an accepted address of an old field (upstream: GetWarningsForIP)."""
    address = parse_ip(value)
    if address is None:
        return []
    if _has_leading_zeros(value) or _is_mapped(address):
        return [f"{path}: non-standard IP address {quote(value)} is invalid: use {quote(ip_text(address))}"]
    if address.version == 6 and str(address) != value:
        return [f"{path}: IPv6 address {quote(value)} should be in RFC 5952 canonical format ({quote(str(address))})"]
    return []


def validate_cidr_legacy(path: Path, value: str, valid_old: Container[str] = ()) -> list[FieldError]:
    """A network in a field from before strict checks; values that the old object had are let through."""
    if value in valid_old:
        return []
    parsed = parse_cidr(value)
    if parsed is None:
        return [field.invalid(path, value, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")]
    address, network = parsed
    if _cidr_has_leading_zeros(value):
        return [field.invalid(path, value, "must not have leading 0s in IP or prefix length")]
    if _is_mapped(address):
        return [field.invalid(path, value, "must not have an IPv4-mapped IPv6 address")]
    beyond = address != network.network_address
    return [field.invalid(path, value, "must not have bits set beyond the prefix length")] if beyond else []


def _cidr_has_leading_zeros(value: str) -> bool:
    host, _, length = value.partition("/")
    return _has_leading_zeros(host) or (len(length) > 1 and length.startswith("0"))


def validate_cidr(path: Path, value: str) -> list[FieldError]:
    """A network in its canonical form."""
    errors = validate_cidr_legacy(path, value)
    parsed = parse_cidr(value)
    if not errors and parsed is not None and value != str(parsed[1]):
        return [field.invalid(path, value, f"must be in canonical form ({quote(str(parsed[1]))})")]
    return errors


def cidr_warnings(path: Path, value: str) -> list[str]:
    """Warnings for an accepted network of an old field (upstream: GetWarningsForCIDR)."""
    parsed = parse_cidr(value)
    if parsed is None:
        return []
    address, network = parsed
    warnings = []
    if address != network.network_address:
        single = f"{ip_text(address)}/{address.max_prefixlen}"
        choice = f"should be {quote(str(network))} or {quote(single)}?"
        warnings.append(f"{path}: CIDR value {quote(value)} is ambiguous in this context ({choice})")
    if _cidr_has_leading_zeros(value) or _is_mapped(address):
        warnings.append(f"{path}: non-standard CIDR value {quote(value)} is invalid: use {quote(str(network))}")
    if not warnings and address.version == 6 and str(network) != value:
        warnings.append(f"{path}: IPv6 CIDR value {quote(value)} should be in RFC 5952 canonical format ({quote(str(network))})")
    return warnings


def validate_interface_address(path: Path, value: str) -> list[FieldError]:
    """An address with its prefix length, as on an interface, in canonical form."""
    parsed = parse_cidr(value)
    if parsed is None:
        return [field.invalid(path, value, "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)")]
    address, network = parsed
    length = network.prefixlen - (96 if _is_mapped(address) and network.prefixlen > 32 else 0)
    canonical = f"{ip_text(address)}/{length}"
    return [] if value == canonical else [field.invalid(path, value, f"must be in canonical form ({quote(canonical)})")]
