"""``make demo``: a model's whole life through the real CDK CLI, on the embedded AWS."""
