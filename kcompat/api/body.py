"""Request bodies: bytes in JSON, YAML or protobuf → a typed, canonical tree. Called by the verbs.

Upstream: apiserver endpoints/handlers/create.go and rest.go, apimachinery runtime/serializer/{json,protobuf,codec_factory}.go.
"""

from __future__ import annotations

from typing import Any

from kcompat.api import field_managers, negotiate
from kcompat.api.request import Request, Tree
from kcompat.apimachinery import errors, json_strict, schema
from kcompat.apimachinery.field import FieldError, Path, forbidden, not_supported, required
from kcompat.apimachinery.quote import quote

_UNKNOWN, _DUPLICATE = "unknown field ", "duplicate field "
_YAML_ERRORS = "yaml: unmarshal errors:\n"
STRICT, WARN, IGNORE = "Strict", "Warn", "Ignore"
_MAX_STRICT_ERRORS_SHOWN = 10
_SUMMARY = 30
_TYPE_META = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'


def field_validation(request: Request) -> str:
    """The fieldValidation parameter; Warn when not given."""
    return request.query.get("fieldValidation") or WARN


def validate_write_options(request: Request, kind: str, *, apply: bool = False) -> bool:
    """Checks force, fieldManager, dryRun and fieldValidation; True for a dry run. Raises Invalid.

    `kind` is CreateOptions, UpdateOptions or PatchOptions; `apply`: the patch is an apply configuration.
    """
    query = request.query
    if not query.raw and not apply:
        return False
    manager = query.get("fieldManager")
    found: list[FieldError] = []
    if apply and not manager:
        found.append(required(Path("fieldManager"), "is required for apply patch"))
    if kind == "PatchOptions" and not apply and "force" in query:
        found.append(forbidden(Path("force"), "may not be specified for non-apply patch"))
    found += field_managers.validate_name(manager)
    dry_run = query.all("dryRun")
    if set(dry_run) - {"All"}:
        found.append(not_supported(Path("dryRun"), dry_run, ["All"]))
    directive = query.get("fieldValidation")
    if directive not in ("", STRICT, WARN, IGNORE):
        found.append(not_supported(Path("fieldValidation"), directive, ["", IGNORE, STRICT, WARN]))
    if found:
        raise errors.invalid("meta.k8s.io", kind, "", found)
    return bool(dry_run)


async def read_patch(request: Request, *, apply: bool = False) -> tuple[bytes, bool]:
    """A patch's bytes, and whether it is a dry run: what is too large is refused before its options are. Raises Invalid, RequestEntityTooLarge."""
    data = b"" if request.object is not None else await request.read()
    return data, validate_write_options(request, "PatchOptions", apply=apply)


async def read_object(request: Request, group: str, version: str, kind: str, same: tuple[str, ...] = ()) -> Tree:
    """The body decoded as this kind: pruned, type-checked, canonical. `same`: apiVersions that are accepted for it too, with the same fields.

    Raises BadRequest, UnsupportedMediaType.
    """
    data, duplicates = b"", list[str]()
    if request.object is not None:
        tree: Any = request.object
    else:
        media_type = negotiate.body_type(request.headers.get("Content-Type", ""))
        data = await request.read()
        if same and media_type == negotiate.PROTOBUF:
            data = _of_version(data, same, f"{group}/{version}")
        tree, duplicates = parse(media_type, data, kind, f"{group}/{version}" if group else version)
        if media_type == negotiate.PROTOBUF and (tree["kind"], tree["apiVersion"]) == (kind, f"{group}/{version}" if group else version):
            return dict(tree)  # decoded by the same facts already
    if isinstance(tree, dict) and tree.get("apiVersion") in same:
        tree = {**tree, "apiVersion": f"{group}/{version}"}
    return typed(request, tree, duplicates, group, version, kind, data)


def parse(media_type: str, body: bytes, kind: str, api_version: str = "") -> tuple[Any, list[str]]:
    """Bytes to a tree, and the duplicate fields met. `kind` and `api_version` are what the path implies; "" for options."""
    if media_type == negotiate.PROTOBUF:
        return _parse_protobuf(body, kind, api_version), []
    if media_type == negotiate.YAML:
        return _parse_yaml(body, kind)
    try:
        return json_strict.loads(body)
    except json_strict.JSONError as error:
        raise unrecognized(kind, f"couldn't get version/kind; json parse error: {error}", body) from None


def unrecognized(kind: str, why: str, body: bytes) -> errors.StatusError:
    """A body whose kind cannot even be read (endpoints/handlers/rest.go: transformDecodeError); kind "": options, whose body is not shown."""
    if not kind:
        return errors.bad_request(why)
    return errors.bad_request(f"the object provided is unrecognized (must be of type {kind}): {why} ({_summary(body)})")


def _summary(body: bytes) -> str:
    """The beginning of a body, in hexadecimal unless it could be JSON (summarizeData)."""
    if not body:
        return "<empty>"
    shown = body[:_SUMMARY]
    return (shown.decode("utf-8", "replace") if body[0] == ord("{") else shown.hex()) + (" ..." if len(body) > _SUMMARY else "")


def _parse_yaml(body: bytes, kind: str) -> tuple[Any, list[str]]:
    from kcompat.apimachinery import yaml

    try:
        tree, duplicates = yaml.loads(body)
    except yaml.YAMLError as error:
        raise unrecognized(kind, str(error), body) from None
    return _sorted(tree), duplicates


def _sorted(tree: Any) -> Any:
    """YAML becomes JSON through Go's maps: keys in order, which decides what is complained of first."""
    if isinstance(tree, dict):
        return {name: _sorted(tree[name]) for name in sorted(tree)}
    return [_sorted(item) for item in tree] if isinstance(tree, list) else tree


