"""Subresources and create-only resources with behaviour of their own: a file each, named in the resource's declaration.

A file has a coroutine function per verb it serves (`create`, `get`, `update`, `patch`, `list`, `connect`), called by `api/routes.py`.
"""
