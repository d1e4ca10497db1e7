"""APIs turned off, and what cannot be."""

from __future__ import annotations

import pytest

from kcompat.registry.catalog import default_catalog
from kcompat.registry.runtime_config import apply


def test_versions_and_resources_are_gone() -> None:
    catalog = default_catalog()
    apply(catalog, ("autoscaling/v1=false", "batch/v1/cronjobs=false", "v1/podtemplates=false", "apps/v1", "api/beta=false", "api/ga=true"))
    assert catalog.versions("autoscaling") == ("v2",)
    assert catalog.get("batch", "v1", "cronjobs") is None and catalog.get("batch", "v1", "jobs") is not None
    assert catalog.get("", "v1", "podtemplates") is None
    assert catalog.get("apps", "v1", "deployments") is not None


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("nope/v1=false", "unknown api groups nope"), ("apps/v7=true", "group version apps/v7 that has not been registered"),
        ("v2", "runtime-config invalid key v2"), ("a/b/c/d=true", "runtime-config invalid key a/b/c/d"), ("api/beta=maybe", "invalid value api/beta=maybe"),
        ("apps/v1=maybe", "invalid value of apps/v1: maybe, err:"), ("api/beta=true", "not supported"), ("v1=false", "the server itself needs it"),
        ("apps/v1/Deployments=false", "resource is always lowercase plural"),
    ],
)  # fmt: skip
def test_mistakes(entry: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        apply(default_catalog(), (entry,))
