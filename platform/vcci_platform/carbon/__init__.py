"""The Scope 3 service: purchases in, emissions with lineage out, and a reason for every row that is left."""
