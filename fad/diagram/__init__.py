"""Core diagrams: what programs evaluate to, and what there is to know about it."""
