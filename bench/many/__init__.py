"""Many models in one stack, deployed for good on the embedded AWS, with the quota of control calls on.

``python -m bench.many`` measures and writes build/many.json and its marked part of docs/growth.md. What
``bench.growth`` plays in the simulated world is really run here: CloudFormation's requests, a process for
each invocation, the calls over HTTP.
"""
