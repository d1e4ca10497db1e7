"""RuntimeClass (upstream: pkg/registry/node/runtimeclass, pkg/apis/node/validation)."""

from __future__ import annotations

from collections.abc import Sequence

from kcompat.apimachinery.field import FieldError, Path, duplicate, required
from kcompat.apimachinery.validation import validate_labels
from kcompat.registry.declare import Tree
from kcompat.registry.rules.declarative import immutable, short_name
from kcompat.registry.rules.node_labels import DEPRECATED
from kcompat.registry.rules.plain import PlainRules
from kcompat.registry.rules.pod.go_form import go_form
from kcompat.registry.rules.pod.options import NEW_TEMPLATE
from kcompat.registry.rules.pod.resources import container_requirements
from kcompat.registry.rules.pod.scheduling import tolerations

_HANDLER, _OVERHEAD = Path("handler"), Path("overhead")
_SELECTOR, _TOLERATIONS = Path("scheduling", "nodeSelector"), Path("scheduling", "tolerations")


def _handler(obj: Tree) -> list[FieldError]:
    """Declarative rules upstream, therefore after all others."""
    handler = obj.get("handler", "")
    return short_name(handler, _HANDLER) if handler else [required(_HANDLER)]


def _doubles(items: Sequence[Tree]) -> list[FieldError]:
    keys = [[item.get(name, "") for name in ("key", "operator", "value", "effect")] for item in items]
    doubles = (index for index, key in enumerate(keys) if key in keys[:index])
    return [duplicate(_TOLERATIONS.index(index), go_form(items[index], "core/v1.Toleration")) for index in doubles]


class RuntimeClassRules(PlainRules):
    allow_create_on_update = True
    allow_unconditional_update = False

    def validate(self, obj: Tree) -> list[FieldError]:
        overhead, scheduling = obj.get("overhead") or {}, obj.get("scheduling") or {}
        errors = [*container_requirements({"limits": overhead.get("podFixed") or {}}, (), _OVERHEAD, NEW_TEMPLATE)]
        errors += validate_labels(scheduling.get("nodeSelector") or {}, _SELECTOR)
        tolerated = scheduling.get("tolerations") or ()
        return errors + tolerations(tolerated, _TOLERATIONS) + _doubles(tolerated) + _handler(obj)

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        others = [error for error in self.validate(new) if error.field != "handler"]
        return others + immutable(new.get("handler"), old.get("handler"), _HANDLER) + _handler(new)

    def warnings(self, new: Tree, old: Tree | None) -> Sequence[str]:
        labels = (new.get("scheduling") or {}).get("nodeSelector") or ()
        return [f"{_SELECTOR}: {DEPRECATED[label]}" for label in labels if label in DEPRECATED]
