"""Order, flags and dispatch of admission plugins."""

from __future__ import annotations

from typing import Any

import pytest
from requests_for import writing

from kcompat.admission.chain import ORDER, AdmissionChain, build, found, ordered
from kcompat.admission.interface import CREATE, DELETE, UPDATE, Attributes, MutatingPlugin, Plugin, Services, ValidatingPlugin, on


def names(chain: AdmissionChain) -> list[str]:
    return [plugin.name for plugin in chain.plugins]


def test_every_module_holds_one_plugin_of_upstream() -> None:
    plugins = found()
    assert len({plugin.__module__ for plugin in plugins}) == len(plugins)
    assert {plugin.name for plugin in plugins} <= set(ORDER)
    for plugin in plugins:
        assert plugin.__module__.rsplit(".", 1)[1].replace("_", "") == plugin.name.lower()
        assert issubclass(plugin, MutatingPlugin | ValidatingPlugin)


def test_the_order_is_upstreams(services: Services) -> None:
    chain = names(build(services))
    assert chain == sorted(chain, key=ORDER.index)
    assert chain[:3] == ["NamespaceLifecycle", "LimitRanger", "ServiceAccount"]


def test_flags_switch_plugins(services: Services) -> None:
    default = names(build(services))
    assert "AlwaysPullImages" not in default
    chain = names(build(services, ["AlwaysPullImages", "Priority"], ["ServiceAccount"]))
    assert chain == [name for name in ORDER if name in {*default, "AlwaysPullImages"} - {"ServiceAccount"}]


@pytest.mark.parametrize(
    ("enable", "disable", "problem"),
    [
        (["Nope"], [], 'enable-admission-plugins plugin "Nope" is unknown'),
        ([], ["Nope"], 'disable-admission-plugins plugin "Nope" is unknown'),
        (["EventRateLimit"], [], 'admission plugin "EventRateLimit" is not supported yet'),
        (["Priority"], ["Priority"], "[Priority] in enable-admission-plugins and disable-admission-plugins overlapped"),
        (
            ["A"],
            ["B"],
            '[enable-admission-plugins plugin "A" is unknown, disable-admission-plugins plugin "B" is unknown]',
        ),
    ],
)
def test_unusable_flags(services: Services, enable: list[str], disable: list[str], problem: str) -> None:
    with pytest.raises(ValueError) as error:
        build(services, enable, disable)
    assert str(error.value) == problem


def test_a_plugin_known_upstream_may_be_switched_off_before_it_exists(services: Services) -> None:
    assert names(build(services, disable=["EventRateLimit"])) == names(build(services))


class Recording(MutatingPlugin, ValidatingPlugin):
    name = "Recording"
    handles = on(CREATE, DELETE)
    resources = ("pods", "pods/status", "deployments.apps")
    log: list[Any] = []  # noqa: RUF012

    async def admit(self, attributes: Attributes) -> None:
        self.log.append("admit")

    async def validate(self, attributes: Attributes) -> None:
        self.log.append("validate")


class Everywhere(ValidatingPlugin):
    name = "Everywhere"
    handles = on(CREATE)
    after = ("NamespaceLifecycle",)

    async def validate(self, attributes: Attributes) -> None:
        Recording.log.append("everywhere")


def test_plugins_of_ones_own_stand_where_they_say() -> None:
    plugins: list[type[Plugin]] = [*found(), Recording, Everywhere]
    order = ordered(plugins)
    assert order.index("NamespaceLifecycle") + 1 == order.index("Everywhere")
    assert order.index("PodSecurity" if "PodSecurity" in order else "Priority") < order.index("Recording")
    assert "ResourceQuota" not in order or order.index("Recording") < order.index("ResourceQuota")


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (writing("pods", {}), ["admit", "validate", "everywhere"]),
        (writing("pods/status", {}), ["admit", "validate", "everywhere"]),
        (writing("pods/log", {}), ["everywhere"]),
        (writing("apps:deployments", {}), ["admit", "validate", "everywhere"]),
        (writing("deployments", {}), ["everywhere"]),
        (writing("pods", operation=DELETE), ["admit", "validate"]),
        (writing("pods", {}, {}), []),
    ],
)
async def test_only_concerned_plugins_are_asked(services: Services, attributes: Attributes, expected: list[str]) -> None:
    Recording.log.clear()
    chain = AdmissionChain([Recording(services), Everywhere(services)])
    for _ in range(2):
        await chain.admit(attributes)
        await chain.validate(attributes)
    assert Recording.log == expected * 2


async def test_the_guard_stands_after_mutation(services: Services) -> None:
    async def guard(attributes: Attributes) -> None:
        Recording.log.append("guard")

    Recording.log.clear()
    chain = AdmissionChain([Recording(services)], guard)
    for operation in (CREATE, UPDATE):
        await chain.admit(writing("pods", {}, operation=operation))
        await chain.validate(writing("pods", {}, operation=operation))
    assert Recording.log == ["admit", "guard", "validate", "guard"]
