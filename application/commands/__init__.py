"""The catalogue: one command a file, named after it. `ls` is its table of contents."""
