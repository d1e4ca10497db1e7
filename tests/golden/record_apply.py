"""Records what a real kube-apiserver makes of the apply scenarios in apply_scenarios.py, into apply.json for tests/api/test_apply.py to replay.

    python tests/golden/record_apply.py --server https://127.0.0.1:6443 --token TOKEN [SCENARIO …]

The server must be of the version we follow, with its default admission plugins but ServiceAccount, no controllers, and a token `user-token`
of a user bob besides the one given. Every step has a second of its own, so that times tell steps apart. Each scenario has a namespace of
its own, which is deleted afterwards.
"""

from __future__ import annotations

import argparse
import copy
import json
import re
import runpy
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

Tree = dict[str, Any]
HERE = Path(__file__).parent
CHANGED = runpy.run_path(str(HERE / "record.py"))["changed"]
TYPES = {
    "json": "application/json-patch+json", "merge": "application/merge-patch+json", "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml", "cbor": "application/apply-patch+cbor",
}  # fmt: skip
TIME = re.compile(r'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"')


class Request(NamedTuple):
    method: str
    path: str
    body: bytes
    content_type: str
    agent: str
    token: str = ""


class Answer(NamedTuple):
    code: int
    tree: Tree
    warnings: list[str]


class Player:
    """Turns the steps of a scenario into requests and answers into what is compared; knows the objects answered so far."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.objects: dict[str, Tree] = {}
        self.times: dict[str, str] = {}
        self.uids: dict[str, str] = {}

    def play(self, steps: list[Tree]) -> Generator[Request, Answer, list[Tree]]:
        """Yields requests, is sent answers, returns the outcomes."""
        outcomes = []
        for number, step in enumerate(steps):
            answer = yield self.request(step)
            outcomes.append(self.outcome(number, step, answer))
        return outcomes

    def request(self, step: Tree) -> Request:
        path = self.place(step["path"])
        query = "&".join(f"{name}={quote(value)}" for name, value in step.get("query", {}).items())
        url = path + (f"?{query}" if query else "")
        return Request(step["method"], url, self.body(step, path), self.content_type(step), step["agent"], step.get("token", ""))

    def place(self, path: str) -> str:
        path = path.replace("{ns}", self.namespace)
        return path if path.startswith("/") else f"/api/v1/namespaces/{self.namespace}/{path}"

    def content_type(self, step: Tree) -> str:
        return TYPES[step["patch"]] if "patch" in step else "application/json"

    def body(self, step: Tree, path: str) -> bytes:
        """What is sent: as written down, or the object last answered, changed."""
        sent = step.get("body")
        if "change" in step:
            sent = CHANGED(self.objects[self.place(step["of"]) if step.get("of") else path], step["change"])
        if sent is None:
            return b""
        text = sent if isinstance(sent, str) else json.dumps(sent, separators=(",", ":"))
        for real, shown in self.uids.items():
            text = text.replace(shown, real)
        return text.replace("{ns}", self.namespace).encode()

    def outcome(self, number: int, step: Tree, answer: Answer) -> Tree:
        path = self.place(step["path"])
        tree = answer.tree
        if answer.code < 300 and tree.get("kind") != "Status" and "dryRun" not in step.get("query", {}):
            name = tree.get("metadata", {}).get("name", "")
            self.objects[path] = tree
            if step["method"] == "POST":
                self.objects[f"{path}/{name}"] = tree
        outcome: Tree = {"code": answer.code, "object": self.shown(number, tree)}
        if answer.warnings:
            outcome["warnings"] = [self.masked(text) for text in answer.warnings]
        return outcome

    def shown(self, number: int, tree: Tree) -> Tree:
        """The answer without what differs from run to run: times become the step they are of."""
        tree = copy.deepcopy(tree)
        metadata = tree.get("metadata", {})
        if tree.get("message", "").startswith("Apply failed"):  # in the order of a Go map
            tree["details"]["causes"].sort(key=lambda cause: (cause["message"], cause["field"]))
        metadata.pop("resourceVersion", None)
        if uid := metadata.get("uid"):
            metadata["uid"] = self.uids.setdefault(uid, f"uid-{len(self.uids)}")
        for found in TIME.findall(json.dumps(tree)):
            self.times.setdefault(found, f"step {number}")
        text = TIME.sub(lambda match: json.dumps(self.times[match[1]]), json.dumps(tree))
        shown: Tree = json.loads(self.masked(text))
        for name in ("clusterIP", "clusterIPs"):
            shown.get("spec", {}).pop(name, None)
        return shown

    def masked(self, text: str) -> str:
        for uid, shown in self.uids.items():
            text = text.replace(uid, shown)
        return text.replace(self.namespace, "NAMESPACE")


class Server:
    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url.rstrip("/"), token
        self.tls = ssl._create_unverified_context()

    def ask(self, request: Request) -> Answer:
        headers = {"Content-Type": request.content_type, "User-Agent": request.agent, "Accept": "application/json"}
        headers["Authorization"] = f"Bearer {request.token or self.token}"
        asked = urllib.request.Request(self.url + request.path, request.body or None, headers, method=request.method)
        try:
            answer = urllib.request.urlopen(asked, context=self.tls)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            warnings = [text.split('"', 1)[1].rsplit('"', 1)[0].replace('\\"', '"') for text in answer.headers.get_all("Warning") or ()]
            data = answer.read()
            return Answer(answer.status, json.loads(data) if data[:1] == b"{" else {"text": data.decode()}, warnings)


def own_second() -> None:
    """Waits for the beginning of the next second."""
    now = time.time()
    time.sleep(1.02 - now % 1)


def record(server: Server, name: str, steps: list[Tree]) -> list[Tree]:
    namespace = f"apply-{name}-{int(time.time())}"
    body = json.dumps({"metadata": {"name": namespace}}).encode()
    made = server.ask(Request("POST", "/api/v1/namespaces", body, "application/json", "recorder"))
    assert made.code == 201, made
    player = Player(namespace)
    playing = player.play(steps)
    try:
        request = next(playing)
        while True:
            own_second()
            request = playing.send(server.ask(request))
    except StopIteration as end:
        outcomes: list[Tree] = end.value
        return outcomes
    finally:
        for path in player.objects:
            server.ask(Request("PATCH", path, b'{"metadata":{"finalizers":null}}', TYPES["merge"], "recorder"))
            server.ask(Request("DELETE", path + "?gracePeriodSeconds=0", b"", "application/json", "recorder"))
        server.ask(Request("DELETE", f"/api/v1/namespaces/{namespace}", b"", "application/json", "recorder"))
        finalized = json.dumps({"metadata": {"name": namespace}, "spec": {}}).encode()
        server.ask(Request("PUT", f"/api/v1/namespaces/{namespace}/finalize", finalized, "application/json", "recorder"))


def text(recorded: dict[str, list[Tree]]) -> str:
    """JSON with a line for each step."""
    each = (
        f"{json.dumps(name)}: [\n" + ",\n".join(json.dumps(outcome, ensure_ascii=False) for outcome in outcomes) + "\n]"
        for name, outcomes in recorded.items()
    )
    return "{\n" + ",\n".join(each) + "\n}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("scenarios", nargs="*")
    asked = parser.parse_args()
    scenarios = runpy.run_path(str(HERE / "apply_scenarios.py"))["SCENARIOS"]
    file = HERE / "apply.json"
    recorded = json.loads(file.read_text()) if file.exists() else {}
    server = Server(asked.server, asked.token)
    for name in asked.scenarios or scenarios:
        recorded[name] = record(server, name, scenarios[name])
        print(name, [outcome["code"] for outcome in recorded[name]])
        file.write_text(text({name: recorded[name] for name in scenarios if name in recorded}))


if __name__ == "__main__":
    main()
