"""The stores, one file each, and how an endpoint names one (`--datastore-endpoint`).

Called by `cluster.py`. A backend's module is imported only when asked for: grpc alone would cost more than the whole start.
"""

from __future__ import annotations

from typing import Literal

from kcompat.apimachinery.clock import Clock
from kcompat.storage.interface import Backend


def open_backend(
    endpoint: str,
    *,
    clock: Clock,
    durability: Literal["full", "relaxed"] = "full",
    ca_file: str | None = None,
    cert_file: str | None = None,
    key_file: str | None = None,
) -> Backend:
    """The backend, not yet started, that an endpoint names: `memory://`, `sqlite:///PATH` or `http(s)://HOST:PORT[,…]` (etcd).

    `durability` (full, relaxed) is for sqlite; the files are for etcd over TLS. Raises ValueError for what is none of these.
    """
    if endpoint == "memory://":
        from kcompat.storage.backends.memory import MemoryBackend

        return MemoryBackend(clock)
    if endpoint.startswith("sqlite://") and endpoint != "sqlite://":
        from kcompat.storage.backends.sqlite import SqliteBackend

        return SqliteBackend(endpoint.removeprefix("sqlite://"), clock=clock, durability=durability)
    if endpoint.startswith(("http://", "https://")):
        from kcompat.storage.backends.etcd import EtcdBackend, Tls

        return EtcdBackend(endpoint.split(","), tls=Tls(ca_file, cert_file, key_file))
    raise ValueError(f"unsupported datastore endpoint {endpoint!r}: want memory://, sqlite:///PATH or http(s)://ETCD,…")
