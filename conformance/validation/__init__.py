"""Upstream's validation tests as questions to two servers: every object they validate is created, or updated, at a kube-apiserver and at kcompat.

    python -m conformance.validation extract     takes the cases out of upstream's tests (once; minutes)
    python -m conformance.validation run         asks both servers, writes conformance/ledger/validation.yaml

What asks more of the same objects (variants.py) has names of its own in the ledger: `varied/` and `changed/` create and update random variants
of them and of every kind's valid objects, `applied/` and `patched/` apply them and make them by a merge patch.

`run --package core --function ValidatePodUpdate --bodies` asks a part, prints what differs and writes nothing. Needs the tools etcd and
kube-apiserver (conformance/tools.py), and Go for `extract`.
"""
