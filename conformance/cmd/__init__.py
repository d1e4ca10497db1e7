"""Upstream's own tests of kubectl's commands (test/cmd of the Kubernetes module), unchanged, on kcompat.

    python -m conformance.cmd [--store memory|sqlite|etcd|upstream] [--only GROUP …] [--outputs DIR]

`servers.py` starts what hack/make-rules/test-cmd.sh starts, with the same flags; `drive.sh` prepares kubectl as it does and calls upstream's
`runTests`; `runner.py` runs that in a copy of the tree and reads the outcome; `ledger.py` keeps it in conformance/ledger/cmd.yaml.
"""
