"""Patches of JSON trees: RFC 6902, RFC 7386 and Kubernetes' own strategic merge. Called by the patch verb.

    json_patch.apply(tree, operations)      merge_patch.apply(tree, patch)      strategic.apply(tree, patch, type)

None of them changes its input; results share what is unchanged. What cannot be applied raises the StatusError upstream answers with.
"""

from kcompat.apimachinery.patch import json_patch, merge_patch, strategic

__all__ = ["json_patch", "merge_patch", "strategic"]
