"""PagerDuty's REST API v2 as pure calls over the account's state; `routes` beside it speaks HTTP."""
