"""Programs as functions of JAX."""

from fad.jax.layers import Layer, layer

__all__ = ["Layer", "layer"]
