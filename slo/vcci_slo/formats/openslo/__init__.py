"""OpenSLO v1 and v2alpha: read with the checks of its own library, references followed; v1 written."""
