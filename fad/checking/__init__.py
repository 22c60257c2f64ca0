"""The proof of derivatives: difference quotients by the standard compiler."""
