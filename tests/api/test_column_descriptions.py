"""Columns are described by the fields they show."""

import pytest

from kcompat.api import column_descriptions
from kcompat.api.column_descriptions import column_description
from kcompat.api.openapi.schemas import descriptions
from kcompat.apimachinery.schema import facts
from kcompat.apimachinery.schema.types import named

NO_FIELD = "meta/v1.ObjectMeta.handler"  # upstream asks the wrong type, and gets nothing
METADATA = descriptions()["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"]["properties"]


@pytest.mark.parametrize("kind, column", [("Pod", "Name"), ("Widget", "Name"), ("", "Name")])
def test_names_are_described_everywhere(kind: str, column: str) -> None:
    assert column_description(kind, column) == METADATA["name"]["description"]


def test_a_column_says_what_its_field_says() -> None:
    assert column_description("HorizontalPodAutoscaler", "MinPods").startswith("minReplicas")
    assert column_description("IngressClass", "Nope") == ""


def test_every_reference_is_to_a_field() -> None:
    for field in {field for columns in facts.columns().values() for field in columns.values()}:
        type, _, member = field.rpartition(".")
        assert member in named(type).fields or field == NO_FIELD, field


def test_without_the_documentation_columns_say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    column_descriptions._texts.cache_clear()
    monkeypatch.setattr("kcompat.api.openapi.schemas.descriptions", dict)
    try:
        assert column_description("Pod", "Name") == ""
    finally:
        column_descriptions._texts.cache_clear()
