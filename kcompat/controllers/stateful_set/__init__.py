"""StatefulSets: pods with names, storage and an order of their own (upstream: pkg/controller/statefulset).

`controller.py` looks and acts, `plan.py` decides what comes next, `identity.py` knows what a pod of a set looks like, `claims.py` who owns
its volume claims.
"""

from kcompat.controllers.stateful_set.controller import StatefulSetController

__all__ = ["StatefulSetController"]
