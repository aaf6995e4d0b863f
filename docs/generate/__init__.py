"""Makes the pages of the reference: of registries, parsers, schemas and texts of the runner, and of nothing else.

MkDocs calls `hook.py` while it builds the site; `pages.pages()` is all that is made.
"""
