"""All ways to authenticate as one (upstream: pkg/kubeapiserver/authenticator/config.go). Built by `cluster.py`, asked by the pipeline
for every connection or token, and by the tokenreviews resource.
"""

from __future__ import annotations

import secrets
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b

from kcompat.apimachinery.clock import Clock
from kcompat.apimachinery.user import ANONYMOUS, AUTHENTICATED, UNAUTHENTICATED, UserInfo
from kcompat.auth.authenticators.anonymous import AnonymousAuthenticator
from kcompat.auth.interface import Authenticator, Credentials, InvalidCredentials, TokenAnswer, TokenAuthenticator

CACHE_SECONDS = 10.0
_CACHED = 32 * 1024
_WEBSOCKET_PREFIX = "base64url.bearer.authorization.k8s.io."


class Authentication:
    """Request authenticators in order, then the bearer token, then anonymous, if it is on.

    One that refuses does not stop the next from accepting; but credentials that all refuse are never taken for anonymous.
    """

    def __init__(
        self,
        requests: Sequence[Authenticator],
        tokens: Sequence[TokenAuthenticator],
        clock: Clock,
        anonymous: AnonymousAuthenticator | None = None,
        audiences: Sequence[str] = (),
    ) -> None:
        self._requests = requests
        self._tokens = CachedTokens(tokens, clock) if tokens else None
        self._anonymous = anonymous
        self._audiences = tuple(audiences)

    async def authenticate(self, credentials: Credentials) -> UserInfo:
        """Raises InvalidCredentials, which the pipeline answers with errors.unauthorized("Unauthorized")."""
        refusals: list[str] = []
        for authenticator in self._requests:
            try:
                user = await authenticator.authenticate(credentials)
            except InvalidCredentials as refusal:
                refusals.append(str(refusal))
                continue
            if user is not None:
                return authenticated(user)
        if credentials.token and self._tokens is not None:
            try:
                answer = await self._tokens.authenticate_token(credentials.token, self._audiences)
                credentials.warnings.extend(answer.warnings)
                return answer.user
            except InvalidCredentials as refusal:
                refusals.append(str(refusal))
        user = None if refusals or self._anonymous is None else await self._anonymous.authenticate(credentials)
        if user is None:
            raise InvalidCredentials("; ".join(refusals) or "no credentials provided")
        return user

    async def review(self, token: str, audiences: Sequence[str]) -> TokenAnswer:
        """For TokenReview: whose token, and for which of the wanted audiences. Raises InvalidCredentials with the text to show."""
        if self._tokens is None:
            raise InvalidCredentials("invalid bearer token")
        return await self._tokens.authenticate_token(token, audiences or self._audiences)


class CachedTokens:
    """Asks the token authenticators in order and remembers who was accepted, for CACHE_SECONDS.

    Tokens are kept as keyed digests, so that memory does not hold them and nobody can choose digests that collide.
    """

    def __init__(self, authenticators: Sequence[TokenAuthenticator], clock: Clock) -> None:
        self._authenticators = authenticators
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._accepted: dict[tuple[bytes, tuple[str, ...]], tuple[float, TokenAnswer]] = {}

    async def authenticate_token(self, token: str, audiences: Sequence[str]) -> TokenAnswer:
        """Raises InvalidCredentials."""
        digest = blake2b(token.encode("utf-8", "surrogatepass"), key=self._key).digest()
        key, now = (digest, tuple(audiences)), self._clock.monotonic()
        if (remembered := self._accepted.get(key)) and now < remembered[0]:
            return remembered[1]
        answer = await self._ask(token, audiences)
        self._make_room(now)
        self._accepted[key] = (now + CACHE_SECONDS, answer)
        return answer

    async def _ask(self, token: str, audiences: Sequence[str]) -> TokenAnswer:
        refusals: list[str] = []
        for authenticator in self._authenticators:
            try:
                answer = await authenticator.authenticate_token(token, audiences)
            except InvalidCredentials as refusal:
                refusals.append(str(refusal))
                continue
            if answer is not None:
                return replace(answer, user=authenticated(answer.user))
        raise InvalidCredentials(_together(["invalid bearer token", *refusals]))  # upstream has tokens of its own, which it asks first

    def _make_room(self, now: float) -> None:
        if len(self._accepted) >= _CACHED:
            self._accepted = {key: entry for key, entry in self._accepted.items() if now < entry[0]}
        if len(self._accepted) >= _CACHED:
            self._accepted.clear()


def _together(refusals: Sequence[str]) -> str:
    """Each once (upstream: utilerrors.Aggregate)."""
    said = list(dict.fromkeys(refusals))
    return said[0] if len(said) == 1 else f"[{', '.join(said)}]"


def authenticated(user: UserInfo) -> UserInfo:
    """The user as a member of system:authenticated (upstream: AuthenticatedGroupAdder)."""
    if user.name == ANONYMOUS or AUTHENTICATED in user.groups or UNAUTHENTICATED in user.groups:
        return user
    return replace(user, groups=(*user.groups, AUTHENTICATED))


def bearer_token(headers: Mapping[str, str]) -> str | None:
    """The token of the Authorization header, else of a WebSocket handshake's subprotocols. Keys are compared without case.

    Raises InvalidCredentials for a subprotocol that cannot be read (upstream: request/bearertoken, request/websocket).
    """
    fields = {name.lower(): value for name, value in headers.items() if name.lower() in _TOKEN_HEADERS}
    scheme, _, rest = fields.get("authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer" and (token := rest.split(" ", 1)[0]):
        return token
    if "websocket" in fields.get("upgrade", "").lower():
        protocols = [name.strip() for name in fields.get("sec-websocket-protocol", "").split(",")]
        return _subprotocol_token(protocols)
    return None


def other_subprotocols(header: str) -> str:
    """The Sec-WebSocket-Protocol header without the one that carries a token: what may be agreed on and logged."""
    return ", ".join(name for name in map(str.strip, header.split(",")) if not name.startswith(_WEBSOCKET_PREFIX))


_TOKEN_HEADERS = frozenset(("authorization", "upgrade", "sec-websocket-protocol"))


def _subprotocol_token(protocols: Sequence[str]) -> str | None:
    tokens = [name.removeprefix(_WEBSOCKET_PREFIX) for name in protocols if name.startswith(_WEBSOCKET_PREFIX)]
    if not tokens:
        return None
    if len(tokens) > 1:
        raise InvalidCredentials("multiple base64.bearer.authorization tokens specified")
    try:
        token = b64decode(tokens[0] + "=" * (-len(tokens[0]) % 4), b"-_", validate=True).decode()
    except ValueError:
        raise InvalidCredentials("invalid base64.bearer.authorization token encoding") from None
    if token and len(protocols) == len(tokens):
        raise InvalidCredentials("missing additional subprotocol")
    return token or None
