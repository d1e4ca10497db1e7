"""What --datastore-endpoint may say, and that nobody pays for a backend that is not used."""

import subprocess
import sys

import pytest

from kcompat.apimachinery.clock import SystemClock
from kcompat.storage.backends import open_backend
from kcompat.storage.backends.etcd import Tls
from kcompat.storage.backends.etcd.connection import Connection


@pytest.mark.parametrize(
    ("endpoint", "targets"),
    [
        ("http://a:1,http://b:2", [(False, "a:1"), (False, "b:2")]),
        ("https://a,b:2", [(True, "a:2379"), (True, "b:2")]),
        ("http://[::1]:2379", [(False, "[::1]:2379")]),
    ],
)
def test_endpoints(endpoint: str, targets: list[tuple[bool, str]]) -> None:
    assert Connection(endpoint.split(","), Tls())._targets == targets


@pytest.mark.parametrize("endpoint", ["", "mysql://a", "http://", "http://a/path", "sqlite://", "memory://x"])
def test_endpoints_that_are_none(endpoint: str) -> None:
    with pytest.raises(ValueError, match="endpoint"):
        open_backend(endpoint, clock=SystemClock())


@pytest.mark.parametrize(("endpoint", "unused"), [("memory://", "grpc google sqlite3"), ("sqlite:///tmp/store.db", "grpc google")])
def test_other_backends_are_not_imported(endpoint: str, unused: str) -> None:
    script = (
        "import sys; from kcompat.apimachinery.clock import SystemClock; from kcompat.storage.backends import open_backend;"
        f"open_backend({endpoint!r}, clock=SystemClock()); print(*set({unused!r}.split()) & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True).stdout.split() == []
