"""Client certificates (upstream: apiserver pkg/authentication/request/x509).

The listener has let OpenSSL check the handshake against every authority it trusts, the front proxy's among them. So which authority
stands behind a certificate is decided here, and a certificate that expires while its connection stays open is noticed here.
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509

from kcompat.apimachinery.clock import Clock
from kcompat.apimachinery.user import UserInfo
from kcompat.auth.client_certificates import Verified, user_of, verified
from kcompat.auth.interface import Credentials, InvalidCredentials

_REMEMBERED = 4096


class X509Authenticator:
    """The subject's CN is the user, its O the groups."""

    def __init__(self, authorities: Sequence[x509.Certificate], clock: Clock) -> None:
        self._authorities = authorities
        self._clock = clock
        self._known: dict[tuple[bytes, ...], tuple[Verified, UserInfo | None]] = {}

    async def authenticate(self, credentials: Credentials) -> UserInfo | None:
        der = credentials.certificate
        if der is None:
            return None
        shown = (der, *credentials.intermediates)
        found, user = self._known.get(shown) or self._remember(shown)
        if not found.is_valid_at(self._clock.now()):
            raise InvalidCredentials("the client certificate has expired or is not yet valid")
        return user

    def _remember(self, shown: tuple[bytes, ...]) -> tuple[Verified, UserInfo | None]:
        found = verified(shown[0], self._authorities, shown[1:])
        known = (found, user_of(found.certificate))
        if len(self._known) >= _REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[shown] = known
        return known
