"""ARNs that the synth tests use."""

ARN = "arn:aws:rekognition:eu-west-1:123456789012:project/parts/version/v3/1627045542080"
PROJECT = "arn:aws:rekognition:eu-west-1:123456789012:project/parts/1627000000000"
