"""Requests without credentials (upstream: apiserver pkg/authentication/request/anonymous). What they may do, the authorizers say: with
RBAC's bootstrap roles that is reading health and version.
"""

from __future__ import annotations

from collections.abc import Collection

from kcompat.apimachinery.user import ANONYMOUS, UNAUTHENTICATED, UserInfo
from kcompat.auth.interface import Credentials

USER = UserInfo(ANONYMOUS, groups=(UNAUTHENTICATED,))


class AnonymousAuthenticator:
    """`paths` limits it to exact paths (AuthenticationConfiguration's anonymous.conditions); empty: all."""

    def __init__(self, paths: Collection[str] = ()) -> None:
        self._paths = frozenset(paths)

    async def authenticate(self, credentials: Credentials) -> UserInfo | None:
        return USER if not self._paths or credentials.path in self._paths else None
