"""Runs admission plugins in upstream's order (upstream: pkg/kubeapiserver/options/plugins.go, apiserver pkg/server/options/admission.go).

`cluster.py` builds the chain; `registry/store.py` asks it for every write. Which plugins care about an operation on a resource is worked
out once, so that a write which concerns few plugins pays for few.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable, Iterable, Sequence

from kcompat.admission import plugins as builtin
from kcompat.admission.interface import Attributes, MutatingPlugin, Plugin, Services, ValidatingPlugin
from kcompat.apimachinery.quote import quote

Step = Callable[[Attributes], Awaitable[None]]
_Key = tuple[str, str, str, str]

ORDER = (
    "AlwaysAdmit",
    "NamespaceAutoProvision",
    "NamespaceLifecycle",
    "NamespaceExists",
    "LimitPodHardAntiAffinityTopology",
    "LimitRanger",
    "ServiceAccount",
    "NodeRestriction",
    "TaintNodesByCondition",
    "AlwaysPullImages",
    "ImagePolicyWebhook",
    "PodSecurity",
    "PodNodeSelector",
    "Priority",
    "DefaultTolerationSeconds",
    "PodTolerationRestriction",
    "EventRateLimit",
    "ExtendedResourceToleration",
    "DefaultStorageClass",
    "StorageObjectInUseProtection",
    "PodGroupProtection",
    "OwnerReferencesPermissionEnforcement",
    "PersistentVolumeClaimResize",
    "RuntimeClass",
    "CertificateApproval",
    "CertificateSigning",
    "ClusterTrustBundleAttest",
    "CertificateSubjectRestriction",
    "DefaultIngressClass",
    "DenyServiceExternalIPs",
    "PodTopologyLabels",
    "NodeDeclaredFeatureValidator",
    "PodResizeValidator",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionWebhook",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionWebhook",
    "ResourceQuota",
    "AlwaysDeny",
)
_FIRST_OF_TAIL = ORDER.index("MutatingAdmissionPolicy")


class AdmissionChain:
    """All enabled plugins. `guard` runs between mutation and the rest: the check that nobody grants rights they do not have."""

    def __init__(self, plugins: Iterable[Plugin], guard: Step | None = None) -> None:
        self.plugins = tuple(plugins)
        self._guard = guard
        self._admit: dict[_Key, tuple[Step, ...]] = {}
        self._validate: dict[_Key, tuple[Step, ...]] = {}

    async def admit(self, attributes: Attributes) -> None:
        """Lets the mutating plugins change attributes.object. Raises the StatusError of the first that denies."""
        key = (attributes.operation, attributes.group, attributes.resource, attributes.subresource)
        steps = self._admit.get(key)
        if steps is None:
            steps = self._admit[key] = self._steps(key, mutating=True)
        for step in steps:
            await step(attributes)

    async def validate(self, attributes: Attributes) -> None:
        """Asks the validating plugins. Raises the StatusError of the first that denies."""
        key = (attributes.operation, attributes.group, attributes.resource, attributes.subresource)
        steps = self._validate.get(key)
        if steps is None:
            steps = self._validate[key] = self._steps(key, mutating=False)
        for step in steps:
            await step(attributes)

    def _steps(self, key: _Key, mutating: bool) -> tuple[Step, ...]:
        concerned = [plugin for plugin in self.plugins if _concerns(plugin, key)]
        if not mutating:
            return tuple(plugin.validate for plugin in concerned if isinstance(plugin, ValidatingPlugin))
        steps: list[Step] = [plugin.admit for plugin in concerned if isinstance(plugin, MutatingPlugin)]
        return (*steps, self._guard) if self._guard else tuple(steps)


def build(
    services: Services,
    enable: Sequence[str] = (),
    disable: Sequence[str] = (),
    more: Sequence[type[Plugin]] = (),
    guard: Step | None = None,
) -> AdmissionChain:
    """The chain of --enable-admission-plugins and --disable-admission-plugins; `more` are plugins from outside the package.

    Raises ValueError with upstream's text for a name that is unknown, or both enabled and disabled.
    """
    known = {plugin.name: plugin for plugin in (*found(), *more)}
    _check(known, enable, disable)
    wanted = {name for name, plugin in known.items() if (plugin.enabled_by_default or name in enable) and name not in disable}
    return AdmissionChain([known[name](services) for name in ordered(known.values()) if name in wanted], guard)


def found() -> list[type[Plugin]]:
    """The plugins in admission/plugins/, one in each module."""
    modules = (importlib.import_module(f"{builtin.__name__}.{module.name}") for module in pkgutil.iter_modules(builtin.__path__))
    return [plugin for module in modules for plugin in vars(module).values() if _is_plugin_of(module.__name__, plugin)]


def ordered(plugins: Iterable[type[Plugin]]) -> list[str]:
    """Names in the order of execution."""
    return [plugin.name for plugin in sorted(plugins, key=_position)]


def _position(plugin: type[Plugin]) -> float:
    if plugin.name in ORDER:
        return ORDER.index(plugin.name)
    behind = [ORDER.index(name) for name in plugin.after if name in ORDER]
    return max(behind, default=_FIRST_OF_TAIL - 1) + 0.5


def _is_plugin_of(module: str, candidate: object) -> bool:
    return inspect.isclass(candidate) and issubclass(candidate, Plugin) and candidate.__module__ == module and hasattr(candidate, "name")


def _check(known: Iterable[str], enable: Sequence[str], disable: Sequence[str]) -> None:
    problems = []
    for flag, names in (("enable", enable), ("disable", disable)):
        unknown = [name for name in names if name not in known and name not in ORDER]
        problems += [f"{flag}-admission-plugins plugin {quote(name)} is unknown" for name in unknown]
    problems += [f"admission plugin {quote(name)} is not supported yet" for name in enable if name in ORDER and name not in known]
    if both := sorted(set(enable) & set(disable)):
        problems.append(f"[{' '.join(both)}] in enable-admission-plugins and disable-admission-plugins overlapped")
    if problems:
        raise ValueError(problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]")


def _concerns(plugin: Plugin, key: _Key) -> bool:
    operation, group, resource, subresource = key
    qualified = (f"{resource}.{group}" if group else resource) + (f"/{subresource}" if subresource else "")
    return operation in plugin.handles and (plugin.resources is None or qualified in plugin.resources)
