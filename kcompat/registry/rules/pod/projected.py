"""Projected volumes: several sources in one directory. Called by volumes.

Answers pkg/apis/core/validation/validation.go:validateProjectedVolumeSource and names.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from kcompat.apimachinery import field
from kcompat.apimachinery.field import FieldError, Path
from kcompat.apimachinery.validation import validate_label_selector
from kcompat.registry.declare import Tree
from kcompat.registry.rules.pod.checks import file_mode, invalid_each, local_path, required, user_id
from kcompat.registry.rules.pod.go_form import go_form
from kcompat.registry.rules.pod.options import Options
from kcompat.registry.rules.signer_name import bundle_name_messages, is_kubernetes_signer, signer_name, user_annotations

ItemRule = Callable[[Tree, Path], list[FieldError]]
_KEY_TYPES: Final = ("RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519")
_MIN_TOKEN_SECONDS: Final = 600
_HOUR: Final = 3600
_MAX_CERTIFICATE_SECONDS: Final = 91 * 24 * _HOUR
_MAX_KUBERNETES_CERTIFICATE_SECONDS: Final = 24 * _HOUR


class _Paths:
    """The files of all sources; no two have one path."""

    def __init__(self, at: Path) -> None:
        self.at = at
        self.seen: set[str] = set()

    def add(self, path: str, shown: str | None = None) -> Iterable[FieldError]:
        """An error if there is such a file. It stands at the volume and shows `shown`, by default the path."""
        if path in self.seen:
            return [field.invalid(self.at, path if shown is None else shown, "conflicting duplicate paths")]
        self.seen.add(path)
        return ()


def projected(source: Tree, at: Path, options: Options, key_to_path: ItemRule, downward_file: ItemRule) -> list[FieldError]:
    """validateProjectedVolumeSource. The rules of single files come from volumes."""
    errors = [*file_mode(source, "defaultMode", at), *user_id(source, "defaultUser", at)]
    paths = _Paths(at)
    sources = at.child("sources")
    for index, projection in enumerate(source.get("sources") or ()):
        here = sources.index(index)
        found = [name for name in _ORDER if projection.get(name) is not None]
        for name in found:
            errors += _projection(name, projection[name], here.child(name), paths, options, key_to_path, downward_file)
        if len(found) > 1:
            errors.append(field.forbidden(here, "may not specify more than 1 volume type per source"))
    return errors


_ORDER: Final = ("secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate")


def _projection(
    kind: str, source: Tree, at: Path, paths: _Paths, options: Options, key_to_path: ItemRule, downward_file: ItemRule
) -> list[FieldError]:
    if kind in ("secret", "configMap"):
        return _keys(source, at, paths, key_to_path)
    if kind == "downwardAPI":
        return _downward(source, at, paths, downward_file)
    if kind == "serviceAccountToken":
        return _token(source, at, paths.at, options)
    return _trust_bundle(source, at, paths) if kind == "clusterTrustBundle" else _certificate(source, at, paths)


def _keys(source: Tree, at: Path, paths: _Paths, key_to_path: ItemRule) -> list[FieldError]:
    errors = required(source, at, "name")
    for index, item in enumerate(source.get("items") or ()):
        errors += key_to_path(item, at.child("items").index(index))
        if path := item.get("path"):
            errors += paths.add(path, source.get("name") or "")
    return errors


def _downward(source: Tree, at: Path, paths: _Paths, downward_file: ItemRule) -> list[FieldError]:
    errors: list[FieldError] = []
    for item in source.get("items") or ():
        errors += downward_file(item, at)
        if path := item.get("path"):
            errors += paths.add(path)
    return errors


def _token(source: Tree, at: Path, volume: Path, options: Options) -> list[FieldError]:
    errors: list[FieldError] = []
    seconds, path = source.get("expirationSeconds"), source.get("path") or ""
    if seconds is None:
        errors.append(field.required(at.child("expirationSeconds")))
    elif not _MIN_TOKEN_SECONDS <= seconds <= 2**32:
        detail = "less than 10 minutes" if seconds < _MIN_TOKEN_SECONDS else "larger than 2^32 seconds"
        errors.append(field.invalid(at.child("expirationSeconds"), seconds, f"may not specify a duration {detail}"))
    if not path:
        errors.append(field.required(volume.child("path")))
    elif not options.allow_non_local_token_path:
        errors += local_path(path, volume, "path")
    return [*errors, *user_id(source, "user", at)]


def _trust_bundle(source: Tree, at: Path, paths: _Paths) -> list[FieldError]:
    name, signer, path = source.get("name"), source.get("signerName"), source.get("path") or ""
    errors: list[FieldError] = []
    if name is not None and signer is not None:
        shown = go_form(source, "core/v1.ClusterTrustBundleProjection")
        errors.append(field.invalid(at, shown, "only one of name and signerName may be used"))
    elif name is not None:
        errors += _named_bundle(name, source, at)
    elif signer is not None:
        errors += [] if signer else [field.required(at.child("signerName"), "must be a valid signer name")]
        errors += signer_name(signer, at.child("signerName"))
        errors += validate_label_selector(source.get("labelSelector"), at.child("labelSelector"))
    else:
        errors.append(field.required(at, "either name or signerName must be specified"))
    if not path:
        errors.append(field.required(at.child("path")))
    return [*errors, *user_id(source, "user", at), *local_path(path, at, "path"), *paths.add(path)]


def _named_bundle(name: str, source: Tree, at: Path) -> list[FieldError]:
    here = at.child("name")
    errors = [] if name else [field.required(here, "must be a valid object name")]
    messages = bundle_name_messages(name, name.rpartition(":")[0].replace(":", "/") if ":" in name else "")
    errors += invalid_each(here, name, [f"not a valid clustertrustbundlename: {message}" for message in messages])
    if (selector := source.get("labelSelector")) is not None:
        errors.append(field.invalid(at.child("labelSelector"), selector, "labelSelector must be unset if name is specified"))
    return errors





def _certificate(source: Tree, at: Path, paths: _Paths) -> list[FieldError]:
    signer, kind, seconds = source.get("signerName") or "", source.get("keyType") or "", source.get("maxExpirationSeconds")
    errors = signer_name(signer, at.child("signerName"))
    errors += user_annotations(source.get("userAnnotations") or {}, at.child("userAnnotations"))
    errors += user_id(source, "user", at)
    if kind not in _KEY_TYPES:
        errors.append(field.not_supported(at.child("keyType"), kind, _KEY_TYPES))
    if seconds is not None:
        errors += _expiration(seconds, signer, at.child("maxExpirationSeconds"))
    members = [name for name in ("credentialBundlePath", "keyPath", "certificateChainPath") if source.get(name)]
    for name in members:
        errors += [*local_path(source[name], at, name), *paths.add(source[name])]
    if not members:
        errors.append(field.required(at, "specify at least one of credentialBundlePath, keyPath, and certificateChainPath"))
    return errors



def _expiration(seconds: int, signer: str, at: Path) -> list[FieldError]:
    limit = _MAX_KUBERNETES_CERTIFICATE_SECONDS if is_kubernetes_signer(signer) else _MAX_CERTIFICATE_SECONDS
    errors = [field.invalid(at, seconds, f"if provided, maxExpirationSeconds must be >= {_HOUR}")] if seconds < _HOUR else []
    if seconds > limit:
        errors.append(field.invalid(at, seconds, f"if provided, maxExpirationSeconds must be <= {limit}"))
    return errors
