"""Brings claims and volumes together (upstream: pkg/controller/volume/persistentvolume). `match.py` decides, `controller.py` acts."""

from kcompat.controllers.persistent_volume_binder.controller import PersistentVolumeBinder

__all__ = ["PersistentVolumeBinder"]
