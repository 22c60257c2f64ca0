"""`python -m fad` is `fad`."""

from fad.cli import main

main()
