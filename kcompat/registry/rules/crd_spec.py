"""Specs of CustomResourceDefinitions: names, versions, columns, scale, conversion (apiextensions-apiserver's validation).

All functions take the internal form (crd_internal). Pure. Called by the rules of CustomResourceDefinitions.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from kcompat.apimachinery.field import FieldError, Path, Raw, duplicate, forbidden, invalid, not_supported, required, too_many
from kcompat.apimachinery.names import byte_length, is_dns1035_label, is_dns1123_subdomain
from kcompat.registry.declare import Tree
from kcompat.registry.rules.crd_internal import root_schemas, shown_versions
from kcompat.registry.rules.crd_paths import resolve
from kcompat.registry.rules.crd_schema import NEW, Strictness, validation_errors
from kcompat.registry.rules.webhook_client import is_bundle, service_errors, url_errors

_SPEC: Final = Path("spec")
_COLUMN_TYPES: Final = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS: Final = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
_SCALE: Final = {"specReplicasPath": (".spec.",), "statusReplicasPath": (".status.",), "labelSelectorPath": (".spec.", ".status.")}
_REVIEWS: Final = ("v1", "v1beta1")
_MAX_SELECTABLE: Final = 8
_MIXED_CASE: Final = "may have mixed case, but should otherwise match: "
_SCALAR_FIELD: Final = "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."


@dataclass(frozen=True, slots=True)
class Allowances:
    """What an old object has wrong already, beyond its schemas."""

    strict: Strictness = NEW
    any_review_version: bool = False
    any_bundle: bool = True
    selectable: frozenset[str] = frozenset()
    """Versions with too many selectable fields, "" for the top."""


def _label(value: str, path: Path, intro: str = "") -> list[FieldError]:
    problems = is_dns1035_label(value.lower() if intro else value)
    return [invalid(path, value, intro + ",".join(problems))] if value and problems else []


def names_errors(names: Tree, path: Path) -> list[FieldError]:
    """ValidateCustomResourceDefinitionNames."""
    kind, list_kind = names.get("kind", ""), names.get("listKind", "")
    errors = [error for name in ("plural", "singular") for error in _label(names.get(name, ""), path.child(name))]
    errors += _label(kind, path.child("kind"), _MIXED_CASE) + _label(list_kind, path.child("listKind"), _MIXED_CASE)
    for member in ("shortNames", "categories"):
        if member == "categories" and kind and kind == list_kind:
            errors.append(invalid(path.child("listKind"), list_kind, "kind and listKind may not be the same"))
        for index, value in enumerate(names.get(member) or ()):
            if problems := is_dns1035_label(value):
                errors.append(invalid(path.child(member).index(index), value, ",".join(problems)))
    return errors


def _column(column: Tree, path: Path) -> list[FieldError]:
    name, kind, form, source = (column.get(member, "") for member in ("name", "type", "format", "jsonPath"))
    errors = [] if name else [required(path.child("name"))]
    if kind not in _COLUMN_TYPES:
        detail = f"must be one of {','.join(_COLUMN_TYPES)}"
        errors.append(invalid(path.child("type"), kind, detail) if kind else required(path.child("type"), detail))
    if form and form not in _COLUMN_FORMATS:
        errors.append(invalid(path.child("format"), form, f"must be one of {','.join(_COLUMN_FORMATS)}"))
    at = path.child("JSONPath")
    return errors + (_simple_path(source, at) if source else [required(at)])


def _columns(columns: Sequence[Tree] | None, path: Path) -> list[FieldError]:
    return [error for index, column in enumerate(columns or ()) for error in _column(column, path.index(index))]


def _simple_path(text: str, path: Path) -> list[FieldError]:
    return [] if text.startswith(".") else [invalid(path, text, "must be a simple json path starting with .")]


def _subresources(subresources: Tree | None, path: Path) -> list[FieldError]:
    scale = (subresources or {}).get("scale")
    if scale is None:
        return []
    errors: list[FieldError] = []
    for name, roots in _SCALE.items():
        text, at = scale.get(name) or "", path.child(f"scale.{name}")
        if not text:
            errors += [] if name == "labelSelectorPath" else [required(at)]
        elif wrong := _simple_path(text, at):
            errors += wrong
        elif not text.startswith(roots):
            under = "either .spec or .status" if len(roots) > 1 else roots[0].rstrip(".")
            errors.append(invalid(at, text, f"should be a json path under {under}"))
    return errors


def _selectable(fields: Sequence[Tree], schema: Tree, path: Path, *, any_number: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, item in enumerate(fields):
        text, at = item.get("jsonPath", ""), path.index(index).child("jsonPath")
        found = resolve(text, schema, brackets=False)
        if not text or isinstance(found, str):
            errors.append(invalid(at, text, f"is an invalid path: {found}") if text else required(at))
            continue
        place, target = str(found[0]), found[1] or {}
        if place.split(".", maxsplit=1)[0] == "metadata":
            errors.append(invalid(at, text, "must not point to fields in metadata"))
        if target.get("type") not in ("string", "boolean", "integer"):
            errors.append(invalid(at, text, _SCALAR_FIELD))
        errors += [duplicate(at, text)] if place in seen else []
        seen.add(place)
    many = len(seen) > _MAX_SELECTABLE and not any_number
    return [*errors, too_many(path, len(seen), _MAX_SELECTABLE)] if many else errors


def _deprecation(version: Tree, path: Path) -> list[FieldError]:
    text, at = version.get("deprecationWarning"), path.child("deprecationWarning")
    if text is None:
        return []
    if not version.get("deprecated"):
        return [invalid(at, text, "can only be set for deprecated versions")]
    problems = ["must be <= 256 characters long"] if byte_length(text) > 256 else []
    problems += [] if text else ["must not be an empty string"]
    if (odd := next((index for index, char in enumerate(text) if not char.isprintable()), None)) is not None:
        place = byte_length(text[:odd])
        problems.append(f"must only contain printable UTF-8 characters; non-printable character found at index {place}")
    shown = Raw(orjson.dumps(text).decode())
    return [invalid(at, shown, problem) for problem in problems]


def _version(version: Tree, has_status: bool, allowed: Allowances, path: Path) -> list[FieldError]:
    errors = _deprecation(version, path) + validation_errors(version.get("schema"), has_status, allowed.strict, path.child("schema"))
    errors += _subresources(version.get("subresources"), path.child("subresources"))
    errors += _columns(version.get("additionalPrinterColumns"), path.child("additionalPrinterColumns"))
    fields, at = version.get("selectableFields"), path.child("selectableFields")
    if not fields:
        return errors
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    if schema is None:
        return [*errors, invalid(at, "", "may only be set when `version.schema.openAPIV3Schema` is not included")]
    return errors + _selectable(fields, schema, at, any_number=version["name"] in allowed.selectable)


def _versions(spec: Tree, allowed: Allowances) -> list[FieldError]:
    versions, path = spec["versions"], _SPEC.child("versions")
    names, errors = [version["name"] for version in versions], list[FieldError]()
    own = any(version.get("subresources") is not None for version in versions)
    for index, version in enumerate(versions):
        at, name = path.index(index), version["name"]
        if problems := is_dns1035_label(name):
            errors.append(invalid(at.child("name"), name, ",".join(problems)))
        has_status = ((version if own else spec).get("subresources") or {}).get("status") is not None
        errors += _version(version, has_status, allowed, at)
    if len(set(names)) < len(names):
        errors.append(invalid(path, shown_versions(versions), "must contain unique version names"))
    if sum(version["storage"] for version in versions) != 1:
        errors.append(invalid(path, shown_versions(versions), "must have exactly one version marked as storage version"))
    if spec["version"] and (problems := is_dns1035_label(spec["version"])):
        errors.append(invalid(_SPEC.child("version"), spec["version"], ",".join(problems)))
    return errors


def _group(group: str) -> list[FieldError]:
    path = _SPEC.child("group")
    if not group:
        return [required(path)]
    if problems := is_dns1123_subdomain(group):
        return [invalid(path, group, ",".join(problems))]
    return [] if "." in group else [invalid(path, group, "should be a domain with at least one dot")]


def _missing_schemas(spec: Tree, strict: Strictness) -> list[FieldError]:
    if (spec.get("validation") or {}).get("openAPIV3Schema") is not None:
        return []
    bare = [(index, item) for index, item in enumerate(spec["versions"]) if (item.get("schema") or {}).get("openAPIV3Schema") is None]
    paths = [(_SPEC.child("versions").index(index).child("schema", "openAPIV3Schema"), item) for index, item in bare]
    if strict.schema:
        return [required(path) for path, _ in paths]
    served = (path for path, item in paths if item["served"] and not spec.get("preserveUnknownFields"))
    return [required(path, "because otherwise all fields are pruned") for path in served]


def spec_errors(spec: Tree, allowed: Allowances, has_defaults: bool) -> list[FieldError]:
    """validateCustomResourceDefinitionSpec."""
    scope, names, keeps_unknown = spec.get("scope", ""), spec["names"], spec.get("preserveUnknownFields", False)
    errors = _group(spec.get("group", ""))
    if scope not in ("Cluster", "Namespaced"):
        path = _SPEC.child("scope")
        errors.append(not_supported(path, scope, ("Cluster", "Namespaced")) if scope else required(path))
    errors += _missing_schemas(spec, allowed.strict)
    if has_defaults and keeps_unknown:
        errors.append(invalid(_SPEC.child("preserveUnknownFields"), True, "must be false in order to use defaults in the schema"))
    errors += _versions(spec, allowed)
    at = _SPEC.child("names")
    errors += [required(at.child(name)) for name in ("plural", "singular", "kind", "listKind") if not names.get(name)]
    errors += names_errors(names, at) + _hoisted(spec, allowed)
    conversion = spec.get("conversion")
    if conversion is not None and conversion.get("strategy", "") != "None" and keeps_unknown:
        detail = "must be None if spec.preserveUnknownFields is true"
        errors.append(invalid(_SPEC.child("conversion", "strategy"), conversion.get("strategy", ""), detail))
    return errors + _conversion(conversion, allowed)


def _hoisted(spec: Tree, allowed: Allowances) -> list[FieldError]:
    """What all versions share."""
    everywhere = (spec.get("subresources"), *(version.get("subresources") for version in spec["versions"]))
    has_status = any((item or {}).get("status") is not None for item in everywhere)
    errors = validation_errors(spec.get("validation"), has_status, allowed.strict, _SPEC.child("validation"))
    errors += _subresources(spec.get("subresources"), _SPEC.child("subresources"))
    errors += _columns(spec.get("additionalPrinterColumns"), _SPEC.child("additionalPrinterColumns"))
    fields, path = spec.get("selectableFields"), _SPEC.child("selectableFields")
    if not fields:
        return errors
    if spec.get("validation") is None:
        return [*errors, invalid(path, "", "may only be set when validations.schema is included")]
    schema = next(root_schemas(spec), {})
    return errors + _selectable(fields, schema, path, any_number="" in allowed.selectable)


def _conversion(conversion: Tree | None, allowed: Allowances) -> list[FieldError]:
    if conversion is None:
        return []
    strategy, path = conversion.get("strategy", ""), _SPEC.child("conversion")
    webhook = conversion.get("webhook") or {}
    client, reviews = webhook.get("clientConfig"), webhook.get("conversionReviewVersions")
    errors: list[FieldError] = []
    if strategy not in ("None", "Webhook"):
        at = path.child("strategy")
        errors.append(not_supported(at, strategy, ("None", "Webhook")) if strategy else required(at))
    at, versions_at = path.child("webhookClientConfig"), path.child("conversionReviewVersions")
    if strategy != "Webhook":
        detail = "should not be set when strategy is not set to Webhook"
        set_ones = [place for place, value in ((at, client is not None), (versions_at, reviews)) if value]
        return errors + [forbidden(place, detail) for place in set_ones]
    if client is None:
        errors.append(required(at, "required when strategy is set to Webhook"))
    else:
        errors += _client(client, at, allowed)
    return errors + _reviews(reviews or [], versions_at, allowed)


def _client(client: Tree, path: Path, allowed: Allowances) -> list[FieldError]:
    url, service, bundle = client.get("url"), client.get("service"), client.get("caBundle")
    if (url is None) == (service is None):
        errors = [required(path, "exactly one of url or service is required")]
    elif service is not None:  # upstream mixes up its name and its namespace
        crossed = {**service, "name": service.get("namespace"), "namespace": service.get("name")}
        errors = service_errors(crossed, path.child("service"))
    else:
        errors = url_errors(url or "", path.child("url"))
    if bundle and not allowed.any_bundle and not is_bundle(b64decode(bundle)):
        detail = "unable to load root certificates: unable to parse bytes as PEM block"
        errors.append(invalid(path.child("caBundle"), bundle, detail))
    return errors


def _reviews(versions: list[str], path: Path, allowed: Allowances) -> list[FieldError]:
    if not versions:
        return [required(path)]
    errors: list[FieldError] = []
    for index, version in enumerate(versions):
        if version in versions[:index]:
            errors.append(invalid(path.index(index), version, "duplicate version"))
        else:
            errors += [invalid(path.index(index), version, message) for message in is_dns1035_label(version)]
    if not allowed.any_review_version and not set(versions) & set(_REVIEWS):
        errors.append(invalid(path, versions, f"must include at least one of {', '.join(_REVIEWS)}"))
    return errors
