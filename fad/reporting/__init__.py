"""The report of a fit: a page to look at and to listen to; and its preset."""
