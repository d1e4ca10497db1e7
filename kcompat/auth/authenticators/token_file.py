"""Static tokens of --token-auth-file (upstream: apiserver pkg/authentication/token/tokenfile)."""

from __future__ import annotations

import csv
import logging
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from kcompat.apimachinery.user import UserInfo
from kcompat.auth.interface import TokenAnswer

log = logging.getLogger(__name__)


class TokenFileAuthenticator:
    """Knows tokens by their digest: neither memory nor the time a lookup takes tells how close a guess came."""

    def __init__(self, users: Mapping[str, UserInfo], api_audiences: Sequence[str]) -> None:
        self._users = {_digest(token): user for token, user in users.items()}
        self._audiences = tuple(api_audiences)

    async def authenticate_token(self, token: str, audiences: Sequence[str]) -> TokenAnswer | None:
        shared = tuple(a for a in self._audiences if a in audiences) if audiences else self._audiences
        user = self._users.get(_digest(token))
        return TokenAnswer(user, shared) if user is not None and (shared or not self._audiences) else None


def read_token_file(path: Path) -> dict[str, UserInfo]:
    """Lines of `token,user,uid[,"group1,group2"]`. Raises ValueError for shorter ones, OSError if unreadable."""
    users: dict[str, UserInfo] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for number, record in enumerate(filter(None, csv.reader(file)), 1):
            if len(record) < 3:
                raise ValueError(
                    f"token file '{path}' must have at least 3 columns (token, user name, user uid), found {len(record)}"
                )
            token, name, uid, *groups = record
            if not token:
                log.warning("empty token in token file %s, record %d", path, number)
                continue
            if token in users:
                log.warning("duplicate token in token file %s, record %d", path, number)
            users[token] = UserInfo(name, uid, tuple(groups[0].split(",")) if groups else ())
    return users


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
