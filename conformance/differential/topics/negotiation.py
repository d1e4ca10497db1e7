"""Content negotiation: Accept on every kind of answer, Content-Type on every kind of body, compression, pretty printing."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from conformance.differential.script import Script, Session

_JSON, _YAML, _PROTOBUF = "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"
_G = "g=meta.k8s.io;v=v1"
_ACCEPTS = (
    "", "*/*", "application/*", "text/*", "*", "json", _JSON, _YAML, _PROTOBUF, "APPLICATION/JSON", "text/html", "text/plain", "application/xml", "application/cbor", "application/cbor-seq",
    "application/json;q=0.1,application/yaml", "application/yaml;q=0,application/json", "text/html,application/json;q=0.5", "application/json;charset=utf-8", "application/json; pretty=1",
    "application/json;pretty=true", "application/json;stream=watch", "application/json;stream=other", "application/yaml;stream=watch", "application/json;sv=v1", "application/json;sv=v9",
    "application/json;nonsense=1", f"{_JSON};as=Table;{_G}", f"{_JSON};as=Table;g=meta.k8s.io;v=v1beta1", f"{_JSON};as=Table;g=meta.k8s.io;v=v2", f"{_JSON};as=Table;v=v1", f"{_JSON};as=Table",
    f"{_JSON};as=Table;{_G},{_JSON}", f"{_PROTOBUF};as=Table;{_G}", f"{_PROTOBUF};as=Table;{_G},{_JSON}", f"{_JSON};as=PartialObjectMetadata;{_G}",
    f"{_YAML};as=PartialObjectMetadata;{_G}", f"{_JSON};as=PartialObjectMetadata;g=meta.k8s.io;v=v1beta1", f"{_JSON};as=PartialObjectMetadataList;{_G}", f"{_PROTOBUF};as=PartialObjectMetadata;{_G}",
    f"{_JSON};as=Other;{_G}", f"{_JSON};as=Other;{_G},{_JSON}", f"{_JSON};{_G}", f"{_PROTOBUF},{_JSON}", f"{_JSON},{_PROTOBUF}", "application/json,", ",application/json", ";", "application/json;q=x",
    "*/*;q=0.1,application/yaml;q=0.05", "application/vnd.kubernetes.protobuf;q=0.9,application/json;q=0.8", f"*/*;as=Table;{_G}", f"application/*;as=Table;{_G},application/json",
)  # fmt: skip
_CONTENT_TYPES = (
    None, "", _JSON, "APPLICATION/JSON", "application/json; charset=utf-8", "application/json;", "application/json;;", "text/json", "text/plain", "application/yaml", "text/yaml",
    "application/x-yaml", "application/cbor", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "nonsense", "*/*", "application/*", "application/json-patch+json", _PROTOBUF,
)  # fmt: skip


def scripts() -> Iterator[Script]:
    for name, path in (("get", "one"), ("list", ""), ("error", "absent"), ("status", None)):
        yield Script("negotiation", f"accept-{name}", _Accepts(path).run)
    yield Script("negotiation", "accept-writes", _accept_writes)
    yield Script("negotiation", "content-types", _content_types)
    yield Script("negotiation", "protobuf", _protobuf)
    yield Script("negotiation", "yaml", _yaml)
    yield Script("negotiation", "compression", _compression)


class _Accepts:
    """Every Accept header on one kind of path; None: a deployment's status."""

    def __init__(self, name: str | None) -> None:
        self.name = name

    async def run(self, s: Session) -> None:
        await s.quiet("POST", f"{s.core}/configmaps", {"metadata": {"name": "one"}, "data": {"a": "b"}})
        path = f"{s.core}/configmaps/{self.name}".rstrip("/")
        if self.name is None:
            spec = {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}}
            await s.quiet("POST", f"/apis/apps/v1/namespaces/{s.namespace}/deployments", {"metadata": {"name": "d"}, "spec": spec})
            path = f"/apis/apps/v1/namespaces/{s.namespace}/deployments/d/status"
        for accept in _ACCEPTS:
            await s.ask("GET", path, Accept=accept)


async def _accept_writes(s: Session) -> None:
    root = f"{s.core}/configmaps"
    await s.quiet("POST", root, {"metadata": {"name": "one"}})
    for accept in (_YAML, _PROTOBUF, f"{_JSON};as=Table;{_G}", f"{_JSON};as=PartialObjectMetadata;{_G}", f"{_JSON};as=PartialObjectMetadataList;{_G}", "text/html", "application/*"):
        await s.ask("POST", f"{root}?dryRun=All", {"metadata": {"name": "two"}}, Accept=accept)
        await s.ask("PUT", f"{root}/one?dryRun=All", {"metadata": {"name": "one"}}, Accept=accept)
        await s.ask("PATCH", f"{root}/one?dryRun=All", {"metadata": {"labels": {"a": "b"}}}, Accept=accept)
        await s.ask("DELETE", f"{root}/one?dryRun=All", Accept=accept)
        await s.ask("DELETE", f"{root}?dryRun=All", Accept=accept)
        await s.ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {"spec": {"nonResourceAttributes": {"path": "/", "verb": "get"}}}, Accept=accept)