def _of_version(body: bytes, same: tuple[str, ...], api_version: str) -> bytes:
    """An enveloped object of one of these versions as one of another that has the same fields."""
    from kcompat.apimachinery import protobuf

    try:
        found, kind, message = protobuf.unwrap(body)
    except schema.UnrecognizedError:  # is said when it is read
        return body
    return protobuf.wrap(api_version, kind, message) if found in same else body


def _parse_protobuf(body: bytes, kind: str, implied: str) -> Tree:
    from kcompat.apimachinery import protobuf

    try:
        api_version, found, tree = protobuf.decode(body, (implied, kind))
    except schema.UnrecognizedError as error:
        raise unrecognized(kind, str(error), body) from None
    except schema.DecodeError as error:
        api_version, found, _ = protobuf.unwrap(body)
        version = (api_version or implied).rpartition("/")[2]
        cannot = f"{found or kind} in version {quote(version)} cannot be handled as a {kind}: " if kind else ""
        raise errors.bad_request(f"{cannot}{error}") from None
    return {"kind": found, "apiVersion": api_version, **tree}


def typed(request: Request, tree: Any, duplicates: list[str], group: str, version: str, kind: str, data: bytes = b"") -> Tree:
    """Checks kind and version, decodes, and answers unknown and duplicate fields as fieldValidation asks. `data` is the body, for messages."""
    api_version = f"{group}/{version}" if group else version
    try:
        found_version, found_kind = schema.interpret(tree)
    except schema.UnrecognizedError as error:
        raise unrecognized(kind, str(error), data) from None
    found_kind, found_version = found_kind or kind, found_version or api_version
    if found_kind != kind or found_version != api_version:
        raise _wrong_kind(tree, found_kind, found_version, kind, group, api_version)
    try:
        decoded = schema.decode({} if tree is None else tree, group, version, kind)
    except schema.DecodeError as error:
        raise errors.bad_request(f'{kind} in version "{version}" cannot be handled as a {kind}: {error}') from None
    if decoded.strict_errors or duplicates:
        answer_strict_errors(request, _in_order(tree, decoded.strict_errors, duplicates), f'{kind} in version "{version}" cannot be handled as a {kind}: ')
    field_managers.keep_reset(tree, decoded.tree)
    return decoded.tree


def _in_order(tree: Any, unknown: list[str], duplicates: list[str]) -> list[str]:
    """As they are met: YAML's duplicates first, JSON's where they stand, but none within a field that is unknown itself."""
    if not unknown or not duplicates or duplicates[0].startswith("yaml:"):
        return [*duplicates, *unknown]
    paths = {text.removeprefix(_UNKNOWN).strip('"') for text in unknown}
    roots = tuple(path + suffix for path in paths for suffix in (".", "["))
    repeated = ((text, text.removeprefix(_DUPLICATE).strip('"')) for text in duplicates)
    known = [text for text, path in repeated if path not in paths and not path.startswith(roots)]
    return sorted([*unknown, *known], key=lambda text: _position(tree, text.removeprefix(_UNKNOWN).removeprefix(_DUPLICATE).strip('"')))


def _position(tree: Any, path: str) -> list[int]:
    """Where a path like `spec.ports[0].name` stands in its document."""
    position: list[int] = []
    while path:
        if isinstance(tree, list):
            index, _, path = path.removeprefix("[").partition("]")
            position.append(int(index))
            tree = tree[int(index)]
        else:
            number, key = next((n, key) for n, key in enumerate(tree) if path == key or path.startswith((f"{key}.", f"{key}[")))
            position.append(number)
            tree, path = tree[key], path[len(key) :]
        path = path.removeprefix(".")
    return position


def answer_strict_errors(request: Request, found: list[str], prefix: str) -> None:
    """Strict: BadRequest. Warn: Warning headers. Ignore: nothing."""
    directive = field_validation(request)
    if directive == STRICT:
        raise errors.bad_request(f"{prefix}strict decoding error: {', '.join(found)}")
    if directive == WARN:
        request.warnings.extend(line.strip() for text in found for line in text.removeprefix(_YAML_ERRORS).split("\n"))


def _wrong_kind(tree: Any, kind: str, api_version: str, wanted: str, group: str, wanted_version: str) -> errors.StatusError:
    found_group, _, version = api_version.rpartition("/")
    if kind == wanted and _home(found_group, kind) == _home(group, wanted) and schema.is_registered(found_group, version, kind):
        return errors.bad_request(f"the API version in the data ({api_version}) does not match the expected API version ({wanted_version})")
    why = foreign(tree, api_version, kind, group, wanted)
    return errors.bad_request(f"{kind} in version {quote(version)} cannot be handled as a {wanted}: {why}")


def _home(group: str, kind: str) -> str:
    """The group that has the kind in upstream's internal form, under its short name."""
    if group == "extensions":
        return {"Ingress": "networking", "NetworkPolicy": "networking", "Scale": "autoscaling"}.get(kind, "apps")
    return group.split(".", 1)[0] if group not in ("", "events.k8s.io") else "core"


def foreign(tree: Any, api_version: str, kind: str, group: str, wanted: str) -> str:
    """Why an object of another kind is not the one wanted: nobody knows its kind, it is no good as its own kind, or it is another kind."""
    found_group, _, version = api_version.rpartition("/")
    if not schema.is_registered(found_group, version, kind):
        return str(schema.unknown_kind(api_version, kind))
    try:
        schema.decode(tree, found_group, version, kind)
    except schema.UnknownKindError:
        pass  # of a version that is no more: upstream would have looked
    except schema.DecodeError as error:
        return str(error)
    found = _home(found_group, kind) if version == schema.INTERNAL else version
    return f"converting ({found}.{kind}) to ({_home(group, wanted)}.{wanted}): unknown conversion"
