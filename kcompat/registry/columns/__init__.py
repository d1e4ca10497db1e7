"""Table columns: what a kind shows in `kubectl get`. One file per family of kinds, read by `registry/groups/*`."""
