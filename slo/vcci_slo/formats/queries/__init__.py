"""PromQL queries of other formats: read with their places, recognised where well-formed, and given ranges."""
