"""fieldValidation by content type and verb, what bodies and options are refused for, and Warning headers."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.differential.script import APPLY_PATCH, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, Script, Session

_YAML, _PROTOBUF = "application/yaml", "application/vnd.kubernetes.protobuf"
_DIRECTIVES = ("", "Strict", "Ignore")
_DEPLOYMENT = (
    '{{"apiVersion":"apps/v1","kind":"Deployment","metadata":{{"name":"d"{meta}}},"spec":{{"selector":{{"matchLabels":{{"a":"b"}}}}{spec},'
    '"template":{{"metadata":{{"labels":{{"a":"b"}}}},"spec":{{"containers":[{{"name":"c","image":"i"{container}}}{more}]{pod}}}}}}}{top}}}'
)
_VARIANTS: tuple[dict[str, str], ...] = (
    {"top": ',"foo":1'}, {"top": ',"kind":"Deployment"'}, {"top": ',"":1'}, {"top": ',"status":{"foo":1,"replicas":1,"replicas":2}'}, {"spec": ',"Replicas":1'},
    {"spec": ',"REPLICAS":1,"replicas":2'}, {"spec": ',"replicas":1,"replicas":1,"replicas":1'}, {"spec": ',"strategy":{"rollingUpdate":{"maxSurge":1,"maxSurge":2,"foo":1}}'},
    {"container": ',"foo":{"a":{"b":1}}'}, {"container": ',"env":[{"name":"a","name":"b","value":"x"},{"Name":"c","foo":1}]'},
    {"container": ',"foo":1', "more": ',{"name":"d","image":"i","bar":1,"bar":2}'}, {"container": ',"resources":{"limits":{"cpu":"1","cpu":"2"}}'},
    {"meta": ',"labels":{"x":"1","x":"2"},"foo":1'}, {"meta": ',"ownerReferences":[{"apiVersion":"v1","kind":"X","name":"y","uid":"z","foo":1}]'},
    {"pod": ',"foo":1,"foo":2'}, {"pod": ',"foo":{"x":1,"x":2}'}, {"pod": ',"nodeSelector":{"a":"b","a":"b"}'}, {"pod": "".join(f',"u{n}":{n}' for n in range(15))},
    {"pod": ',"volumes":[{"name":"v","emptyDir":{"foo":1}},{"name":"w","configMap":{"name":"x","items":[{"key":"k","path":"p","foo":1}]}}]'}, {"pod": f',"{"x" * 300}":1'},
)  # fmt: skip
_YAML_BASE = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d\nspec:\n  selector: {matchLabels: {a: b}}\n  template:\n    metadata: {labels: {a: b}}\n"
    "    spec:\n      containers:\n      - name: c\n        image: i\n"
)
_YAML_ENDS = (
    "foo: 1\n", "spec: {}\n", "metadata: {name: e}\n", "        image: j\n        Foo: 1\n", "      foo: 1\n      foo: 2\n      bar: {a: 1, a: 2}\n", "? [a]\n: b\n",
    "1: 2\ntrue: 3\nnull: 4\n", "a: &x {b: 1}\nc: *x\n", "<<: {a: b}\n", "a: *y\n", "---\nfoo: 1\n", "\tfoo: 1\n", "foo: !custom x\n", "foo: .inf\n", "foo: 'x\n", "foo: [1,\n",
    "      nodeSelector: {a: yes}\n", "      hostNetwork: 'true'\n", "      terminationGracePeriodSeconds: 0x10\n",
)  # fmt: skip
_BODIES = (
    b"", b" ", b"null", b"[]", b"1", b'"x"', b"{", b"}", b"{}{}", b"{}x", b"x", b'{"a"}', b"{'a':1}", b'{"metadata":{"name":"b"}}}', b'{"metadata":{"name":"b"},}', b"\xff",
    b'{"metadata":{"name":"b"},"data":{"a":1}}', b'{"metadata":{"name":"b"},"data":[]}', b'{"metadata":{"name":1}}', b'{"metadata":[]}', b'{"kind":"Pod","metadata":{"name":"b"}}',
    b'{"apiVersion":"v2","kind":"ConfigMap"}', b'{"apiVersion":"a/b/c","kind":"ConfigMap"}', b'{"apiVersion":"v1","kind":"ConfigMapList","items":[]}', b'{"kind":[]}', b"[" * 300,
    b'{"a":' * 10001 + b"1" + b"}" * 10001, b"k8s\x00", b"k8s\x00\x0a\x00", b"k8s\x00\x0a\x0f\x0a\x02v1\x12\x09ConfigMap\x12\x04\xff\xff\xff\xff",
)  # fmt: skip
_TYPES = (
    "", "text/plain", "application/x-www-form-urlencoded", "application/json;charset=utf-8", "application/json;", "application/json;;", "application/json; x", "application/json;x=",
    "APPLICATION/JSON", "application/json,application/yaml", "*/*", "application/yaml; charset=utf-8", "text/yaml", "application/cbor", APPLY_PATCH, MERGE_PATCH, JSON_PATCH,
)  # fmt: skip
_OPTIONS = (
    "fieldValidation=strict", "fieldValidation=x&fieldValidation=Strict", "fieldValidation=%20Strict", "FieldValidation=Strict", "fieldValidation=x&dryRun=x&fieldManager=%07", "dryRun=x",
    "dryRun=", "dryRun=All&dryRun=x", "dryRun", f"fieldManager={'m' * 128}", f"fieldManager={'m' * 129}", "fieldManager=%C3%A9", "force=true", "force=", "timeout=x", "timeout=1us",
)  # fmt: skip


def scripts() -> Iterator[Script]:
    yield Script("validation", "json", _json, brief=True)
    yield Script("validation", "yaml", _yaml)
    yield Script("validation", "patches", _patches, brief=True)
    yield Script("validation", "options", _options, brief=True)
    yield Script("validation", "bodies", _bodies, brief=True)
    yield Script("validation", "content-types", _content_types)
    yield Script("validation", "warnings", _warnings)


def _variant(parts: dict[str, str]) -> bytes:
    return _DEPLOYMENT.format(**{"meta": "", "spec": "", "container": "", "more": "", "pod": "", "top": "", **parts}).encode()


async def _root(s: Session) -> str:
    root = f"/apis/apps/v1/namespaces/{s.namespace}/deployments"
    await s.quiet("POST", root, _variant({}))
    return root


async def _json(s: Session) -> None:
    root = await _root(s)
    for number, parts in enumerate(_VARIANTS):
        for directive in _DIRECTIVES:
            await s.ask("POST", f"{root}?dryRun=All&fieldValidation={directive}", _variant({**parts, "meta": parts.get("meta", "") + ',"namespace":""'}), note=str(number))
            await s.ask("PUT", f"{root}/d?dryRun=All&fieldValidation={directive}", _variant(parts), note=str(number))
        await s.ask("PUT", f"{root}/d/status?dryRun=All&fieldValidation=Strict", _variant(parts), note=str(number))


async def _yaml(s: Session) -> None:
    root = f"/apis/apps/v1/namespaces/{s.namespace}/deployments"
    for end in _YAML_ENDS:
        for directive in ("Strict", "Warn"):
            await s.ask("POST", f"{root}?dryRun=All&fieldValidation={directive}", _YAML_BASE + end, note=end, Content_Type=_YAML)


async def _patches(s: Session) -> None:
    root = await _root(s)
    for number, parts in enumerate(_VARIANTS):
        for directive in _DIRECTIVES:
            for content_type in (MERGE_PATCH, STRATEGIC_PATCH):
                await s.ask("PATCH", f"{root}/d?dryRun=All&fieldValidation={directive}", _variant(parts), note=str(number), Content_Type=content_type)
        if number not in (6, 11, 16, 17):  # these are applied, at some time or other; of several unknown fields upstream names any
            await s.ask("PATCH", f"{root}/d?dryRun=All&fieldManager=m&force=true", _variant(parts), note=str(number), Content_Type=APPLY_PATCH)
    for document in (
        '[{"op":"add","path":"/spec/foo","value":1}]', '[{"op":"add","path":"/spec/foo","value":1,"foo":2}]', '[{"op":"add","op":"add","path":"/spec/replicas","value":1}]',
        '[{"op":"add","path":"/metadata/foo","value":1},{"op":"add","path":"/bar","value":1}]', '{"op":"add"}', "[]", "null", "[1]", "x",
    ):  # fmt: skip
        for directive in _DIRECTIVES:
            await s.ask("PATCH", f"{root}/d?dryRun=All&fieldValidation={directive}", document, note=document, Content_Type=JSON_PATCH)
        await s.ask("PATCH", f"{root}/absent", document, note=document, Content_Type=JSON_PATCH)


async def _options(s: Session) -> None:
    """Of every verb, on an object that is there and on one that is not; of what is no object and of subresources."""
    root = f"{s.core}/configmaps"
    await s.quiet("POST", root, {"metadata": {"name": "a"}})
    body = {"metadata": {"name": "a"}, "foo": 1}
    for query in _OPTIONS:
        asked = query if "dryRun" in query else f"{query}&dryRun=All"
        await s.ask("POST", f"{root}?{asked}", body)
        for name in ("a", "absent"):
            await s.ask("PUT", f"{root}/{name}?{asked}", {**body, "metadata": {"name": name}})
            await s.ask("PATCH", f"{root}/{name}?{asked}", body)
            await s.ask("PATCH", f"{root}/{name}?{asked}&fieldManager=z", f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n", Content_Type=APPLY_PATCH)
        await s.ask("POST", f"/apis/authorization.k8s.io/v1/selfsubjectaccessreviews?{asked}", {"spec": {"nonResourceAttributes": {"path": "/", "foo": 1}}})
        await s.ask("POST", f"{s.core}/pods/absent/eviction?{asked}", {"metadata": {"name": "absent"}, "foo": 1})
        await s.ask("POST", f"{s.core}/serviceaccounts/absent/token?{asked}", {"spec": {"foo": 1}})


async def _bodies(s: Session) -> None:
    root = f"{s.core}/configmaps"
    await s.quiet("POST", root, {"metadata": {"name": "a"}})
    for number, body in enumerate(_BODIES):
        for content_type in ("application/json", _YAML, _PROTOBUF):
            await s.ask("POST", f"{root}?dryRun=All", body, note=f"{number} {content_type}", Content_Type=content_type)
        for content_type in (MERGE_PATCH, STRATEGIC_PATCH, JSON_PATCH, APPLY_PATCH):
            query = "&fieldManager=m" if content_type == APPLY_PATCH else ""
            await s.ask("PATCH", f"{root}/a?dryRun=All{query}", body, note=str(number), Content_Type=content_type)


async def _content_types(s: Session) -> None:
    root = f"{s.core}/configmaps"
    for content_type in _TYPES:
        for method, path in (("POST", f"{root}?dryRun=All"), ("PUT", f"{root}/a?dryRun=All"), ("PATCH", f"{root}/a?dryRun=All"), ("DELETE", f"{root}/a")):
            await s.ask(method, path, b'{"metadata":{"name":"a"}}', note=content_type, Content_Type=content_type)


async def _warnings(s: Session) -> None:
    """Few and short, many, long: how they are cut."""
    for count, length in ((3, 10), (20, 10), (100, 10), (20, 300), (40, 500), (60, 1000), (1, 5000)):
        fields = ",".join(f'"{"f" * length}{number}":1' for number in range(count))
        await s.ask("POST", f"{s.core}/configmaps?dryRun=All", f'{{"metadata":{{"name":"a"}},{fields}}}', note=f"{count} of {length}")
