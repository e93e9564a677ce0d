"""`python -m interfaces` is `parley`."""

from interfaces.cli import app

app()
