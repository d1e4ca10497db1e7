"""Priority and fairness, piece by piece: what a schema matches, how seats are divided, who waits and who is turned away."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kcompat.api.flow_control.control import Dropped
from kcompat.api.flow_control.levels import Level, Queuing, Served, deal
from kcompat.api.flow_control.schemas import in_order, matches
from kcompat.api.flow_control.shares import Demand, Limits, divide, limits
from kcompat.api.request import Query, Request, RequestInfo
from kcompat.apimachinery.user import UserInfo

BOB = UserInfo("bob", groups=("dev", "system:authenticated"))
ACCOUNT = UserInfo("system:serviceaccount:kube-system:x", groups=("system:serviceaccounts",))
PODS = RequestInfo("get", "/", True, "api", "", "v1", "ns", "pods", "", "a")
STATUS = RequestInfo("update", "/", True, "api", "", "v1", "ns", "pods", "status", "a")
NODES = RequestInfo("list", "/", True, "api", "", "v1", "", "nodes")
LIVEZ, PING = RequestInfo("get", "/livez"), RequestInfo("get", "/livez/ping")
ANY = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"], "clusterScope": True}


def schema(subject: dict[str, Any], resource: dict[str, Any] | None = None, path: dict[str, Any] | None = None) -> dict[str, Any]:
    rule = {"subjects": [subject], "resourceRules": [resource] if resource else [], "nonResourceRules": [path] if path else []}
    return {"metadata": {"name": "s"}, "spec": {"rules": [rule]}}


def user(name: str) -> dict[str, Any]:
    return {"kind": "User", "user": {"name": name}}


@pytest.mark.parametrize(
    ("subject", "who", "expected"),
    [
        (user("bob"), BOB, True), (user("*"), BOB, True), (user("eve"), BOB, False),
        ({"kind": "Group", "group": {"name": "dev"}}, BOB, True), ({"kind": "Group", "group": {"name": "*"}}, ACCOUNT, True),
        ({"kind": "Group", "group": {"name": "ops"}}, BOB, False),
        ({"kind": "ServiceAccount", "serviceAccount": {"namespace": "kube-system", "name": "*"}}, ACCOUNT, True),
        ({"kind": "ServiceAccount", "serviceAccount": {"namespace": "kube-system", "name": "x"}}, ACCOUNT, True),
        ({"kind": "ServiceAccount", "serviceAccount": {"namespace": "kube", "name": "*"}}, ACCOUNT, False),
        ({"kind": "ServiceAccount", "serviceAccount": {"namespace": "kube-system", "name": "y"}}, ACCOUNT, False),
    ],
)  # fmt: skip
def test_subjects(subject: dict[str, Any], who: UserInfo, expected: bool) -> None:
    assert matches(schema(subject, ANY), who, PODS) is expected


@pytest.mark.parametrize(
    ("rule", "info", "expected"),
    [
        (ANY, PODS, True), (ANY, NODES, True), (ANY | {"clusterScope": False}, NODES, False), (ANY | {"namespaces": ["ns"]}, PODS, True),
        (ANY | {"namespaces": ["other"]}, PODS, False), (ANY | {"resources": ["pods"]}, STATUS, False),
        (ANY | {"resources": ["pods/status"]}, STATUS, True), (ANY | {"verbs": ["list"]}, PODS, False), (ANY | {"apiGroups": ["apps"]}, PODS, False),
        (ANY | {"resources": ["*", "x"]}, PODS, False), (ANY, LIVEZ, False),
    ],
)  # fmt: skip
def test_resource_rules(rule: dict[str, Any], info: RequestInfo, expected: bool) -> None:
    assert matches(schema(user("*"), rule), BOB, info) is expected


@pytest.mark.parametrize(
    ("url", "info", "expected"),
    [("*", PING, True), ("/livez", LIVEZ, True), ("/livez", PING, True), ("/livez/*", PING, True), ("/live", LIVEZ, False), ("/livez/*", LIVEZ, False)],
)
def test_path_rules(url: str, info: RequestInfo, expected: bool) -> None:
    assert matches(schema(user("*"), None, {"verbs": ["get"], "nonResourceURLs": [url]}), BOB, info) is expected


def test_precedence_then_name() -> None:
    wanted = [{"metadata": {"name": name}, "spec": {"matchingPrecedence": at}} for name, at in (("b", 1), ("a", 2), ("c", 2))]
    assert in_order(wanted[::-1]) == wanted


def test_shares_of_the_default_levels() -> None:
    """As a kube-apiserver with 600 seats has them (apiserver_flowcontrol_nominal_limit_seats)."""
    spec = {"limited": {"nominalConcurrencyShares": 100, "lendablePercent": 90}}
    assert limits(spec, 600, 245) == Limits(245, 24, 845)
    assert limits({"limited": {"nominalConcurrencyShares": 30, "lendablePercent": 33, "borrowingLimitPercent": 50}}, 600, 245) == Limits(74, 50, 111)
    assert limits({"exempt": {"nominalConcurrencyShares": 0}}, 600, 245) == Limits(0, 0, 600)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 600), st.integers(0, 300)), min_size=1, max_size=8), st.integers(0, 1000))
def test_division_keeps_bounds_and_proportion(rows: list[tuple[int, int, int]], total: int) -> None:
    demands = [Demand(low, low + more, max(low, target)) for low, more, target in rows]
    seats = divide(total, demands)
    assert all(each.lower <= count <= each.upper for each, count in zip(demands, seats, strict=True))
    least, most = sum(each.lower for each in demands), sum(each.upper for each in demands)
    assert abs(sum(seats) - min(max(total, least), most)) <= len(seats)
    free = [count / each.target for each, count in zip(demands, seats, strict=True) if each.target > 20 and each.lower < count < each.upper]
    assert not free or max(free) - min(free) <= 0.1


@given(st.integers(0, 2**64 - 1), st.integers(1, 128), st.integers(1, 10))
def test_hands_are_different_cards(value: int, deck: int, hand: int) -> None:
    cards = deal(value, deck, hand)
    assert len(set(cards)) == len(cards) == min(hand, deck)
    assert all(0 <= card < deck for card in cards)


async def nothing() -> bytes:
    return b""


def served(flow: str) -> Served:
    from kcompat.api.request import Peer

    return Served(Request("GET", "/", Query(), {}, nothing, Peer()), "s", flow, 0.0)


def level(seats: int, queuing: Queuing | None) -> Level:
    made = Level("l", "uid", False)
    made.configure("uid", queuing, Limits(seats, seats, seats))
    made.seats = seats
    return made


async def test_a_busy_flow_fills_only_its_own_queues() -> None:
    """One flow sends all it can; another that comes last does not wait behind it."""
    busy = level(1, Queuing(8, 2, 5))
    first = served("first")
    assert busy.try_start(first)
    greedy = [served("greedy") for _ in range(30)]
    waiting = [asyncio.create_task(busy.wait(each, "greedy", 60)) for each in greedy]
    await asyncio.sleep(0)
    assert (busy.waiting, busy.rejected) == (10, 20), "two queues of five"
    modest = served("modest")
    flow = next(name for name in "abcdefgh" if not set(hand(busy, name)) & set(hand(busy, "greedy")))
    asked = asyncio.create_task(busy.wait(modest, flow, 60))
    await asyncio.sleep(0)
    assert not busy.try_start(served("late")), "who waits goes first"
    turns = 0
    running = first
    while not asked.done():
        busy.finish(running.request)
        await asyncio.sleep(0)
        running = next(iter(busy.running.values()), running)
        turns += 1
    assert turns <= 4
    while busy.running:
        busy.finish(next(iter(busy.running.values())).request)
        await asyncio.sleep(0)
    assert Counter(await asyncio.gather(*waiting)) == {True: 10, False: 20}
    assert busy.idle


def hand(of: Level, flow: str) -> list[int]:
    import hashlib

    assert of.queuing is not None
    value = int.from_bytes(hashlib.sha256(flow.encode()).digest()[:8], "little")
    return deal(value, of.queuing.queues, of.queuing.hand_size)


async def test_who_waits_too_long_or_gives_up_leaves_no_trace() -> None:
    busy = level(1, Queuing(1, 1, 10))
    first = served("a")
    assert busy.try_start(first)
    assert await busy.wait(served("b"), "b", 0.01) is False
    gone = asyncio.create_task(busy.wait(served("c"), "c", 60))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    assert (busy.waiting, busy.timed_out, busy.cancelled) == (0, 1, 1)
    granted = served("d")
    last = asyncio.create_task(busy.wait(granted, "d", 60))
    await asyncio.sleep(0)
    busy.finish(first.request)
    last.cancel()  # the seat is given and not yet taken
    await asyncio.gather(last, return_exceptions=True)
    assert busy.idle


async def test_without_queues_nobody_waits() -> None:
    full = level(1, None)
    assert full.try_start(served("a"))
    assert await full.wait(served("b"), "b", 60) is False


def test_retry_after_doubles_while_many_are_turned_away() -> None:
    dropped = Dropped()
    assert [dropped.note(100) for _ in range(10)] == [1] * 10
    assert dropped.note(101) == 2
    for second in range(102, 300):
        for _ in range(100):
            dropped.note(second)
    assert dropped.seconds == 32
    assert [dropped.note(second) for second in range(400, 435)][-1] == 16
