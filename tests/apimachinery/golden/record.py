
"""Records what a real kube-apiserver 1.37 answers, for the tests beside it. Run by hand:

    python tests/apimachinery/golden/record.py https://127.0.0.1:6443 TOKEN

It works in a namespace and a custom resource of its own and removes both. The files it writes hold inputs and answers only.
"""

import json
import random
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SPACE = "kcompat-golden"
CONFIG_MAPS = f"/api/v1/namespaces/{SPACE}/configmaps"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{SPACE}/deployments"
ANYTHING = f"/apis/golden.kcompat.test/v1/namespaces/{SPACE}/anythings"
JSON, YAML = "application/json", "application/yaml"


class Server:
    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url, token
        self.context = ssl._create_unverified_context()

    def call(self, method: str, path: str, body: Any = None, kind: str = JSON, accept: str = JSON) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind, "Accept": accept}
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, context=self.context) as answer:
                code, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            code, text = error.code, error.read()
        return code, json.loads(text) if accept == JSON and text.startswith(b"{") else text.decode()


def set_up(server: Server) -> None:
    server.call("POST", "/api/v1/namespaces", {"metadata": {"name": SPACE}})
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    names = {"plural": "anythings", "kind": "Anything"}
    spec = {"group": "golden.kcompat.test", "scope": "Namespaced", "names": names}
    spec |= {"versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}]}
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    server.call("POST", path, {"metadata": {"name": "anythings.golden.kcompat.test"}, "spec": spec})
    while server.call("GET", ANYTHING)[0] != 200:
        time.sleep(0.1)


def tear_down(server: Server) -> None:
    server.call("PATCH", f"{DEPLOYMENTS}/golden", {"metadata": {"finalizers": None}}, "application/merge-patch+json")
    server.call("DELETE", f"{DEPLOYMENTS}/golden")
    server.call("DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/anythings.golden.kcompat.test")
    _, namespace = server.call("DELETE", f"/api/v1/namespaces/{SPACE}")
    server.call("PUT", f"/api/v1/namespaces/{SPACE}/finalize", namespace | {"spec": {}})


def write(name: str, cases: Any) -> None:
    (HERE / f"{name}.json").write_text(json.dumps(cases, indent=0, ensure_ascii=True) + "\n")
    print(name, len(cases))


def own(tree: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in tree.items() if key not in ("apiVersion", "kind", "metadata")}


def quantities(server: Server) -> list[list[str]]:
    """[text, canonical text after rounding to thousandths] or [text, "", error]."""
    rng = random.Random(37)
    suffixes = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e3", "e-3", "E9", "e20", "e-20", "e100", "E-1"]
    texts = ["1x", "1e", "--1", ".e-20", "1.2.3", "1Kk", "1e99999999999999999999", "", "abc"]
    for _ in range(400):
        whole = "".join(rng.choices("0000123456789", k=rng.choice([0, 1, 2, 3, 4, 6, 10, 18, 22])))
        part = "." + "".join(rng.choices("00123456789", k=rng.choice([0, 1, 3, 6, 10, 20]))) if rng.random() < 0.4 else ""
        texts.append(rng.choice(["", "", "+"]) + whole + part + rng.choice(suffixes))
    cases = []
    for text in texts:
        body = {"metadata": {"name": "q"}, "spec": {"hard": {"example.com/x": text}}}
        code, answer = server.call("POST", f"/api/v1/namespaces/{SPACE}/resourcequotas?dryRun=All", body)
        if code == 201:
            cases.append([text, answer["spec"]["hard"]["example.com/x"]])
        elif code == 422:
            cases.append([text, answer["details"]["causes"][0]["message"].split('"')[1]])
        else:
            cases.append([text, "", answer["message"].partition("cannot be handled as a ResourceQuota: ")[2]])
    return cases


LABEL_SELECTORS = [
    "a=b", "a==b,c!=d", "a in (b,c),!d", "x notin ()", "a b", "a in b", "a=b,,", "=", "a=b c", "a>x", "a,", "-a", "x in (a", "x in (a b)",
    "a in (,", "/a", "!", "a in", "a=b)", "(a)", "a=-b", "a in (b,-c)", "a>1,b<2", "a>1.5", "A_b/c.d=e", "a/b/c=d", "a = b , c", "in in (in)",
]
FIELD_SELECTORS = ["metadata.name=a", "a", "metadata.name=a=b", "metadata.name=a\\", "metadata.name=\\x", "metadata.name==a,metadata.name!=b", "a,,"]


def selectors(server: Server) -> list[list[Any]]:
    """[parameter, text, code, message]."""
    cases = []
    for parameter, texts in (("labelSelector", LABEL_SELECTORS), ("fieldSelector", FIELD_SELECTORS)):
        for text in texts:
            code, answer = server.call("GET", f"{CONFIG_MAPS}?{parameter}={urllib.parse.quote(text)}")
            cases.append([parameter, text, code, answer.get("message", "")])
    return cases


BODIES = [
    "", " ", "{", '{"a"', '{"a":', '{"a":1', '{"a":1,', "{a}", "[1", "x", '{"a":tru}', '{"a":1}x', '{"a":"\x01"}', '{"a":"\\x"}', '{"a":"\\u12g4"}',
    '{"a":01}', '{"a":-}', '{"a":1.}', '{"a":1e}', '{"a":1e+}', '{"a":nul', '{"a":1e', '{"a":"x\\', '{"a":"x\\u1', '{"a":+1}', '{"a" 1}', '{"a":1 "b"}',
    "[1 2]", '{"a":"x', "\u00ff", "{,}", '{"a":1,}', "[1,]", "{'a':1}", '{"a":\'b\'}', "[" * 10001, "\ufeff{}",
]


def json_errors(server: Server) -> list[list[str]]:
    """[body, Go's message]."""
    cases = []
    for body in BODIES:
        _, answer = server.call("POST", f"{CONFIG_MAPS}?dryRun=All", body.encode("latin-1" if body == "\u00ff" else "utf-8"))
        message = answer["message"].partition("json parse error: ")[2]
        cases.append([body, message.rpartition(" (")[0]])
    return cases


DUPLICATES = [
    '"data":{"a":"1","a":"2"}', '"data":{"a":"1","a":"2","a":"3"},"data":{"b":"x"}', '"kind":"ConfigMap"', '"data":{"a":"1"},"data":null',
    '"metadata":{"labels":{"a":"1","a":"2"},"ownerReferences":[{"apiVersion":"v1","kind":"A","name":"n","uid":"1","uid":"2"}],"name":"x","name":"y"}',
    '"data":{"a":"\\ud800x\\udc00\\ud83d\\ude00\\u0000","\\u0061":"2"}', '"metadata":{"labels":{"a":"1"}},"metadata":{"labels":{"b":"2"}}',
]


def duplicates(server: Server) -> list[list[Any]]:
    """[body, strict errors, data, labels] of a typed object."""
    cases = []
    for members in DUPLICATES:
        body = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},' + members + "}"
        _, strict = server.call("POST", f"{CONFIG_MAPS}?dryRun=All&fieldValidation=Strict", body.encode())
        _, answer = server.call("POST", f"{CONFIG_MAPS}?dryRun=All&fieldValidation=Ignore", body.encode())
        cases.append([body, strict["message"].partition("strict decoding error: ")[2], answer.get("data"), answer["metadata"].get("labels")])
    return cases


