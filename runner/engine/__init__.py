"""The engine: a definition in, a result out; it prints nothing and knows no node type."""
