"""Moving history: push, fetch, clone, and what becomes of refs on the way."""
