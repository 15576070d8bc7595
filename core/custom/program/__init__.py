"""What runs in the process of the custom code, under a Python that has airbyte-cdk; it imports nothing of Longhaul.

`frames` is used at both ends.
"""
