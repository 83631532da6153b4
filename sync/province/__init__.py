"""The reference far end: a small province that checks everything it is sent. For demos, tests and adapters'
authors."""
