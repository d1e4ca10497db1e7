"""Two servers in turn over one etcd: the second must show every object exactly as the first did, and be able to change it; then the first again.

Objects of every stored resource come from the differential runs' `objects.yaml`. kube-apiserver writes most of them as protobuf. Called by `__main__.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from conformance.differential.kinds import Kind, all_kinds
from conformance.swap.http import Http, Tree
from conformance.swap.ledger import OK
from conformance.swap.servers import Parts

Check = Callable[[Parts], Iterator[tuple[str, str]]]
MARK = "swap"
_MERGE = "application/merge-patch+json"
_SERVERS = ("kube-apiserver", "kcompat")


def _start(parts: Parts, server: str, etcd: str) -> Http:
    if server == "kcompat":
        return Http(parts.kcompat("--datastore-endpoint", etcd, "--disable", "controllers,scheduler,nodes"))
    return Http(parts.kube_apiserver(etcd))


def _check(first: str, second: str) -> Check:
    def check(parts: Parts) -> Iterator[tuple[str, str]]:
        etcd = parts.etcd()
        server = _start(parts, first, etcd)
        made = [kind for kind in all_kinds() if _make(server, kind)]
        before = {kind.title: _listed(server, kind) for kind in made}
        parts.stop(first)
        server = _start(parts, second, etcd)
        for kind in made:
            yield f"reads {kind.title}", _same(before[kind.title], _listed(server, kind), kind)
        for kind in made:
            yield f"changes {kind.title}", _change(server, kind, before[kind.title])
        after = {kind.title: _listed(server, kind) for kind in made}
        parts.stop(second)
        server = _start(parts, first, etcd)
        for kind in made:
            yield f"{first} reads {kind.title} again", _same(after[kind.title], _listed(server, kind), kind)

    return check


CELLS: dict[str, Check] = {f"{second} on an etcd that {first} wrote": _check(first, second) for first, second in (_SERVERS, _SERVERS[::-1])}


def _make(server: Http, kind: Kind) -> bool:
    """Whether the server serves the kind: two objects of it are made, with a status."""
    namespace, path, code = _namespace(kind), kind.path(_namespace(kind)), 0
    server("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    for which in ("one", "two"):
        thing = kind.object(which, MARK, namespace)
        if kind.title == "pods":
            server("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "default"}})
        code, answer = server("POST", path, thing)
        if code == 404:
            return False
        if code != 201:
            raise RuntimeError(f"{path}: {code} {answer.get('message')}")
        if status := kind.facts.get("status"):
            server("PATCH", f"{path}/{answer['metadata']['name']}/status", {"status": status}, _MERGE)
    return True


def _namespace(kind: Kind) -> str:
    """One for each resource, for quotas and limits among them."""
    return f"{MARK}-of-{kind.title.replace('.', '-')}"


def _listed(server: Http, kind: Kind) -> dict[str, Tree]:
    """The objects made here, by name."""
    code, answer = server("GET", f"{kind.path(_namespace(kind))}?labelSelector=diff%3D{MARK}")
    return {item["metadata"]["name"]: item for item in answer["items"]} if code == 200 else {"": answer}


def _same(before: dict[str, Tree], now: dict[str, Tree], kind: Kind) -> str:
    if kind.settles:
        before, now = (_settled(before), _settled(now))
    return next(_differences(before, now, kind.resource), OK)


def _settled(items: dict[str, Tree]) -> dict[str, Tree]:
    """Without what the server's own controllers write after the fact, and what they are about to remove."""
    kept = {name: item for name, item in items.items() if "deletionTimestamp" not in item["metadata"]}
    return {name: {**item, "status": None, "metadata": {**item["metadata"], **_UNSETTLED}} for name, item in kept.items()}


_UNSETTLED = {"resourceVersion": None, "managedFields": None}


def _differences(before: Any, now: Any, path: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        for name in [*before, *(n for n in now if n not in before)]:
            if name not in before or name not in now:
                yield f"{path}.{name}: {'came' if name in now else 'went'}: {now.get(name, before.get(name))!r}"[:300]
            else:
                yield from _differences(before[name], now[name], f"{path}.{name}")
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for number, (was, value) in enumerate(zip(before, now, strict=True)):
            yield from _differences(was, value, f"{path}[{number}]")
    elif before != now or type(before) is not type(now):
        yield f"{path}: {before!r} became {now!r}"[:300]


def _change(server: Http, kind: Kind, before: dict[str, Tree]) -> str:
    """Patches one object, replaces it as read, deletes the other."""
    one, two = sorted(before)
    path = kind.path(_namespace(kind))
    code, patched = server("PATCH", f"{path}/{one}", kind.facts["change"], _MERGE)
    if code != 200:
        return f"patch: {code} {patched.get('message')}"
    code, replaced = server("PUT", f"{path}/{one}", patched)
    while code == 409 and kind.settles:  # its own controllers go on changing it for a moment
        _, patched = server("GET", f"{path}/{one}")
        code, replaced = server("PUT", f"{path}/{one}", patched)
    if code != 200:
        return f"update: {code} {replaced.get('message')}"
    code, answer = server("DELETE", f"{path}/{two}?gracePeriodSeconds=0")
    return OK if code in (200, 202) else f"delete: {code} {answer.get('message')}"
