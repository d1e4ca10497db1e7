"""Secret (upstream: pkg/apis/core/validation: ValidateSecret, pkg/registry/core/secret)."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence

from kcompat.apimachinery import json_strict, meta
from kcompat.apimachinery.field import FieldError, Path, invalid, required, too_long
from kcompat.apimachinery.json_strict import JSONError
from kcompat.apimachinery.validation import immutable
from kcompat.registry.declare import Rules, Tree
from kcompat.registry.rules.config_map import MAX_SIZE, decoded_size, validate_keys
from kcompat.registry.rules.immutability import frozen

OPAQUE = "Opaque"
SERVICE_ACCOUNT_TOKEN = "kubernetes.io/service-account-token"
SERVICE_ACCOUNT_NAME = "kubernetes.io/service-account.name"
TLS = "kubernetes.io/tls"
_REQUIRED = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    TLS: ("tls.crt", "tls.key"),
}
_DOCKER = ("kubernetes.io/dockercfg", "kubernetes.io/dockerconfigjson")
_DATA = Path("data")


def _missing(kind: str, data: Tree) -> Iterable[str]:
    """Keys that a secret of this type must have and lacks."""
    if kind == "kubernetes.io/basic-auth":
        keys = ("username", "password")
        return () if any(key in data for key in keys) else keys
    empty_counts = kind == "kubernetes.io/ssh-auth"
    return [key for key in _REQUIRED.get(kind, ()) if key not in data or (empty_counts and not data[key])]


def _docker_config(base64: str, path: Path) -> list[FieldError]:
    """A docker configuration must be a JSON object."""
    try:
        value, _ = json_strict.loads(b64decode(base64))
    except JSONError as error:
        return [invalid(path, "<secret contents redacted>", str(error))]
    if value is None or isinstance(value, dict):
        return []
    detail = f"json: cannot unmarshal {_GO_NAMES[type(value)]} into Go value of type map[string]interface {{}}"
    return [invalid(path, "<secret contents redacted>", detail)]


_GO_NAMES = {str: "string", list: "array", bool: "bool", int: "number", float: "number"}


class SecretRules(Rules):
    def default(self, obj: Tree) -> None:
        """The plain strings, write-only, become data (core/v1: Convert_v1_Secret_To_core_Secret)."""
        if plain := obj.pop("stringData", None):
            obj["data"] = {**(obj.get("data") or {}), **{key: b64encode(text.encode()).decode() for key, text in plain.items()}}
        if not obj.get("type"):
            obj["type"] = OPAQUE

    def prepare_for_create(self, obj: Tree) -> None:
        """There is no status to drop."""

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        """There is no status to keep."""

    def validate(self, obj: Tree) -> list[FieldError]:
        data, kind = obj.get("data") or {}, obj.get("type", "")
        errors = validate_keys(data, _DATA)
        if sum(map(decoded_size, data.values())) > MAX_SIZE:
            errors.append(too_long(_DATA, MAX_SIZE))
        if kind == SERVICE_ACCOUNT_TOKEN and not meta.annotations(obj).get(SERVICE_ACCOUNT_NAME):
            errors.append(required(Path("metadata", "annotations").key(SERVICE_ACCOUNT_NAME)))
        errors += [required(_DATA.key(key)) for key in _missing(kind, data)]
        if kind in _DOCKER and (key := _REQUIRED[kind][0]) in data:
            errors += _docker_config(data[key], _DATA.key(key))
        return errors

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        errors = immutable(new.get("type", ""), old.get("type", ""), Path("type"))
        return errors + frozen(new, old, "data") + self.validate(new)

    def warnings(self, new: Tree, old: Tree | None) -> Sequence[str]:
        if new.get("type") != TLS:
            return ()
        from kcompat.registry.rules.key_pair import key_pair_error

        data = new.get("data") or {}
        problem = key_pair_error(b64decode(data.get("tls.crt", "")), b64decode(data.get("tls.key", "")))
        return (problem,) if problem else ()
