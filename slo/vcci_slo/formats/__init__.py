"""Other tools' descriptions of objectives, read and written."""
