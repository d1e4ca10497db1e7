"""Identities that a trusted front proxy puts into headers (upstream: apiserver pkg/authentication/request/headerrequest)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from cryptography import x509

from kcompat.apimachinery.clock import Clock
from kcompat.apimachinery.user import UserInfo
from kcompat.auth.client_certificates import common_names, verified
from kcompat.auth.interface import Credentials, InvalidCredentials


@dataclass(frozen=True, slots=True)
class RequestHeaderSettings:
    """The --requestheader-* flags. Without allowed_names any certificate of the authorities may speak for others."""

    allowed_names: Sequence[str] = ("front-proxy-client",)
    username_headers: Sequence[str] = ("X-Remote-User",)
    uid_headers: Sequence[str] = ("X-Remote-Uid",)
    group_headers: Sequence[str] = ("X-Remote-Group",)
    extra_header_prefixes: Sequence[str] = ("X-Remote-Extra-",)

    def by_flag(self) -> dict[str, Sequence[str]]:
        """By the flags' names, as the configuration for other API servers tells them."""
        return {
            "allowed-names": self.allowed_names, "username-headers": self.username_headers, "uid-headers": self.uid_headers,
            "group-headers": self.group_headers, "extra-headers-prefix": self.extra_header_prefixes,
        }  # fmt: skip


class RequestHeaderAuthenticator:
    """Believes the headers of requests that come with a client certificate of the front proxy's own authority."""

    def __init__(self, authorities: Sequence[x509.Certificate], settings: RequestHeaderSettings, clock: Clock) -> None:
        self._authorities = authorities
        self._settings = settings
        self._clock = clock

    async def authenticate(self, credentials: Credentials) -> UserInfo | None:
        if credentials.certificate is None or credentials.header is None:
            return None
        headers = [(name.lower(), value) for name, value in credentials.header.items()]
        name = _first(headers, self._settings.username_headers)
        if not name:
            return None
        self._verify(credentials.certificate, credentials.intermediates)
        groups = tuple(value for wanted in self._settings.group_headers for value in _values(headers, wanted) if value)
        return UserInfo(name, _first(headers, self._settings.uid_headers), groups, _extra(headers, self._settings.extra_header_prefixes))

    def _verify(self, der: bytes, intermediates: Sequence[bytes]) -> None:
        """Raises InvalidCredentials."""
        found = verified(der, self._authorities, intermediates)
        if not found.is_valid_at(self._clock.now()):
            raise InvalidCredentials("the front proxy's certificate has expired or is not yet valid")
        allowed = self._settings.allowed_names
        if allowed and not set(allowed) & set(common_names(found.certificate)):
            raise InvalidCredentials("the subject of the front proxy's certificate is not in the allowed list")


def _values(headers: Sequence[tuple[str, str]], wanted: str) -> list[str]:
    return [value for name, value in headers if name == wanted.lower()]


def _first(headers: Sequence[tuple[str, str]], wanted: Sequence[str]) -> str:
    """The first value of the first of these headers that is not empty (upstream: headerValue, which reads one value a header)."""
    return next((values[0] for name in wanted if (values := _values(headers, name)) and values[0]), "")


def _extra(headers: Sequence[tuple[str, str]], prefixes: Sequence[str]) -> dict[str, tuple[str, ...]]:
    extra: dict[str, tuple[str, ...]] = {}
    for prefix in prefixes:
        for name, value in headers:
            if name.startswith(prefix.lower()):
                key = unquote(name[len(prefix) :])
                extra[key] = (*extra.get(key, ()), value)
    return extra
