"""Authenticators and authorizers: one file each in `auth/authenticators/` and `auth/authorizers/`. Called by `api/pipeline.py`.

`auth/authentication.py` and `auth/authorization.py` join them to the one Authenticator and the one Authorizer that the pipeline asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from kcompat.apimachinery.user import UserInfo


@dataclass(slots=True)
class Credentials:
    """What a request shows: the client certificate (DER, of a completed handshake; None: none), the bearer token, headers for a front
    proxy (`items()` yields a repeated header several times), the path, for anonymous access limited to some, and the certificates
    (DER) that came with the client's."""

    certificate: bytes | None
    token: str | None
    header: Mapping[str, str] | None = None
    path: str = ""
    intermediates: tuple[bytes, ...] = ()
    warnings: list[str] = field(default_factory=list)
    """What whoever accepts them wants the client to be told."""


class InvalidCredentials(Exception):
    """Credentials were shown and are wrong: 401, unless other credentials of the same request are right. The text is for the log only."""


class Authenticator(Protocol):
    """Tells who shows these credentials."""

    async def authenticate(self, credentials: Credentials) -> UserInfo | None:
        """None: nothing here for me. Raises InvalidCredentials."""


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """Whose token it is, and for which of the wanted audiences it is good (upstream: authenticator.Response)."""

    user: UserInfo
    audiences: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class TokenAuthenticator(Protocol):
    """Tells whose token this is."""

    async def authenticate_token(self, token: str, audiences: Sequence[str]) -> TokenAnswer | None:
        """`audiences` are those wanted; empty: the API server's own. None: not a token of mine. Raises InvalidCredentials."""


class Decision(Enum):
    ALLOW = "allow"
    DENY = "deny"
    NO_OPINION = "no opinion"


@dataclass(frozen=True, slots=True)
class AuthorizationAttributes:
    """What is asked (upstream: authorizer.Attributes). Non-resource requests have resource "" and a path."""

    user: UserInfo
    verb: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    resource_request: bool = True
    field_selector: str = ""
    label_selector: str = ""
    """Selectors of list, watch and deletecollection as the query has them; an authorizer that narrows by them parses them."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` of a refusal goes into the answer, of an admission into the audit log."""

    decision: Decision
    reason: str = ""


Rules = tuple[Sequence[dict[str, object]], Sequence[dict[str, object]], bool, str]
"""For SelfSubjectRulesReview: resource rules, non-resource rules, incomplete, evaluation error."""


class Authorizer(Protocol):
    """Tells whether a user may do what is asked."""

    async def authorize(self, attributes: AuthorizationAttributes) -> Verdict: ...

    async def rules_for(self, user: UserInfo, namespace: str) -> Rules: ...
