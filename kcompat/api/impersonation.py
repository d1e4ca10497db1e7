"""Acting as somebody else: the Impersonate-* headers, each authorized. A stage of the pipeline.

Modes are tried one after the other: the constrained ones, which ask for the right to impersonate and for the right to do just this
while impersonating, then the legacy one, which asks for the right to impersonate alone.
Upstream: apiserver endpoints/filters/impersonation (constrained_impersonation.go, mode.go, cache.go).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote

from kcompat.api.request import Request
from kcompat.api.respond import bad_headers, refused
from kcompat.api.scope import Services
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.field import Path, aggregate
from kcompat.apimachinery.names import name_is_dns_label, name_is_dns_subdomain
from kcompat.apimachinery.quote import quote
from kcompat.apimachinery.user import ANONYMOUS, AUTHENTICATED, MASTERS, UNAUTHENTICATED, UserInfo
from kcompat.apimachinery.validation import is_domain_prefixed_path
from kcompat.auth.interface import AuthorizationAttributes, Authorizer, Decision

_EXTRA = "impersonate-extra-"
_NODE = "system:node:"
_NODES = "system:nodes"
_NODE_NAME = "authentication.kubernetes.io/node-name"
_NODE_KEYS = "authentication.kubernetes.io/associated-node-keys"
_AUTHENTICATION = "authentication.k8s.io"
_MANY = 4
"""From so many groups or extra values on, the right to all of them is asked for first."""
_REMEMBERED = 10_000
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Impersonation:
    """The stage's state: which mode succeeded last for whom, which is tried first the next time."""

    def __init__(self, services: Services) -> None:
        self._authorizer = services.authorizer
        self._last: dict[str, Mode] = {}

    async def apply(self, request: Request, asked: AuthorizationAttributes) -> None:
        """Makes the request that of the user its headers name, if they name one. Raises BadRequest, Forbidden."""
        wanted = requested(request)
        if wanted is not None:
            request.user = await self._impersonated(wanted, asked)

    async def _impersonated(self, wanted: UserInfo, asked: AuthorizationAttributes) -> UserInfo:
        refusal: StatusError | None = None
        for mode in self._modes(asked.user.name):
            if not mode.supports(wanted, asked.user):
                continue
            try:
                user = await mode.authorize(self._authorizer, wanted, asked)
            except StatusError as error:
                refusal = refusal or error
                continue
            self._remember(asked.user.name, mode)
            return user
        assert refusal is not None  # the legacy mode supports everybody
        raise refusal

    def _modes(self, user: str) -> Sequence[Mode]:
        last = self._last.get(user)
        return MODES if last is None else (last, *(mode for mode in MODES if mode is not last))

    def _remember(self, user: str, mode: Mode) -> None:
        if user not in self._last and len(self._last) >= _REMEMBERED:
            self._last.pop(next(iter(self._last)))
        self._last[user] = mode


@dataclass(frozen=True, slots=True)
class Mode:
    """One way of being allowed. `name` "": legacy."""

    name: str
    supports: Callable[[UserInfo, UserInfo], bool]
    """Whether (wanted user, requestor) is a case for it."""

    async def authorize(self, authorizer: Authorizer, wanted: UserInfo, asked: AuthorizationAttributes) -> UserInfo:
        """The user acted as. Raises Forbidden."""
        if self.name:
            await self._check(authorizer, replace(asked, verb=f"impersonate-on:{self.name}:{asked.verb}"))
        base = AuthorizationAttributes(asked.user, f"impersonate:{self.name}" if self.name else "impersonate", version="v1")
        in_group = replace(base, group=_AUTHENTICATION)
        await self._check_name(authorizer, wanted, in_group if self.name else base)
        if wanted.uid:
            await self._check(authorizer, replace(in_group, resource="uids", name=wanted.uid))
        await self._check_groups(authorizer, wanted.groups, replace(in_group if self.name else base, resource="groups"))
        await self._check_extra(authorizer, wanted, replace(in_group, resource="userextras"))
        return UserInfo(wanted.name, wanted.uid, self._groups(wanted), wanted.extra)

    async def _check(self, authorizer: Authorizer, asked: AuthorizationAttributes) -> None:
        if self.name == "associated-node":
            asked = _of_associated_node(asked)
        verdict = await authorizer.authorize(asked)
        if verdict.decision is not Decision.ALLOW:
            raise refused(asked, verdict.reason)

    async def _check_name(self, authorizer: Authorizer, wanted: UserInfo, base: AuthorizationAttributes) -> None:
        node, account = node_of(wanted.name), service_account_of(wanted.name)
        asked, called = replace(base, resource="users", name=wanted.name), ""
        if node and self.name:
            asked, called = replace(base, resource="nodes", name=node), "a node"
        elif account:
            asked, called = replace(base, resource="serviceaccounts", namespace=account[0], name=account[1]), "a service account"
        if self.name and called and wanted.groups:
            raise refused(asked, f"when impersonating {called}, cannot impersonate groups [{' '.join(map(quote, wanted.groups))}]")
        await self._check(authorizer, asked)

    async def _check_groups(self, authorizer: Authorizer, groups: Sequence[str], base: AuthorizationAttributes) -> None:
        if self.name and "" in groups:
            raise refused(base, "impersonating the empty string group is not allowed")
        if self.name and MASTERS in groups:
            raise refused(replace(base, name=MASTERS), f"impersonating the {MASTERS} group is not allowed")
        if self.name and len(groups) >= _MANY and await self._allows(authorizer, replace(base, name="*")):
            return
        for group in groups:
            await self._check(authorizer, replace(base, name=group))

    async def _check_extra(self, authorizer: Authorizer, wanted: UserInfo, base: AuthorizationAttributes) -> None:
        if self.name:
            for problem in _extra_problems(wanted):
                raise refused(base, problem)
            count = max(len(wanted.extra), sum(map(len, wanted.extra.values())))
            if count >= _MANY and await self._allows(authorizer, replace(base, subresource="*", name="*")):
                return
        for key, values in wanted.extra.items():
            for value in values:
                await self._check(authorizer, replace(base, subresource=key, name=value))

    async def _allows(self, authorizer: Authorizer, asked: AuthorizationAttributes) -> bool:
        return (await authorizer.authorize(asked)).decision is Decision.ALLOW

    def _groups(self, wanted: UserInfo) -> tuple[str, ...]:
        """With those that come with the name, and the one that tells whether somebody is known."""
        groups, account = wanted.groups, service_account_of(wanted.name)
        if self.name and node_of(wanted.name):
            groups = (_NODES,)
        elif account and not groups:
            groups = ("system:serviceaccounts", f"system:serviceaccounts:{account[0]}")
        if wanted.name == ANONYMOUS:
            return groups if UNAUTHENTICATED in groups else (*groups, UNAUTHENTICATED)
        return groups if AUTHENTICATED in groups or UNAUTHENTICATED in groups else (*groups, AUTHENTICATED)


