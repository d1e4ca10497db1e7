"""All authorizers as one, in the order of --authorization-mode (upstream: apiserver pkg/authorization/union). Built by `cluster.py`,
asked by the pipeline for every request and by the access review resources.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from kcompat.apimachinery import errors
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.field import aggregate
from kcompat.apimachinery.quote import quote
from kcompat.apimachinery.reader import Reader
from kcompat.apimachinery.user import MASTERS, UserInfo
from kcompat.auth.authorizers.always_allow import AlwaysAllowAuthorizer
from kcompat.auth.authorizers.always_deny import AlwaysDenyAuthorizer
from kcompat.auth.authorizers.node import NodeAuthorizer
from kcompat.auth.authorizers.rbac import RbacAuthorizer
from kcompat.auth.interface import AuthorizationAttributes, Authorizer, Decision, Rules, Verdict
from kcompat.auth.rule_resolver import RuleResolver

DEFAULT_MODES = ("Node", "RBAC")
_KNOWN_UPSTREAM = ("ABAC", "AlwaysAllow", "AlwaysDeny", "Node", "RBAC", "Webhook")
_ALLOWED, _NO_OPINION = Verdict(Decision.ALLOW), Verdict(Decision.NO_OPINION)
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class Authorization:
    """Asks one after the other until one allows or denies. Members of system:masters may do everything."""

    def __init__(self, authorizers: Sequence[tuple[str, Authorizer]]) -> None:
        """Pairs of name and authorizer; names stand before the reasons in refusals."""
        self._authorizers = authorizers

    async def authorize(self, attributes: AuthorizationAttributes) -> Verdict:
        if MASTERS in attributes.user.groups:
            return _ALLOWED
        reasons: list[str] = []
        for name, authorizer in self._authorizers:
            verdict = await authorizer.authorize(attributes)
            if verdict.decision is not Decision.NO_OPINION:
                return verdict
            if verdict.reason:
                reasons.append(f"{name}: {verdict.reason}")
        return Verdict(Decision.NO_OPINION, "\n".join(reasons)) if reasons else _NO_OPINION

    async def rules_for(self, user: UserInfo, namespace: str) -> Rules:
        resources: list[dict[str, object]] = []
        paths: list[dict[str, object]] = []
        incomplete, problems = False, []
        for _, authorizer in self._authorizers:
            more_resources, more_paths, partial, problem = await authorizer.rules_for(user, namespace)
            resources += more_resources
            paths += more_paths
            incomplete = incomplete or partial
            if problem:
                problems.append(problem)
        return resources, paths, incomplete, aggregate(problems) if problems else ""


def build(modes: Sequence[str], reader: Reader, resolver: RuleResolver) -> Authorization:
    """The authorizers of --authorization-mode. Raises ValueError, with upstream's text where it has one, for a list that cannot be used."""
    makers: Mapping[str, Callable[[], Authorizer]] = {
        "AlwaysAllow": AlwaysAllowAuthorizer,
        "AlwaysDeny": AlwaysDenyAuthorizer,
        "Node": lambda: NodeAuthorizer(reader),
        "RBAC": lambda: RbacAuthorizer(resolver),
    }
    if not modes:
        raise ValueError("at least one authorization-mode must be passed")
    for mode in modes:
        if mode not in _KNOWN_UPSTREAM:
            raise ValueError(f"authorization-mode {quote(mode)} is not a valid mode")
        if mode not in makers:
            raise ValueError(f"authorization-mode {mode} is not supported yet")
    if len(set(modes)) < len(modes):
        raise ValueError(f"authorization-mode {quote_list(modes)} has mode specified more than once")
    return Authorization([(mode.lower(), makers[mode]()) for mode in modes])


def quote_list(texts: Sequence[str]) -> str:
    return "[" + " ".join(map(quote, texts)) + "]"


def forbidden(attributes: AuthorizationAttributes, reason: str = "") -> StatusError:
    """The 403 for a refused request (upstream: responsewriters.ForbiddenStatusError)."""
    message = forbidden_message(attributes).translate(_HTML)
    return errors.forbidden(attributes.group, attributes.resource, attributes.name, f"{message}: {reason}" if reason else message)


def forbidden_message(attributes: AuthorizationAttributes) -> str:
    """Who may not do what, and where."""
    subject = f"User {quote(attributes.user.name)} cannot {attributes.verb}"
    if not attributes.resource_request:
        return f"{subject} path {quote(attributes.path)}"
    resource = f"{attributes.resource}/{attributes.subresource}" if attributes.subresource else attributes.resource
    place = f"in the namespace {quote(attributes.namespace)}" if attributes.namespace else "at the cluster scope"
    return f"{subject} resource {quote(resource)} in API group {quote(attributes.group)} {place}"
