"""The PKI on disk, and that a real TLS stack and a YAML reader accept what it makes."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64decode
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from memory_reader import StandingClock

from kcompat.apimachinery.clock import SystemClock
from kcompat.auth.certificates import Pki, load_private_key, load_public_keys, open_pki, private_key_pem, serving_hosts
from kcompat.auth.kubeconfig import Kubeconfig

HOSTS = serving_hosts("10.1.2.3", "api.example.com", hostname="machine", service_ip="10.96.0.1")


def test_the_first_start_makes_private_files(tmp_path: Path, clock: StandingClock) -> None:
    open_pki(tmp_path / "pki", clock, HOSTS)
    files = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "pki").iterdir()}
    assert set(files) == {
        *("ca.crt", "ca.key", "front-proxy-ca.crt", "front-proxy-ca.key", "front-proxy-client.crt", "front-proxy-client.key"),
        *("apiserver.crt", "apiserver.key", "sa.key", "sa.pub"),
    }
    assert set(files.values()) == {0o600}
    assert (tmp_path / "pki").stat().st_mode & 0o777 == 0o700


def test_the_next_start_reads_the_same(tmp_path: Path, clock: StandingClock) -> None:
    open_pki(tmp_path, clock, HOSTS)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    clock.advance(days=300)
    open_pki(tmp_path, clock, HOSTS[:3])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_leaves_are_renewed_near_expiry_and_the_authority_keeps_its_key(tmp_path: Path, clock: StandingClock) -> None:
    first = open_pki(tmp_path, clock, HOSTS)
    clock.advance(days=340)
    second = open_pki(tmp_path, clock, HOSTS)
    assert second.server.certificate != first.server.certificate
    assert second.front_proxy_client.certificate != first.front_proxy_client.certificate
    assert second.ca.certificate == first.ca.certificate
    clock.advance(days=3290)
    third = open_pki(tmp_path, clock, HOSTS)
    assert third.ca.certificate != first.ca.certificate
    first.server.certificate.verify_directly_issued_by(third.ca.certificate)


def test_the_serving_certificate_covers_new_names(tmp_path: Path, clock: StandingClock) -> None:
    open_pki(tmp_path, clock, HOSTS)
    names = _names(open_pki(tmp_path, clock, [*HOSTS, "fd00::1"]))
    assert "fd00::1" in names
    assert {"localhost", "127.0.0.1", "::1", "machine", "kubernetes.default.svc.cluster.local", "10.96.0.1", "api.example.com"} <= names


def _names(pki: Pki) -> set[str]:
    names = pki.server.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name.value) for name in names}


def test_a_crash_between_key_and_certificate_needs_no_repair(tmp_path: Path, clock: StandingClock) -> None:
    first = open_pki(tmp_path, clock, HOSTS)
    (tmp_path / "ca.crt").unlink()
    (tmp_path / "apiserver.key").write_bytes(first.front_proxy_client.key_pem)
    second = open_pki(tmp_path, clock, HOSTS)
    assert second.ca.key.public_key() == first.ca.key.public_key()
    second.server.certificate.verify_directly_issued_by(second.ca.certificate)


@pytest.mark.parametrize("damage", ["missing", "garbage", "other"])
def test_an_unusable_authority_is_an_error_that_names_the_file(tmp_path: Path, clock: StandingClock, damage: str) -> None:
    pki = open_pki(tmp_path, clock, HOSTS)
    key = tmp_path / "ca.key"
    if damage == "missing":
        key.unlink()
    else:
        key.write_bytes(b"nonsense" if damage == "garbage" else pki.server.key_pem)
    with pytest.raises(ValueError, match=r"ca\.key"):
        open_pki(tmp_path, clock, HOSTS)


def test_an_rsa_authority_brought_along_signs_too(tmp_path: Path, clock: StandingClock) -> None:
    key = rsa.generate_private_key(65537, 2048)
    (tmp_path / "ca.key").write_bytes(private_key_pem(key))
    pki = open_pki(tmp_path, clock, HOSTS)
    pki.node("n1").certificate.verify_directly_issued_by(pki.ca.certificate)


def test_public_keys_of_a_file_in_every_form(tmp_path: Path, clock: StandingClock) -> None:
    pki = open_pki(tmp_path, clock, HOSTS)
    ours = pki.service_account_key.public_key()
    pem = pki.server.certificate_pem + (tmp_path / "sa.pub").read_bytes() + (tmp_path / "sa.key").read_bytes()
    assert load_public_keys(pem) == [pki.server.key.public_key(), ours, ours]
    with pytest.raises(ValueError, match="does not contain any valid RSA or ECDSA public keys"):
        load_public_keys(b"nothing")


def test_an_encrypted_key_is_refused(tmp_path: Path, clock: StandingClock) -> None:
    key = open_pki(tmp_path, clock, HOSTS).service_account_key
    encryption = serialization.BestAvailableEncryption(b"x")
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    with pytest.raises(ValueError, match="encrypted"):
        load_private_key(pem)


async def test_a_strict_tls_client_and_server_trust_each_other(tmp_path: Path) -> None:
    pki = open_pki(tmp_path, SystemClock(), HOSTS)
    admin = pki.admin()
    (tmp_path / "admin.pem").write_bytes(admin.certificate_pem + admin.key_pem)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=tmp_path / "ca.crt")
    server.load_cert_chain(tmp_path / "apiserver.crt", tmp_path / "apiserver.key")
    server.verify_mode = ssl.CERT_REQUIRED
    client = ssl.create_default_context(cafile=tmp_path / "ca.crt")
    client.load_cert_chain(tmp_path / "admin.pem")
    for context in (server, client):
        context.verify_flags |= ssl.VERIFY_X509_STRICT
    seen: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.set_result(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
        writer.close()

    listener = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=server)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname="kubernetes.default.svc")
        assert await seen == admin.certificate_der
        writer.close()
        await writer.wait_closed()


def test_a_kubeconfig_holds_everything(tmp_path: Path, clock: StandingClock) -> None:
    pki = open_pki(tmp_path / "pki", clock, HOSTS)
    admin, path = pki.admin(), tmp_path / "sub" / "config"
    Kubeconfig("yes", "https://127.0.0.1:6443", pki.ca.certificate_pem, "admin", admin).write(path)
    assert path.stat().st_mode & 0o777 == 0o600
    config = yaml.safe_load(path.read_text())
    assert config["current-context"] == config["contexts"][0]["name"] == "admin@yes"
    assert config["contexts"][0]["context"] == {"cluster": "yes", "user": "admin"}
    assert b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]) == pki.ca.certificate_pem
    assert b64decode(config["users"][0]["user"]["client-key-data"]) == admin.key_pem
    token = yaml.safe_load(Kubeconfig("c", "https://h", b"", "u", token="0x10").text())
    assert token["users"][0]["user"] == {"token": "0x10"}
