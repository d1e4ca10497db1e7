"""Records what a real kube-apiserver answers to the cases written down beside this file, for tests/registry to replay.

    python tests/golden/record.py --server https://127.0.0.1:6443 --token TOKEN [GROUP/RESOURCE.py …]

The server must be of the version we follow, run with every admission plugin disabled and with an IPv4 and an IPv6 service range,
so that what comes back is the work of the registry alone. Nothing is left behind in it but the namespace `golden`.

A case file defines RESOURCE (group, version, resource), KIND, BASE (a valid object) and CASES: tuples of name, verb, change and,
for verbs that need a stored object, the change to BASE that was stored before. A change maps paths (`spec/ports/0/port`, `~1` for a
slash in a key, `-` to append) to values, None to remove. SETTLES says that controllers write to what is stored. Verbs: create, update, any subresource to PUT, and table.
"""

from __future__ import annotations

import argparse
import copy
import json
import runpy
import ssl
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

Tree = dict[str, Any]
HERE = Path(__file__).parent
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


def changed(tree: Tree, change: Tree) -> Tree:
    """A copy of tree with every path of change set, or removed where the value is None."""
    tree = copy.deepcopy(tree)
    for path, value in change.items():
        *parents, last = (step.replace("~1", "/") for step in path.split("/"))
        at: Any = tree
        for step in parents:
            at = at[int(step)] if isinstance(at, list) else at.setdefault(step, {})
        _put(at, last, copy.deepcopy(value))
    return tree


def _put(at: Any, step: str, value: Any) -> None:
    if isinstance(at, list):
        if step == "-":
            at.append(value)
        elif value is None:
            del at[int(step)]
        else:
            at[int(step)] = value
    elif value is None:
        at.pop(step, None)
    else:
        at[step] = value


