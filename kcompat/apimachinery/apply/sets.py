"""Sets of field paths, kept in the very form of FieldsV1: `{"f:data": {".": {}, "f:key": {}}}`.

A node under an element stands for its children, and for the element itself if it is empty or has a "." key; the root never has one.
Trees are never changed once made, share their unchanged parts, and have their keys in upstream's order. Nothing to parse, nothing to
encode: what is stored is what is worked with. Answers structured-merge-diff fieldpath/set.go. Called by the whole package.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from kcompat.apimachinery.apply.elements import SELF, canonical, order

Set = dict[str, Any]
Path = tuple[str, ...]

LEAF: Set = {}
"""The node of an element without children. Shared."""
EMPTY: Set = {}
"""The set without members. Shared."""


def is_member(node: Set | None) -> bool:
    """Whether the element over this node is in the set."""
    return node is not None and (not node or SELF in node)


def with_self(node: Set | None) -> Set:
    """The node as that of a member."""
    if not node or SELF in node:
        return node or LEAF
    return {SELF: LEAF, **node}


def of(*paths: Path) -> Set:
    """The set of these paths."""
    result = EMPTY
    for path in paths:
        node = LEAF
        for element in reversed(path):
            node = {element: node}
        result = union(result, node)
    return result


def arranged(node: Set) -> Set:
    """The node with its keys in upstream's order."""
    if len(node) < 2:
        return node
    keys = [*node]
    ordered = sorted(keys)
    if ordered[-1][0] != "f":  # keys and values are not in the order of their texts
        ordered = sorted(keys, key=order)
    return node if ordered == keys else {key: node[key] for key in ordered}


def union(left: Set, right: Set) -> Set:
    """What is in either root."""
    if left is right or not right:
        return left
    return _joined(left, right) if left else right


def _joined(left: Set, right: Set) -> Set:
    changed: Set = {}
    for element, node in right.items():
        present = left.get(element)
        if present is None:
            changed[element] = node
        elif present is not node and (joined := _joined_nodes(present, node)) is not present:
            changed[element] = joined
    return arranged({**left, **changed}) if changed else left


def _joined_nodes(left: Set, right: Set) -> Set:
    if not right:
        return with_self(left)
    if not left:
        return with_self(right)
    return _joined(left, right)


def joined(left: Set | None, right: Set | None) -> Set | None:
    """What is in either of two nodes, of which None is no node."""
    if left is None or right is None:
        return right if left is None else left
    return _joined_nodes(left, right)


def difference(left: Set, right: Set) -> Set:
    """What is in the left root, not in the right one. A parent does not take its children with it."""
    if not left or not right:
        return left
    return _less(left, right) or EMPTY


def _less(left: Set, right: Set) -> Set | None:
    """Non-empty nodes or roots; None when nothing remains."""
    return _replaced(left, ((element, _less_node(left[element], other)) for element, other in right.items() if element in left))


def _replaced(node: Set, children: Iterable[tuple[str, Set | None]]) -> Set | None:
    """The node with these children in place of its own, None taking one away; the node itself if none differs, None if none is left."""
    kept = node
    for element, child in children:
        if child is kept[element]:
            continue
        if kept is node:
            kept = dict(node)
        if child is None:
            del kept[element]
        else:
            kept[element] = child
    if not kept:
        return None
    return LEAF if len(kept) == 1 and SELF in kept else kept


def _less_node(node: Set, other: Set) -> Set | None:
    if not node:
        return None if is_member(other) else node
    if not other:
        return _without_self(node)
    return _less(node, other)


def _without_self(node: Set) -> Set | None:
    if SELF not in node:
        return node
    return {element: child for element, child in node.items() if element != SELF} or None


def recursive_difference(left: Set, right: Set) -> Set:
    """What is in the left root, not in the right one nor below its members."""
    if not left or not right:
        return left
    return _less_recursively(left, right) or EMPTY


def _less_recursively(left: Set, right: Set) -> Set | None:
    return _replaced(left, ((element, _less_below(left[element], other)) for element, other in right.items() if element in left))


def _less_below(node: Set, other: Set) -> Set | None:
    if is_member(other):
        return None
    return _less_recursively(node, other) if node else node


def intersection(left: Set, right: Set) -> Set:
    """What is in both roots."""
    return _common(left, right) or EMPTY


def _common(left: Set, right: Set) -> Set | None:
    found: Set = {}
    for element, node in left.items():
        other = right.get(element)
        if other is not None and (both := _common_node(node, other)) is not None:
            found[element] = both
    return found or None


def _common_node(left: Set, right: Set) -> Set | None:
    if left is right:
        return left
    children = _common(left, right) if left and right else None
    if not (is_member(left) and is_member(right)):
        return children
    if children is None or (len(children) == 1 and SELF in children):
        return LEAF
    return with_self(children)


def has(root: Set, path: Path) -> bool:
    node: Set | None = root
    for element in path:
        node = node.get(element) if node else None
    return is_member(node)


def paths(root: Set, above: Path = ()) -> Iterator[Path]:
    """Every member in upstream's order: those of a node first, then what is below each (Set.Iterate)."""
    for element, node in root.items():
        if element != SELF and is_member(node):
            yield (*above, element)
    for element, node in root.items():
        if node:
            yield from paths(node, (*above, element))


def read(tree: Any) -> Set:
    """A FieldsV1 tree from outside, in canonical form. Raises ValueError where upstream cannot read it."""
    if tree.__class__ is not dict:
        raise ValueError("expect { or n")
    found: Set = {}
    for element, children in tree.items():
        if element == SELF:
            continue
        name = canonical(element)
        if name is not None:
            found[name] = _joined_nodes(found[name], _read_node(children)) if name in found else _read_node(children)
    return arranged(found)


def _read_node(tree: Any) -> Set:
    children = read(tree or {})
    return with_self(children) if not children or SELF in tree else children
