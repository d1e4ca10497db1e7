"""Flags that shape what a server serves and whom it believes."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from in_process import Api

from kcompat.cluster import ControlPlane
from kcompat.config import Settings

ALONE = ("controllers", "scheduler", "nodes")


def settings(directory: Path, **more: object) -> Settings:
    tokens = directory / "tokens.csv"
    tokens.write_text('admin-token,admin,admin-uid,"system:masters"\n')
    common = {"data_dir": str(directory), "listen": "127.0.0.1:0", "datastore_endpoint": "memory://", "token_auth_file": str(tokens)}
    return Settings(**common, disable=ALONE, **more)  # type: ignore[arg-type]


async def test_apis_turned_off_are_not_there(tmp_path: Path) -> None:
    control_plane = ControlPlane(settings(tmp_path, runtime_config=("autoscaling/v1=false", "batch/v1/cronjobs=false"), feature_gates=("WatchList=true",)))
    await control_plane.start()
    try:
        api = Api(control_plane)
        groups = (await api.ok("GET", "/apis"))["groups"]
        versions = next(group["versions"] for group in groups if group["name"] == "autoscaling")
        assert [version["version"] for version in versions] == ["v2"]
        assert (await api.send("GET", "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers"))[0] == 404
        assert "cronjobs" not in {each["name"] for each in (await api.ok("GET", "/apis/batch/v1"))["resources"]}
    finally:
        await control_plane.stop()


async def test_front_proxies_are_told_to_other_servers(tmp_path: Path) -> None:
    control_plane = ControlPlane(settings(tmp_path, requestheader_username_headers=("X-User",), requestheader_allowed_names=()))
    await control_plane.start()
    try:
        told = (await Api(control_plane).ok("GET", "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"))["data"]
        assert orjson.loads(told["requestheader-username-headers"]) == ["X-User"]
        assert orjson.loads(told["requestheader-allowed-names"]) == []
        assert told["requestheader-client-ca-file"] == control_plane.pki.front_proxy_ca.certificate_pem.decode()
    finally:
        await control_plane.stop()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"requestheader_group_headers": (" ",)}, 'empty value in "requestheader-group-headers"'),
        ({"feature_gates": ("Nope=true",)}, "unrecognized feature gate: Nope"),
        ({"runtime_config": ("nope/v1=true",)}, "unknown api groups nope"),
    ],
)
async def test_mistakes_are_errors(tmp_path: Path, more: dict[str, object], message: str) -> None:
    control_plane = None
    with pytest.raises(ValueError, match=message):
        control_plane = ControlPlane(settings(tmp_path, **more))
        await control_plane.start()
    if control_plane is not None:
        await control_plane.stop()
