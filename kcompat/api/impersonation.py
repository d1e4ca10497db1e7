"""Acting as somebody else: the Impersonate-* headers, each authorized. A stage of the pipeline.

Upstream: apiserver endpoints/filters/impersonation.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from kcompat.api.request import Request
from kcompat.api.respond import refused
from kcompat.api.scope import Services
from kcompat.apimachinery import errors
from kcompat.apimachinery.quote import quote
from kcompat.apimachinery.user import AUTHENTICATED, UNAUTHENTICATED, UserInfo
from kcompat.auth.interface import AuthorizationAttributes, Decision

_EXTRA = "impersonate-extra-"
_ANONYMOUS = "system:anonymous"


async def impersonate(services: Services, request: Request) -> None:
    """Makes the request that of the user its headers name, if they name one. Raises BadRequest, Forbidden."""
    wanted = requested(request)
    if wanted is None:
        return
    for group, resource, namespace, name, subresource in _rights(wanted):
        asked = AuthorizationAttributes(
            request.user, "impersonate", group, "v1", resource, subresource, namespace, name, request.path, True
        )
        verdict = await services.authorizer.authorize(asked)
        if verdict.decision is not Decision.ALLOW:
            raise refused(asked, verdict.reason)
    request.user = UserInfo(wanted.name, wanted.uid, _groups(wanted), wanted.extra)


def requested(request: Request) -> UserInfo | None:
    """The user the headers ask for, groups as they are given. Raises BadRequest when they do not say whom."""
    headers = request.headers
    name, uid = headers.get("Impersonate-User", ""), headers.get("Impersonate-Uid", "")
    getall = getattr(headers, "getall", None)
    groups = tuple(getall("Impersonate-Group", ())) if getall else ()
    extra: dict[str, tuple[str, ...]] = {}
    for header, value in headers.items():
        if header.lower().startswith(_EXTRA):
            key = unquote(header.lower().removeprefix(_EXTRA))
            extra[key] = (*extra.get(key, ()), value)
    if not name and (groups or uid or extra):
        raise errors.bad_request(f"requested {_shown(uid, groups, extra)} without impersonating a user name")
    return UserInfo(name, uid, groups, extra) if name else None


def _shown(uid: str, groups: tuple[str, ...], extra: dict[str, tuple[str, ...]]) -> str:
    """As Go shows the user."""
    entries = ", ".join(f"{quote(key)}:{_strings(values)}" for key, values in sorted(extra.items()))
    shown_extra = f"map[string][]string{{{entries}}}" if extra else "map[string][]string(nil)"
    return f'&user.DefaultInfo{{Name:"", UID:{quote(uid)}, Groups:{_strings(groups)}, Extra:{shown_extra}}}'


def _strings(values: tuple[str, ...]) -> str:
    return f"[]string{{{', '.join(map(quote, values))}}}" if values else "[]string(nil)"


def _rights(wanted: UserInfo) -> Iterator[tuple[str, str, str, str, str]]:
    """(group, resource, namespace, name, subresource) of each thing that is taken on."""
    account = _service_account(wanted.name)
    yield ("", "serviceaccounts", *account, "") if account else ("", "users", "", wanted.name, "")
    for group in wanted.groups:
        yield "", "groups", "", group, ""
    for key, values in wanted.extra.items():
        for value in values:
            yield "authentication.k8s.io", "userextras", "", value, key
    if wanted.uid:
        yield "authentication.k8s.io", "uids", "", wanted.uid, ""


def _service_account(name: str) -> tuple[str, str] | None:
    """(namespace, name) of a service account's user name."""
    parts = name.split(":")
    return (parts[2], parts[3]) if len(parts) == 4 and parts[:2] == ["system", "serviceaccount"] else None


def _groups(wanted: UserInfo) -> tuple[str, ...]:
    """With the group that tells whether somebody is known, unless the headers have one of the two."""
    groups, account = wanted.groups, _service_account(wanted.name)
    if account and not groups:
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{account[0]}")
    if wanted.name == _ANONYMOUS:
        return groups if UNAUTHENTICATED in groups else (*groups, UNAUTHENTICATED)
    return groups if AUTHENTICATED in groups or UNAUTHENTICATED in groups else (*groups, AUTHENTICATED)
