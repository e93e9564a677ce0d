"""The views, one a file: what their documents hold, which records touch them, and the fold."""
