"""Lists, pages and watches: resourceVersion × match, continue tokens, selectors, bookmarks."""

from __future__ import annotations

import asyncio

import pytest
from in_process import Api


async def fill(api: Api, url: str, count: int) -> list[str]:
    return [(await api.ok("POST", url, {"metadata": {"name": f"m{i:03}", "labels": {"odd": str(i % 2)}}}))["metadata"]["resourceVersion"] for i in range(count)]


async def test_items_carry_no_kind(api: Api, config_maps: str) -> None:
    await fill(api, config_maps, 2)
    answer = await api.ok("GET", config_maps)
    assert answer["kind"] == "ConfigMapList"
    assert [sorted(item) for item in answer["items"]] == [["metadata"], ["metadata"]]


async def test_long_lists_are_whole(api: Api, config_maps: str) -> None:
    names = [f"m{i:03}" for i in range(300)]
    for name in names:
        await api.ok("POST", config_maps, {"metadata": {"name": name, "labels": {"tenth": name[-1]}}, "data": {"text": "x" * 1000}})
    answer = await api.ok("GET", config_maps)
    assert [item["metadata"]["name"] for item in answer["items"]] == names
    tenth = await api.ok("GET", f"{config_maps}?labelSelector=tenth%3D3&limit=20")
    found = [item["metadata"]["name"] for item in tenth["items"]]
    rest = await api.ok("GET", f"{config_maps}?labelSelector=tenth%3D3&limit=20&continue={tenth['metadata']['continue']}")
    assert found + [item["metadata"]["name"] for item in rest["items"]] == names[3::10]
    assert "continue" not in rest["metadata"]


async def test_pages_show_one_moment(api: Api, config_maps: str) -> None:
    await fill(api, config_maps, 5)
    page = await api.ok("GET", f"{config_maps}?limit=2")
    assert page["metadata"]["remainingItemCount"] == 3
    await api.ok("DELETE", f"{config_maps}/m003")
    await api.ok("POST", config_maps, {"metadata": {"name": "m0035"}})
    names = [item["metadata"]["name"] for item in page["items"]]
    while token := page["metadata"].get("continue"):
        page = await api.ok("GET", f"{config_maps}?limit=2&continue={token}")
        names += [item["metadata"]["name"] for item in page["items"]]
    assert names == ["m000", "m001", "m002", "m003", "m004"]


async def test_an_old_continue_token_expires_with_another(api: Api, config_maps: str) -> None:
    await fill(api, config_maps, 4)
    token = (await api.ok("GET", f"{config_maps}?limit=2"))["metadata"]["continue"]
    await api.ok("POST", config_maps, {"metadata": {"name": "z"}})
    backend = api.control_plane.backend
    await backend.compact(await backend.revision())
    status, answer = await api.send("GET", f"{config_maps}?limit=2&continue={token}")
    assert (status, answer["reason"]) == (410, "Expired")
    rest = await api.ok("GET", f"{config_maps}?continue={answer['metadata']['continue']}")
    assert [item["metadata"]["name"] for item in rest["items"]] == ["m002", "m003", "z"]


async def test_exact_revision(api: Api, config_maps: str) -> None:
    revisions = await fill(api, config_maps, 3)
    answer = await api.ok("GET", f"{config_maps}?resourceVersion={revisions[1]}&resourceVersionMatch=Exact")
    assert len(answer["items"]) == 2 and answer["metadata"]["resourceVersion"] == revisions[1]
    newest = await api.ok("GET", f"{config_maps}?resourceVersion={revisions[1]}&resourceVersionMatch=NotOlderThan")
    assert len(newest["items"]) == 3


async def test_selectors(api: Api, config_maps: str) -> None:
    await fill(api, config_maps, 4)
    for query, names in (
        ("labelSelector=odd%3D1", ["m001", "m003"]),
        ("labelSelector=odd+notin+(1)", ["m000", "m002"]),
        ("fieldSelector=metadata.name%3Dm002", ["m002"]),
        ("fieldSelector=metadata.name!%3Dm002,metadata.namespace%3Ddefault&labelSelector=odd%3D0", ["m000"]),
    ):
        answer = await api.ok("GET", f"{config_maps}?{query}")
        assert [item["metadata"]["name"] for item in answer["items"]] == names, query


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("fieldSelector=foo%3Dbar", 400, '"foo" is not a known field selector: only "metadata.name", "metadata.namespace"'),
        ("limit=x", 400, 'strconv.ParseInt: parsing "x": invalid syntax'),
        ("resourceVersion=x", 400, 'invalid resource version: resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax'),
        ("resourceVersionMatch=Exact", 422,
         'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided'),
        ("sendInitialEvents=true", 422,
         'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list'),
    ],
)  # fmt: skip
async def test_refused_options(api: Api, config_maps: str, query: str, status: int, message: str) -> None:
    assert (await api.send("GET", f"{config_maps}?{query}"))[0] == status
    assert (await api.send("GET", f"{config_maps}?{query}"))[1]["message"] == message


