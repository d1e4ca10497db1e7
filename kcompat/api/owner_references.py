"""Owner references given twice are kept once, with a warning. Called by the writing verbs.

Upstream: apiserver endpoints/handlers/rest.go:dedupOwnerReferencesAndAddWarning.
"""

from __future__ import annotations

from kcompat.api.request import Request, Tree

_WARNING = (
    ".metadata.ownerReferences contains duplicate entries%s; API server dedups owner references in 1.20+, and may reject such requests"
    " as early as 1.24; please fix your requests; duplicate UID(s) observed: %s"
)
_AFTER = " after mutating admission happens"


def deduplicate(request: Request, obj: Tree, *, after_admission: bool = False) -> None:
    """Changes the (private) object in place. Creates and updates do it before and after admission, patches after it."""
    references = obj["metadata"].get("ownerReferences")
    if not references or len(references) == 1:
        return
    kept: list[Tree] = []
    repeated = []
    for reference in references:
        if reference in kept:
            repeated.append(reference.get("uid", ""))
        else:
            kept.append(reference)
    if repeated:
        obj["metadata"]["ownerReferences"] = kept
        request.warnings.append(_WARNING % (_AFTER if after_admission else "", ", ".join(repeated)))
