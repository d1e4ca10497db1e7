"""Upstream's example manifests, driven through stock kubectl: on kcompat over each store, and on upstream's own binaries for comparison.

    python -m conformance.manifests [--store sqlite|etcd|memory|upstream] [--kubectl PROGRAM] [--only REGEX] [--outputs DIR]

`sources.py` finds the manifests in the Kubernetes module of the Go module cache, `servers.py` starts what they are run against,
`steps.py` holds what is done with each manifest and `commands.py` what is done without one, `runner.py` runs both, `compare.py` says
what kcompat answers otherwise than upstream, and `ledger.py` keeps the outcome in conformance/ledger/manifests.yaml.
"""