async def test_watch_from_a_revision_sees_each_event_once_in_order(api: Api, config_maps: str) -> None:
    start = (await api.ok("GET", config_maps))["metadata"]["resourceVersion"]
    await api.ok("POST", config_maps, {"metadata": {"name": "a"}})
    await api.ok("PATCH", f"{config_maps}/a", {"data": {"x": "1"}}, Content_Type="application/merge-patch+json")
    await api.ok("DELETE", f"{config_maps}/a")
    events = await api.watch(f"{config_maps}?watch=1&resourceVersion={start}", 3)
    assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "DELETED"]
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert versions == sorted(set(versions))
    assert events[2]["object"]["data"] == {"x": "1"}


async def test_a_selector_turns_changes_into_arrivals_and_departures(api: Api, config_maps: str) -> None:
    start = (await api.ok("GET", config_maps))["metadata"]["resourceVersion"]
    await api.ok("POST", config_maps, {"metadata": {"name": "a"}})
    for labels in ({"l": "1"}, {"l": "1", "m": "2"}, {"l": None}):
        await api.ok("PATCH", f"{config_maps}/a", {"metadata": {"labels": labels}}, Content_Type="application/merge-patch+json")
    events = await api.watch(f"{config_maps}?watch=1&resourceVersion={start}&labelSelector=l%3D1", 3)
    assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "DELETED"]
    assert events[2]["object"]["metadata"]["labels"] == {"l": "1", "m": "2"}


async def test_initial_events_end_with_a_bookmark(api: Api, config_maps: str) -> None:
    await fill(api, config_maps, 2)
    query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    events = await api.watch(f"{config_maps}?{query}", 3)
    assert [event["type"] for event in events] == ["ADDED", "ADDED", "BOOKMARK"]
    assert events[2]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


async def test_a_watch_ends_after_its_timeout(api: Api, config_maps: str) -> None:
    async with asyncio.timeout(5):
        assert await api.watch(f"{config_maps}?watch=1&timeoutSeconds=1&resourceVersion=0", 1) == []


async def test_a_compacted_revision_is_gone(api: Api, config_maps: str) -> None:
    revisions = await fill(api, config_maps, 2)
    cache = api.control_plane.cache
    backend = api.control_plane.backend
    await backend.compact(await backend.revision())
    for resource in cache.resources.values():
        resource.history.clear()
        resource.history_start = cache.revision
    event = (await api.watch(f"{config_maps}?watch=1&resourceVersion={int(revisions[0]) - 1}", 1))[0]
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")
    assert event["object"]["message"].startswith("too old resource version: ")


async def test_a_watch_of_the_far_past_is_served_from_the_store(api: Api, config_maps: str) -> None:
    """After a restart the cache has no history; the store still has."""
    revisions = await fill(api, config_maps, 3)
    for resource in api.control_plane.cache.resources.values():
        resource.history.clear()
        resource.history_start = api.control_plane.cache.revision
    events = await api.watch(f"{config_maps}?watch=1&resourceVersion={revisions[0]}", 2)
    assert [event["object"]["metadata"]["name"] for event in events] == ["m001", "m002"]


async def test_ip_addresses_have_a_cell_without_a_column(api: Api) -> None:
    """Upstream defines no column for the age it puts into rows."""
    addresses = "/apis/networking.k8s.io/v1/ipaddresses"
    spec = {"parentRef": {"resource": "services", "namespace": "default", "name": "x"}}
    await api.ok("POST", addresses, {"metadata": {"name": "10.98.7.6"}, "spec": spec})
    table = await api.ok("GET", f"{addresses}/10.98.7.6", Accept="application/json;as=Table;v=v1;g=meta.k8s.io,application/json")
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "ParentRef"]
    assert table["rows"][0]["cells"][:2] == ["10.98.7.6", "services/default/x"] and len(table["rows"][0]["cells"]) == 3


async def test_table_and_partial_metadata(api: Api, config_maps: str) -> None:
    await fill(api, config_maps, 1)
    table = await api.ok("GET", config_maps, Accept="application/json;as=Table;v=v1;g=meta.k8s.io,application/json")
    assert table["kind"] == "Table" and [c["name"] for c in table["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert table["rows"][0]["cells"][:2] == ["m000", 0] and table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    partial = await api.ok("GET", config_maps, Accept="application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")
    assert partial["kind"] == "PartialObjectMetadataList" and list(partial["items"][0]) == ["kind", "apiVersion", "metadata"]
