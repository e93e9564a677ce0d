"""The composition root, HTTP (recording and reading apart) and the command line."""
