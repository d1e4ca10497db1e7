"""Allows nothing (upstream: apiserver pkg/authorization/authorizerfactory)."""

from __future__ import annotations

from kcompat.apimachinery.user import UserInfo
from kcompat.auth.interface import AuthorizationAttributes, Decision, Rules, Verdict

_REFUSED = Verdict(Decision.NO_OPINION, "Everything is forbidden.")


class AlwaysDenyAuthorizer:
    async def authorize(self, attributes: AuthorizationAttributes) -> Verdict:
        return _REFUSED

    async def rules_for(self, user: UserInfo, namespace: str) -> Rules:
        return [], [], False, ""