YAML_HEAD = "apiVersion: golden.kcompat.test/v1\nkind: Anything\nmetadata: {name: q}\n"
YAML_DOCUMENTS = [
    "s: yes", "s: [y, n, on, off, ~, null, 1, 01, 08, 0x1f, 0b11, 0o7, 1_000, 1e3, .5, -.5, +1, 1.0, 12:30, 2020-01-01, 1e400]",
    "s: [\"1\", '2', !!str 3, !!int \"4\", !!float 5, !!bool yes, !!binary aGk=, !foo 6, 0777, 1__0, 0x, -0b11, .1_9, 1., 1.5e, e1, =, <<]",
    "s: {1: a, 1.5: b, true: c, yes: d, 0x10: e, 1e3: f}", "s: {~: a}", "s: {[1]: a}", "s: {{x: 1}: a}", "s: {{ .Values.x }}",
    "a: &x {p: 1}\nb: {<<: *x, q: 2}\nd: {<<: [*x, {r: 6}]}", "a: &x {p: 1}\nb: {p: 2, <<: *x}\nc: {<<: [*x, {p: 5}]}", "a: {<<: 1}", "a: {<<: [1]}",
    "a: *x", "a: &x [*x]", "a: 1\na: 2", "a:\n  b: 1\n  c: 2\n  b: 3\n  b: 4\n1: x\n1: y", 'a: "b', "a: b: c", "a: [1", "\ta: 1", "a: |\n  x\n   y\n  z\nb: >-\n  x\n  y\n\n  z",
    "a: !!int abc", "a: .nan", "a: -.inf", "a: {.inf: 1}", "a: 1\n---\nb: 2", "a: 1\n...\nb: 2", "a: @x", "a: %x", 'a: "\\x41\\u263a\\q"', "a: - b", "- a", "a: [b, c]]",
    "a: !!null x", 'a: !!binary "!!"', "? a\n: b", 'a: "x\n  y\n\n  z"', "a: #c", "a: b #c", "a:\n- 1\nb:\n  - 3", "a: !", "a: ! 5", "a: 1\n b: 2", "a:\n    - b\n   - c", "a: \u0001",
]


