"""The tests, laid out like `fad`: a folder for each package, and `whole` for all of it together."""
