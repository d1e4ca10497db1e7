"""Formats of strings in schemas (kube-openapi pkg/validation/strfmt). Called by values.py."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from email.headerregistry import Address
from email.utils import parseaddr
from typing import Final
from urllib.parse import urlsplit

from kcompat.apimachinery import duration
from kcompat.apimachinery.ip import parse_cidr, parse_ip
from kcompat.apimachinery.names import byte_length, is_long_name, is_short_name
from kcompat.apimachinery.structural.patterns import matches

_HOSTNAME: Final = r"^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)" \
    r"|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$"
_CARD: Final = r"(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}" \
    r"|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})"
_COLOR: Final = r"(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])"
_BASE64: Final = r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})"
_TIME: Final = r"([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))"
_UNITS: Final = frozenset(("ns", "us", "µs", "ms", "s", "m", "h", "hr", "d", "w", "wk"))
_UNIT_STARTS: Final = ("nano", "micro", "milli", "sec", "min", "hour", "day", "week")
_MAC: Final = r"[0-9a-fA-F]{2}([:-])(?:[0-9a-fA-F]{2}\1){%d}[0-9a-fA-F]{2}|(?:[0-9a-fA-F]{4}\.){%d}[0-9a-fA-F]{4}"


def is_known(form: str) -> bool:
    """Strings of other formats are not looked at."""
    return form.replace("-", "") in _FORMATS


def conforms(form: str, value: str) -> bool:
    """`form`: a known one."""
    return _FORMATS[form.replace("-", "")](value)


def _full(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.ASCII)
    return lambda value: compiled.fullmatch(value) is not None


def _uuid(third: str, fourth: str) -> Callable[[str], bool]:
    return _full(f"(?i:[0-9a-f]{{8}}-?[0-9a-f]{{4}}-?{third}-?{fourth}-?[0-9a-f]{{12}})")


def _is_uri(value: str) -> bool:
    """An absolute URI, or an absolute path (url.ParseRequestURI)."""
    if any(ord(char) < 0x20 or ord(char) == 0x7F for char in value) or re.search("%(?![0-9a-fA-F]{2})", value):
        return False
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return False
    return not re.search(r'[\s<>"\\^`{|}]', parts.netloc) and (value.startswith("/") or bool(parts.scheme))


def _is_email(value: str) -> bool:
    """One address, with a name before it or not (mail.ParseAddress)."""
    _, address = parseaddr(value)
    try:
        return bool(address) and bool(Address(addr_spec=address).domain)
    except (ValueError, IndexError):
        return False


def _is_hostname(value: str) -> bool:
    return matches(_HOSTNAME, value) and byte_length(value) <= 255 and all(byte_length(part) <= 63 for part in value.split("."))


def _is_mac(value: str) -> bool:
    return any(re.fullmatch(_MAC % (octets - 2, octets // 2 - 1), value) for octets in (6, 8, 20))


def _is_isbn10(value: str) -> bool:
    digits = re.sub(r"[\s-]+", "", value)
    if not re.fullmatch("[0-9]{9}X|[0-9]{10}", digits):
        return False
    return sum((index + 1) * (10 if digit == "X" else int(digit)) for index, digit in enumerate(digits)) % 11 == 0


def _is_isbn13(value: str) -> bool:
    digits = re.sub(r"[\s-]+", "", value)
    return bool(re.fullmatch("[0-9]{13}", digits)) and sum(int(digit) * (3 if index % 2 else 1) for index, digit in enumerate(digits)) % 10 == 0


def _is_credit_card(value: str) -> bool:
    digits = re.sub("[^0-9]+", "", value)
    if not re.fullmatch(_CARD, digits):
        return False
    doubled = (int(digit) * (1 + index % 2) for index, digit in enumerate(reversed(digits)))
    return sum(number // 10 + number % 10 for number in doubled) % 10 == 0


def _is_date(value: str) -> bool:
    try:
        return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII)) and (value.startswith("0000") or bool(date.fromisoformat(value)))
    except ValueError:
        return False


def _is_date_time(value: str) -> bool:
    day, separator, rest = value.lower().partition("t")
    found = re.fullmatch(_TIME, rest.partition("t")[0])
    return bool(separator) and _is_date(day) and found is not None and found[1] <= "23" and found[2] <= "59" and found[3] <= "59"


def _is_duration(value: str) -> bool:
    """Go's, or Scala's: numbers with units."""
    try:
        duration.parse(value)
    except ValueError:
        units = (unit.lower() for unit in re.findall(r"\d+\s*([A-Za-zµ]+)", value))
        return any(unit in _UNITS or unit.startswith(_UNIT_STARTS) for unit in units)
    return True


_FORMATS: Final[Mapping[str, Callable[[str], bool]]] = {
    "bsonobjectid": _full("[0-9a-fA-F]{24}"), "uri": _is_uri, "email": _is_email, "hostname": _is_hostname,
    "ipv4": lambda value: "." in value and parse_ip(value) is not None,
    "ipv6": lambda value: ":" in value and parse_ip(value) is not None,
    "cidr": lambda value: parse_cidr(value) is not None, "mac": _is_mac,
    "uuid": _uuid("[0-9a-f]{4}", "[0-9a-f]{4}"), "uuid3": _uuid("3[0-9a-f]{3}", "[0-9a-f]{4}"),
    "uuid4": _uuid("4[0-9a-f]{3}", "[89ab][0-9a-f]{3}"), "uuid5": _uuid("5[0-9a-f]{3}", "[89ab][0-9a-f]{3}"),
    "isbn": lambda value: _is_isbn10(value) or _is_isbn13(value), "isbn10": _is_isbn10, "isbn13": _is_isbn13,
    "creditcard": _is_credit_card, "ssn": _full(r"(?=.{11}$)\d{3}[- ]?\d{2}[- ]?\d{4}"),
    "hexcolor": _full("#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})"),
    "rgbcolor": _full(rf"rgb\(\s*{_COLOR}\s*,\s*{_COLOR}\s*,\s*{_COLOR}\s*\)"),
    "byte": _full(_BASE64), "password": lambda _: True, "date": _is_date, "datetime": _is_date_time, "duration": _is_duration,
    "k8sshortname": lambda value: not is_short_name(value), "k8slongname": lambda value: not is_long_name(value),
}
