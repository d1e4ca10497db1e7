"""The graph of owners and dependents, kept from informer events. Pure: changes in, nodes to look at out. Called by collector.

An owner that nobody has seen yet is a virtual node, whose existence has to be verified with the server. Dependents may disagree about the
owner's name, kind or namespace, for references are only text; the uid is the key (upstream: graph_builder.go processGraphChanges).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from kcompat.apimachinery import meta
from kcompat.client.interface import Tree

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
ABSENT_ENTRIES = 500

Reference = Mapping[str, Any]


class Identity(NamedTuple):
    """All that is needed to find an object. Ordered as upstream's referenceLessThan."""

    kind: str
    api_version: str
    namespace: str
    name: str
    uid: str

    def __str__(self) -> str:
        return f"[{self.api_version}/{self.kind}, namespace: {self.namespace}, name: {self.name}, uid: {self.uid}]"


def coordinates(reference: Reference, namespace: str) -> Identity:
    """The owner a reference means, if it is in that namespace."""
    return Identity(reference["kind"], reference["apiVersion"], namespace, reference["name"], reference["uid"])


def matches(reference: Reference, identity: Identity) -> bool:
    return coordinates(reference, identity.namespace) == identity


class Node:
    """An object in the graph. dependents is ordered, as a dict with nodes for keys."""

    __slots__ = ("being_deleted", "deleting_dependents", "dependents", "identity", "owners", "virtual")

    def __init__(self, identity: Identity, owners: Sequence[Reference] = (), *, virtual: bool = False) -> None:
        self.identity = identity
        self.owners = owners
        self.dependents: dict[Node, None] = {}
        self.virtual = virtual
        self.being_deleted = False
        self.deleting_dependents = False

    def blocking_dependents(self) -> list[Node]:
        """Those whose reference to this object has blockOwnerDeletion."""
        uid = self.identity.uid
        return [node for node in self.dependents if any(item["uid"] == uid and item.get("blockOwnerDeletion") for item in node.owners)]


@dataclass(slots=True)
class Work:
    """What a change calls for: uids of nodes to try to delete (now, or later since this may repeat), to orphan the dependents of,
    and references to complain of."""

    delete: dict[str, None] = field(default_factory=dict)
    delete_later: list[str] = field(default_factory=list)
    orphan: list[str] = field(default_factory=list)
    invalid: list[tuple[Identity, Identity]] = field(default_factory=list)

    def try_delete(self, node: Node) -> None:
        self.delete[node.identity.uid] = None


class AbsentOwners:
    """Owners that the server said do not exist; a bounded memory."""

    def __init__(self) -> None:
        self._known: OrderedDict[Identity, None] = OrderedDict()

    def add(self, identity: Identity) -> None:
        self._known[identity] = None
        self._known.move_to_end(identity)
        if len(self._known) > ABSENT_ENTRIES:
            self._known.popitem(last=False)

    def __contains__(self, identity: Identity) -> bool:
        return identity in self._known


