"""DeviceClass and DeviceTaintRule (upstream: pkg/registry/resource, pkg/apis/resource/validation)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import Clock, SystemClock, rfc3339
from kcompat.apimachinery.field import FieldError, Path, invalid, too_many
from kcompat.apimachinery.names import is_label_key
from kcompat.apimachinery.validation import validate_conditions
from kcompat.registry.declare import Tree
from kcompat.registry.rules.declarative import long_name
from kcompat.registry.rules.device_claim import MAX_ITEMS, config_errors, selector_errors
from kcompat.registry.rules.device_names import Found, driver_name, pool_name, taint
from kcompat.registry.rules.fields import dns_label
from kcompat.registry.rules.plain import PlainRules, StatusRules

_SPEC, _CONDITIONS = Path("spec"), Path("status", "conditions")
_MAX_CONDITIONS: Final = 8


def _extended(name: str, path: Path) -> list[FieldError]:
    """The name of an extended resource: a declarative check."""
    errors: list[FieldError] = []
    if "/" not in name:
        errors.append(invalid(path, name, "a name must be a domain-prefixed path, such as 'example.com/my-prop'"))
    elif "kubernetes.io/" in name:
        errors.append(invalid(path, name, 'must not have "kubernetes.io/" domain'))
    if name.startswith("requests."):
        errors.append(invalid(path, name, 'must not have "requests." prefix'))
    return errors + [invalid(path, name, message) for message in is_label_key(f"requests.{name}")]


class DeviceClassRules(PlainRules):
    has_generation = True

    def validate_name(self, name: str, prefix: bool) -> Sequence[str]:
        """A declarative check upstream, therefore with the rest."""
        return ()

    def validate(self, obj: Tree) -> list[FieldError]:
        return self._validate(obj, None)

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        return self._validate(new, old["spec"])

    def _validate(self, obj: Tree, old: Tree | None) -> list[FieldError]:
        spec, found = obj["spec"], Found()
        if name := meta.name(obj):
            found.declared += long_name(name, Path("metadata", "name"))
        selectors, config = spec.get("selectors"), spec.get("config")
        known = old is not None and selectors == old.get("selectors")
        selector_errors(selectors, _SPEC.child("selectors"), found, known=known)
        known = old is not None and config == old.get("config")
        found.each(config, _SPEC.child("config"), MAX_ITEMS, lambda item, path: config_errors(item, path, found, known=known))
        if (name := spec.get("extendedResourceName")) is not None:
            found.declared += _extended(name, _SPEC.child("extendedResourceName"))
        return found.all()


class DeviceTaintRuleRules(StatusRules):
    """The clock says when a taint was added."""

    allow_unconditional_update = False
    has_generation = True

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock: Clock = clock or SystemClock()

    def default(self, obj: Tree) -> None:
        value = obj["spec"]["taint"]
        if value.get("timeAdded") is None:
            value["timeAdded"] = rfc3339(self.clock.now())

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        super().prepare_for_update(new, old)
        value, before = new["spec"]["taint"], old["spec"]["taint"]
        if value.get("effect") != before.get("effect") and value.get("timeAdded") == before.get("timeAdded"):
            value["timeAdded"] = rfc3339(self.clock.now())

    def validate(self, obj: Tree) -> list[FieldError]:
        return self._validate(obj["spec"], None)

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        return self._validate(new["spec"], old["spec"]["taint"])

    def _validate(self, spec: Tree, old: Tree | None) -> list[FieldError]:
        selector, path, found = spec.get("deviceSelector") or {}, _SPEC.child("deviceSelector"), Found()
        for name, check in (("driver", driver_name), ("pool", pool_name), ("device", dns_label)):
            if selector.get(name) is not None:
                found.plain += check(selector[name], path.child(name))
        taint(spec["taint"], old, _SPEC.child("taint"), found)
        return found.all()

    def validate_status_update(self, new: Tree, old: Tree) -> list[FieldError]:
        conditions = meta.conditions(new)
        errors = validate_conditions(conditions, _CONDITIONS)
        many = len(conditions) > _MAX_CONDITIONS
        return [*errors, too_many(_CONDITIONS, len(conditions), _MAX_CONDITIONS)] if many else errors
