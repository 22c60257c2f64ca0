"""The proof of derivatives: difference quotients that the standard compiler computes."""
