"""What people use today to run a model from CloudFormation, each written as its own documentation tells.

Each module has one function, ``add_models(stack, models)``, that declares the models in a stack; the code of
the Lambda functions is under ``functions``. All of them get the model's and the project's ARN, name exactly
these in their policies, and share one function, or provider, among the models of a stack: nothing is made
worse than a careful user would write it.
"""
