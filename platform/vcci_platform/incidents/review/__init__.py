"""The review after an incident: drafted from its timeline, edited as Markdown, published; actions and measures."""
