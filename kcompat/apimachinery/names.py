"""Formats of names, keys and small strings. Called by validation, selectors and every kind's rules.

Each `is_*` answers upstream's function of that name in apimachinery pkg/util/validation or pkg/api/validate/content: it returns the
messages of every rule the value breaks, so an empty list means valid. Lengths are in bytes of UTF-8, as Go counts them.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from kcompat.apimachinery.clock import Identity

NameFunction = Callable[[str, bool], list[str]]
"""(name, is it only a prefix?) → messages; upstream: ValidateNameFunc."""

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = _LABEL + "(\\." + _LABEL + ")*"
_LABEL_UNDERSCORE = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SUBDOMAIN_UNDERSCORE = _LABEL_UNDERSCORE + "(\\." + _LABEL_UNDERSCORE + ")*"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_WILDCARD = "\\*\\." + _SUBDOMAIN
_KEY = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE = "(" + _KEY + ")?"
_C_IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*"
_ENV_VAR = "[-._a-zA-Z][-._a-zA-Z0-9]*"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_PERCENT = "[0-9]+%"
_HTTP_HEADER = "[-A-Za-z0-9]+"

_is_label = re.compile(_LABEL).fullmatch
_is_subdomain = re.compile(_SUBDOMAIN).fullmatch
_is_subdomain_underscore = re.compile(_SUBDOMAIN_UNDERSCORE).fullmatch
_is_label_1035 = re.compile(_LABEL_1035).fullmatch
_is_wildcard = re.compile(_WILDCARD).fullmatch
_is_key = re.compile(_KEY).fullmatch
_is_value = re.compile(_VALUE).fullmatch
_is_c_identifier = re.compile(_C_IDENTIFIER).fullmatch
_is_env_var = re.compile(_ENV_VAR).fullmatch
_is_config_key = re.compile(_CONFIG_KEY).fullmatch
_is_percent = re.compile(_PERCENT).fullmatch
_is_http_header = re.compile(_HTTP_HEADER).fullmatch
_is_port_charset = re.compile("[-a-z0-9]+").fullmatch
_has_letter = re.compile("[a-z]").search

_KEY_MESSAGE = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
_VALUE_MESSAGE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character"
)
_SUBDOMAIN_MESSAGE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character"
)
_UNDERSCORE_MESSAGE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', "
    "and must start and end with an alphanumeric character"
)
_LABEL_MESSAGE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    "and must start and end with an alphanumeric character"
)
_LABEL_1035_MESSAGE = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
    "start with an alphabetic character, and end with an alphanumeric character"
)
_WILDCARD_MESSAGE = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, "
    "which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"
)
_C_IDENTIFIER_MESSAGE = (
    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'"
)
_ENV_VAR_MESSAGE = (
    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit"
)
_RELAXED_ENV_VAR_MESSAGE = "a valid environment variable name must consist only of printable ASCII characters other than '='"
_CONFIG_KEY_MESSAGE = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
_PERCENT_MESSAGE = "a valid percent string must be a numeric string followed by an ending '%'"
_HTTP_HEADER_MESSAGE = "a valid HTTP header must consist of alphanumeric characters or '-'"

EMPTY = "must be non-empty"
_LONGEST_KEY = 253 + 1 + 63


def byte_length(value: str) -> int:
    """Length as Go's len counts it."""
    return len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))


def max_length(length: int) -> str:
    return f"must be no more than {length} characters"


def max_bytes(length: int) -> str:
    return f"must be no more than {length} bytes"


def regex_error(message: str, pattern: str, *examples: str) -> str:
    """Upstream's explanation of a pattern that did not match (RegexError)."""
    if not examples:
        return f"{message} (regex used for validation is '{pattern}')"
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{message} (e.g. {shown}regex used for validation is '{pattern}')"


def inclusive_range(low: int, high: int) -> str:
    return f"must be between {low} and {high}, inclusive"


