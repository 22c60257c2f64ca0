"""Programs as differentiable functions of arrays."""
