"""Rules that are imported when first used, and the tools that catalogs give them."""

from __future__ import annotations

from kcompat.apimachinery.clock import SystemClock
from kcompat.registry.catalog import declared, default_catalog
from kcompat.registry.declare import Rules
from kcompat.registry.later import equipped, later
from kcompat.registry.rules.api_service import APIServiceRules
from kcompat.registry.rules.config_map import ConfigMapRules


def test_becomes_the_rules_at_the_first_look() -> None:
    rules = later("config_map.ConfigMapRules")
    assert type(rules) is not ConfigMapRules
    assert rules.allow_unconditional_update
    assert type(rules) is ConfigMapRules


def test_every_declared_place_has_rules() -> None:
    for resource in declared():
        assert callable(resource.rules.validate)
        assert isinstance(resource.rules, Rules)


def test_each_catalog_has_its_own_clock() -> None:
    clocks = SystemClock(), SystemClock()
    found = [default_catalog(clock).get("apiregistration.k8s.io", "v1", "apiservices") for clock in clocks]
    for resource, clock in zip(found, clocks, strict=True):
        assert resource is not None
        assert not resource.rules.allow_unconditional_update
        assert isinstance(resource.rules, APIServiceRules)
        assert resource.rules.clock is clock


def test_rules_that_need_nothing_are_shared() -> None:
    rules = later("config_map.ConfigMapRules")
    assert equipped(rules, {"clock": SystemClock()}) is rules
