"""From recordings to the parameters that made them: what `fad fit` computes."""
