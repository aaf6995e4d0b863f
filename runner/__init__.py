"""A runner for health pipelines as code."""

__version__ = "0.1.0"
