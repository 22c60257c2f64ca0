"""Core diagrams: the boxes that a program evaluates to, and what there is to know about them."""
