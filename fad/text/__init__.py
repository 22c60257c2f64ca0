"""From diagrams to Faust: simplified, named, written in lines."""
