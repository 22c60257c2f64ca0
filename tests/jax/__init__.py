"""Programs as functions of JAX; skipped where it is not installed."""
