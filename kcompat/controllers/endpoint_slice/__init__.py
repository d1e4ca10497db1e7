"""Endpoint slices of services (upstream: pkg/controller/endpointslice, k8s.io/endpointslice). `plan.py` decides, `controller.py` acts."""

from kcompat.controllers.endpoint_slice.controller import EndpointSliceController

__all__ = ["EndpointSliceController"]