def yaml_read(server: Server) -> list[list[Any]]:
    """[document, tree or None, message]."""
    cases = []
    for document in YAML_DOCUMENTS:
        code, answer = server.call("POST", f"{ANYTHING}?dryRun=All&fieldValidation=Strict", (YAML_HEAD + document).encode(), YAML)
        cases.append([document, own(answer) if code == 201 else None, answer.get("message", "")])
    return cases


def yaml_written(server: Server) -> list[list[Any]]:
    """[tree, YAML text]."""
    rng = random.Random(37)
    alphabet = "aaabcyn01239 .:-#'\"\\,[]{}&*!|>%@`?~=+_/eExox\n\t<\u00e9\u65e5"
    words = ["", "yes", "no", "on", "1", "08", "0x1f", "1e3", "1_000", "~", "null", "true", ".inf", "<<", "2020-01-01", "2020-99-99", "12:30", "a: b", "- a", "a\n", "\n", " a"]
    words += ["a ", "\ta", "a\r\nb", "=", ".1_9", "x" * 90 + " " + "y" * 90, "one two three four " * 12, "# x\ny", "  a\nb", "99999999999999999999", "-", "--- a", "\U0001f600"]
    words += ["".join(rng.choices(alphabet, k=rng.choice([1, 2, 2, 3, 4, 6, 10, 40, 120]))) for _ in range(300)]
    keys = ["a10", "a9", "a_1", "a-1", "A", "b", "10", "9", "v1", "v1beta1", "v10", "a.b/c", "true", "y"]
    shapes = [[[1, []], {}], {"a": [{"b": 1, "c": [1]}], "d": {}}, None, True, 1.5, 1e21, 1e-7, 123456789012345678, -0.5, 1234567.5]
    tree = {"strings": words, "keys": dict.fromkeys(keys, 1), "shapes": shapes}
    body = {"apiVersion": "golden.kcompat.test/v1", "kind": "Anything", "metadata": {"name": "q"}, "tree": tree}
    path = f"{ANYTHING}?dryRun=All"
    _, answer = server.call("POST", path, body)
    _, text = server.call("POST", path, body, accept=YAML)
    return [[answer["tree"], text[text.index("\ntree:") + 1 :]]]