class Server:
    """The recorded server: requests in, (code, body, warnings, date) out."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url.rstrip("/"), token
        self.tls = ssl._create_unverified_context()

    def ask(self, method: str, path: str, body: Tree | None = None, accept: str = "application/json") -> tuple[int, Tree, list[str], str]:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", "Accept": accept}
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            answer = urllib.request.urlopen(request, context=self.tls)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            warnings = [text.split('"', 1)[1].rsplit('"', 1)[0].replace('\\"', '"') for text in answer.headers.get_all("Warning") or ()]
            return answer.status, json.loads(answer.read()), warnings, answer.headers.get("Date", "")


class Recorder:
    """One case file against one server."""

    def __init__(self, server: Server, case_file: Path) -> None:
        given = runpy.run_path(str(case_file))
        self.server, self.file = server, case_file
        group, version, resource = self.resource = given["RESOURCE"]
        self.kind, self.base, self.cases = given["KIND"], given["BASE"], given["CASES"]
        self.base = {"apiVersion": f"{group}/{version}" if group else version, "kind": self.kind, **self.base}
        root = f"/apis/{group}/{version}" if group else f"/api/{version}"
        self.settles = given.get("SETTLES", False)
        self.namespaced = given.get("NAMESPACED", True)
        self.path = f"{root}/namespaces/golden/{resource}" if self.namespaced else f"{root}/{resource}"

    def run(self) -> Tree:
        names = [case[0] for case in self.cases]
        assert len(set(names)) == len(names), f"{self.file}: cases of the same name: {sorted({n for n in names if names.count(n) > 1})}"
        return {"resource": self.resource, "kind": self.kind, "base": self.base, "cases": [self.record(*case) for case in self.cases]}

    def record(self, name: str, verb: str, change: Tree, before: Tree | None = None) -> Tree:
        case = {"name": name, "verb": verb, "change": change}
        if verb == "create":
            return case | self.outcome("POST", self.path, changed(self.base, change))
        stored = self.store(before or {})
        try:
            if verb == "table":
                return case | self.table(stored, change)
            part = "" if verb == "update" else f"/{verb}"
            return case | {"old": _clean(stored)} | self.outcome("PUT", self.place(stored) + part, changed(stored, change))
        finally:
            self.drop(stored)

    def table(self, stored: Tree, status: Tree) -> Tree:
        if status:
            code, stored, _, _ = self.server.ask("PUT", self.place(stored) + "/status", changed(stored, status))
            assert code == 200, stored
        _, table, _, date = self.server.ask("GET", self.place(stored), accept=TABLE)
        columns = [{key: column[key] for key in ("name", "type", "format", "priority")} for column in table["columnDefinitions"]]
        shown = _clean(stored)
        shown["metadata"] |= {"creationTimestamp": stored["metadata"]["creationTimestamp"]}
        return {"object": shown, "columns": columns, "cells": table["rows"][0]["cells"], "date": date}

    def store(self, change: Tree) -> Tree:
        wanted = changed(self.base, change)
        code, stored, _, _ = self.server.ask("POST", self.path, wanted)
        for _ in range(40):
            if code != 409:
                break
            self.drop(wanted)  # left behind by a run that was cut short, or slow to go
            time.sleep(0.5 if self.settles else 0)
            code, stored, _, _ = self.server.ask("POST", self.path, wanted)
        assert code == 201, f"{self.file}: cannot store {change}: {stored.get('message')}"
        if self.settles:
            time.sleep(1)
            _, stored, _, _ = self.server.ask("GET", self.place(stored))
        if status := {path: value for path, value in change.items() if path.startswith("status")}:
            code, stored, _, _ = self.server.ask("PUT", self.place(stored) + "/status", changed(stored, status))
            assert code == 200, f"{self.file}: cannot store {change}: {stored.get('message')}"
        stored["metadata"].pop("managedFields", None)
        return stored

    def drop(self, stored: Tree) -> None:
        _, current, _, _ = self.server.ask("GET", self.place(stored))
        if current.get("metadata", {}).pop("finalizers", None):
            self.server.ask("PUT", self.place(stored), current)
        self.server.ask("DELETE", self.place(stored) + "?gracePeriodSeconds=0")
        if self.kind == "Namespace":
            self.server.ask("PUT", self.place(stored) + "/finalize", {**self.base, "spec": {}})

    def place(self, stored: Tree) -> str:
        return f"{self.path}/{stored['metadata']['name']}"

    def outcome(self, method: str, path: str, body: Tree) -> Tree:
        """What comes back, without what differs each time. Causes whose order differs are in the order of their texts."""
        code, answer, warnings, _ = self.server.ask(method, f"{path}?dryRun=All", body)
        said: Tree = {"code": code}
        if warnings:
            said["warnings"] = warnings
        if code < 300:
            return said | {"object": _clean(answer)}
        causes = _causes(answer)
        if len(causes) > 1 and any(_causes(self.server.ask(method, f"{path}?dryRun=All", body)[1]) != causes for _ in range(5)):
            return said | {"causes": sorted(causes), "unordered": True}
        return said | ({"causes": causes} if causes else {"message": answer["message"]})


def _causes(status: Tree) -> list[list[str]]:
    causes = status.get("details", {}).get("causes", ())
    return [[cause["reason"], cause["field"], cause["message"]] for cause in causes if "field" in cause]


def _clean(tree: Tree) -> Tree:
    dropped = ("uid", "creationTimestamp", "resourceVersion", "managedFields")
    return {**tree, "metadata": {key: value for key, value in tree["metadata"].items() if key not in dropped}}


def compact(recording: Tree) -> str:
    """JSON with one line a case, so that changes can be read in a diff."""
    def line(value: Any) -> str:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)

    head = ",\n".join(f'"{key}":{line(value)}' for key, value in recording.items() if key != "cases")
    return "{" + head + ',\n"cases":[\n' + ",\n".join(map(line, recording["cases"])) + "\n]}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("files", nargs="*", type=Path, default=sorted(HERE.glob("*/*.py")))
    options = parser.parse_args()
    server = Server(options.server, options.token)
    server.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "golden"}})
    for case_file in options.files:
        recording = Recorder(server, case_file).run()
        case_file.with_suffix(".json").write_text(compact(recording))
        codes = [case.get("code") for case in recording["cases"]]
        print(f"{case_file}: {len(codes)} cases, {sum(code is not None and code < 300 for code in codes)} accepted", file=sys.stderr)


if __name__ == "__main__":
    main()
