"""Priority and fairness over requests: what answers say, who is limited, and that the stored configuration counts at once."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import pytest
from in_process import Api

from kcompat.api.request import Response
from kcompat.cluster import ControlPlane
from kcompat.config import Settings

GROUP = "/apis/flowcontrol.apiserver.k8s.io/v1"
MAPS = "/api/v1/namespaces/default/configmaps"
BOB = {"Authorization": "Bearer user-token"}
SCHEMA, LEVEL = "X-Kubernetes-PF-FlowSchema-UID", "X-Kubernetes-PF-PriorityLevel-UID"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    tokens = tmp_path / "tokens.csv"
    tokens.write_text('admin-token,admin,admin-uid,"system:masters"\nuser-token,bob,bob-uid\n')
    settings = Settings(
        token_auth_file=str(tokens), listen="127.0.0.1:0", data_dir=str(tmp_path), datastore_endpoint="memory://",
        disable=("controllers", "scheduler", "nodes"), disable_admission_plugins=("ServiceAccount",),
        max_requests_inflight=10, max_mutating_requests_inflight=10,
    )  # fmt: skip
    control_plane = ControlPlane(settings)
    await control_plane.start()
    yield Api(control_plane)
    await control_plane.stop()


async def uids(api: Api) -> dict[str, str]:
    found = {}
    for plural in ("flowschemas", "prioritylevelconfigurations"):
        items = (await api.ok("GET", f"{GROUP}/{plural}"))["items"]
        found |= {item["metadata"]["uid"]: item["metadata"]["name"] for item in items}
    return found


async def classified(api: Api, method: str, url: str, **headers: str) -> tuple[str, str] | None:
    names = await uids(api)
    answer = await api.raw(method, url, **headers)
    found = answer.headers
    return (names[found[SCHEMA]], names[found[LEVEL]]) if SCHEMA in found else None


async def test_answers_name_schema_and_level(api: Api) -> None:
    assert await classified(api, "GET", MAPS) == ("exempt", "exempt")
    assert await classified(api, "GET", MAPS, **BOB) == ("global-default", "global-default"), "refusals too"
    assert await classified(api, "GET", "/healthz", **BOB) == ("probes", "exempt")
    assert await classified(api, "GET", "/version", **BOB) == ("global-default", "global-default")
    assert await classified(api, "GET", "/api/v1/namespaces/default/pods/x/log", **BOB) is None, "as long as its user likes"
    assert await classified(api, "GET", MAPS, Authorization="Bearer nobody") is None


async def test_a_new_schema_counts_at_once_and_says_whether_its_level_exists(api: Api) -> None:
    rule = {"verbs": ["get"], "apiGroups": [""], "resources": ["configmaps"], "namespaces": ["*"]}
    subjects = [{"kind": "User", "user": {"name": "bob"}}]
    spec: dict[str, Any] = {"priorityLevelConfiguration": {"name": "mine"}, "matchingPrecedence": 5, "rules": [{"subjects": subjects, "resourceRules": [rule]}]}
    await api.ok("POST", f"{GROUP}/flowschemas", {"metadata": {"name": "bobs"}, "spec": spec})
    assert await classified(api, "GET", f"{MAPS}/x", **BOB) == ("global-default", "global-default"), "its level is not there"
    level = {"type": "Limited", "limited": {"nominalConcurrencyShares": 10, "limitResponse": {"type": "Reject"}}}
    await api.ok("POST", f"{GROUP}/prioritylevelconfigurations", {"metadata": {"name": "mine"}, "spec": level})
    assert await classified(api, "GET", f"{MAPS}/x", **BOB) == ("bobs", "mine")
    assert await classified(api, "GET", MAPS, **BOB) == ("global-default", "global-default"), "a list is no get"
    await api.ok("DELETE", f"{GROUP}/flowschemas/bobs")
    assert await classified(api, "GET", f"{MAPS}/x", **BOB) == ("global-default", "global-default")


async def test_schemas_that_all_clusters_have_are_not_dangling(api: Api) -> None:
    async with asyncio.timeout(10):
        while True:
            items = (await api.ok("GET", f"{GROUP}/flowschemas"))["items"]
            found = {item["metadata"]["name"]: item["status"].get("conditions") for item in items}
            if all(found.values()):
                break
            await asyncio.sleep(0.01)
    assert len(found) == 11
    for conditions in found.values():
        assert [(each["type"], each["status"], each["reason"]) for each in conditions] == [("Dangling", "False", "Found")]
    managers = {entry["manager"]: entry["operation"] for entry in items[0]["metadata"]["managedFields"]}
    assert managers == {"api-priority-and-fairness-config-producer-v1": "Update", "api-priority-and-fairness-config-consumer-v1": "Apply"}


class Slow:
    """Requests of bob whose bodies do not come until they are let go."""

    def __init__(self, api: Api) -> None:
        self._api, self._free = api, asyncio.Event()

    async def post(self) -> int:
        from kcompat.api.request import Peer, Query, Request

        async def read() -> bytes:
            await self._free.wait()
            return b"{}"

        headers = {**BOB, "Content-Type": "application/json", "User-Agent": "t"}
        url = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        answer = await self._api.control_plane.handler(Request("POST", url, Query(""), headers, read, Peer("127.0.0.1")))
        return answer.status

    def let_go(self) -> None:
        self._free.set()


async def test_overload_turns_away_all_but_the_exempt(api: Api) -> None:
    control = api.control_plane.flow_control
    assert control is not None
    await api.raw("GET", "/version", **BOB)
    level = control.levels["global-default"]
    assert level.queuing is not None
    room = level.seats + level.queuing.hand_size * level.queuing.length
    slow = Slow(api)
    tasks = [asyncio.create_task(slow.post()) for _ in range(room + 5)]
    while level.waiting + len(level.running) + level.rejected < room + 5:  # noqa: ASYNC110 -- the condition is nobody's event
        await asyncio.sleep(0)
    assert level.rejected == 5
    answer = await api.raw("GET", "/version", **BOB)
    assert isinstance(answer, Response)
    assert (answer.status, answer.body, answer.headers["Retry-After"]) == (429, b"Too many requests, please try again later.\n", "1")
    assert SCHEMA in answer.headers
    assert (await api.raw("GET", "/healthz", **BOB)).status == 200
    assert (await api.raw("GET", MAPS)).status == 200
    dumped = await api.ok("GET", "/debug/api_priority_and_fairness/dump_priority_levels")
    row = next(line for line in dumped.decode().splitlines() if line.startswith("global-default,"))
    assert [cell.strip() for cell in row.split(",")][4:8] == [str(level.waiting), str(level.seats), str(level.dispatched), "6"]
    requests = (await api.ok("GET", "/debug/api_priority_and_fairness/dump_requests?includeRequestDetails=1")).decode().splitlines()
    assert sum("bob" in line for line in requests) == room
    slow.let_go()
    assert sorted(await asyncio.gather(*tasks))[-5:] == [429] * 5
    assert level.idle


async def test_classification_costs_microseconds(api: Api) -> None:
    """Once decided, a dictionary finds it: two classifications share one object."""
    control = api.control_plane.flow_control
    assert control is not None
    await api.raw("GET", MAPS, **BOB)
    from kcompat.api.request import RequestInfo
    from kcompat.apimachinery.user import UserInfo

    bob = UserInfo("bob", groups=("system:authenticated",))
    info = RequestInfo("get", MAPS, True, "api", "", "v1", "default", "configmaps", "", "x")
    assert control.classify(bob, info) is control.classify(bob, info.with_verb("get"))


async def test_without_priority_and_fairness(tmp_path: Path) -> None:
    settings = Settings(
        listen="127.0.0.1:0", data_dir=str(tmp_path), datastore_endpoint="memory://", disable=("controllers", "scheduler", "nodes"),
        enable_priority_and_fairness=False,
    )  # fmt: skip
    control_plane = ControlPlane(settings)
    await control_plane.start()
    try:
        assert SCHEMA not in (await Api(control_plane).raw("GET", "/version")).headers
    finally:
        await control_plane.stop()
    with pytest.raises(ValueError, match="they must add up to something positive"):
        await ControlPlane(Settings(data_dir=str(tmp_path), datastore_endpoint="memory://", max_requests_inflight=0, max_mutating_requests_inflight=0)).start()
