"""Values under the schemas of custom resources: validation, formats, pruning, embedded metadata, defaults. Pure.

A schema is the JSON tree of a v1 JSONSchemaProps; a value is any JSON tree, never changed. Called by the rules of
CustomResourceDefinitions, which hold defaults against their schemas. Answers apiextensions-apiserver pkg/apiserver/schema and kube-openapi
pkg/validation.
"""
