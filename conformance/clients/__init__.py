"""Client libraries of five languages, Helm and kubectl's kustomize against one kcompat: a small real program for each.

    python -m conformance.clients [CLIENT…]

Each program prints a line for each of its steps; they are recorded in conformance/ledger/clients.yaml. A client whose toolchain is absent is
skipped, visibly. docs/clients.md says what the programs do.
"""
