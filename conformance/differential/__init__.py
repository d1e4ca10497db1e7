"""Differential runs: scripts of HTTP requests, replayed at a real kube-apiserver 1.37.1 and at kcompat, compared field by field.

    python -m conformance.differential record [--topic T]     asks a kube-apiserver started for it; writes golden/<topic>.json
    python -m conformance.differential run [--topic T]        asks kcompat; prints the score; writes conformance/ledger/differential.yaml
    python -m conformance.differential show SCRIPT [STEP]     both answers of the steps of a script that differ

Scripts are coroutine functions in topics/*.py that send requests through a `Session`; every request is one step. Answers are
normalised (normalise.py), so that what two servers choose freely is equal, and compared (compare.py) with the recorded ones.
"""