def object_meta(server: Server) -> list[list[Any]]:
    """[metadata, message of the 422 or ""] of a new ConfigMap."""
    long = "x" * 64
    cases: list[dict[str, Any]] = [
        {}, {"name": "x"}, {"name": "X"}, {"name": "x" * 254}, {"generateName": "X-", "name": "x"}, {"generateName": "-", "name": "x"}, {"name": "x", "generation": -1},
        {"name": "x", "ownerReferences": [{"apiVersion": "", "kind": "", "name": "", "uid": ""}]},
        {"name": "x", "ownerReferences": [
            {"apiVersion": "a/b/c", "kind": "A", "name": "x", "uid": "u", "controller": True},
            {"apiVersion": "v1", "kind": "Event", "name": "x", "uid": "u", "controller": True, "blockOwnerDeletion": False}]},
        {"name": "x", "labels": {"a b": "c"}}, {"name": "x", "labels": {"a": "-"}}, {"name": "x", "labels": {"/a": "b"}}, {"name": "x", "labels": {long: long}},
        {"name": "x", "labels": {"a/b/c": ""}}, {"name": "x", "labels": {"A.b/c": "\u00e9"}}, {"name": "x", "annotations": {"A B": "c"}}, {"name": "x", "annotations": {"A.b/C": "c"}},
        {"name": "x", "finalizers": ["a b"]}, {"name": "x", "finalizers": ["a"]}, {"name": "x", "finalizers": ["a.b/c", "orphan", "foregroundDeletion"]},
    ]
    answers = []
    for metadata in cases:
        _, answer = server.call("POST", f"{CONFIG_MAPS}?dryRun=All", {"metadata": metadata})
        answers.append([metadata, answer.get("message", "")])
    return answers


PATCHED = {
    "a": {"b": [1, 2, {"c": None, "d": {"e": "x"}}], "f": None, "g": {"h": {}}}, "l": [[], [1, [2, 3]], {"k": "v"}], "s": "str", "n": 5, "fl": 1.5, "t": True,
}
PATHS = ["/a", "/a/b", "/a/b/0", "/a/b/2", "/a/b/2/d", "/a/f", "/a/g", "/a/g/h", "/l", "/l/0", "/l/1", "/l/1/1", "/l/2", "/l/2/k", "/s", "/n", "/fl", "/a/b/-", "/l/1/1/-", "/x", "/a/new"]
PATHS += ["/zz/y", "/a/b/9", "/a/b/-1", "/a/b/-9", "/a/b/01", "/a/b/x", "/s/x", "", "a", "/", "/~1", "/a~0", "/l/-/x", "/l/-2/0"]


def _value(rng: random.Random, depth: int = 0) -> Any:
    chance = rng.random()
    if chance < 0.5 or depth > 2:
        return rng.choice([None, 1, "x", True, 1.5, "str", 5, {}, [], 2, "v"])
    if chance < 0.75:
        return {rng.choice("abcdx"): _value(rng, depth + 1) for _ in range(rng.randint(0, 3))}
    return [_value(rng, depth + 1) for _ in range(rng.randint(0, 3))]


def _operation(rng: random.Random) -> dict[str, Any]:
    operation: dict[str, Any] = {"op": rng.choice(["add", "remove", "replace", "move", "copy", "test"]), "path": rng.choice(PATHS)}
    if operation["op"] in ("move", "copy"):
        operation["from"] = rng.choice(PATHS)
    if operation["op"] in ("add", "replace", "test") and rng.random() < 0.97:
        operation["value"] = rng.choice([PATCHED["a"], PATCHED["l"], "str", 5, {}, None, 1.5, 2]) if rng.random() < 0.6 else _value(rng)
    return operation


def patches(server: Server) -> dict[str, list[Any]]:
    """{"json": [[patch, code, tree]], "merge": [[patch, tree]]} applied to PATCHED."""
    rng = random.Random(37)
    head = {"apiVersion": "golden.kcompat.test/v1", "kind": "Anything", "metadata": {"name": "patched"}}
    server.call("POST", ANYTHING, head | PATCHED)
    path = f"{ANYTHING}/patched?dryRun=All"
    found: dict[str, list[Any]] = {"original": [PATCHED], "json": [], "merge": []}
    for _ in range(300):
        operations = [_operation(rng) for _ in range(rng.choice([1, 1, 2, 3]))]
        code, answer = server.call("PATCH", path, operations, "application/json-patch+json")
        if code in (200, 422) and "is invalid" not in answer.get("message", ""):
            found["json"].append([operations, code, own(answer) if code == 200 else None])
    for _ in range(100):
        patch = {rng.choice(["a", "l", "s", "n", "zz"]): rng.choice([_value(rng), {"b": _value(rng), "g": {"h": _value(rng)}}]) for _ in range(rng.randint(0, 3))}
        _, answer = server.call("PATCH", path, patch, "application/merge-patch+json")
        found["merge"].append([patch, own(answer)])
    return found


