"""From diagrams to Faust: what gets a name, how a box is written, where lines break."""
