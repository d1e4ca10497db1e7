"""Allows everything (upstream: apiserver pkg/authorization/authorizerfactory)."""

from __future__ import annotations

from kcompat.apimachinery.user import UserInfo
from kcompat.auth.interface import AuthorizationAttributes, Decision, Rules, Verdict

_ALLOWED = Verdict(Decision.ALLOW)


class AlwaysAllowAuthorizer:
    async def authorize(self, attributes: AuthorizationAttributes) -> Verdict:
        return _ALLOWED

    async def rules_for(self, user: UserInfo, namespace: str) -> Rules:
        return [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}], [{"verbs": ["*"], "nonResourceURLs": ["*"]}], False, ""