def _of_associated_node(asked: AuthorizationAttributes) -> AuthorizationAttributes:
    """The answer must hold for every node: which one it is does not show (associatedNodeImpersonationAttributes)."""
    user = replace(asked.user, extra={_NODE_KEYS: tuple(sorted(asked.user.extra))})
    return replace(asked, user=user, name="*" if asked.verb == "impersonate:associated-node" else asked.name)


def _only_name(wanted: UserInfo) -> bool:
    return not (wanted.uid or wanted.groups or wanted.extra)


def _associated(wanted: UserInfo, requestor: UserInfo) -> bool:
    """A service account's token that says on which node it runs, and just that node."""
    node = node_of(wanted.name)
    bound = requestor.extra.get(_NODE_NAME, ())
    return _only_name(wanted) and bool(node) and service_account_of(requestor.name) is not None and tuple(bound) == (node,)


MODES = (
    Mode("associated-node", _associated),
    Mode("arbitrary-node", lambda wanted, _: _only_name(wanted) and bool(node_of(wanted.name))),
    Mode("serviceaccount", lambda wanted, _: _only_name(wanted) and service_account_of(wanted.name) is not None),
    Mode("user-info", lambda wanted, _: not node_of(wanted.name) and service_account_of(wanted.name) is None),
    Mode("", lambda wanted, _: True),
)


def node_of(name: str) -> str:
    """The node of a node's user name; "" when it is none."""
    node = name.removeprefix(_NODE)
    return node if name.startswith(_NODE) and not name_is_dns_subdomain(node, False) else ""


def service_account_of(name: str) -> tuple[str, str] | None:
    """(namespace, name) of a service account's user name (serviceaccount.SplitUsername)."""
    parts = name.split(":")
    if len(parts) != 4 or parts[:2] != ["system", "serviceaccount"]:
        return None
    fine = not name_is_dns_label(parts[2], False) and not name_is_dns_subdomain(parts[3], False)
    return (parts[2], parts[3]) if fine else None


def _extra_problems(wanted: UserInfo) -> Iterator[str]:
    """validateExtra."""
    for key, values in wanted.extra.items():
        if not key:
            yield "impersonating the empty string key in extra is not allowed"
        elif found := is_domain_prefixed_path(key, Path("extra", "key")):
            yield f"impersonating an invalid key in extra is not allowed: {aggregate(found)}"
        elif "" in values:
            yield "impersonating the empty string value in extra is not allowed"


def requested(request: Request) -> UserInfo | None:
    """The user the headers ask for, groups as they are given. Raises BadRequest when they do not say whom."""
    headers = request.headers
    name, uid = headers.get("Impersonate-User", ""), headers.get("Impersonate-Uid", "")
    getall = getattr(headers, "getall", None)
    groups = tuple(getall("Impersonate-Group", ())) if getall else ()
    extra: dict[str, tuple[str, ...]] = {}
    for header, value in headers.items():
        if header.lower().startswith(_EXTRA):
            key = _unescaped(header.lower().removeprefix(_EXTRA))
            extra[key] = (*extra.get(key, ()), value)
    if not name and (groups or uid or extra):
        raise bad_headers(f"requested {_shown(uid, groups, extra)} without impersonating a user name")
    return UserInfo(name, uid, groups, extra) if name else None


def _unescaped(key: str) -> str:
    """As it is when its escapes are broken (unescapeExtraKey)."""
    return key if _BROKEN_ESCAPE.search(key) else unquote(key)


def _shown(uid: str, groups: tuple[str, ...], extra: dict[str, tuple[str, ...]]) -> str:
    """As Go shows the user."""
    entries = ", ".join(f"{quote(key)}:{_strings(values)}" for key, values in sorted(extra.items()))
    shown_extra = f"map[string][]string{{{entries}}}" if extra else "map[string][]string(nil)"
    return f'&user.DefaultInfo{{Name:"", UID:{quote(uid)}, Groups:{_strings(groups)}, Extra:{shown_extra}}}'


def _strings(values: tuple[str, ...]) -> str:
    return f"[]string{{{', '.join(map(quote, values))}}}" if values else "[]string(nil)"
