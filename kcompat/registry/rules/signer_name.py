"""Signers, `example.com/signer`, and what else is named for certificates (pkg/apis/core/validation/names.go).

Called by the rules of certificates.k8s.io and of projected volumes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from kcompat.apimachinery import names
from kcompat.apimachinery.field import FieldError, Path, invalid, required, too_long
from kcompat.apimachinery.quote import quote
from kcompat.apimachinery.validation import MAX_ANNOTATIONS_SIZE
from kcompat.registry.rules.fields import label_key

_FORM: Final = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
_MAX_DOMAIN: Final = 253
_MAX_NAME: Final = 253 + 1 + 63 + 1 + 253


def is_kubernetes_signer(name: str) -> bool:
    domain = name.partition("/")[0]
    return domain == "kubernetes.io" or domain.endswith(".kubernetes.io")


def signer_name(name: str, path: Path) -> list[FieldError]:
    """A domain and a path (ValidateSignerName)."""
    if not name:
        return [required(path)]
    if name.count("/") != 1:
        return [invalid(path, name, _FORM)]
    domain, _, rest = name.partition("/")
    errors = [too_long(path, _MAX_DOMAIN)] if names.byte_length(domain) > _MAX_DOMAIN else []
    errors += _segments(domain, path, names.is_dns1123_label)
    if "." not in domain:
        errors.append(invalid(path, domain, "should be a domain with at least two segments separated by dots"))
    errors += _segments(rest, path, names.is_dns1123_subdomain)
    return errors + ([too_long(path, _MAX_NAME)] if names.byte_length(name) > _MAX_NAME else [])


def _segments(text: str, path: Path, rule: Callable[[str], list[str]]) -> list[FieldError]:
    """The errors of the first part between dots that has any."""
    for part in text.split("."):
        if messages := rule(part):
            return [invalid(path, text, f"validating label {quote(part)}: {message}") for message in messages]
    return []


def bundle_name_messages(name: str, signer: str, is_prefix: bool = False) -> list[str]:
    """What is wrong with the name (or its beginning) of a ClusterTrustBundle of this signer, "" for none (ValidateClusterTrustBundleName)."""
    if not signer:
        if ":" in name:
            return ['ClusterTrustBundle without signer name must not have ":" in its name']
        return names.name_is_dns_subdomain(name, is_prefix)
    prefix = signer.replace("/", ":") + ":"
    if not name.startswith(prefix):
        return [f"ClusterTrustBundle for signerName {signer} must be named with prefix {prefix}"]
    return names.name_is_dns_subdomain(name.removeprefix(prefix), is_prefix)


def user_annotations(annotations: Mapping[str, str], path: Path) -> list[FieldError]:
    """ValidateUserAnnotations: keys have a domain."""
    errors: list[FieldError] = []
    for key in map(str.lower, annotations):
        found = label_key(key, path) if key else [required(path)]
        if not found and "/" not in key:
            found = [invalid(path, key, 'must be a domain-prefixed key (such as "acme.io/foo")')]
        errors += found
    size = sum(names.byte_length(key) + names.byte_length(value) for key, value in annotations.items())
    return [*errors, too_long(path, MAX_ANNOTATIONS_SIZE)] if size > MAX_ANNOTATIONS_SIZE else errors
