"""The database: definitions and channels that people keep there, and what is remembered from run to run."""
