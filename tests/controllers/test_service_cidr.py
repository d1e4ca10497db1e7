"""ServiceCIDRs are kept while Services need them."""

from __future__ import annotations

import pytest

from kcompat.client.resources import SERVICES
from kcompat.controllers import service_cidr
from kcompat.controllers.service_cidr import FINALIZER, IP_ADDRESSES, SERVICE_CIDRS, holding, may_go, overlapping


def cidr(name, *texts):
    return {"metadata": {"name": name}, "spec": {"cidrs": list(texts)}}


def address(ip, manager="ipallocator.k8s.io"):
    return {"metadata": {"name": ip, "labels": {"ipaddress.kubernetes.io/managed-by": manager}}}


WIDE, NARROW, OTHER = cidr("wide", "10.0.0.0/16", "fd00::/64"), cidr("narrow", "10.0.1.0/24"), cidr("other", "10.9.0.0/24")


def test_which_networks_overlap_and_hold():
    everything = [WIDE, NARROW, OTHER]
    assert overlapping(NARROW, everything) == overlapping(WIDE, everything) == ["wide", "narrow"]
    assert holding(service_cidr.parse_ip("10.0.1.7"), everything) == ["wide", "narrow"]
    assert holding(service_cidr.parse_ip("10.0.1.0"), everything) == ["wide"], "a network's own address is not given out"


@pytest.mark.parametrize(
    ("going", "everything", "addresses", "free"),
    [
        (NARROW, [WIDE, NARROW], [address("10.0.1.7")], True),
        (WIDE, [WIDE, NARROW], [address("10.0.1.7")], True),
        (WIDE, [WIDE, NARROW], [address("10.0.2.7")], False),
        (WIDE, [WIDE, NARROW], [address("10.0.2.7", "me")], True),
        (WIDE, [WIDE], [address("fd00::1")], False),
        (NARROW, [NARROW, cidr("same", "10.0.1.0/24")], [address("10.0.1.7")], True),
        (OTHER, [OTHER], [], True),
    ],
)
def test_when_it_may_go(going, everything, addresses, free):
    assert may_go(going, everything, addresses) is free


async def test_a_network_in_use_stays_until_its_addresses_are_free(admin, monkeypatch):
    monkeypatch.setattr(service_cidr, "GRACE_SECONDS", 0.0)
    default = await admin.becomes(SERVICE_CIDRS, "kubernetes", lambda tree: tree and FINALIZER in tree["metadata"].get("finalizers", ()))
    assert default["status"]["conditions"][0]["status"] == "True"
    await admin.create(SERVICE_CIDRS, cidr("more", "10.200.0.0/24"))
    await admin.becomes(SERVICE_CIDRS, "more", lambda tree: tree.get("status", {}).get("conditions"))
    spec = {"clusterIP": "10.200.0.9", "ports": [{"port": 80}]}
    await admin.create(SERVICES, {"metadata": {"name": "a", "namespace": "default"}, "spec": spec})
    await admin.client.of(SERVICE_CIDRS).delete("more")
    waiting = await admin.becomes(SERVICE_CIDRS, "more", lambda tree: tree["status"]["conditions"][0]["status"] == "False")
    assert waiting["status"]["conditions"][0]["reason"] == "Terminating"
    await admin.client.of(SERVICES).delete("a", "default")
    await admin.goes(IP_ADDRESSES, "10.200.0.9")
    await admin.goes(SERVICE_CIDRS, "more")
