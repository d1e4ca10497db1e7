"""Makes equal what two servers may choose freely: uids, times, revisions, tokens, continue tokens, addresses picked at random.

Everything else of an answer is kept: code, meaningful headers, every field of the body. Called by script.py.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import orjson
from multidict import CIMultiDict, CIMultiDictProxy

from kcompat.apimachinery import go_json

Tree = dict[str, Any]

HEADERS = (
    "Content-Type", "Cache-Control", "Retry-After", "X-Content-Type-Options", "Vary", "Allow", "Location", "Content-Encoding",
    "Www-Authenticate",
)  # fmt: skip
PRESENT = ("Audit-Id", "Etag", "X-Kubernetes-Pf-Flowschema-Uid", "X-Kubernetes-Pf-Prioritylevel-Uid")
"""Revisions that scripts make up."""
_UNORDERED = ("resourceRules", "nonResourceRules")
_TEXTS = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uid>"),
    (re.compile(r"2(?:0(?:2[5-9]|[3-9]\d)|1\d\d)-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"), "<micro time>"),
    (re.compile(r"2(?:0(?:2[5-9]|[3-9]\d)|1\d\d)-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| ?[+-]\d\d:?\d\d)"), "<time>"),
    (re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+"), "<token>"),
    (re.compile(r"([Rr]esource ?[Vv]ersion[=:]\s?\"?)(?!0\b|999999999)\d+"), r"\1<revision>"),
    (re.compile(r"(continue=)(?!bad)[\w-]{20,}"), r"\1<continue>"),
    (re.compile(r"(too old resource version: )\d+ \(\d+\)"), r"\1<revision> (<revision>)"),
    (re.compile(r'Invalid value: "\{(?:[^"\\]|\\.)*"'), 'Invalid value: "<object>"'),
    (re.compile(r"(serverAddress: )\S+"), r"\1<server>"),
    (re.compile(r"https://[\d.]+:\d+/openid"), "https://<server>/openid"),
    (re.compile(r"(, current: )\d+"), r"\1<revision>"),
    (re.compile(r"(ResourceVersion in object meta: )\d+"), r"\1<revision>"),
    (re.compile(r"(in record \()\d+(\))"), r"\1<revision>\2"),
    (re.compile(r"([Rr]esource ?[Vv]ersion in the precondition \()(?!999999999)\d+(\))"), r"\1<revision>\2"),
)
_TAG = re.compile(r"(If_None_Match\": \"\\\")[0-9A-F]{64,}")
_AGE = re.compile(r"^(?:\d+[smhdy]){1,2}$|^<unknown>$")
_SUFFIX = "[bcdfghjklmnpqrstvwxz2456789]{5}"
_FREE_ADDRESS = re.compile(r"10\.96\.\d+\.\d+|\bfd00:96::[1-9a-f][0-9a-f]{2,3}\b(?!::)")
_FREE_PORT = range(30000, 33000)
_ASKED_PORTS = (30077, 30177)
_KEPT = "10.96.0."
"""The band of the service range that no address is picked from unasked."""


class Normaliser:
    """`url` is that of the server asked: it must not show in what is compared."""

    def __init__(self, url: str) -> None:
        self._host = url.removeprefix("https://").removeprefix("http://")
        self._generated: dict[str, re.Pattern[str]] = {}

    def generates(self, prefix: str) -> None:
        """Names that begin with this generateName end in a suffix of the server's choice."""
        self._generated[prefix] = re.compile(f"({re.escape(prefix[:58])}){_SUFFIX}")

    def text(self, text: str) -> str:
        for pattern in self._generated.values():
            text = pattern.sub(r"\1<suffix>", text)
        for pattern, replacement in _TEXTS:
            text = pattern.sub(replacement, text)
        return _FREE_ADDRESS.sub(self._address, text.replace(self._host, "<server>"))

    def tags(self, headers: str) -> str:
        """Headers that were sent, without the server's own tags."""
        return _TAG.sub(r"\1<tag>", headers)

    def _address(self, found: re.Match[str]) -> str:
        return found[0] if found[0].startswith(_KEPT) else "<address>"

    def digest(self, body: Any) -> str:
        """Tells whether a step still sends what it sent when it was recorded."""
        if body is None:
            return ""
        shown = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else orjson.dumps(self.value(body), option=orjson.OPT_SORT_KEYS)
        return hashlib.sha1(shown, usedforsecurity=False).hexdigest()[:8]

    def answer(self, code: int, headers: CIMultiDict[str] | CIMultiDictProxy[str], body: bytes) -> Tree:
        """code, headers, layout and body of an answer, ready to be compared."""
        said: Tree = {"code": code, "headers": self._headers(headers)}
        kind = headers.get("Content-Type", "")
        if "protobuf" in kind and "openapi" not in kind:
            return said | {"body": self.value(_protobuf(body))}
        try:
            tree = orjson.loads(body)
        except orjson.JSONDecodeError:
            return said | {"body": [self.text(line) for line in body.decode("utf-8", "replace").split("\n")]}
        return said | {"layout": _layout(body), "body": self.value(tree)}

    def line(self, line: bytes) -> Any:
        """One event of a watch."""
        if not line.startswith(b"{"):
            return self.value(_protobuf_event(line))
        try:
            return self.value(orjson.loads(line))
        except orjson.JSONDecodeError:
            return self.text(line.decode("utf-8", "replace"))

    def _headers(self, headers: CIMultiDict[str] | CIMultiDictProxy[str]) -> Tree:
        said: Tree = {name: ", ".join(headers.getall(name)) for name in HEADERS if name in headers}
        said |= {name: "present" for name in PRESENT if name in headers}
        if "Location" in said:
            said["Location"] = self.text(said["Location"])
        if "Warning" in headers:
            said["Warning"] = [self.text(text) for text in headers.getall("Warning")]
        return said

    def value(self, value: Any, key: str = "") -> Any:
        """A JSON value; `key` is the field it stands in."""
        if isinstance(value, dict):
            return self._object(value)
        if isinstance(value, list):
            items = [self.value(item, key) for item in value]
            return sorted(items, key=orjson.dumps) if key in _UNORDERED else items
        if isinstance(value, str):
            return self._string(value, key)
        if (key == "nodePort" and value in _FREE_PORT) or (key == "healthCheckNodePort" and value in _FREE_PORT):
            return value if value in _ASKED_PORTS else "<port>"
        if key == "targetPort" and self._host.endswith(f":{value}"):
            return "<port>"
        return value

    def _object(self, tree: Mapping[str, Any]) -> Tree:
        said = {_TEXTS[0][0].sub("<uid>", name) if "uid" in name else name: self.value(value, name) for name, value in tree.items()}
        if "columnDefinitions" in said and isinstance(said["columnDefinitions"], list):
            for column in said["columnDefinitions"]:
                column.pop("description", None)  # sentences: see docs of the column; not part of the contract
        return said

    def _string(self, text: str, key: str) -> str:
        if key == "resourceVersion" and text.isdigit() and text != "0" and text != "999999999":
            return "<revision>"
        if key == "continue" and text:
            return "<continue>"
        if key == "serverAddress":
            return "<server>"
        if key == "cells" and _AGE.match(text):
            return "<age>"
        return self.text(text)


def _layout(body: bytes) -> str:
    """How JSON is set: compact or pretty, with or without a newline at the end, and whether Go would write it so."""
    pretty = b"\n  " in body
    own = "" if body.rstrip(b"\n") == go_json.dumps(orjson.loads(body), pretty=pretty) else ", not as Go writes it"
    return ("pretty" if pretty else "compact") + ("" if body.endswith(b"\n") else ", no newline") + own


def _protobuf_event(frame: bytes) -> Any:
    """A WatchEvent: its type, and its object in an envelope."""
    from kcompat.apimachinery.schema.protobuf_reader import small

    event = dict(small(frame))
    return {"type": event[1].decode(), **_protobuf(dict(small(event[2]))[1])}


def _protobuf(body: bytes) -> Any:
    from kcompat.apimachinery import protobuf

    try:
        api_version, kind, tree = protobuf.decode(body)
    except Exception as error:
        return {"protobuf": f"undecodable: {type(error).__name__}"}
    return {"protobuf": {"apiVersion": api_version, "kind": kind, **tree}}
