"""Who is asked, now and next: PagerDuty's configuration made to fit the spec, rosters, and notes for a handoff."""
