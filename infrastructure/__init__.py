"""Settings, serialization, the log, the view store, the committer and the projector. SQL lives here only."""
