"""What the workspace knows about a place, such as definitions and tests: a process of its own, and its client.

The server starts it when a model is first asked for something; without a model it never runs.
"""