def _subdomain(value: str, too_long: Callable[[int], str]) -> list[str]:
    errors = [too_long(253)] if byte_length(value) > 253 else []
    if not _is_subdomain(value):
        errors.append(regex_error(_SUBDOMAIN_MESSAGE, _SUBDOMAIN, "example.com"))
    return errors


def is_dns1123_subdomain(value: str) -> list[str]:
    return _subdomain(value, max_length)


def is_dns1123_subdomain_with_underscore(value: str) -> list[str]:
    errors = [max_length(253)] if byte_length(value) > 253 else []
    if not _is_subdomain_underscore(value):
        errors.append(regex_error(_UNDERSCORE_MESSAGE, _SUBDOMAIN_UNDERSCORE, "example.com"))
    return errors


def is_dns1123_label(value: str) -> list[str]:
    return _dns1123_label(value, max_length)


def is_short_name(value: str) -> list[str]:
    """A DNS-1123 label, in the words of declarative checks (pkg/api/validate/content)."""
    return _dns1123_label(value, max_bytes)


def is_long_name(value: str) -> list[str]:
    """A DNS-1123 subdomain, in the words of declarative checks."""
    return _subdomain(value, max_bytes)


def _dns1123_label(value: str, too_long: Callable[[int], str]) -> list[str]:
    errors = [too_long(63)] if byte_length(value) > 63 else []
    if _is_label(value):
        return errors
    if _is_subdomain(value):  # a subdomain but no label: it must be the dots
        return [*errors, "must not contain dots"]
    return [*errors, regex_error(_LABEL_MESSAGE, _LABEL, "my-name", "123-abc")]


def is_dns1035_label(value: str) -> list[str]:
    errors = [max_length(63)] if byte_length(value) > 63 else []
    if not _is_label_1035(value):
        errors.append(regex_error(_LABEL_1035_MESSAGE, _LABEL_1035, "my-name", "abc-123"))
    return errors


def is_wildcard_dns1123_subdomain(value: str) -> list[str]:
    errors = [max_length(253)] if byte_length(value) > 253 else []
    if not _is_wildcard(value):
        errors.append(regex_error(_WILDCARD_MESSAGE, _WILDCARD, "*.example.com"))
    return errors


@lru_cache(maxsize=4096)
def _is_good_key(value: str) -> bool:
    """The same keys come again and again, so the answer for good ones is kept."""
    return not _label_key(value)


def is_label_key(value: str) -> list[str]:
    """A label key, annotation key, finalizer or condition type (IsLabelKey, once IsQualifiedName)."""
    return [] if len(value) <= _LONGEST_KEY and _is_good_key(value) else _label_key(value)


def _label_key(value: str) -> list[str]:
    prefix, slash, name = value.rpartition("/")
    if "/" in prefix:
        explained = regex_error(_KEY_MESSAGE, _KEY, "MyName", "my.name", "123-abc")
        return [f"a valid label key {explained} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"]
    errors: list[str] = []
    if slash and not prefix:
        errors.append(f"prefix part {EMPTY}")
    elif slash:
        errors += [f"prefix part {message}" for message in _subdomain(prefix, max_bytes)]
    if not name:
        errors.append(f"name part {EMPTY}")
    elif byte_length(name) > 63:
        errors.append(f"name part {max_bytes(63)}")
    if not _is_key(name):
        errors.append("name part " + regex_error(_KEY_MESSAGE, _KEY, "MyName", "my.name", "123-abc"))
    return errors


is_qualified_name = is_label_key


def is_prefixed_label_key(value: str) -> list[str]:
    return is_label_key(value) or ([] if "/" in value else ["must include a prefix (e.g. 'example.com/key')"])


def is_label_value(value: str) -> list[str]:
    errors = [max_bytes(63)] if byte_length(value) > 63 else []
    if not _is_value(value):
        errors.append(regex_error(_VALUE_MESSAGE, _VALUE, "MyValue", "my_value", "12345"))
    return errors


def is_c_identifier(value: str) -> list[str]:
    if _is_c_identifier(value):
        return []
    return [regex_error(_C_IDENTIFIER_MESSAGE, _C_IDENTIFIER, "my_name", "MY_NAME", "MyName")]


