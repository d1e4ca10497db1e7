"""Upstream's parts and ours in each other's places: every cell is a cluster, or two servers over one etcd, and a list of scripted scenarios.

    python -m conformance.swap [--cell CELL] [--only TEXT]

Results are recorded in conformance/ledger/swap.yaml; docs/clients.md explains the cells.
"""