class Graph:
    """Nodes by uid."""

    def __init__(self) -> None:
        self.absent = AbsentOwners()
        self._nodes: dict[str, Node] = {}

    def __len__(self) -> int:
        return len(self._nodes)

    def get(self, uid: str) -> Node | None:
        return self._nodes.get(uid)

    def observed(self, identity: Identity, old: Tree | None, new: Tree) -> Work:
        """An informer saw an object come or change."""
        work = Work()
        node = self._nodes.get(identity.uid)
        if node is None:
            node = Node(identity, meta.owner_references(new))
            node.being_deleted = meta.is_being_deleted(new)
            node.deleting_dependents = node.being_deleted and FOREGROUND in meta.finalizers(new)
            self._nodes[identity.uid] = node
            self._add_to_owners(node, node.owners, work)
        else:
            node = self._confirm(node, identity, work)
            self._change_owners(node, meta.owner_references(new), work)
            node.being_deleted = node.being_deleted or meta.is_being_deleted(new)
        self._transitions(node, old, new, work)
        return work

    def gone(self, identity: Identity) -> Work:
        """An informer saw an object go."""
        work = Work()
        node = self._nodes.get(identity.uid)
        if node is not None:
            self._confirm(node, identity, work)
            self._remove(self._nodes[identity.uid], identity, work)
        return work

    def absent_on_server(self, identity: Identity) -> Work:
        """The server says that there is no such object: perhaps there never was (upstream: a virtual delete event)."""
        work = Work()
        node = self._nodes.get(identity.uid)
        if node is None:
            return work
        agreeing, disagreeing = partition(node.dependents, identity)
        if node.virtual and disagreeing:
            self._disbelieve(agreeing, identity, work)
            if node.identity == identity and (other := alternative(disagreeing, identity)) is not None:
                node.identity = other
                work.delete_later.append(other.uid)
        elif not node.virtual and node.identity != identity:
            self._disbelieve(agreeing, identity, work)
        else:
            self._remove(node, identity, work)
        return work

    def _disbelieve(self, agreeing: Iterable[Node], identity: Identity, work: Work) -> None:
        """Dependents that mean the absent identity may go; the node itself stays, for others mean something else by its uid."""
        for node in agreeing:
            self.absent.add(identity)
            work.try_delete(node)

    def _confirm(self, node: Node, identity: Identity, work: Work) -> Node:
        """A virtual node was seen after all; dependents that meant something else have to be looked at."""
        if not node.virtual:
            return node
        if node.identity != identity:
            for dependent in partition(node.dependents, identity)[1]:
                if identity.namespace and dependent.identity.namespace != identity.namespace:
                    self._complain(dependent, identity.uid, work)
                work.try_delete(dependent)
            node.identity = identity
        node.virtual = False
        return node

    def _remove(self, node: Node, identity: Identity, work: Work) -> None:
        del self._nodes[node.identity.uid]
        self._drop_from_owners(node, node.owners)
        if node.dependents:
            self.absent.add(identity)
        for dependent in node.dependents:
            work.try_delete(dependent)
        for reference in node.owners:
            owner = self._nodes.get(reference["uid"])
            if owner is not None and owner.deleting_dependents:
                work.try_delete(owner)  # this may have been the last dependent it waits for

    def _change_owners(self, node: Node, owners: Sequence[Reference], work: Work) -> None:
        if node.owners == owners:
            return
        before = {item["uid"]: item for item in node.owners}
        after = {item["uid"]: item for item in owners}
        for uid, reference in before.items():
            released = uid not in after or not after[uid].get("blockOwnerDeletion")
            if reference.get("blockOwnerDeletion") and released and uid in self._nodes:
                work.try_delete(self._nodes[uid])
        removed = [item for uid, item in before.items() if uid not in after]
        node.owners = owners
        self._add_to_owners(node, [item for uid, item in after.items() if uid not in before], work)
        self._drop_from_owners(node, removed)

    def _add_to_owners(self, node: Node, references: Iterable[Reference], work: Work) -> None:
        suspicious = False
        for reference in references:
            owner = self._nodes.get(reference["uid"])
            if owner is None:
                owner = Node(coordinates(reference, node.identity.namespace), virtual=True)
                self._nodes[owner.identity.uid] = owner
                work.try_delete(owner)  # which verifies that it exists
            elif not suspicious:
                suspicious = self._is_suspicious(node, reference, owner, work)
            owner.dependents[node] = None
        if suspicious:
            work.try_delete(node)

    def _is_suspicious(self, node: Node, reference: Reference, owner: Node, work: Work) -> bool:
        """Does the reference mean something else than the owner of that uid that is known?"""
        namespace = owner.identity.namespace
        if namespace and namespace != node.identity.namespace:
            if not owner.virtual:
                self._complain(node, owner.identity.uid, work)
            return True
        return not matches(reference, owner.identity) or (owner.virtual and namespace != node.identity.namespace)

    def _complain(self, node: Node, owner_uid: str, work: Work) -> None:
        reference = next((item for item in node.owners if item["uid"] == owner_uid), None)
        if reference is not None:
            work.invalid.append((node.identity, coordinates(reference, node.identity.namespace)))

    def _drop_from_owners(self, node: Node, references: Iterable[Reference]) -> None:
        for reference in references:
            if (owner := self._nodes.get(reference["uid"])) is not None:
                owner.dependents.pop(node, None)

    def _transitions(self, node: Node, old: Tree | None, new: Tree, work: Work) -> None:
        """The beginning of a deletion that concerns dependents (upstream: processTransitions)."""
        if _starts(old, new, ORPHAN):
            work.orphan.append(node.identity.uid)
        elif _starts(old, new, FOREGROUND):
            node.deleting_dependents = True
            for dependent in node.dependents:
                work.try_delete(dependent)
            work.try_delete(node)


def _starts(old: Tree | None, new: Tree, finalizer: str) -> bool:
    def waits(tree: Tree) -> bool:
        return meta.is_being_deleted(tree) and finalizer in meta.finalizers(tree)

    return waits(new) and (old is None or not waits(old))


def partition(dependents: Iterable[Node], owner: Identity) -> tuple[list[Node], list[Node]]:
    """Dependents that mean this owner by its uid, and those that mean another; one may do both."""
    agreeing, disagreeing = [], []
    for node in dependents:
        if owner.namespace and owner.namespace != node.identity.namespace:
            disagreeing.append(node)
            continue
        meant = [matches(item, owner) for item in node.owners if item["uid"] == owner.uid]
        if any(meant):
            agreeing.append(node)
        if not all(meant):
            disagreeing.append(node)
    return agreeing, disagreeing


def alternative(dependents: Iterable[Node], absent: Identity) -> Identity | None:
    """Another owner that dependents may mean by the uid of one that does not exist: the next in order, or the first, so that all are
    tried in turn (upstream: getAlternateOwnerIdentity)."""
    found: set[Identity] = set()
    for node in dependents:
        for item in node.owners:
            if item["uid"] != absent.uid:
                continue
            other = coordinates(item, node.identity.namespace)
            if not absent.namespace and (other.api_version, other.kind) == (absent.api_version, absent.kind):
                other = other._replace(namespace="")  # that kind is known to be cluster-scoped
            found.add(other)
    candidates = sorted(found - {absent})
    return next((item for item in candidates if item > absent), candidates[0] if candidates else None)
