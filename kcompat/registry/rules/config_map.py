"""ConfigMap (upstream: pkg/apis/core/validation: ValidateConfigMap, pkg/registry/core/configmap)."""

from __future__ import annotations

from collections.abc import Iterable

from kcompat.apimachinery.field import FieldError, Path, invalid, too_long
from kcompat.apimachinery.names import byte_length, is_config_map_key
from kcompat.registry.declare import Rules, Tree
from kcompat.registry.rules.immutability import frozen

_NAMELESS = Path("[]")
MAX_SIZE = 1024 * 1024
"""Bytes of all values of a ConfigMap or Secret together (core.MaxSecretSize)."""


def decoded_size(base64: str) -> int:
    """Length of what base64 text stands for."""
    return len(base64) * 3 // 4 - base64.count("=", -2)


def validate_keys(keys: Iterable[str], path: Path) -> list[FieldError]:
    """Keys of a ConfigMap or Secret: they become file names."""
    return [invalid(path.key(key), key, message) for key in keys for message in is_config_map_key(key)]


class ConfigMapRules(Rules):
    def prepare_for_create(self, obj: Tree) -> None:
        """There is no status to drop."""

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        """There is no status to keep."""

    def validate(self, obj: Tree) -> list[FieldError]:
        data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
        errors = validate_keys(data, Path("data"))
        errors += [invalid(Path("data").key(key), key, "duplicate of key present in binaryData") for key in data.keys() & binary.keys()]
        errors += validate_keys(binary, Path("binaryData"))
        if sum(map(byte_length, data.values())) + sum(map(decoded_size, binary.values())) > MAX_SIZE:
            errors.append(too_long(_NAMELESS, MAX_SIZE))
        return errors

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        return frozen(new, old, "data", "binaryData") + self.validate(new)
