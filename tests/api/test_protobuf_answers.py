"""Answers in protobuf for clients that ask for it first, as client-go's typed clients do."""

from __future__ import annotations

from in_process import Api

from kcompat.api.request import Response, StreamResponse
from kcompat.apimachinery import protobuf

PROTOBUF = "application/vnd.kubernetes.protobuf"


async def test_objects_lists_and_errors(api: Api, config_maps: str) -> None:
    created = await api.ok("POST", config_maps, {"metadata": {"name": "a"}, "data": {"k": "v"}})
    for url, kind in ((f"{config_maps}/a", "ConfigMap"), (config_maps, "ConfigMapList"), (f"{config_maps}/none", "Status")):
        answer = await api.raw("GET", url, Accept=f"{PROTOBUF},application/json")
        assert isinstance(answer, Response) and answer.content_type == PROTOBUF
        version, found, tree = protobuf.decode(answer.body)
        assert (version, found) == ("v1", kind)
        if kind == "ConfigMap":
            assert tree["data"] == {"k": "v"} and tree["metadata"]["uid"] == created["metadata"]["uid"]
        if kind == "ConfigMapList":
            assert [item["metadata"]["name"] for item in tree["items"]] == ["a"]


async def test_tables_have_no_protobuf_form(api: Api, config_maps: str) -> None:
    status, answer = await api.send("GET", config_maps, Accept=f"{PROTOBUF};as=Table;v=v1;g=meta.k8s.io")
    assert status == 406 and answer["message"].startswith("only the following media types are accepted")


async def test_watch_frames(api: Api, config_maps: str) -> None:
    await api.ok("POST", config_maps, {"metadata": {"name": "a"}})
    answer = await api.raw("GET", f"{config_maps}?watch=1&resourceVersion=0", Accept=PROTOBUF)
    assert isinstance(answer, StreamResponse) and answer.content_type == f"{PROTOBUF};stream=watch"
    assert answer.chunks is not None
    data = await anext(aiter(answer.chunks))
    await answer.chunks.aclose()  # type: ignore[attr-defined]
    assert int.from_bytes(data[:4], "big") == len(data) - 4
    assert data[4:6] == b"\x0a\x05" and data[6:11] == b"ADDED"
    envelope = data[data.index(b"k8s\x00") :]
    assert protobuf.decode(envelope)[2]["metadata"]["name"] == "a"
