"""What the access reviews share: attributes from a review's spec, the answer in its status. Upstream: pkg/registry/authorization."""

from __future__ import annotations

from kcompat.admission.interface import CREATE
from kcompat.api import body, field_managers, respond
from kcompat.api.request import Request, Response, Tree
from kcompat.api.scope import Scope
from kcompat.api.verbs.create import check_namespace
from kcompat.apimachinery import errors, schema
from kcompat.apimachinery.selectors import SelectorError, parse_field_selector, parse_label_selector
from kcompat.apimachinery.user import UserInfo
from kcompat.auth.interface import AuthorizationAttributes, Decision
from kcompat.registry.rules.access_review import validate

GROUP = "authorization.k8s.io"
_SYSTEM_FIELDS = ("creationTimestamp", "uid", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink")
"""What no client may set (upstream: rest.WipeObjectMetaSystemFields)."""


def _type(group: str, kind: str) -> schema.Type:
    found = schema.type_of(group, "v1", kind)
    assert found is not None
    return found



async def read(request: Request, scope: Scope, kind: str) -> Tree:
    """The review, with managedFields as if it were stored, admitted."""
    dry_run = body.validate_write_options(request, "CreateOptions")
    review = await body.read_object(request, scope.resource.group, "v1", kind)
    check_namespace(review, scope.namespace)
    metadata = {name: value for name, value in review["metadata"].items() if name not in _SYSTEM_FIELDS}
    if scope.namespace:
        metadata["namespace"] = scope.namespace
    review = schema.normalise({**review, "metadata": metadata}, _type(scope.resource.group, kind))  # in Go's order, which errors show
    review = field_managers.track(request, scope, None, review)
    attributes = scope.attributes(CREATE, request, review, None, dry_run=dry_run)
    await scope.services.admission.admit(attributes)
    await scope.services.admission.validate(attributes)
    return review


def check(review: Tree, *, somebody: bool = True, namespace: str | None = None) -> None:
    """Raises Invalid; upstream leaves the kind out."""
    if found := validate(review, somebody=somebody, namespace=namespace):
        raise errors.invalid(GROUP, "", "", found)


def attributes_of(spec: Tree, user: UserInfo) -> AuthorizationAttributes:
    resource = spec.get("resourceAttributes")
    if resource is None:
        path = spec.get("nonResourceAttributes", {})
        return AuthorizationAttributes(user, path.get("verb", ""), path=path.get("path", ""), resource_request=False)
    names = ("verb", "group", "version", "resource", "subresource", "namespace", "name")
    verb, group, version, plural, subresource, namespace, name = (resource.get(key, "") for key in names)
    fields, labels = (_selector(resource, key)[0] for key in ("fieldSelector", "labelSelector"))
    return AuthorizationAttributes(
        user, verb, group, version, plural, subresource, namespace, name, field_selector=fields, label_selector=labels
    )


def _selector(resource: Tree, name: str) -> tuple[str, bool]:
    """A selector as text, without what cannot be read, and whether there was such (registry/authorization/util/helpers.go)."""
    given = resource.get(name) or {}
    if requirements := given.get("requirements"):
        texts = [(_field_text if name == "fieldSelector" else _label_text)(requirement) for requirement in requirements]
        readable = [text for text in texts if text and _is_readable(text, name)]
        return ",".join(readable), len(readable) < len(texts)
    raw = str(given.get("rawSelector", ""))
    return raw, not _is_readable(raw, name)


def _is_readable(text: str, name: str) -> bool:
    try:
        (parse_field_selector if name == "fieldSelector" else parse_label_selector)(text)
    except SelectorError:
        return False
    return True


def _field_text(requirement: Tree) -> str:
    """Of one value; empty for what fields cannot be asked."""
    operator, values = _FIELD_OPERATORS.get(requirement.get("operator", "")), requirement.get("values") or []
    if operator is None or len(values) != 1:
        return ""
    escaped = str(values[0]).replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")
    return f"{requirement.get('key', '')}{operator}{escaped}"


def _label_text(requirement: Tree) -> str:
    key, operator, values = requirement.get("key"), requirement.get("operator"), requirement.get("values")
    if not key or operator not in _LABEL_TEXTS or bool(values) is not (operator in ("In", "NotIn")):
        return ""
    return _LABEL_TEXTS[operator].format(key, ",".join(values or ()))


_FIELD_OPERATORS = {"In": "=", "NotIn": "!="}
_LABEL_TEXTS = {"In": "{} in ({})", "NotIn": "{} notin ({})", "Exists": "{}", "DoesNotExist": "!{}"}


def ignored_selectors(spec: Tree) -> str:
    """What upstream says of selectors, or parts of them, that nobody can read."""
    resource = spec.get("resourceAttributes") or {}
    wrong = (name for name in ("fieldSelector", "labelSelector") if _selector(resource, name)[1])
    said = [f"spec.resourceAttributes.{name} ignored due to parse error" for name in wrong]
    return said[0] if len(said) == 1 else f"[{', '.join(said)}]" if said else ""


def user_of(spec: Tree) -> UserInfo:
    extra = {key.lower(): tuple(values) for key, values in (spec.get("extra") or {}).items()}
    return UserInfo(spec.get("user", ""), spec.get("uid", ""), tuple(spec.get("groups") or ()), extra)


async def answer(request: Request, scope: Scope, review: Tree, user: UserInfo) -> Response:
    """The review with its status filled in."""
    form = respond.output(request, tables=False)
    verdict = await scope.services.authorizer.authorize(attributes_of(review.get("spec", {}), user))
    status: Tree = {"allowed": verdict.decision is Decision.ALLOW}
    if verdict.decision is Decision.DENY:
        status["denied"] = True
    if verdict.reason:
        status["reason"] = verdict.reason
    if ignored := ignored_selectors(review.get("spec", {})):
        status["evaluationError"] = ignored
    return respond.object_response(request, scope.resource, {**review, "status": status}, form, 201)
