"""Who may do what: accounts, sessions, roles, tokens, and the record of what they changed."""
