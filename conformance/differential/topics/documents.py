"""Discovery, versions, health, metrics' form, OpenAPI's form, service account issuer."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.differential.kinds import all_kinds
from conformance.differential.script import Answer, Script, Session

_V2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_V2BETA1 = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"
_PROTOBUF = "application/vnd.kubernetes.protobuf"


def scripts() -> Iterator[Script]:
    yield Script("discovery", "plain", _plain)
    yield Script("discovery", "aggregated", _aggregated)
    yield Script("discovery", "accept", _accept)
    yield Script("documents", "version", _version)
    yield Script("documents", "health", _health)
    yield Script("documents", "issuer", _issuer)
    yield Script("documents", "openapi", _openapi)
    yield Script("documents", "root", _root)


async def _plain(s: Session) -> None:
    await s.ask("GET", "/api")
    await s.ask("GET", "/apis")
    await s.ask("GET", "/api/v1")
    for version in dict.fromkeys(kind.api_version for kind in all_kinds() if kind.group):
        await s.ask("GET", f"/apis/{version.split('/')[0]}")
        await s.ask("GET", f"/apis/{version}")
    for version in ("authentication.k8s.io/v1", "authorization.k8s.io/v1"):
        await s.ask("GET", f"/apis/{version}")


async def _aggregated(s: Session) -> None:
    for path in ("/api", "/apis"):
        for accept in (_V2, _V2BETA1):
            answer = await s.ask("GET", path, Accept=accept)
            tag = answer.headers.get("ETag", "none")
            await s.ask("GET", path, Accept=accept, If_None_Match=tag)
            await s.ask("GET", path, Accept=accept, If_None_Match='"other"')
            await s.ask("GET", path, Accept=accept, If_None_Match="*")


async def _accept(s: Session) -> None:
    for path in ("/api", "/apis", "/api/v1", "/apis/apps", "/apis/apps/v1"):
        for accept in (
            None, "*/*", "application/json", "application/yaml", "application/*", "text/html", "application/cbor", f"{_V2},{_V2BETA1},application/json", f"{_V2BETA1},application/json", f"application/json,{_V2}",
            "application/json;as=Table;g=meta.k8s.io;v=v1", "application/json;as=Table;g=meta.k8s.io;v=v1,application/json", "application/json;g=apidiscovery.k8s.io;v=v3;as=APIGroupDiscoveryList",
            "application/json;g=apidiscovery.k8s.io;v=v3;as=APIGroupDiscoveryList,application/json", f"{_PROTOBUF};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json",
        ):  # fmt: skip
            await s.ask("GET", path, Accept=accept)
    await s.ask("GET", "/api", User_Agent="curl/8")
    await s.ask("GET", "/apis/apps?pretty=true")
    await s.ask("GET", "/api?pretty=true", Accept=_V2)


async def _version(s: Session) -> None:
    for accept in (None, "application/yaml", "text/html"):
        await s.ask("GET", "/version", Accept=accept)
    await s.ask("GET", "/version?pretty=true")
    await s.ask("GET", "/version", User_Agent="curl/8")
    await s.ask("POST", "/version")
    await s.ask("HEAD", "/version")


async def _health(s: Session) -> None:
    for endpoint in ("healthz", "livez", "readyz"):
        for query in ("", "?exclude=etcd", "?exclude=nonsense", "?exclude=etcd&exclude=nonsense", "?verbose=false&exclude=x"):
            await s.ask("GET", f"/{endpoint}{query}")
        for check in ("ping", "etcd", "log", "nonsense", "poststarthook/rbac/bootstrap-roles", "poststarthook", "ping?verbose"):
            await s.ask("GET", f"/{endpoint}/{check}")
        for method in ("HEAD", "POST", "DELETE", "PUT"):
            await s.ask(method, f"/{endpoint}")
    await s.ask("GET", "/livez", Accept="application/json")
    s.user = "bob"
    await s.ask("GET", "/readyz")
    s.user = ""
    await s.ask("GET", "/livez", Authorization=None)
    await s.ask("GET", "/livez/ping", Authorization=None)


async def _issuer(s: Session) -> None:
    await s.ask("GET", "/.well-known/openid-configuration")
    keys = await s.quiet("GET", "/openid/v1/jwks")
    await s.ask("GET", "/.well-known/openid-configuration", Accept="text/html")
    await s.ask("POST", "/.well-known/openid-configuration")
    await _form(s, "the form of /openid/v1/jwks", keys, keys=len(keys.at("keys", [])))


async def _openapi(s: Session) -> None:
    """Only the form: what the documents say has tests of its own."""
    for path in ("/openapi/v2", "/openapi/v3", "/openapi/v3/api/v1", "/openapi/v3/version"):
        for accept in (None, "application/json", "*/*", "application/com.github.proto-openapi.spec.v2.v1.0+protobuf", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf", "application/yaml", "text/html"):
            answer = await s.quiet("GET", path, Accept=accept)
            await _form(s, f"{path} {accept}", answer, etag="Etag" in answer.headers, empty=not answer.body)
            again = await s.quiet("GET", path, Accept=accept, If_None_Match=answer.headers.get("Etag", "none"))
            await _form(s, f"{path} {accept}, by its tag", again, empty=not again.body)
    index = (await s.quiet("GET", "/openapi/v3")).at("paths", {})
    s.steps.append({"ask": "paths of /openapi/v3", "sent": "", "code": 200, "body": {"paths": sorted(index)}})
    for path in sorted(index)[:3]:
        answer = await s.quiet("GET", index[path]["serverRelativeURL"])
        await _form(s, f"{path} by its hash", answer)
        answer = await s.quiet("GET", f"/openapi/v3/{path}?hash=wrong")
        await _form(s, f"{path} by a wrong hash", answer, location="hash=" in answer.headers.get("Location", ""))


async def _form(s: Session, ask: str, answer: Answer, **more: object) -> None:
    """Keeps code and headers, and what more is to be compared."""
    headers = {name: ", ".join(answer.headers.getall(name, ())) for name in ("Content-Type", "Vary", "Cache-Control")}
    s.steps.append({"ask": ask, "sent": "", "code": answer.code, "headers": headers, "body": more})


async def _root(s: Session) -> None:
    await s.ask("GET", "/")
    await s.ask("GET", "/", Accept="text/html")
    metrics = await s.quiet("GET", "/metrics")
    await _form(s, "the form of /metrics", metrics)
