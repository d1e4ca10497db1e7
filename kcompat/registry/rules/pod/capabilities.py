"""What the administrator lets containers have. Set by `cluster.py` from --allow-privileged, asked by the rules of pods.

One for the process, as upstream (pkg/capabilities): whatever embeds a pod is checked by it, and none of those rules know their server.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Capabilities:
    allow_privileged: bool = True


CAPABILITIES = Capabilities()
