"""The incident desk: from an alert to a page, a status page and a review; nothing that was said to it is lost."""
