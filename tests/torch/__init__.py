"""Programs as layers of PyTorch; skipped where it is not installed."""
