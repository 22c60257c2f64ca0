"""Programs as graphs of signals: each signal once, whatever diagrams it comes out of."""
