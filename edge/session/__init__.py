"""The facts of a session: events, wishes, run state, the one running ledger, wall clock, history."""
