"""Authenticators and authorizers: one file each in `auth/authenticators/` and `auth/authorizers/`. Called by `api/pipeline.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from kcompat.apimachinery.user import UserInfo


@dataclass(slots=True)
class Credentials:
    """What a request shows: the verified client certificate (DER; None: none), the bearer token, and headers for a front proxy."""

    certificate: bytes | None
    token: str | None
    header: object | None = None


class InvalidCredentials(Exception):
    """Credentials were shown and are wrong: 401, whatever the others say."""


class Authenticator(Protocol):
    """Tells who shows these credentials."""

    async def authenticate(self, credentials: Credentials) -> UserInfo | None:
        """None: nothing here for me. Raises InvalidCredentials."""


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


@dataclass(frozen=True, slots=True)
class Verdict:
    decision: Decision
    reason: str = ""


class Authorizer(Protocol):
    async def authorize(self, attributes: AuthorizationAttributes) -> Verdict: ...

    async def rules_for(self, user: UserInfo, namespace: str) -> tuple[Sequence[dict[str, object]], Sequence[dict[str, object]], bool, str]:
        """For SelfSubjectRulesReview: resource rules, non-resource rules, incomplete, evaluation error."""