DEPLOYMENT = {
    "metadata": {"name": "golden", "labels": {"a": "b"}, "annotations": {"x": "y"}, "finalizers": ["a.b/c", "d.e/f", "g.h/i"]},
    "spec": {
        "selector": {"matchLabels": {"a": "b"}}, "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {
            "containers": [
                {"name": name, "image": "i", "env": [{"name": each, "value": "1"} for each in "ABC"], "command": ["x", "y"],
                 "ports": [{"containerPort": 80, "protocol": "TCP"}, {"containerPort": 81, "protocol": "TCP"}]}
                for name in ("c1", "c2", "c3")],
            "volumes": [{"name": "v1", "emptyDir": {}}, {"name": "v2", "secret": {"secretName": "s"}}], "tolerations": [{"key": "k", "operator": "Exists"}],
            "nodeSelector": {"n": "m"}, "imagePullSecrets": [{"name": "p1"}, {"name": "p2"}], "hostAliases": [{"ip": "1.2.3.4", "hostnames": ["h"]}]}},
    },
}


def _container(rng: random.Random, name: str) -> dict[str, Any]:
    container: dict[str, Any] = {"name": name, "image": rng.choice("jk")}
    if rng.random() < 0.5:
        container["env"] = [{"name": each} | rng.choice([{"value": "2"}, {"$patch": "delete"}]) for each in rng.sample("ABCDE", rng.randint(0, 3))]
    if rng.random() < 0.3:
        container["ports"] = rng.choice([[], [{"containerPort": 80, "protocol": "UDP"}, {"containerPort": 82}], [{"containerPort": 81, "$patch": "delete"}]])
    if rng.random() < 0.2:
        container["command"] = rng.choice([["z"], [], None])
    if rng.random() < 0.2:
        container["$setElementOrder/env"] = [{"name": each} for each in rng.sample("ABCDE", 5)]
    return {"name": name, "$patch": "delete"} if rng.random() < 0.15 else container


def _pod_spec(rng: random.Random) -> dict[str, Any]:
    containers = [_container(rng, name) for name in rng.sample(["c1", "c2", "c3", "c4", "c5"], rng.randint(1, 3))]
    spec: dict[str, Any] = {"containers": containers}
    order = [each["name"] for each in containers if "$patch" not in each]
    others = [name for name in ("c1", "c2", "c3", "c4") if name not in order]
    if rng.random() < 0.4:
        for name in others:
            order.insert(rng.randint(0, len(order)), name)
        spec["$setElementOrder/containers"] = [{"name": name} for name in order]
    if rng.random() < 0.3:
        spec["volumes"] = rng.choice([
            [{"name": "v2", "emptyDir": {}, "$retainKeys": ["name", "emptyDir"]}], [{"name": "v1", "$patch": "delete"}, {"name": "v3", "configMap": {"name": "c"}}],
            [{"name": "v4", "emptyDir": {}}, {"$patch": "replace"}], None])
    if rng.random() < 0.3:
        spec["nodeSelector"] = rng.choice([None, {"n": None, "o": "p"}, {"$patch": "replace", "q": "r"}, {"$patch": "delete"}, {"$patch": "zz"}])
    if rng.random() < 0.2:
        spec["imagePullSecrets"] = [{"name": "p3"}, {"name": "p1", "$patch": "delete"}]
    if rng.random() < 0.2:
        spec["tolerations"] = [{"key": "l", "operator": "Exists"}]
    return spec


