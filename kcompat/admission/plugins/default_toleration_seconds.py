"""Gives pods the not-ready and unreachable tolerations (upstream: plugin/pkg/admission/defaulttolerationseconds)."""

from __future__ import annotations

from kcompat.admission.interface import CREATE, UPDATE, Attributes, MutatingPlugin, Services, on

_TAINTS = (
    ("node.kubernetes.io/not-ready", "default_not_ready_toleration_seconds"),
    ("node.kubernetes.io/unreachable", "default_unreachable_toleration_seconds"),
)
"""Taint and the flag that says how many seconds it is tolerated."""


class DefaultTolerationSeconds(MutatingPlugin):
    name = "DefaultTolerationSeconds"
    handles = on(CREATE, UPDATE)
    resources = ("pods",)

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._seconds = [(taint, int(services.settings.get(flag, 300))) for taint, flag in _TAINTS]

    async def admit(self, attributes: Attributes) -> None:
        if attributes.object is None:
            return
        spec = attributes.object.setdefault("spec", {})
        present = spec.get("tolerations") or []
        tolerated = {toleration.get("key") or "" for toleration in present if (toleration.get("effect") or "NoExecute") == "NoExecute"}
        added = [
            {"key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds}
            for taint, seconds in self._seconds
            if not tolerated & {"", taint}
        ]
        if added:
            spec["tolerations"] = [*present, *added]
