"""Formats of names and keys."""

import random

import pytest

from kcompat.apimachinery import names
from kcompat.apimachinery.clock import Identity

A63, A64, A253 = "a" * 63, "a" * 64, "a" * 253


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (names.is_dns1123_label, ["a", "1-2", A63], ["", "-a", "a-", "A", "a.b", A64, "a_b", "a\n"]),
        (names.is_dns1123_subdomain, ["a.b", A253, "1"], ["", "a..b", ".a", "a" * 254, "A"]),
        (names.is_dns1035_label, ["a1"], ["1a", "", A64]),
        (names.is_label_key, ["a", "A_b.c", "a.b/C"], ["", "/a", "a/", "a/b/c", "A.b/c", A64, "-"]),
        (names.is_prefixed_label_key, ["a.b/c"], ["a"]),
        (names.is_label_value, ["", "A.b_c", A63], ["-", "a b", A64, "é"]),
        (names.is_c_identifier, ["_a1"], ["1", "a-b", ""]),
        (names.is_env_var_name, ["A.b-c"], ["1a", "a=b", "..", "..a", "."]),
        (names.is_relaxed_env_var_name, ["1 a#"], ["", "a=b", "é", "\n"]),
        (names.is_config_map_key, ["a.b", ".a"], ["", ".", "..", "..a", "a/b", "a" * 254]),
        (names.is_valid_port_name, ["http", "a-1"], ["", "1", "a--b", "-a", "A", "a" * 16]),
        (names.is_valid_percent, ["5%"], ["5", "%", "-5%"]),
        (names.is_http_header_name, ["X-A"], ["", "a b"]),
        (names.is_wildcard_dns1123_subdomain, ["*.a.b"], ["a.b", "*", "*.*.b"]),
        (names.is_path_segment_name, ["a b"], [".", "..", "a/b", "a%b"]),
    ],
)
def test_what_is_let_through(check: names.NameFunction, good: list[str], bad: list[str]) -> None:
    assert [value for value in good if check(value)] == []  # type: ignore[call-arg]
    assert [value for value in bad if not check(value)] == []  # type: ignore[call-arg]


def test_texts() -> None:
    assert names.is_dns1123_label("a.b") == ["must not contain dots"]
    assert names.is_dns1123_label(A64) == ["must be no more than 63 characters"]
    assert names.is_label_value(A64) == ["must be no more than 63 bytes"]
    assert names.is_path_segment_name("/%") == ["may not contain '/'", "may not contain '%'"]
    assert names.is_path_segment_name("..") == ["may not be '..'"]
    assert names.is_valid_port_number(0) == ["must be between 1 and 65535, inclusive"]
    assert names.is_valid_percent("x") == [
        "a valid percent string must be a numeric string followed by an ending '%' "
        "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
    ]


def test_a_prefix_may_end_in_a_dash() -> None:
    assert names.name_is_dns_label("web-", True) == []
    assert names.name_is_dns_label("web-", False) != []
    assert names.name_is_dns_subdomain("-", True) != []


def test_generated_names_fit() -> None:
    name = names.generate_name("x" * 100, Identity(random.Random(1)))
    assert len(name) == 63
    assert name.startswith("x" * 58)


def test_bad_names_take_linear_time() -> None:
    assert names.is_dns1123_subdomain("a." * 100_000 + "!")
    assert names.is_label_key("a-" * 100_000)
