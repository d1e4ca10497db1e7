"""Integers in annotations that upstream has fields for."""

from __future__ import annotations

from typing import Any

import pytest

from kcompat.apimachinery.errors import StatusError
from kcompat.registry.catalog import default_catalog
from kcompat.registry.rules.converted_annotation import NoIntegerError, parse, put


@pytest.mark.parametrize(("text", "value"), [("7", 7), ("+007", 7), ("-3", -3), (str(2**63 - 1), 2**63 - 1), ("0" * 5000 + "1", 1)])
def test_integers_as_go_reads_them(text: str, value: int) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(("text", "why"), [("", "invalid syntax"), (" 3", "invalid syntax"), ("1" * 5000, "value out of range"), (str(2**63), "value out of range")])
def test_what_go_refuses(text: str, why: str) -> None:
    with pytest.raises(NoIntegerError, match=why):
        parse(text)


def test_the_last_annotation_goes_with_the_map() -> None:
    obj: dict[str, Any] = {"metadata": {"name": "a", "annotations": {"x": "1"}}}
    put(obj, "x", None)
    assert obj == {"metadata": {"name": "a"}}


def test_an_unreadable_generation_cannot_be_decoded() -> None:
    daemon_sets = default_catalog().get("apps", "v1", "daemonsets")
    assert daemon_sets is not None
    with pytest.raises(StatusError) as refused:
        daemon_sets.rules.default({"metadata": {"annotations": {"deprecated.daemonset.template.generation": "x"}}, "spec": {}})
    assert refused.value.message == 'DaemonSet in version "v1" cannot be handled as a DaemonSet: strconv.ParseInt: parsing "x": invalid syntax'