def _leads_out_of_directory(value: str) -> list[str]:
    if value in (".", ".."):
        return [f"must not be '{value}'"]
    return ["must not start with '..'"] if value.startswith("..") else []


def is_env_var_name(value: str) -> list[str]:
    errors = []
    if not _is_env_var(value):
        errors.append(regex_error(_ENV_VAR_MESSAGE, _ENV_VAR, "my.env-name", "MY_ENV.NAME", "MyEnvName1"))
    return errors + _leads_out_of_directory(value)


def is_relaxed_env_var_name(value: str) -> list[str]:
    """What pods may use as the name of an environment variable (RelaxedEnvironmentVariableValidation is always on)."""
    errors = [] if value else [f"environment variable name {EMPTY}"]
    if not value.isascii() or not value.isprintable() or "=" in value:
        errors.append(_RELAXED_ENV_VAR_MESSAGE)
    return errors


def is_config_map_key(value: str) -> list[str]:
    errors = [max_length(253)] if byte_length(value) > 253 else []
    if not _is_config_key(value):
        errors.append(regex_error(_CONFIG_KEY_MESSAGE, _CONFIG_KEY, "key.name", "KEY_NAME", "key-name"))
    return errors + _leads_out_of_directory(value)


def is_valid_port_number(port: int) -> list[str]:
    return is_in_range(port, 1, 65535)


def is_in_range(value: int, low: int, high: int) -> list[str]:
    return [] if low <= value <= high else [inclusive_range(low, high)]


def is_valid_user_id(uid: int) -> list[str]:
    return is_in_range(uid, 0, 2**31 - 1)


is_valid_group_id = is_valid_user_id


def is_valid_port_name(port: str) -> list[str]:
    errors = [max_length(15)] if byte_length(port) > 15 else []
    if not _is_port_charset(port):
        errors.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not _has_letter(port):
        errors.append("must contain at least one letter (a-z)")
    if "--" in port:
        errors.append("must not contain consecutive hyphens")
    if port.startswith("-") or port.endswith("-"):
        errors.append("must not begin or end with a hyphen")
    return errors


def is_valid_percent(percent: str) -> list[str]:
    return [] if _is_percent(percent) else [regex_error(_PERCENT_MESSAGE, _PERCENT, "1%", "93%")]


def is_http_header_name(value: str) -> list[str]:
    return [] if _is_http_header(value) else [regex_error(_HTTP_HEADER_MESSAGE, _HTTP_HEADER, "X-Header-Name")]


def is_path_segment_name(name: str) -> list[str]:
    return [f"may not be '{name}'"] if name in (".", "..") else is_path_segment_prefix(name)


def is_path_segment_prefix(name: str) -> list[str]:
    return [f"may not contain '{part}'" for part in "/%" if part in name]


def _mask_trailing_dash(name: str) -> str:
    """A generateName may end in a dash that the suffix makes harmless; as upstream, the character before it is lost too."""
    return name[:-2] + "a" if len(name) > 1 and name.endswith("-") else name


def name_is_dns_subdomain(name: str, prefix: bool = False) -> list[str]:
    return is_dns1123_subdomain(_mask_trailing_dash(name) if prefix else name)


def name_is_dns_label(name: str, prefix: bool = False) -> list[str]:
    return is_dns1123_label(_mask_trailing_dash(name) if prefix else name)


def name_is_dns1035_label(name: str, prefix: bool = False) -> list[str]:
    return is_dns1035_label(_mask_trailing_dash(name) if prefix else name)


def name_is_path_segment(name: str, prefix: bool = False) -> list[str]:
    """Names of RBAC objects and others that only need to survive in a URL (apimachinery api/validation/path: ValidatePathSegmentName)."""
    return is_path_segment_prefix(name) if prefix else is_path_segment_name(name)


def generate_name(base: str, identity: Identity) -> str:
    """A name from generateName: at most 58 bytes of base and five random characters (apiserver storage/names)."""
    return base.encode()[:58].decode("utf-8", "replace") + identity.suffix()
