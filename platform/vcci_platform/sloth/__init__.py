"""Sloth's command line on our generator: files, folders, plugins, flags. What it decides is in `vcci_alerts.sloth`."""