def _strategic(rng: random.Random) -> dict[str, Any]:
    patch: dict[str, Any] = {"spec": {"template": {"spec": _pod_spec(rng)}}} if rng.random() < 0.85 else {"spec": {}}
    metadata: dict[str, Any] = {}
    if rng.random() < 0.3:
        metadata["labels"] = rng.choice([{"a": None}, {"c": "d"}, {"$patch": "delete"}, {"$patch": "replace", "z": "z"}, None])
    if rng.random() < 0.3:
        metadata["finalizers"] = rng.sample(["n.o/p", "q.r/s", "g.h/i"], rng.randint(0, 3))
        if rng.random() < 0.5:
            metadata["$setElementOrder/finalizers"] = [*metadata["finalizers"], "d.e/f"]
    elif rng.random() < 0.3:
        metadata["$deleteFromPrimitiveList/finalizers"] = rng.choice([["a.b/c"], ["d.e/f", "zz/z"]])
    if rng.random() < 0.2:
        patch["spec"]["strategy"] = rng.choice([{"type": "Recreate", "$retainKeys": ["type"]}, {"$retainKeys": ["type"], "rollingUpdate": {}}, {"type": "Recreate", "rollingUpdate": None}])
    return patch | ({"metadata": metadata} if metadata else {})


BROKEN = [
    {"metadata": {"$deleteFromPrimitiveList": ["a"]}}, {"metadata": {"$setElementOrder/labels": ["a"]}}, {"metadata": {"$setElementOrder/nope": ["a"]}},
    {"metadata": {"$setElementOrder/finalizers": "a"}}, {"metadata": {"finalizers": [1]}}, {"metadata": {"finalizers": [["a"]]}}, {"metadata": {"$retainKeys": "x"}},
    {"spec": {"template": {"spec": {"containers": [{"image": "x"}]}}}}, {"spec": {"template": {"spec": {"containers": [{"$patch": "merge"}]}}}},
    {"spec": {"template": {"spec": {"containers": [{"$patch": "zz", "name": "c1"}]}}}}, {"spec": {"template": {"spec": {"containers": [{"$patch": "delete"}]}}}},
    {"metadata": {"labels": {"$patch": "zz"}}}, {"metadata": {"finalizers": ["b", "a"], "$setElementOrder/finalizers": ["a", "b"]}}, {"metadata": {"finalizers": [], "$setElementOrder/finalizers": ["a"]}},
]


DEFAULTED = {"resources", "terminationMessagePath", "terminationMessagePolicy", "imagePullPolicy", "defaultMode", "uid", "creationTimestamp", "generation"}
DEFAULTED |= {"resourceVersion", "managedFields", "revisionHistoryLimit", "progressDeadlineSeconds", "status"}


def undefaulted(tree: Any) -> Any:
    """Without what defaulting adds and without what is empty: what is left is the patch's own doing."""
    if isinstance(tree, list):
        return [undefaulted(item) for item in tree]
    if not isinstance(tree, dict):
        return tree
    kept = {key: undefaulted(value) for key, value in tree.items() if key not in DEFAULTED and (key, value) != ("protocol", "TCP")}
    return {key: value for key, value in kept.items() if value not in (None, {}, [], "")}


def strategic(server: Server) -> list[list[Any]]:
    """[[current]] then [patch, code, tree or message]."""
    rng = random.Random(37)
    code, current = server.call("POST", DEPLOYMENTS, DEPLOYMENT)
    assert code == 201, current
    cases: list[list[Any]] = [[undefaulted(current)]]
    for patch in [*BROKEN, *(_strategic(rng) for _ in range(150))]:
        path = f"{DEPLOYMENTS}/golden?dryRun=All&fieldValidation=Ignore"
        code, answer = server.call("PATCH", path, patch, "application/strategic-merge-patch+json")
        if code == 200:
            cases.append([patch, code, undefaulted(answer)])
        elif "is invalid" not in answer["message"]:
            cases.append([patch, code, answer["message"]])
    return cases


def main() -> None:
    server = Server(*sys.argv[1:3])
    set_up(server)
    try:
        for record in (quantities, selectors, json_errors, duplicates, yaml_read, yaml_written, object_meta, patches, strategic):
            write(record.__name__, record(server))
    finally:
        tear_down(server)


if __name__ == "__main__":
    main()
