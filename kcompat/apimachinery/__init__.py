"""The pure core: metadata, selectors, quantities, patches, validation and status errors over plain JSON trees.

Nothing here does I/O and nothing here imports another kcompat package; every other package imports this one.
"""
