"""Certificates, front proxies, token files, anonymous, and how they work together."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID
from memory_reader import StandingClock

from kcompat.apimachinery.user import UserInfo
from kcompat.auth.authentication import Authentication, bearer_token, other_subprotocols
from kcompat.auth.authenticators.anonymous import AnonymousAuthenticator
from kcompat.auth.authenticators.request_header import RequestHeaderAuthenticator, RequestHeaderSettings
from kcompat.auth.authenticators.token_file import TokenFileAuthenticator, read_token_file
from kcompat.auth.authenticators.x509 import X509Authenticator
from kcompat.auth.certificates import KeyPair, issue_client, issue_server, new_authority, new_key
from kcompat.auth.interface import Credentials, InvalidCredentials, TokenAnswer


@pytest.fixture
def ca(clock: StandingClock) -> KeyPair:
    return new_authority("kubernetes", clock.now())


@pytest.fixture
def proxy_ca(clock: StandingClock) -> KeyPair:
    return new_authority("front-proxy-ca", clock.now())


def shown(pair: KeyPair | None = None, token: str | None = None, header: Any = None, path: str = "") -> Credentials:
    return Credentials(pair.certificate_der if pair else None, token, header, path)


async def test_the_subject_of_a_certificate_is_the_user(ca: KeyPair, clock: StandingClock) -> None:
    pair = issue_client(ca, clock.now(), "jane", ("dev", "ops"), "u-1")
    user = await X509Authenticator([ca.certificate], clock).authenticate(shown(pair))
    fingerprint = sha256(pair.certificate_der).hexdigest()
    credential = {"authentication.kubernetes.io/credential-id": (f"X509SHA256={fingerprint}",)}
    assert user == UserInfo("jane", "u-1", ("dev", "ops"), credential)


async def test_no_certificate_or_no_name_is_no_opinion(ca: KeyPair, clock: StandingClock) -> None:
    authenticator = X509Authenticator([ca.certificate], clock)
    assert await authenticator.authenticate(shown()) is None
    nameless = _without_name(ca, clock)
    assert await authenticator.authenticate(shown(nameless)) is None


def _without_name(ca: KeyPair, clock: StandingClock) -> KeyPair:
    key, start = new_key(), clock.now()
    end = ca.certificate.not_valid_after_utc
    name = x509.Name([])
    builder = x509.CertificateBuilder(ca.certificate.subject, name, key.public_key(), x509.random_serial_number(), start, end)
    return KeyPair(builder.sign(ca.key, hashes.SHA256()), key)


async def test_a_certificate_that_expires_on_an_open_connection_is_refused(ca: KeyPair, clock: StandingClock) -> None:
    authenticator = X509Authenticator([ca.certificate], clock)
    pair = issue_client(ca, clock.now(), "jane")
    assert await authenticator.authenticate(shown(pair))
    clock.advance(days=366)
    with pytest.raises(InvalidCredentials, match="expired"):
        await authenticator.authenticate(shown(pair))


async def test_other_authorities_and_purposes_are_refused(ca: KeyPair, proxy_ca: KeyPair, clock: StandingClock) -> None:
    authenticator = X509Authenticator([ca.certificate], clock)
    impostor = new_authority("kubernetes", clock.now())
    for pair in (
        issue_client(proxy_ca, clock.now(), "kubernetes-admin", ("system:masters",)),
        issue_client(impostor, clock.now(), "kubernetes-admin", ("system:masters",)),
        issue_server(ca, clock.now(), "kube-apiserver", ["localhost"]),
    ):
        with pytest.raises(InvalidCredentials):
            await authenticator.authenticate(shown(pair))
    with pytest.raises(InvalidCredentials, match="unreadable"):
        await authenticator.authenticate(Credentials(b"\x30\x03abc", None))


def signed_by(authority: KeyPair, name: str, clock: StandingClock, *, ca: bool = True, length: int | None = None) -> KeyPair:
    """A certificate between an authority and others."""
    key, start = new_key(), clock.now()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    number = x509.random_serial_number()
    end = authority.certificate.not_valid_after_utc
    builder = x509.CertificateBuilder(authority.certificate.subject, subject, key.public_key(), number, start, end)
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=length), critical=True)
    return KeyPair(builder.sign(authority.key, hashes.SHA256()), key)


async def test_intermediates_lead_to_an_authority(ca: KeyPair, clock: StandingClock) -> None:
    authenticator = X509Authenticator([ca.certificate], clock)
    upper = signed_by(ca, "upper", clock)
    lower = signed_by(upper, "lower", clock)
    pair = issue_client(lower, clock.now(), "jane")
    with_all = Credentials(pair.certificate_der, None, intermediates=(lower.certificate_der, upper.certificate_der))
    user = await authenticator.authenticate(with_all)
    assert user is not None and user.name == "jane"
    for others in ((), (lower.certificate_der,), (upper.certificate_der,)):
        with pytest.raises(InvalidCredentials, match="unknown authority"):
            await authenticator.authenticate(Credentials(pair.certificate_der, None, intermediates=others))


async def test_only_authorities_may_stand_between(ca: KeyPair, clock: StandingClock) -> None:
    authenticator = X509Authenticator([ca.certificate], clock)
    user = issue_client(ca, clock.now(), "jane")
    none = signed_by(ca, "no authority", clock, ca=False)
    narrow = signed_by(ca, "signs no authorities", clock, length=0)
    below = signed_by(narrow, "below", clock)
    for chain in ([user], [none], [below, narrow]):
        forged = issue_client(chain[0], clock.now(), "kubernetes-admin", ("system:masters",))
        shown = Credentials(forged.certificate_der, None, intermediates=tuple(each.certificate_der for each in chain))
        with pytest.raises(InvalidCredentials, match="unknown authority"):
            await authenticator.authenticate(shown)


class Headers(dict[str, Any]):
    """Headers that may come several times, as the HTTP server gives them."""

    def items(self) -> Iterator[tuple[str, str]]:  # type: ignore[override]
        for name, values in super().items():
            yield from ((name, value) for value in ([values] if isinstance(values, str) else values))


async def test_a_front_proxy_speaks_for_users(proxy_ca: KeyPair, clock: StandingClock) -> None:
    authenticator = RequestHeaderAuthenticator([proxy_ca.certificate], RequestHeaderSettings(), clock)
    pair = issue_client(proxy_ca, clock.now(), "front-proxy-client")
    headers = Headers(
        {"X-Remote-User": "jane", "x-remote-group": ["a", "", "b"], "X-Remote-Uid": "7", "X-Remote-Extra-Example.com%2fScope": ["x", "y"]}
    )
    user = await authenticator.authenticate(shown(pair, header=headers))
    assert user == UserInfo("jane", "7", ("a", "b"), {"example.com/scope": ("x", "y")})
    assert await authenticator.authenticate(shown(pair, header=Headers())) is None


async def test_only_front_proxies_speak_for_users(ca: KeyPair, proxy_ca: KeyPair, clock: StandingClock) -> None:
    authenticator = RequestHeaderAuthenticator([proxy_ca.certificate], RequestHeaderSettings(), clock)
    headers = Headers({"X-Remote-User": "admin"})
    assert await authenticator.authenticate(shown(header=headers)) is None
    old = issue_client(proxy_ca, clock.now(), "front-proxy-client")
    clock.advance(days=400)
    pairs = (issue_client(ca, clock.now(), "front-proxy-client"), issue_client(proxy_ca, clock.now(), "somebody"), old)
    for pair in pairs:
        with pytest.raises(InvalidCredentials):
            await authenticator.authenticate(shown(pair, header=headers))


def test_a_token_file_is_read_as_upstream_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "tokens.csv"
    path.write_text('secret,jane,1,"dev,ops"\nother,joe,2\n\n,nobody,3\n')
    assert read_token_file(path) == {"secret": UserInfo("jane", "1", ("dev", "ops")), "other": UserInfo("joe", "2")}
    path.write_text("secret,jane\n")
    with pytest.raises(ValueError, match=r"must have at least 3 columns \(token, user name, user uid\), found 2"):
        read_token_file(path)


def tokens(**users: str) -> TokenFileAuthenticator:
    return TokenFileAuthenticator({token: UserInfo(user) for token, user in users.items()}, ["api"])


async def test_tokens_of_a_file_are_for_the_api_server_only() -> None:
    authenticator = tokens(secret="jane")
    assert await authenticator.authenticate_token("secret", ()) == TokenAnswer(UserInfo("jane"), ("api",))
    assert await authenticator.authenticate_token("secret", ("other", "api")) == TokenAnswer(UserInfo("jane"), ("api",))
    assert await authenticator.authenticate_token("secret", ("other",)) is None
    assert await authenticator.authenticate_token("secre", ()) is None


async def test_any_right_credential_is_enough_and_wrong_ones_are_not_anonymous(
    ca: KeyPair, proxy_ca: KeyPair, clock: StandingClock
) -> None:
    x509 = X509Authenticator([ca.certificate], clock)
    authentication = Authentication([x509], [tokens(secret="jane")], clock, AnonymousAuthenticator())
    wrong = issue_client(proxy_ca, clock.now(), "admin")
    assert (await authentication.authenticate(shown(wrong, "secret"))).name == "jane"
    for credentials in (shown(wrong), shown(token="nonsense"), shown(wrong, "nonsense")):
        with pytest.raises(InvalidCredentials):
            await authentication.authenticate(credentials)
    assert await authentication.authenticate(shown()) == UserInfo("system:anonymous", groups=("system:unauthenticated",))


async def test_users_become_members_of_system_authenticated(ca: KeyPair, clock: StandingClock) -> None:
    authentication = Authentication([X509Authenticator([ca.certificate], clock)], [tokens(secret="joe")], clock)
    assert (await authentication.authenticate(shown(issue_client(ca, clock.now(), "jane", ("a",))))).groups == ("a", "system:authenticated")
    assert (await authentication.authenticate(shown(token="secret"))).groups == ("system:authenticated",)


async def test_without_anonymous_nobody_is_let_in_bare(clock: StandingClock) -> None:
    with pytest.raises(InvalidCredentials):
        await Authentication([], [], clock).authenticate(shown())


async def test_anonymous_may_be_limited_to_paths(clock: StandingClock) -> None:
    authentication = Authentication([], [], clock, AnonymousAuthenticator(["/livez"]))
    assert (await authentication.authenticate(shown(path="/livez"))).name == "system:anonymous"
    with pytest.raises(InvalidCredentials):
        await authentication.authenticate(shown(path="/livez/ping"))


class Counting:
    def __init__(self) -> None:
        self.asked = 0

    async def authenticate_token(self, token: str, audiences: Sequence[str]) -> TokenAnswer | None:
        self.asked += 1
        return TokenAnswer(UserInfo("jane")) if token == "right" else None


async def test_accepted_tokens_are_remembered_for_ten_seconds_by_audience(clock: StandingClock) -> None:
    counting = Counting()
    authentication = Authentication([], [counting], clock)
    for _ in range(3):
        await authentication.authenticate(shown(token="right"))
    assert counting.asked == 1
    await authentication.review("right", ["other"])
    assert counting.asked == 2
    clock.advance(seconds=10)
    await authentication.authenticate(shown(token="right"))
    assert counting.asked == 3
    for _ in range(2):
        with pytest.raises(InvalidCredentials, match="invalid bearer token"):
            await authentication.authenticate(shown(token="wrong"))
    assert counting.asked == 5


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc", None),
        ("BEARER abc def", "abc"),
        ("Basic abc", None),
        ("Bearer", None),
        ("", None),
    ],
)
def test_the_authorization_header(header: str, token: str | None) -> None:
    assert bearer_token({"AUTHORIZATION": header}) == token


def test_a_websocket_may_bring_its_token_as_a_subprotocol() -> None:
    encoded = urlsafe_b64encode(b"abc?>").rstrip(b"=").decode()
    protocols = f"v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.{encoded}"
    assert bearer_token({"Upgrade": "websocket", "Sec-WebSocket-Protocol": protocols}) == "abc?>"
    assert bearer_token({"Sec-WebSocket-Protocol": protocols}) is None
    assert other_subprotocols(protocols) == "v5.channel.k8s.io"
    alone = protocols.split(", ")[1]
    for bad in (alone, f"{alone}, {alone}, x", "base64url.bearer.authorization.k8s.io.%, x"):
        with pytest.raises(InvalidCredentials):
            bearer_token({"Upgrade": "websocket", "Sec-WebSocket-Protocol": bad})