async def _content_types(s: Session) -> None:
    root = f"{s.core}/configmaps"
    await s.quiet("POST", root, {"metadata": {"name": "one"}})
    for content_type in _CONTENT_TYPES:
        await s.ask("POST", f"{root}?dryRun=All", b'{"metadata":{"name":"two"}}', Content_Type=content_type, note=str(content_type))
    for content_type in ("text/plain", "application/yaml", "nonsense", None):
        await s.ask("PUT", f"{root}/one?dryRun=All", b'{"metadata":{"name":"one"}}', Content_Type=content_type, note=str(content_type))
        await s.ask("DELETE", f"{root}/one?dryRun=All", b'{"dryRun":["All"]}', Content_Type=content_type, note=str(content_type))
        await s.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", b"{}", Content_Type=content_type, note=str(content_type))
    await s.ask("GET", f"{root}/one", b"{}", Content_Type="nonsense", note="body of a GET")


async def _protobuf(s: Session) -> None:
    """Bodies in protobuf, good and bad. A ConfigMap named p: envelope {typeMeta {v1, ConfigMap}, raw {metadata {name: p}}}."""
    config_map = b"k8s\0\n\x0f\n\x02v1\x12\tConfigMap\x12\x05\n\x03\n\x01p"
    root = f"{s.core}/configmaps"
    for body, note in (
        (config_map, "good"), (b"", "empty"), (b"k8s\0", "magic only"), (b"k8s", "short"), (b"{}", "JSON"), (config_map[:-2], "cut off"), (config_map[4:], "no magic"),
        (config_map.replace(b"ConfigMap", b"ConfigMop"), "unknown kind"), (config_map.replace(b"\x02v1", b"\x02v9"), "unknown version"), (b"k8s\0\xff\xff\xff", "garbage"),
    ):  # fmt: skip
        await s.ask("POST", f"{root}?dryRun=All", body, Content_Type=_PROTOBUF, note=note)
    await s.ask("POST", f"{s.core}/secrets?dryRun=All", config_map, Content_Type=_PROTOBUF, note="another kind")
    await s.ask("POST", root, config_map, Content_Type=_PROTOBUF, note="stored")
    for accept in (_JSON, _PROTOBUF):
        await s.ask("GET", f"{root}/p", Accept=accept)
        await s.ask("GET", root, Accept=accept)
        await s.ask("GET", f"{root}/absent", Accept=accept)
    options = b"k8s\0\n\x13\n\x02v1\x12\rDeleteOptions\x12\x02\x08\x05"
    await s.ask("DELETE", f"{root}/p?dryRun=All", options, Content_Type=_PROTOBUF)


async def _yaml(s: Session) -> None:
    root = f"{s.core}/configmaps"
    for body in (
        "metadata:\n  name: y\ndata:\n  a: b\n", "kind: ConfigMap\napiVersion: v1\nmetadata: {name: y}\ndata: {n: 1}\n", "metadata: {name: y}\ndata: {n: yes}\n", "a: [", "\t", "", "null", "- a", "text",
        "metadata: {name: y}\n---\nmetadata: {name: z}\n", "metadata: {name: y, name: z}\n", "metadata: {name: y}\ndata: {a: !!binary aGk=}\n", "metadata: &m {name: y}\ndata: *m\n", "metadata: {name: 1e3}\n",
        "metadata: {name: y}\ndata: {? a : b}\n", "metadata:\n  name: y\n  labels: {on: off}\n", "metadata: {name: y}\ndata: {d: 2001-01-01}\n", "%YAML 1.1\n---\nmetadata: {name: y}\n", "metadata: {name: y}\nnonsense: 1\n",
    ):  # fmt: skip
        for directive in ("Strict", "Warn"):
            await s.ask("POST", f"{root}?dryRun=All&fieldValidation={directive}", body, Content_Type=_YAML, note=repr(body))
    text = {"quotes": "\"'", "lines": "a\nb\n", "yes": "yes", "number": "1e3", "null": "null", "empty": "", "space": " x ", "colon": "a: b", "hash": "a #b", "unicode": "é☃\u2028", "tab": "a\tb", "long": "word " * 40}
    await s.quiet("POST", root, {"metadata": {"name": "texts"}, "data": text})
    await s.ask("GET", f"{root}/texts", Accept=_YAML)
    await s.ask("GET", "/api/v1/namespaces?fieldSelector=metadata.name%3Ddefault", Accept=_YAML)
    await s.ask("GET", f"{root}/absent", Accept=_YAML)
    await s.ask("DELETE", f"{root}/texts?dryRun=All", Accept=_YAML)


async def _compression(s: Session) -> None:
    """Answers above 128 KiB are compressed for those who ask."""
    root = f"{s.core}/configmaps"
    await s.quiet("POST", root, {"metadata": {"name": "small"}})
    await s.ask("GET", f"{root}/small", Accept_Encoding="gzip")
    for encoding in ("identity", "deflate", "br", "*"):
        await s.ask("GET", f"{root}/small", Accept_Encoding=encoding)
    await s.ask("GET", "/api/v1", Accept_Encoding="gzip", Accept=f"{_JSON};as={quote('x')}")
