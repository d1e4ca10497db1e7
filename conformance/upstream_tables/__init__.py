"""What upstream's own unit tests ask its functions and what these answer, recorded by running them with hooks.

`record.py` lays `record.go` and hooked copies of upstream's files over the Kubernetes module (`go test -overlay`) and leaves JSON lines in
the cache; `tests/registry/test_upstream_*.py` put the same questions to our code.
"""
