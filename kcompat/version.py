"""The version of this package; the only place it is written. Reported by /version, `kcompat version` and user agents."""

__version__ = "0.1.0"
