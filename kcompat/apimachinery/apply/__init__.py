"""Server-side apply and managedFields: who owns which fields of an object (structured-merge-diff, apimachinery util/managedfields).

From the inside out: elements (path elements) → sets (of paths, as FieldsV1 trees) → atoms, maps, lists, untyped (operations on values by
type) → types (atoms of the API's types) → managers, conflicts → updater (ownership rules) → last_applied, reset_fields, scale →
field_manager, which the API calls.
"""
