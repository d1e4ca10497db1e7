"""Client certificates (upstream: apiserver pkg/authentication/request/x509).

The listener has let OpenSSL check the handshake against every authority it trusts, the front proxy's among them. So which authority
stands behind a certificate is decided here, and a certificate that expires while its connection stays open is noticed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from kcompat.apimachinery.clock import Clock
from kcompat.apimachinery.user import UserInfo
from kcompat.auth.client_certificates import user_of, verified
from kcompat.auth.interface import Credentials, InvalidCredentials

_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class _Known:
    user: UserInfo | None
    start: datetime
    end: datetime


class X509Authenticator:
    """The subject's CN is the user, its O the groups. Certificates must be signed by one of `authorities` itself."""

    def __init__(self, authorities: Sequence[x509.Certificate], clock: Clock) -> None:
        self._authorities = authorities
        self._clock = clock
        self._known: dict[bytes, _Known] = {}

    async def authenticate(self, credentials: Credentials) -> UserInfo | None:
        der = credentials.certificate
        if der is None:
            return None
        known = self._known.get(der) or self._remember(der)
        if not known.start <= self._clock.now() <= known.end:
            raise InvalidCredentials("the client certificate has expired or is not yet valid")
        return known.user

    def _remember(self, der: bytes) -> _Known:
        certificate = verified(der, self._authorities)
        known = _Known(user_of(certificate), certificate.not_valid_before_utc, certificate.not_valid_after_utc)
        if len(self._known) >= _REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[der] = known
        return known
