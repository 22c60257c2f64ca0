"""From a diagram to the diagram of its values and derivatives."""
