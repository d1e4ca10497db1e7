"""Upstream's conformance tests, run by upstream's own e2e program against a fresh kcompat; `python -m conformance.e2e`."""
