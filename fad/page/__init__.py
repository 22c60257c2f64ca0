"""What the page in a browser asks fad for: a request in JSON, an answer in JSON."""
