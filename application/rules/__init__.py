"""The rules by which records are flagged, one a file."""
