"""Differences that are meant, each with its reason. Called by compare.py."""

from __future__ import annotations

import re

_EXPLAINED = [
    # (script, request, path, reason): regular expressions that must match the whole
    (r".*", r"(?i:get) /version.*", r"body\.(gitVersion|gitCommit|gitTreeState|buildDate|goVersion|compiler|platform)", "names its own build"),
    (r".*", r"GET (/|\?|/\?|/index)\S*( .*)?", r"body\.paths", "health checks are its own"),
    (r"documents/health", r"GET .*(verbose|bootstrap-roles).*", r"line \d+|code", "health checks are its own"),
    (r"documents/issuer", r".*", r"body\.id_token_signing_alg_values_supported.*", "its own key is an elliptic one"),
    (r".*", r"FOO .*", r".*", "the HTTP parser refuses methods that nobody has registered, before anything else looks"),
    (r"errors/paths", r"GET /debug/.*", r"code", "pages of Go's runtime"),
    (r"errors/paths", r"GET .*/nodes/ü", r"code", "the HTTP parser wants paths in ASCII"),
    (r"errors/kinds", r".* # __internal ConfigMap", r"headers\.Warning", "upstream's internal form has no field names to know"),
    (r"metadata/create", r".*resource-version-(bad|zero)", r"body\.metadata\.resourceVersion", "a dry run does not give back a resourceVersion that is none"),
    (r"definitions/updates", r".*", r".*f:conditions.*", "custom resources are not served yet: the script establishes a definition itself"),
    (r"(?!rules/)\w+/customresourcedefinitions.*", r".*", r".*conditions\[1\]\.(status|reason)|.*\.cells\[7\]|answer|line \d+", "custom resources are not served yet: a definition stays at installing"),
    (r"fields/.*", r".*(xpression|\.cel)[^ ]*=.*", r"answer", "CEL expressions are not compiled yet"),
    (r"rules/.*", r".*:\[\].*", r"answer", "a message shows an empty list as none: the two are the same from the start"),
    (r"rules/pods-spec", r".*apparmor\.security\.beta\.kubernetes\.io/c\":\"wr.*", r"answer", "a refused pod is answered without the warnings of its preparation"),
    (r"rules/resourceclaims", r".*(\"cel\"|selecto…).*", r"answer", "CEL expressions are not compiled yet"),
    (r"rules/mutatingadmissionpolicies", r".*jsonPatch.*|.*\"patchType\":\"JSONPatch\",\"applyConfiguration.*", r"answer", "CEL expressions are not compiled yet"),
    (r"plugins/node-pods", r".*/persistentvolumeclaims/c/status.*", r"body\.message", "the difference between the claims is not shown"),
    (r"fields/ingresses\..*", r".*spec\.rules=\[\]", r"answer", "a field that is left out when it is empty has no empty list to show"),
    (r"errors/bodies", r".*1e4.*", r"body\.message", "a number no float holds is refused before the types are looked at"),
    (r"negotiation/yaml", r".*/texts .*", r"line \d+", "libyaml escapes a line separator that go-yaml writes as it is"),
    (r"fields/endpointslices\..*", r"PUT .*deprecatedTopology=.*", r"answer", "a topology that is dropped does not count as a change"),
    (r"apply/(mutating|validating)webhookconfigurations.*", r".*", r"body\.metadata\.generation", "an empty list of webhooks is not told from none"),
    (r"cases/declarative/flowcontrol_flowschema/.*", r"PUT .*", r"body\.(metadata\.managedFields|status\.conditions).*",
     "the server's own controller writes when it comes to it"),
    (r"services/.*", r".*dryRun=All.*", r"body\.spec\.(ports\[\d+\]\.nodePort|healthCheckNodePort)", "a dry run shows a port of the range"),
]  # fmt: skip
_COMPILED = [(re.compile(script), re.compile(ask), re.compile(path), reason) for script, ask, path, reason in _EXPLAINED]


def explanation(script: str, ask: str, path: str) -> str:
    """The reason of a difference, "" when there is none."""
    for script_pattern, ask_pattern, path_pattern, reason in _COMPILED:
        if script_pattern.fullmatch(script) and ask_pattern.fullmatch(ask) and path_pattern.fullmatch(path):
            return reason
    return ""
