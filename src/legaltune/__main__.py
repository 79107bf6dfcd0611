"""`python -m legaltune`."""

from legaltune.cli import main

main()
