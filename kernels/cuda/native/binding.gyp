{ "targets": [{ "target_name": "cuffi", "sources": ["cuffi.c"] }] }
