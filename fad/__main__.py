"""`python -m fad` is `fad`."""

from fad.cli.main import main

main()
